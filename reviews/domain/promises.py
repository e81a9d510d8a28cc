"""Promises about to break: what will be late within a working day, and the letter that says so in time."""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.urls import reverse

from accounts.languages import spoken
from accounts.models import User
from accounts.permissions import holders
from accounts.roles import Duty
from audit import ledger
from audit.events import Event
from onboarding.models import Program
from outbox import letters
from reviews.domain import calendars, due
from reviews.domain.due import Calendar
from reviews.models import Case, Claim, PromiseWarning
from reviews.permissions import conflicts
from reviews.states import QUEUED

log = logging.getLogger(__name__)

AHEAD = timedelta(days=1)  # of working time
WARN_FROM = time(7)  # in the program's zone: a letter at midnight helps nobody
COUNT_MOST = 1000


@dataclass(frozen=True)
class Outlook:
    """Of one program's cases, each counted up to COUNT_MOST: `soon` will be late within a working day, of which
    `worked_on` are with somebody now; `late` are late already.
    """

    late: int
    soon: int
    worked_on: int

    @property
    def at_risk(self) -> int:
        return self.soon - self.worked_on


def outlook(program: Program, *, user: User, at: datetime, calendar: Calendar) -> Outlook:
    """Return how this program's promises stand, cases in which this person has a part aside."""
    visible = Case.objects.filter(program=program, state__in=QUEUED).exclude(
        conflicts(user, to="application__")
    )
    late = visible.filter(due_at__lte=at).annotate(is_late=Value(True), is_worked_on=Value(False))
    near = _near(visible, at, calendar).annotate(is_late=Value(False), is_worked_on=_is_worked_on(at))
    each, other = (
        cases.order_by().values_list("is_late", "is_worked_on")[:COUNT_MOST] for cases in (late, near)
    )
    found = Counter(each.union(other, all=True))  # in one statement: the board asks many questions
    return Outlook(
        late=found[True, False],
        soon=found[False, False] + found[False, True],
        worked_on=found[False, True],
    )


def warn_owed(*, at: datetime) -> int:
    """Write to the managers of programs with cases that will be late within a working day; return how many programs.

    Once a program and day, on its working days from seven in the morning. A payer: safe to run twice and beside
    itself; the row of the day and its letters are one transaction.
    """
    programs = list(Program.objects.all())
    found = calendars.of_many(programs)
    return sum(_warn(program, at, found[program.pk]) for program in programs)


@transaction.atomic
def _warn(program: Program, at: datetime, calendar: Calendar) -> bool:
    wall = at.astimezone(calendar.zone)
    if not calendar.works_on(wall.date()) or wall.time() < WARN_FROM:
        return False
    if PromiseWarning.objects.filter(program=program, on=wall.date()).exists():
        return False
    waiting = Case.objects.filter(program=program, state__in=QUEUED)
    cases = _count(_near(waiting, at, calendar).exclude(_is_worked_on(at)))
    if not cases:
        return False
    made, is_new = PromiseWarning.objects.get_or_create(
        program=program, on=wall.date(), defaults={"cases": cases, "warned_at": at}
    )
    if is_new:
        ledger.record(
            Event.PROMISE_WARNED, subject=made, actor="reviews", at=at, program=program.slug, cases=cases
        )
        for manager in holders(Duty.MANAGE_RATES):
            _write(made, manager, outlook(program, user=manager, at=at, calendar=calendar), at)
    return is_new


def _write(made: PromiseWarning, manager: User, found: Outlook, at: datetime) -> None:
    if not found.at_risk:  # all of it is about cases in which this one has a part
        return
    with letters.read_in(spoken(manager.language), manager.time_zone):
        letters.write(
            "reviews/promise_warning",
            to=manager.email,
            at=at,
            about=made,
            once=f"promise:{made.pk}:{manager.pk}",
            name=str(manager),
            program=made.program.name,
            at_risk=found.at_risk,
            worked_on=found.worked_on,
            late=found.late,
            url=settings.BASE_URL + reverse("admin:board") + f"?program={made.program.slug}",
        )


def _near(cases: QuerySet[Case], at: datetime, calendar: Calendar) -> QuerySet[Case]:
    return cases.filter(due_at__gt=at, due_at__lte=due.working_time_after(at, left=AHEAD, calendar=calendar))


def _is_worked_on(at: datetime) -> Q:
    """Return the condition on cases that somebody has now and has not put aside."""
    return Q(Exists(Claim.objects.worked_on(at).filter(case=OuterRef("pk"))))


def _count(cases: QuerySet[Case]) -> int:
    return cases.order_by().values("pk")[:COUNT_MOST].count()
