"""A place in line: where an entry stands, when it is reached, and giving it up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from audit.events import Event
from onboarding.domain import applications, waitlist, weeks
from onboarding.models import Application, WaitlistEntry
from onboarding.states import EntryState


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
    program, position = entry.program, of(entry).position
    week = weeks.current(program, at)
    if program.paused_at or entry.state != EntryState.WAITING:
        return None
    steps = list(program.rate_steps.order_by("from_at", "id").values_list("from_at", "per_week"))
    reached = week.limit - week.admitted if week else 0
    starts_at, ends_at = weeks.window(program, at)
    for ahead in range(1, 521):  # ten years: nobody is told a date beyond
        if reached >= position:
            slack = timedelta(weeks=ahead // 4 + 1)
            return Forecast(earliest=starts_at, latest=ends_at + slack - timedelta(weeks=1))
        starts_at, ends_at = weeks.window(program, ends_at)
        reached += next((per_week for from_at, per_week in reversed(steps) if from_at <= starts_at), 0)
    return None


@transaction.atomic
def leave(entry: WaitlistEntry, *, by: User, at: datetime) -> WaitlistEntry:
    """Leave the line for good; the approval lapses. Raises waitlist.IllegalMove."""
    Application.objects.select_for_update().get(pk=entry.application_id)
    entry = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
    if entry.state != EntryState.WAITING:
        raise waitlist.IllegalMove(entry, EntryState.LEFT)
    waitlist.move(entry, to=EntryState.LEFT, event=Event.ENTRY_LEFT, by=by, at=at)
    applications.lapse(entry.application, by=by, at=at, reason="left_the_line")
    return entry
