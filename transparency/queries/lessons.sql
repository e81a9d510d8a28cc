WITH {ledger}
SELECT jsonb_build_object('on', lesson."on", 'what', lesson.title) AS item FROM transparency_lesson lesson
JOIN ledger e ON e.event = 'lesson.published' AND e.subject_type = 'transparency.lesson'
    AND e.subject_id = lesson.id::text
WHERE lesson."on" >= %(first_day)s AND lesson."on" < %(day_after)s ORDER BY lesson."on", lesson.id
