"""The weekly rate: dated steps, each with a person and a reason."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import guards, plans
from onboarding.domain.programs import SayWhy, must_be_near
from onboarding.models import Program, RateStep, Week
from outbox import hints

MOST_PER_WEEK = 10_000_000  # a typing slip, not a plan, lies above


class RateOutOfRange(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("A weekly rate is a whole number from 0 to %(most)s.") % {"most": grouped(MOST_PER_WEEK)}
        )


class RateInThePast(Exception):
    def __init__(self) -> None:
        super().__init__(_("A rate starts now or later: weeks that are over stay as they were."))


def in_force(program: Program, at: datetime) -> RateStep | None:
    """Return the step that holds at this moment: the latest `from_at` not after it, the last one set of equals."""
    return program.rate_steps.filter(from_at__lte=at).order_by("-from_at", "-id").first()


@transaction.atomic
def set_rate(
    program: Program, *, per_week: int, from_at: datetime, by: User, at: datetime, reason: str
) -> RateStep:
    """Set the rate from a moment on. The running week follows at once, but never below what it has admitted.

    Raises SayWhy, RateOutOfRange, RateInThePast, TooFarAhead. Seats already given are never touched.
    """
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    if not reason.strip():
        raise SayWhy
    if not 0 <= per_week <= MOST_PER_WEEK:
        raise RateOutOfRange
    if from_at < at:
        raise RateInThePast
    must_be_near(from_at, at=at)
    step = RateStep.objects.create(
        program=program, per_week=per_week, from_at=from_at, set_at=at, set_by=by, reason=reason.strip()
    )
    ledger.record(
        Event.RATE_SET, subject=program, actor=by, at=at, reason=ledger.digest(reason),
        per_week=per_week, from_at=from_at.isoformat(), step=step.pk,
    )  # fmt: skip
    if from_at <= at:
        _follow(program, per_week, by, at)
    transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)
    return step


def is_green(program: Program, at: datetime) -> bool:
    """Return whether a ramp may take its next step: not while the program is paused, or a freeze rule is not green."""
    return program.paused_at is None and guards.all_green(program, at=at)


def _follow(program: Program, per_week: int, by: User, at: datetime) -> None:
    """Give the running week its new limit, carried seats included: a cut writes what is admitted where that is more.

    The latest week only: what was left of an earlier one is carried over or gone.
    """
    week = Week.objects.select_for_update(no_key=True).filter(program=program).order_by("-starts_at").first()
    if week is None or not week.starts_at <= at < week.ends_at:
        return
    if week.limit == max(per_week, week.admitted):
        return
    was, week.limit = week.limit, max(per_week, week.admitted)
    week.save(update_fields=["limit"])
    for each in week.shares.select_related("share"):
        each.limit = max(each.admitted, plans.of_share(week.limit, each.share.percent))
        each.save(update_fields=["limit"])
    ledger.record(Event.WEEK_CUT, subject=week, actor=by, at=at, was=was, now=week.limit, asked=per_week)
