"""The line: join it, stand in it, be given a seat.

Order: (priority, joined_at, id). A place only gets worse by a written move of somebody else.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists
from django.utils.translation import gettext as _

from accounts.models import Owner, User
from audit import ledger
from audit.events import Event
from onboarding.domain import freezes, plans, seating, weeks
from onboarding.models import Application, Grant, Program, WaitlistEntry, Week
from onboarding.states import ENTRY_TRANSITIONS, LIVE_ENTRY_STATES, EntryState, Stage
from outbox import hints

TYPE_MOST = 40  # characters of a cohort's name


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
    entry = WaitlistEntry.objects.create(
        program=program, owner=owner, application=application, joined_at=at, **_cohort(application)
    )
    ledger.record(Event.ENTRY_JOINED, subject=entry, actor=by, at=at, application=application.number)
    transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)
    return entry


def _cohort(application: Application) -> dict[str, Any]:
    """Return what shares of a week go by, copied from what was approved so that admitting reads the line alone."""
    revision = application.revisions.order_by("-number").first()
    answers = revision.answers if revision else {}
    said = {name: answers.get(name) or application.facts.get(name) for name in ("applicant_type", "country")}
    return {
        "applicant_type": str(said["applicant_type"] or "")[:TYPE_MOST],
        "country": country if len(country := str(said["country"] or "").upper()) == 2 else "",
        "wave": str(application.facts.get("wave") or "").strip()[:TYPE_MOST],
        "hand_picked": application.pick_id is not None or application.program.stage == Stage.INVITATION_ONLY,
    }


@transaction.atomic
def admit(program: Program, *, by: ledger.Actor, at: datetime, most: int | None = None) -> int:
    """Give this week's free seats to the first in line, never one more; return how many were given now.

    Free is what the plan has released by now; each share goes to its own cohort first (`seating`).

    A fixed number of statements and flat memory, whatever the number of seats and of people waiting. The lock is on
    the week, so any number of workers may call it at once. Paused, frozen or not admitting: nobody is seated.
    """
    week = weeks.open_due(program, by=by, at=at)
    if week is None:
        return 0
    week = Week.objects.select_for_update(no_key=True, of=("self",)).select_related("plan").get(pk=week.pk)
    # Read under the lock, not before: a pause, or a later week, may have come meanwhile.
    later = Week.objects.filter(program=program, starts_at__gt=week.starts_at)
    program = Program.objects.annotate(is_past=Exists(later)).get(pk=program.pk)
    part = plans.part_of(week, program, at)
    free = plans.released(week.limit, part) - week.admitted
    if program.paused_at or program.stage == Stage.CLOSED or program.is_past or free <= 0:
        return 0
    if freezes.is_frozen(program, at=at):
        return 0
    given = seating.give(week, most=free if most is None else min(free, most), part=part, by=by, at=at)
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


def move_many(
    entries: Sequence[int],
    *,
    to: EntryState,
    event: Event,
    by: User,
    at: datetime,
    reason: str,
    **details: Any,
) -> None:
    """Do for many locked entries, by primary key, what `order` and `move` do for one: two statements, a row each.

    Held ones are held by `by`, for the reason that is written. All must be in a state that may become `to`; where one
    is not, the database refuses.
    """
    held = to == EntryState.HELD
    WaitlistEntry.objects.filter(pk__in=entries).update(
        state=to, held_at=at if held else None, held_by=by if held else None, hold_reason=reason if held else "",
    )  # fmt: skip
    ledger.record_each(
        event,
        subject=WaitlistEntry,
        each=dict.fromkeys(entries, details),
        actor=by,
        at=at,
        reason=ledger.digest(reason),
    )


def has_a_place(program: Program, owner: Owner) -> bool:
    """Return whether this owner is in the program's line, or let in."""
    return (
        WaitlistEntry.objects.filter(program=program, owner=owner, state__in=LIVE_ENTRY_STATES).exists()
        or Grant.objects.live().filter(program=program, owner=owner).exists()
    )
