"""A place in line: where an entry stands, when it is reached, and giving it up."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit.events import Event
from onboarding.domain import applications, counts, freezes, outlooks, waitlist
from onboarding.domain.forecasts import Forecast
from onboarding.models import Application, WaitlistEntry
from onboarding.permissions import may_see
from onboarding.states import EntryState, Stage


@dataclass(frozen=True)
class Place:
    """Where an entry stands: `position` counts from 1 among `total` waiting."""

    position: int
    total: int


def of(entry: WaitlistEntry) -> Place:
    """Return the entry's place among those waiting, from the counts of the line."""
    before, total = counts.before(entry)
    return Place(position=before + 1, total=total)


def forecast(entry: WaitlistEntry, *, at: datetime, place: Place | None = None) -> Forecast | None:
    """Return the dates between which this place is reached; None while paused, frozen, held, closed or beyond the plan.

    Without enough history it is the week in which the plan reaches it. The method: `onboarding.domain.forecasts`.
    """
    program = entry.program
    if program.paused_at or program.stage == Stage.CLOSED or entry.state != EntryState.WAITING:
        return None
    if freezes.is_frozen(program, at=at):
        return None
    before = (place or of(entry)).position - 1
    return outlooks.teller(program, at=at, first=entry, before=before, people=1).tell(entry)


@transaction.atomic
def leave(entry: WaitlistEntry, *, by: User, at: datetime) -> WaitlistEntry:
    """Leave the line for good; the approval lapses. Raises applications.NotYours, waitlist.IllegalMove."""
    Application.objects.select_for_update().get(pk=entry.application_id)
    entry = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
    if not may_see(by, entry.application):
        raise applications.NotYours
    if entry.state not in (EntryState.WAITING, EntryState.HELD):
        raise waitlist.IllegalMove(entry, EntryState.LEFT)
    waitlist.move(entry, to=EntryState.LEFT, event=Event.ENTRY_LEFT, by=by, at=at)
    applications.lapse(entry.application, by=by, at=at, reason="left_the_line")
    return entry
