WITH {ledger},
imposed AS (
    SELECT e.details, e.at, sanction.category, sanction.ends_at, sanction.proposed_by_id IS NULL AS automatic
    FROM quarter e JOIN enforcement_sanction sanction ON sanction.id = e.subject_id::bigint
    WHERE e.event = 'sanction.imposed')
SELECT 'kind' AS figure, details ->> 'kind' AS cell, count(*) AS value FROM imposed GROUP BY 2
UNION ALL SELECT 'target', details ->> 'target', count(*) FROM imposed GROUP BY 2
UNION ALL SELECT 'ground', details ->> 'code', count(*) FROM imposed GROUP BY 2
UNION ALL SELECT 'category', category, count(*) FROM imposed GROUP BY 2
UNION ALL SELECT 'duration', CASE WHEN ends_at IS NULL THEN 'no_end' WHEN ends_at <= at + interval '1 day' THEN 'a_day'
    WHEN ends_at <= at + interval '7 days' THEN 'a_week' WHEN ends_at <= at + interval '31 days' THEN 'a_month'
    ELSE 'longer' END, count(*) FROM imposed GROUP BY 2
UNION ALL SELECT 'by', CASE WHEN automatic THEN 'automatic' ELSE 'people' END, count(*) FROM imposed GROUP BY 2
