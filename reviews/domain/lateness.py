"""How many open cases are past due, measured for freeze rules: a payer, safe to run twice."""

from collections.abc import Sequence
from datetime import datetime

from onboarding.domain import guards
from onboarding.domain.guards import ASKED, Reading
from onboarding.states import GuardKind

# What waits for the reviewers; what waits for an applicant is nobody's delay. Index `case_queue_of_program` serves it.
LATE = f"""SELECT asked.program, asked.days, count(kase.id) FILTER (WHERE kase.due_at <= %(at)s), count(kase.id)
    FROM {ASKED} LEFT JOIN reviews_case kase ON kase.program_id = asked.program
        AND kase.state IN ('open', 'claimed', 'awaiting_second')
    GROUP BY asked.program, asked.days"""


def measure(wanted: Sequence[tuple[int, int]], *, at: datetime) -> list[Reading]:
    """Return the open cases past due of each 100 open ones, for each (program, days); as they are now."""
    return guards.measured(LATE, wanted, per=100, at=at)


def report_owed(*, at: datetime) -> int:
    """Measure and report for every program whose rule asks for it; return how many."""
    return guards.report(GuardKind.LATE, measure(guards.asked(GuardKind.LATE), at=at), at=at)
