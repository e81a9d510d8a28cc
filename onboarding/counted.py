"""What must hold of the counts of the line and of the steps, as SQL that returns the rows breaking it."""

COUNTS: dict[str, str] = {
    "The counts of the line are what is in it.": """
        SELECT program_id, priority, joined_hour, sum(waiting) AS waiting, sum(held) AS held, sum(seated) AS seated
        FROM (SELECT program_id, priority, joined_hour, waiting, held, seated FROM onboarding_linecount
            UNION ALL SELECT program_id, priority, date_trunc('hour', joined_at, 'UTC'), -(state = 'waiting')::int,
                -(state = 'held')::int, -(state = 'seated')::int FROM onboarding_waitlistentry) AS every
        GROUP BY program_id, priority, joined_hour HAVING sum(waiting) <> 0 OR sum(held) <> 0 OR sum(seated) <> 0""",
    "The counts of the cohorts are those who wait.": """
        SELECT program_id, priority, joined_day, applicant_type, country, wave, hand_picked,
            sum(waiting) AS counted_too_many
        FROM (SELECT program_id, priority, joined_day, applicant_type, country, wave, hand_picked, waiting
            FROM onboarding_cohortcount
            UNION ALL SELECT program_id, priority, (joined_at AT TIME ZONE 'UTC')::date, applicant_type, country, wave,
                hand_picked, -1 FROM onboarding_waitlistentry WHERE state = 'waiting') AS every
        GROUP BY program_id, priority, joined_day, applicant_type, country, wave, hand_picked
        HAVING sum(waiting) <> 0""",
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
            UNION ALL SELECT program_id, 'accepted', -1 FROM onboarding_grant
            UNION ALL SELECT given.program_id, 'opened', -1 FROM onboarding_key key
                JOIN onboarding_grant given ON given.id = key.grant_id
                WHERE key.request = 1 AND key.opened_at IS NOT NULL) AS every
        GROUP BY program_id, step HAVING sum(people) <> 0""",
    "The counts of how invitations ended are the invitations that did.": """
        SELECT week_id, sum(accepted) AS accepted, sum(declined) AS declined, sum(expired) AS expired,
            sum(again) AS again
        FROM (SELECT week_id, accepted, declined, expired, again FROM onboarding_outcomecount
            UNION ALL SELECT seat.week_id, -(state = 'accepted')::int, -(state = 'declined')::int,
                -(state = 'expired')::int, -(state = 'expired' AND NOT EXISTS (SELECT FROM onboarding_seat other
                    WHERE other.entry_id = seat.entry_id AND other.id < seat.id))::int
            FROM onboarding_invitation invitation JOIN onboarding_seat seat ON seat.id = invitation.seat_id) AS every
        GROUP BY week_id HAVING sum(accepted) <> 0 OR sum(declined) <> 0 OR sum(expired) <> 0 OR sum(again) <> 0""",
}
