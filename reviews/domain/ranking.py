"""The order of the queue: risk of breaking the promise, then lane and risk; at the same rank, age.

The rank is a sum of three parts, each a column of the case, so that a person can see why a case stands where it stands;
`rank_rule` names the rule that set them. No part of the next kind outweighs a step of the one before. Time moves cases
into nearer bands: `rank_owed` pays that, set-based, so that "next" is a walk along an index and judges nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.models import Program
from policies.states import STRICTEST_FIRST
from reviews.domain import calendars, due
from reviews.domain.due import Calendar
from reviews.models import Case
from reviews.states import QUEUED, UNDECIDED

RULE = "2026-11"  # name a change of any figure below anew: the payer then ranks every case again
CHUNK = 5000


@dataclass(frozen=True)
class Band:
    """How near the due time is: at most `within` of working time away."""

    points: int
    within: timedelta
    says: str | Promise


BANDS = (  # nearest first
    Band(4000, timedelta(0), gettext_lazy("late")),
    Band(3000, timedelta(hours=8), gettext_lazy("due within 8 hours")),
    Band(2000, timedelta(days=1), gettext_lazy("due within a working day")),
    Band(1000, timedelta(days=2), gettext_lazy("due within two working days")),
)
LATER = gettext_lazy("due later")
LATE, SOON = 4000, 2000  # the rank from which on a case is late; is due within a working day
LANES = {str(lane): 200 * step for step, lane in enumerate(reversed(STRICTEST_FIRST))}  # 0, 200, 400, 600
FIELDS = ("rank_breach", "rank_lane", "rank_risk", "rank_rule")


@dataclass(frozen=True)
class Part:
    says: str | Promise
    points: int


def ends(at: datetime, *, calendar: Calendar) -> list[tuple[int, datetime]]:
    """Return each band's points with the last due time in it now, nearest first."""
    return [
        (band.points, due.working_time_after(at, left=band.within, calendar=calendar) if band.within else at)
        for band in BANDS
    ]


def place(case: Case, *, at: datetime, calendar: Calendar) -> None:
    """Set the rank of a locked case; the caller saves FIELDS."""
    near = (points for points, end in ends(at, calendar=calendar) if case.due_at <= end)
    case.rank_breach = next(near, 0)
    case.rank_lane, case.rank_risk, case.rank_rule = LANES[case.lane], case.risk_score, RULE


def parts(case: Case) -> list[Part]:
    """Return what the rank of a case is made of, in words, as it was stored."""
    near = {band.points: band.says for band in BANDS}
    return [
        Part(near.get(case.rank_breach, LATER), case.rank_breach),
        Part(_("%(lane)s lane") % {"lane": case.get_lane_display().lower()}, case.rank_lane),
        Part(_("risk score"), case.rank_risk),
    ]


def rank_owed(*, at: datetime) -> int:
    """Move cases into the band their due time has come into, and rank anew what another rule ranked; return how many.

    A payer: safe to run twice and beside itself. What somebody has locked is passed by and stays owed for a minute. A
    promise moves only nearer by itself; what moves it away (an answer, an appeal) ranks the case itself.
    """
    programs = list(Program.objects.all())
    found = calendars.of_many(programs)
    return sum(_rank_program(program, at, found[program.pk]) for program in programs)


def _rank_program(program: Program, at: datetime, calendar: Calendar) -> int:
    waiting = Case.objects.filter(program=program, state__in=QUEUED)
    worth = [0, *(band.points for band in BANDS)]
    owed = [
        waiting.filter(rank_breach__in=[points for points in worth if points < nearer], due_at__lte=end)
        for nearer, end in ends(at, calendar=calendar)
    ]
    undecided = Case.objects.filter(program=program, state__in=UNDECIDED)
    owed.append(undecided.filter(Q(rank_rule__lt=RULE) | Q(rank_rule__gt=RULE)))
    return sum(_pay(each, _columns(at, calendar)) for each in owed)


def _pay(owed: QuerySet[Case], columns: dict[str, Any]) -> int:
    ranked = 0
    while chunk := _pay_chunk(owed, columns):
        ranked += chunk
    return ranked


@transaction.atomic
def _pay_chunk(owed: QuerySet[Case], columns: dict[str, Any]) -> int:
    """Rank some of what is owed. Nothing is waited for, so that no two who lock many cases wait for each other."""
    locked = owed.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    return Case.objects.filter(pk__in=list(locked[:CHUNK])).update(**columns)


def _columns(at: datetime, calendar: Calendar) -> dict[str, Any]:
    near = (When(due_at__lte=end, then=Value(points)) for points, end in ends(at, calendar=calendar))
    lanes = (When(lane=lane, then=Value(points)) for lane, points in LANES.items())
    return {
        "rank_breach": models.Case(*near, default=Value(0)),
        "rank_lane": models.Case(*lanes, default=Value(0)),
        "rank_risk": F("risk_score"),
        "rank_rule": RULE,
    }


def rank_new(cases: Iterable[int], *, found: Mapping[int, Calendar], at: datetime) -> None:
    """Rank cases that were just opened, by id and the calendars of their programs: one statement a program."""
    new = Case.objects.filter(pk__in=list(cases))
    for program, calendar in found.items():
        new.filter(program=program).update(**_columns(at, calendar))
