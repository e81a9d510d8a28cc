WITH {ledger},
people AS (
    SELECT count(DISTINCT actor) AS n FROM quarter
    WHERE event IN ('case.claimed', 'decision.proposed', 'flag_case.taken') AND actor LIKE 'user:%%'),
days AS (
    SELECT day.figures -> 'team' AS team FROM transparency_dayfigures day
    JOIN ledger e ON e.event = 'figures.taken' AND e.subject_id = day.id::text
    WHERE day."on" >= %(first_day)s AND day."on" < %(day_after)s)
SELECT 'team' AS figure, cell.name AS cell, cell.value AS value FROM (
    SELECT people.n, coalesce(sum((team ->> 'severe_minutes')::bigint), 0) AS severe_minutes,
        coalesce(sum((team ->> 'caps_reached')::bigint), 0) AS caps_reached
    FROM people LEFT JOIN days ON true GROUP BY people.n) AS found
CROSS JOIN LATERAL (VALUES ('n', n), ('severe_minutes', severe_minutes), ('caps_reached', caps_reached)) AS cell (name, value)
