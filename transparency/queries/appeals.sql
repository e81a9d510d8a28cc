WITH {ledger},
filed AS (
    SELECT e.subject_id, e.details, appeal.due_at FROM quarter e
    JOIN enforcement_appeal appeal ON appeal.id = e.subject_id::bigint WHERE e.event = 'appeal.filed'),
ended AS (
    SELECT DISTINCT ON (subject_id) subject_id, split_part(event, '.', 2) AS result FROM ledger
    WHERE event IN ('appeal.upheld', 'appeal.denied', 'appeal.withdrawn') AND at < %(until)s ORDER BY subject_id, id)
SELECT 'kind' AS figure, details ->> 'kind' AS cell, count(*) AS value FROM filed GROUP BY 2
UNION ALL SELECT 'against', CASE WHEN details ? 'sanction' THEN 'sanction' ELSE 'decision' END, count(*) FROM filed GROUP BY 2
UNION ALL SELECT 'result', coalesce(ended.result, CASE WHEN due_at < %(until)s THEN 'past_due' ELSE 'open' END), count(*)
    FROM filed LEFT JOIN ended USING (subject_id) GROUP BY 2
