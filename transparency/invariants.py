"""What must hold of reports and what they are made from, as SQL that returns what breaks it."""

from audit.invariants import states_agree

INVARIANTS: dict[str, str] = {
    "The ledger agrees with the state of every report.": states_agree(
        "transparency_report",
        "transparency.report",
        {
            "report.asked": "waiting|running",
            "report.built": "draft",
            "report.failed": "failed",
            "report.reviewed": "reviewed",
            "report.published": "published",
            "report.dropped": "dropped",
        },
    ),
    "Every published report has the digest of its figures, and the ledger has it too.": """
        SELECT report.id, report.quarter, report.version FROM transparency_report report
        WHERE report.state = 'published' AND (
            report.digest <> encode(sha256(convert_to(report.body, 'UTF8')), 'hex')
            OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'report.published'
                AND entry.subject_type = 'transparency.report' AND entry.subject_id = report.id::text
                AND entry.details ->> 'digest' = report.digest))""",
    "Nobody published a report alone, and its versions are numbered without a gap.": """
        SELECT quarter, max(version) AS last, count(*) AS published FROM transparency_report
        WHERE state = 'published' GROUP BY quarter
        HAVING max(version) <> count(*) OR bool_or(reviewed_by_id IS NULL OR reviewed_by_id = published_by_id)""",
    "The ledger agrees with the state of every lesson.": states_agree(
        "transparency_lesson",
        "transparency.lesson",
        {
            "lesson.written": "draft",
            "lesson.reviewed": "reviewed",
            "lesson.published": "published",
            "lesson.dropped": "dropped",
        },
    ),
    "Nobody published a lesson alone, and every correction of one is in the ledger.": """
        SELECT lesson.id FROM transparency_lesson lesson WHERE lesson.state = 'published'
        AND (lesson.reviewed_by_id IS NOT DISTINCT FROM lesson.written_by_id
            OR lesson.reviewed_by_id IS NOT DISTINCT FROM lesson.published_by_id
            OR EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'lesson.written'
                AND entry.subject_type = 'transparency.lesson' AND entry.subject_id = lesson.id::text
                AND entry.actor = 'user:' || lesson.reviewed_by_id))
        UNION ALL SELECT note.lesson_id FROM transparency_lessonnote note WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.event = 'lesson.noted'
            AND entry.subject_type = 'transparency.lessonnote' AND entry.subject_id = note.id::text
            AND entry.actor = 'user:' || note.added_by_id)""",
    "Every day's figures are in the ledger, with their digest.": """
        SELECT day.id, day."on" FROM transparency_dayfigures day WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.event = 'figures.taken'
            AND entry.subject_type = 'transparency.dayfigures' AND entry.subject_id = day.id::text
            AND entry.details ->> 'digest' = day.digest)""",
    "Every version of the standards is in the ledger, by the person who published it.": """
        SELECT kept.id, kept.version FROM transparency_standards kept WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.event = 'standards.published'
            AND entry.subject_type = 'transparency.standards' AND entry.subject_id = kept.id::text
            AND entry.actor = 'user:' || kept.published_by_id)""",
    "Everything written down for a report is in the ledger, by the person who wrote it.": """
        SELECT record.id FROM transparency_record record WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.event = 'record.added'
            AND entry.subject_type = 'transparency.record' AND entry.subject_id = record.id::text
            AND entry.actor = 'user:' || record.added_by_id)""",
}
