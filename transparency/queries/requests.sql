WITH {ledger},
used AS (
    SELECT sum(day.ok) AS served, sum(day.rate_limited) AS rate_limited, sum(day.suspended) AS suspended,
        sum(day.outside_scope) AS outside_scope, sum(day.terms_not_accepted) AS terms_not_accepted,
        sum(day.revoked_key) AS revoked_key, sum(day.expired_key) AS expired_key
    FROM enforcement_usageday day
    JOIN enforcement_usageseal part ON part."on" = day."on" AND part.part = day.part
    JOIN ledger e ON e.event = 'usage.sealed' AND e.subject_id = part.id::text
    WHERE day."on" >= %(first_day)s AND day."on" < %(day_after)s)
SELECT 'answer' AS figure, answer.key AS cell, coalesce(answer.value::numeric, 0) AS value
FROM used CROSS JOIN jsonb_each_text(to_jsonb(used)) AS answer
UNION ALL SELECT 'filtered', cell.key, sum(cell.value::bigint) FROM transparency_dayfigures day
    JOIN ledger e ON e.event = 'figures.taken' AND e.subject_id = day.id::text
    CROSS JOIN jsonb_each_text(coalesce(day.figures -> 'filtered', '{}')) AS cell
    WHERE day."on" >= %(first_day)s AND day."on" < %(day_after)s GROUP BY cell.key
