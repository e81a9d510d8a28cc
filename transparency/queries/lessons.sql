WITH {ledger},
records AS (
    SELECT record.* FROM transparency_record record
    JOIN ledger e ON e.event = 'record.added' AND e.subject_id = record.id::text
    WHERE NOT record.is_taken_back AND NOT EXISTS (
        SELECT FROM transparency_record later JOIN ledger said ON said.event = 'record.added'
        AND said.subject_id = later.id::text WHERE later.replaces_id = record.id))
SELECT jsonb_build_object('on', "on", 'what', words) AS item FROM records
WHERE kind = 'lesson' AND "on" >= %(first_day)s AND "on" < %(day_after)s ORDER BY "on", id
