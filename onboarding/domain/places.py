"""A place in line: where an entry stands, when it is reached, and giving it up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from audit.events import Event
from onboarding.domain import applications, waitlist, weeks
from onboarding.models import Application, Program, WaitlistEntry
from onboarding.permissions import may_see
from onboarding.states import EntryState

MOST_WEEKS = 520


@dataclass(frozen=True)
class Place:
    """Where an entry stands: `position` counts from 1 among `total` waiting."""

    position: int
    total: int


@dataclass(frozen=True)
class Forecast:
    """When an entry is invited if the plan holds: weeks' starts, earliest and latest."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True)
class Reached:
    """The week in which a plan reaches a place; `ahead` counts weeks, the running one is 1."""

    starts_at: datetime
    ends_at: datetime
    ahead: int


def of(entry: WaitlistEntry) -> Place:
    """Return the entry's place among those waiting; one index scan over those before it."""
    line = WaitlistEntry.objects.waiting().filter(program=entry.program_id)
    before = line.filter(
        Q(priority__lt=entry.priority)
        | Q(priority=entry.priority, joined_at__lt=entry.joined_at)
        | Q(priority=entry.priority, joined_at=entry.joined_at, pk__lt=entry.pk)
    )
    return Place(position=before.count() + 1, total=line.count())


def forecast(entry: WaitlistEntry, *, at: datetime) -> Forecast | None:
    """Return the week the plan reaches this place, and a week of slack each four; None while paused or without a rate.

    It follows the rate steps as they are set now and knows nothing yet of how many accept (a later release back-tests).
    """
    program = entry.program
    if program.paused_at or entry.state != EntryState.WAITING:
        return None
    week = weeks.current(program, at)
    reached = reach(
        program,
        of(entry).position,
        at=at,
        free=week.limit - week.admitted if week else 0,
        steps=plan(program),
    )
    if reached is None:
        return None
    slack = timedelta(weeks=reached.ahead // 4)
    return Forecast(earliest=reached.starts_at, latest=reached.ends_at + slack)


def plan(program: Program) -> list[tuple[datetime, int]]:
    """Return the rate steps as (from when, people a week): of two from the same moment the later set counts."""
    return list(program.rate_steps.order_by("from_at", "id").values_list("from_at", "per_week"))


def reach(
    program: Program, position: int, *, at: datetime, free: int, steps: list[tuple[datetime, int]]
) -> Reached | None:
    """Return the week in which such a plan reaches a place; `free` seats are left in the running week.

    None when it is not reached within ten years: nobody is told a date beyond.
    """
    starts_at, ends_at = weeks.window(program, at)
    for ahead in range(MOST_WEEKS):
        if free >= position:
            return Reached(starts_at, ends_at, ahead + 1)
        starts_at, ends_at = weeks.window(program, ends_at)
        free += next((per_week for from_at, per_week in reversed(steps) if from_at <= starts_at), 0)
    return None


@transaction.atomic
def leave(entry: WaitlistEntry, *, by: User, at: datetime) -> WaitlistEntry:
    """Leave the line for good; the approval lapses. Raises applications.NotYours, waitlist.IllegalMove."""
    Application.objects.select_for_update().get(pk=entry.application_id)
    entry = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
    if not may_see(by, entry.application):
        raise applications.NotYours
    if entry.state != EntryState.WAITING:
        raise waitlist.IllegalMove(entry, EntryState.LEFT)
    waitlist.move(entry, to=EntryState.LEFT, event=Event.ENTRY_LEFT, by=by, at=at)
    applications.lapse(entry.application, by=by, at=at, reason="left_the_line")
    return entry
