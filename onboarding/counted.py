"""What must hold of the counts of the line and of the steps, as SQL that returns the rows breaking it."""

COUNTS: dict[str, str] = {
    "The counts of the line are what is in it.": """
        SELECT program_id, priority, joined_hour, sum(waiting) AS waiting, sum(held) AS held, sum(seated) AS seated
        FROM (SELECT program_id, priority, joined_hour, waiting, held, seated FROM onboarding_linecount
            UNION ALL SELECT program_id, priority, date_trunc('hour', joined_at, 'UTC'), -(state = 'waiting')::int,
                -(state = 'held')::int, -(state = 'seated')::int FROM onboarding_waitlistentry) AS every
        GROUP BY program_id, priority, joined_hour HAVING sum(waiting) <> 0 OR sum(held) <> 0 OR sum(seated) <> 0""",
    "The counts of the steps to a key are the people who reached them.": """
        SELECT program_id, step, sum(people) AS counted_too_many FROM (
            SELECT program_id, step, people FROM onboarding_stepcount
            UNION ALL SELECT program_id, 'applied', -1 FROM onboarding_application
                WHERE kind = 'access' AND submitted_at IS NOT NULL
            UNION ALL SELECT program_id, 'decided', -1 FROM onboarding_application WHERE kind = 'access'
                AND submitted_at IS NOT NULL AND settled_at IS NOT NULL AND state <> 'withdrawn'
            UNION ALL SELECT program_id, 'approved', -1 FROM onboarding_application
                WHERE kind = 'access' AND state IN ('approved', 'lapsed')
            UNION ALL SELECT program_id, 'invited', -1 FROM onboarding_waitlistentry entry
                WHERE EXISTS (SELECT FROM onboarding_seat seat WHERE seat.entry_id = entry.id)
            UNION ALL SELECT program_id, 'accepted', -1 FROM onboarding_grant) AS every
        GROUP BY program_id, step HAVING sum(people) <> 0""",
}
