WITH {ledger},
records AS (
    SELECT record.* FROM transparency_record record
    JOIN ledger e ON e.event = 'record.added' AND e.subject_id = record.id::text
    WHERE NOT record.is_taken_back AND NOT EXISTS (
        SELECT FROM transparency_record later JOIN ledger said ON said.event = 'record.added'
        AND said.subject_id = later.id::text WHERE later.replaces_id = record.id)),
said AS (
    SELECT cell.key AS cell, cell.value::bigint AS value FROM transparency_dayfigures day
    JOIN ledger e ON e.event = 'figures.taken' AND e.subject_id = day.id::text
    CROSS JOIN jsonb_each_text(coalesce(day.figures -> 'language', '{}')) AS cell
    WHERE day."on" >= %(first_day)s AND day."on" < %(day_after)s)
SELECT 'applications' AS figure, cell, sum(value)::bigint AS value FROM said GROUP BY cell
UNION ALL SELECT 'applications', 'not_known', (SELECT count(*) FROM quarter
    WHERE event IN ('application.submitted', 'application.imported')) - coalesce(sum(value), 0)::bigint FROM said
UNION ALL SELECT 'reviewers', cell.key, cell.value::bigint FROM (
    SELECT counts FROM records WHERE kind = 'reviewer_languages' AND "on" < %(day_after)s
    ORDER BY "on" DESC, id DESC LIMIT 1) AS latest CROSS JOIN jsonb_each_text(counts) AS cell
