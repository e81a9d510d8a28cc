"""How long people waited for each step lately, from application to key."""

from datetime import timedelta

from django.db import connection

from onboarding.models import Program
from onboarding.states import Step

# The middle of the latest: 500 that were approved and 500 that were not, and up to 200 of each of the last five weeks
# with their seats. To judge everybody would read a million rows for each page.
# Each state is written out: of a parameter the planner cannot know that it is rare, and reads the whole table for it.
LATEST = """(SELECT settled_at, submitted_at FROM onboarding_application
        WHERE program_id = %(program)s AND state = '{state}' AND kind = 'access'
        AND submitted_at IS NOT NULL AND settled_at IS NOT NULL ORDER BY id DESC LIMIT 500)"""
DECIDED = f"""
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY settled_at - submitted_at)
    FROM ({LATEST.format(state="approved")} UNION ALL {LATEST.format(state="rejected")}) AS latest"""
SEATED = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY invitation.offered_at - entry.joined_at),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY invitation.answered_at - invitation.offered_at)
            FILTER (WHERE invitation.state = 'accepted'),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY one.opened_at - one.issued_at)
    FROM (SELECT id FROM onboarding_week WHERE program_id = %(program)s AND admitted > 0
        ORDER BY starts_at DESC LIMIT 5) AS week
    CROSS JOIN LATERAL (SELECT id, entry_id FROM onboarding_seat WHERE week_id = week.id LIMIT 200) AS seat
    JOIN onboarding_waitlistentry entry ON entry.id = seat.entry_id
    JOIN onboarding_invitation invitation ON invitation.seat_id = seat.id
    LEFT JOIN onboarding_grant given ON given.seat_id = seat.id
    LEFT JOIN onboarding_key one ON one.grant_id = given.id AND one.request = 1"""


def lately(program: Program) -> dict[str, timedelta | None]:
    """Return step -> the median time since the step before; None where nobody came to it. Two statements."""
    (decided,), (invited, accepted, opened) = _one(DECIDED, program), _one(SEATED, program)
    return {Step.DECIDED: decided, Step.INVITED: invited, Step.ACCEPTED: accepted, Step.OPENED: opened}


def _one(sql: str, program: Program) -> tuple[timedelta | None, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"program": program.pk})
        return tuple(cursor.fetchone())
