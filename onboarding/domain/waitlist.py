"""The line: join it, stand in it, be given a seat.

Order: (priority, joined_at, id). A place only gets worse by a written move of somebody else.
"""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Owner
from audit import ledger
from audit.events import Event
from onboarding.domain import freezes, seating, weeks
from onboarding.models import Application, Grant, Program, WaitlistEntry, Week
from onboarding.states import ENTRY_TRANSITIONS, LIVE_ENTRY_STATES, EntryState, Stage
from outbox import hints


class AlreadyInLine(Exception):
    def __init__(self, application: Application):
        super().__init__(
            _("%(owner)s has a place in the line of %(program)s already.")
            % {"owner": application.owner, "program": application.program}
        )


class IllegalMove(Exception):
    def __init__(self, entry: WaitlistEntry, to: str):
        super().__init__(
            _("This place in line is %(state)s; it cannot become %(to)s.")
            % {"state": entry.get_state_display().lower(), "to": EntryState(to).label.lower()}
        )


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
def admit(program: Program, *, by: ledger.Actor, at: datetime, most: int | None = None) -> int:
    """Give this week's free seats to the first in line, never one more; return how many were given now.

    A fixed number of statements and flat memory, whatever the number of seats and of people waiting. The lock is on
    the week, so any number of workers may call it at once. Paused, frozen or not admitting: nobody is seated.
    """
    week = weeks.open_due(program, by=by, at=at)
    if week is None:
        return 0
    week = Week.objects.select_for_update().get(pk=week.pk)
    program.refresh_from_db(fields=["paused_at", "stage"])
    free = week.limit - week.admitted
    if program.paused_at or program.stage == Stage.CLOSED or free <= 0 or freezes.is_frozen(program, at=at):
        return 0
    given = seating.give(week, most=free if most is None else min(free, most), by=by, at=at)
    if given:
        transaction.on_commit(partial(hints.later, "onboarding.tasks.tell_invitations"), robust=True)
    return given


def move(
    entry: WaitlistEntry, *, to: EntryState, event: Event, by: ledger.Actor, at: datetime, **details: Any
) -> None:
    """Change the state of a locked entry and record it; the verbs below and `invitations` call it."""
    if to not in ENTRY_TRANSITIONS[entry.state]:
        raise IllegalMove(entry, to)
    entry.state = to
    entry.left_at = at if to == EntryState.LEFT else None
    if to != EntryState.HELD:
        entry.held_at, entry.held_by, entry.hold_reason = None, None, ""
    entry.save(update_fields=["state", "left_at", "returned", "held_at", "held_by", "hold_reason"])
    ledger.record(event, subject=entry, actor=by, at=at, **details)


def has_a_place(program: Program, owner: Owner) -> bool:
    """Return whether this owner is in the program's line, or let in."""
    return (
        WaitlistEntry.objects.filter(program=program, owner=owner, state__in=LIVE_ENTRY_STATES).exists()
        or Grant.objects.live().filter(program=program, owner=owner).exists()
    )
