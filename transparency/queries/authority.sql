WITH {ledger},
records AS (
    SELECT record.* FROM transparency_record record
    JOIN ledger e ON e.event = 'record.added' AND e.subject_id = record.id::text
    WHERE NOT record.is_taken_back AND NOT EXISTS (
        SELECT FROM transparency_record later JOIN ledger said ON said.event = 'record.added'
        AND said.subject_id = later.id::text WHERE later.replaces_id = record.id))
SELECT 'contacts' AS figure, kind AS cell, sum(counted.value::bigint) AS value FROM records
CROSS JOIN jsonb_each_text(counts) AS counted
WHERE kind IN ('authority_request', 'authority_report') AND "on" >= %(first_day)s AND "on" < %(day_after)s GROUP BY kind
