"""What freeze rules look at of flags, appeals and use, for all programs at once: a payer, safe to run twice."""

import logging
from collections.abc import Sequence
from datetime import datetime

from onboarding.domain import guards
from onboarding.domain.guards import ASKED, Reading
from onboarding.states import GuardKind

log = logging.getLogger(__name__)

WITHIN = "> %(at)s::timestamptz - make_interval(days => asked.days)"

# A case is one violation, however many flags it has; what an appeal set aside is none.
VIOLATIONS = f"""SELECT asked.program, asked.days,
        (SELECT count(*) FROM enforcement_flagcase kase JOIN onboarding_grant held ON held.id = kase.grant_id
         WHERE held.program_id = asked.program AND kase.finding = 'violation'
         AND kase.decided_at {WITHIN} AND kase.decided_at <= %(at)s
         AND NOT EXISTS (SELECT FROM enforcement_sanction sanction
             WHERE sanction.case_id = kase.id AND sanction.state = 'reversed')),
        (SELECT count(*) FROM onboarding_grant held
         WHERE held.program_id = asked.program AND held.state = 'active')
    FROM {ASKED}"""

# A reinstatement says that the decision was right, so it is not counted.
OVERTURNED = f"""SELECT asked.program, asked.days,
        count(appeal.id) FILTER (WHERE appeal.state = 'upheld'), count(appeal.id)
    FROM {ASKED} LEFT JOIN (
        SELECT appeal.id, appeal.state, appeal.decided_at, coalesce(kase.program_id, held.program_id) AS program_id
        FROM enforcement_appeal appeal
        LEFT JOIN reviews_decision decision ON decision.id = appeal.decision_id
        LEFT JOIN reviews_case kase ON kase.id = decision.case_id
        LEFT JOIN enforcement_sanction sanction ON sanction.id = appeal.sanction_id
        LEFT JOIN onboarding_grant held ON held.id = sanction.grant_id
        WHERE appeal.kind = 'appeal' AND appeal.state IN ('upheld', 'denied')) AS appeal
    ON appeal.program_id = asked.program AND appeal.decided_at {WITHIN} AND appeal.decided_at <= %(at)s
    GROUP BY asked.program, asked.days"""

# What integrators report of each call, by hour, as far as it is copied; the running hour counts.
_OK, _ERROR = (f"coalesce((used.more ->> 'upstream_{end}')::bigint, 0)" for end in ("ok", "error"))
HOUR = "extract(epoch FROM %(at)s::timestamptz)::bigint / 3600"
ERRORS = f"""SELECT asked.program, asked.days, coalesce(sum({_ERROR}), 0), coalesce(sum({_OK} + {_ERROR}), 0)
    FROM {ASKED} LEFT JOIN (onboarding_grant held JOIN onboarding_key issued ON issued.grant_id = held.id
        JOIN enforcement_usagehour used ON used.key_id = issued.id)
    ON held.program_id = asked.program
        AND used.hour > {HOUR} - 24 * asked.days AND used.hour <= {HOUR}
    GROUP BY asked.program, asked.days"""


def violations(wanted: Sequence[tuple[int, int]], *, at: datetime) -> list[Reading]:
    """Return the confirmed violations for each 1,000 grants active now, for each (program, days)."""
    return guards.measured(VIOLATIONS, wanted, per=1000, at=at)


def overturned(wanted: Sequence[tuple[int, int]], *, at: datetime) -> list[Reading]:
    """Return the upheld appeals of each 100 decided, against decisions and sanctions, for each (program, days)."""
    return guards.measured(OVERTURNED, wanted, per=100, at=at)


def errors(wanted: Sequence[tuple[int, int]], *, at: datetime) -> list[Reading]:
    """Return the calls of each 100 reported that ended in an error of the model's side, for each (program, days)."""
    return guards.measured(ERRORS, wanted, per=100, at=at)


MEASURES = {GuardKind.VIOLATIONS: violations, GuardKind.OVERTURNED: overturned, GuardKind.ERRORS: errors}


def report_owed(*, at: datetime) -> int:
    """Measure and report for every program whose rules ask for it; return how many readings.

    A guard that cannot be measured is logged and does not keep the others from it.
    """
    reported = 0
    for guard in MEASURES:
        try:
            reported += _report(guard, at)
        except Exception:
            log.exception("The guard %s was not measured; unheard for long enough it stops admission.", guard)
    return reported


def _report(guard: GuardKind, at: datetime) -> int:
    wanted = guards.asked(guard)
    return guards.report(guard, MEASURES[guard](wanted, at=at), at=at)
