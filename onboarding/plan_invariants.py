"""What must hold of rate plans, their weeks and shares, as SQL that returns the rows breaking it."""

PLANS: dict[str, str] = {
    "Every rate plan is in the ledger, by the person who set it.": """
        SELECT plan.id, plan.program_id FROM onboarding_rateplan plan WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'onboarding.program'
            AND entry.subject_id = plan.program_id::text AND entry.event = 'plan.set'
            AND (entry.details->>'plan')::bigint = plan.id AND entry.actor = 'user:' || plan.set_by_id)""",
    "The shares of a plan are at most the whole week.": """
        SELECT plan_id, sum(percent) AS percent FROM onboarding_planshare GROUP BY plan_id HAVING sum(percent) > 100""",
    "A week's limit is what the ledger says it was opened with, or last changed to.": """
        SELECT week.id, week."limit", said.now FROM onboarding_week week JOIN LATERAL (
            SELECT coalesce(details->>'now', details->>'limit') AS now FROM audit_ledgerentry
            WHERE subject_type = 'onboarding.week' AND subject_id = week.id::text
            AND event IN ('week.opened', 'week.cut', 'week.widened') ORDER BY id DESC LIMIT 1) AS said ON true
        WHERE week."limit"::text <> said.now""",
    "No week took over more seats than its plan lets it, of those that were not used before or came back.": """
        SELECT week.id, week.carried, week.plan_id, unused.seats FROM onboarding_week week
        LEFT JOIN onboarding_rateplan plan ON plan.id = week.plan_id CROSS JOIN LATERAL (
            SELECT coalesce((SELECT greatest(0, before."limit" - before.admitted
                    - CASE WHEN its.unfilled = 'kept' THEN (SELECT coalesce(sum(held."limit" - held.admitted), 0)
                        FROM onboarding_weekshare held WHERE held.week_id = before.id) ELSE 0 END)
                FROM onboarding_week before LEFT JOIN onboarding_rateplan its ON its.id = before.plan_id
                WHERE before.program_id = week.program_id AND before.starts_at < week.starts_at
                ORDER BY before.starts_at DESC LIMIT 1), 0)
            + CASE WHEN week.carried = 0 THEN 0 ELSE (SELECT count(*) FROM onboarding_invitation invitation
                WHERE invitation.counted_in_id = week.id) END AS seats) AS unused
        WHERE week.carried > CASE coalesce(plan.carry, 'none') WHEN 'none' THEN 0
            WHEN 'capped' THEN least(plan.carry_most, unused.seats) ELSE unused.seats END""",
    "A seat that was given back comes back in a later week of its program.": """
        SELECT invitation.id, seat.week_id, invitation.counted_in_id FROM onboarding_invitation invitation
        JOIN onboarding_week back ON back.id = invitation.counted_in_id
        JOIN onboarding_seat seat ON seat.id = invitation.seat_id JOIN onboarding_week week ON week.id = seat.week_id
        WHERE back.program_id <> week.program_id OR back.starts_at <= week.starts_at""",
    "Every share of a week counts the seats that were taken from it.": """
        SELECT held.id, held.admitted, count(seat.id) AS seats FROM onboarding_weekshare held
        LEFT JOIN onboarding_seat seat ON seat.share_id = held.id GROUP BY held.id
        HAVING count(seat.id) <> held.admitted""",
    "A seat was taken from a share of its own week, and that is one of its week's plan.": """
        SELECT seat.id, seat.week_id, held.week_id AS share_of FROM onboarding_seat seat
        JOIN onboarding_weekshare held ON held.id = seat.share_id
        JOIN onboarding_planshare share ON share.id = held.share_id JOIN onboarding_week week ON week.id = seat.week_id
        WHERE held.week_id <> seat.week_id OR share.plan_id IS DISTINCT FROM week.plan_id""",
}
