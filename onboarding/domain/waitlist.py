"""The line: join it, stand in it, be given a seat, leave it.

Order: (priority, joined_at, id). A place only gets worse by a written move of somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import applications, rates, weeks
from onboarding.domain.programs import SayWhy
from onboarding.models import Application, Invitation, Program, Seat, WaitlistEntry, Week
from onboarding.states import ENTRY_TRANSITIONS, LIVE_ENTRY_STATES, EntryState, Stage
from outbox import hints


class AlreadyInLine(Exception):
    def __init__(self, application: Application):
        super().__init__(f"{application.owner} has a place in the line of {application.program} already.")


class IllegalMove(Exception):
    def __init__(self, entry: WaitlistEntry, to: str):
        super().__init__(f"This place in line is {entry.get_state_display().lower()}; it cannot become {to}.")


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


@transaction.atomic
def join(application: Application, *, by: ledger.Actor, at: datetime) -> WaitlistEntry:
    """Put an approved application at the end of the line. Raises AlreadyInLine."""
    program, owner = application.program, application.owner
    if WaitlistEntry.objects.filter(program=program, owner=owner, state__in=LIVE_ENTRY_STATES).exists():
        raise AlreadyInLine(application)
    entry = WaitlistEntry.objects.create(program=program, owner=owner, application=application, joined_at=at)
    ledger.record(Event.ENTRY_JOINED, subject=entry, actor=by, at=at, application=application.number)
    transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)
    return entry


@transaction.atomic
def admit(program: Program, *, by: ledger.Actor, at: datetime, most: int | None = None) -> list[Seat]:
    """Give this week's free seats to the first in line, never one more; return the seats given now.

    Set-based: a fixed number of statements whatever the number of seats and of people waiting. The lock is on the
    week, so any number of workers may call it at once. Paused or not admitting: nobody is seated.
    """
    week = weeks.open_due(program, by=by, at=at)
    if week is None:
        return []
    week = Week.objects.select_for_update().get(pk=week.pk)
    program.refresh_from_db(fields=["paused_at", "stage"])
    free = week.limit - week.admitted
    if program.paused_at or program.stage not in (Stage.LIMITED, Stage.INVITATION_ONLY) or free <= 0:
        return []
    entries = list(
        WaitlistEntry.objects.waiting()
        .filter(program=program)
        .in_order()
        .select_for_update(skip_locked=True)[: free if most is None else min(free, most)]
    )
    return _seat(week, entries, by, at) if entries else []


def _seat(week: Week, entries: Sequence[WaitlistEntry], by: ledger.Actor, at: datetime) -> list[Seat]:
    WaitlistEntry.objects.filter(pk__in=[entry.pk for entry in entries]).update(state=EntryState.SEATED)
    Week.objects.filter(pk=week.pk).update(admitted=F("admitted") + len(entries))
    seats = Seat.objects.bulk_create(Seat(week=week, entry=entry, given_at=at) for entry in entries)
    invitations = Invitation.objects.bulk_create(Invitation(seat=seat, offered_at=at) for seat in seats)
    ledger.record_many(Event.ENTRY_SEATED, subjects=entries, actor=by, at=at, week=week.pk)
    ledger.record_many(Event.INVITATION_OFFERED, subjects=invitations, actor=by, at=at, week=week.pk)
    transaction.on_commit(partial(hints.later, "onboarding.tasks.tell_invitations"), robust=True)
    return seats


def move(entry: WaitlistEntry, *, to: EntryState, event: Event, by: ledger.Actor, at: datetime, **details) -> None:
    """Change the state of a locked entry and record it; the verbs below and `invitations` call it."""
    if to not in ENTRY_TRANSITIONS[entry.state]:
        raise IllegalMove(entry, to)
    entry.state = to
    entry.left_at = at if to == EntryState.LEFT else None
    entry.save(update_fields=["state", "left_at", "returned"])
    ledger.record(event, subject=entry, actor=by, at=at, **details)


@transaction.atomic
def leave(entry: WaitlistEntry, *, by: User, at: datetime) -> WaitlistEntry:
    """Leave the line for good; the approval lapses. Raises IllegalMove."""
    Application.objects.select_for_update().get(pk=entry.application_id)
    entry = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
    if entry.state != EntryState.WAITING:
        raise IllegalMove(entry, EntryState.LEFT)
    move(entry, to=EntryState.LEFT, event=Event.ENTRY_LEFT, by=by, at=at)
    applications.lapse(entry.application, by=by, at=at, reason="left_the_line")
    return entry


@transaction.atomic
def put_forward(entry: WaitlistEntry, *, priority: int, by: User, at: datetime, reason: str) -> WaitlistEntry:
    """Change an entry's priority, with the written reason that the applicants behind may read."""
    if not reason.strip():
        raise SayWhy
    entry = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
    was, entry.priority, entry.priority_reason = entry.priority, priority, reason.strip()
    entry.save(update_fields=["priority", "priority_reason"])
    ledger.record(
        Event.ENTRY_MOVED, subject=entry, actor=by, at=at, reason=ledger.digest(reason), was=was, now=priority
    )
    return entry


def place(entry: WaitlistEntry) -> Place:
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
    program, position = entry.program, place(entry).position
    week = weeks.current(program, at)
    if program.paused_at or entry.state != EntryState.WAITING:
        return None
    reached = week.limit - week.admitted if week else 0
    starts_at, ends_at = weeks.window(program, at)
    for ahead in range(1, 521):  # ten years: nobody is told a date beyond
        if reached >= position:
            slack = timedelta(weeks=ahead // 4 + 1)
            return Forecast(earliest=starts_at, latest=ends_at + slack - timedelta(weeks=1))
        starts_at, ends_at = weeks.window(program, ends_at)
        step = rates.in_force(program, starts_at)
        reached += step.per_week if step else 0
    return None


