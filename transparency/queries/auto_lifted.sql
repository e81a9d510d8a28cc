WITH {ledger},
imposed AS (
    SELECT e.subject_id, e.at FROM quarter e JOIN enforcement_sanction sanction ON sanction.id = e.subject_id::bigint
    WHERE e.event = 'sanction.imposed' AND sanction.proposed_by_id IS NULL),
ended AS (
    SELECT DISTINCT ON (subject_id) subject_id, event, at FROM ledger
    WHERE event IN ('sanction.lifted', 'sanction.reversed', 'sanction.ended') AND at < %(until)s
    ORDER BY subject_id, id),
holds AS (
    SELECT CASE ended.event WHEN 'sanction.lifted' THEN 'lifted' WHEN 'sanction.reversed' THEN 'lifted'
        WHEN 'sanction.ended' THEN 'ran_out' ELSE 'in_force' END AS became,
        extract(epoch FROM ended.at - imposed.at)::float8 / 3600 AS hours
    FROM imposed LEFT JOIN ended USING (subject_id))
SELECT 'holds' AS figure, became AS cell, count(*)::numeric AS value FROM holds GROUP BY became
UNION ALL SELECT 'hours', cell.name, cell.value::numeric FROM (
    SELECT count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS p50 FROM holds WHERE became = 'lifted') AS f
CROSS JOIN LATERAL (VALUES ('n', n), ('p50', p50)) AS cell (name, value)
