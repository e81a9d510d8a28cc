"""What people change in the line by hand: put an entry forward or back, hold it, end the hold. Each with a reason.

Never their own or their organisation's entry. A change of the order is published with its reason to everybody behind;
a hold is told to the applicant with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import notices, waitlist
from onboarding.domain.programs import SayWhy
from onboarding.models import Application, Move, Program, WaitlistEntry
from onboarding.permissions import has_part_in
from onboarding.states import EntryState
from outbox import hints

AHEAD, BY_THE_RULE = -1, 0  # priorities: of those put forward, too, who joined first goes first
SHOWN = 10


class OwnPlace(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("Nobody changes a place in line of their own, or of somebody they share an organisation with.")
        )


class NotWaiting(Exception):
    def __init__(self, entry: WaitlistEntry):
        super().__init__(
            _("This place in line is %(state)s: its order cannot be changed any more.")
            % {"state": entry.get_state_display().lower()}
        )


class NothingToMove(Exception):
    def __init__(self) -> None:
        super().__init__(_("This entry stands there already; nothing was changed."))


@dataclass(frozen=True)
class Published:
    """Moves as everybody may read them: when, why and how many at once, nobody's name."""

    moved_at: datetime
    reason: str
    places: int


@transaction.atomic
def put_forward(
    entry: WaitlistEntry, *, priority: int = AHEAD, by: User, at: datetime, reason: str, note: str = ""
) -> WaitlistEntry:
    """Change an entry's priority with a reason that everybody behind reads; the note is for the staff only.

    Raises SayWhy, OwnPlace, NotWaiting, NothingToMove.
    """
    entry = _locked(entry, by, reason)
    if entry.state not in (EntryState.WAITING, EntryState.HELD):
        raise NotWaiting(entry)
    if entry.priority == priority:
        raise NothingToMove
    was, entry.priority, entry.priority_reason = entry.priority, priority, reason.strip()
    entry.save(update_fields=["priority", "priority_reason"])
    move = Move.objects.create(
        entry=entry,
        was=was,
        now=priority,
        moved_at=at,
        moved_by=by,
        reason=entry.priority_reason,
        note=note.strip(),
    )
    ledger.record(
        Event.ENTRY_MOVED,
        subject=entry,
        actor=by,
        at=at,
        reason=ledger.digest(entry.priority_reason),
        was=was,
        now=priority,
        move=move.pk,
    )
    return entry


def put_many(
    entries: Sequence[int], *, was: int, now: int, by: User, at: datetime, reason: str, **details: Any
) -> None:
    """Do for many locked entries, by primary key, what `put_forward` does for one; all have the priority `was`.

    Four statements with their ledger rows, whatever their number.
    """
    WaitlistEntry.objects.filter(pk__in=entries).update(priority=now, priority_reason=reason)
    moves = Move.objects.bulk_create(
        Move(entry_id=pk, was=was, now=now, moved_at=at, moved_by=by, reason=reason) for pk in entries
    )
    ledger.record_each(
        Event.ENTRY_MOVED,
        subject=WaitlistEntry,
        each={move.entry_id: {"was": was, "now": now, "move": move.pk} | details for move in moves},
        actor=by,
        at=at,
        reason=ledger.digest(reason),
    )


@transaction.atomic
def hold(entry: WaitlistEntry, *, by: User, at: datetime, reason: str) -> WaitlistEntry:
    """Keep an entry from being seated; it keeps its place. Raises SayWhy, OwnPlace, waitlist.IllegalMove."""
    entry = _locked(entry, by, reason)
    entry.held_at, entry.held_by, entry.hold_reason = at, by, reason.strip()
    waitlist.move(
        entry, to=EntryState.HELD, event=Event.ENTRY_HELD, by=by, at=at, reason=ledger.digest(reason.strip())
    )
    notices.write("held", entry.application, at=at, reason=entry.hold_reason)
    return entry


@transaction.atomic
def unhold(entry: WaitlistEntry, *, by: User, at: datetime, reason: str) -> WaitlistEntry:
    """End a hold: the entry waits again, at its old place. Raises SayWhy, OwnPlace, waitlist.IllegalMove."""
    entry = _locked(entry, by, reason)
    if entry.state != EntryState.HELD:
        raise waitlist.IllegalMove(entry, EntryState.WAITING)
    waitlist.move(
        entry,
        to=EntryState.WAITING,
        event=Event.ENTRY_UNHELD,
        by=by,
        at=at,
        reason=ledger.digest(reason.strip()),
    )
    notices.write("unheld", entry.application, at=at, reason=reason.strip())
    transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)
    return entry


def moved_ahead(program: Program, *, of: WaitlistEntry | None = None) -> list[Published]:
    """Return the latest moves ahead of the rule, newest first, those of one day (UTC) and reason together.

    `of` an entry: those that passed it by.
    """
    moves = Move.objects.filter(entry__program=program, now__lt=F("was"))
    if of is not None:
        moves = moves.filter(entry__joined_at__gte=of.joined_at, now__lt=of.priority).exclude(entry=of)
    together = (
        moves.order_by()
        .values("reason", day=TruncDate("moved_at", tzinfo=UTC))
        .annotate(places=Count("pk"), last=Max("pk"), at=Max("moved_at"))
    )
    rows = together.order_by("-at", "-last").values_list("at", "reason", "places")[:SHOWN]
    return [Published(*row) for row in rows]


def _locked(entry: WaitlistEntry, by: User, reason: str) -> WaitlistEntry:
    """Lock application, then entry, as everybody does; refuse without a reason, and to those who have a part in it."""
    if not reason.strip():
        raise SayWhy
    Application.objects.select_for_update().get(pk=entry.application_id)
    entry = (
        WaitlistEntry.objects.select_for_update(of=("self",))
        .select_related("application__applicant", "application__program", "program", "owner")
        .get(pk=entry.pk)
    )
    if has_part_in(by, entry.application):
        raise OwnPlace
    return entry
