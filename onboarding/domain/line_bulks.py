"""Many places in line at once: hold them, move them ahead, end or undo either. Asked for with a reason, run by rq.

A place is changed as by hand (`order`): never the manager's own, its ledger row; a hold has its letter with the
reason, a move is published with it. Who moved on between asking and running is left as they are.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import notices, order, plans, waitlist
from onboarding.domain.programs import SayWhy
from onboarding.models import Application, LineBulk, LineBulkItem, Program, WaitlistEntry
from onboarding.models.plan import AMONG_MOST
from onboarding.permissions import conflicts
from onboarding.states import EntryState, LineVerb, ShareKind
from outbox import alike, hints

CHUNK = 500
YEARS = range(2000, 2101)
OPPOSITE = {
    LineVerb.HOLD: LineVerb.UNHOLD,
    LineVerb.UNHOLD: LineVerb.HOLD,
    LineVerb.FORWARD: LineVerb.BACK,
    LineVerb.BACK: LineVerb.FORWARD,
}
IN_LINE = Q(state__in=[EntryState.WAITING, EntryState.HELD])
# Which places a verb finds.
FROM = {
    LineVerb.HOLD: Q(state=EntryState.WAITING),
    LineVerb.UNHOLD: Q(state=EntryState.HELD),
    LineVerb.FORWARD: IN_LINE & Q(priority=order.BY_THE_RULE),
    LineVerb.BACK: IN_LINE & Q(priority=order.AHEAD),
}
TO = {LineVerb.HOLD: EntryState.HELD, LineVerb.UNHOLD: EntryState.WAITING}
EVENTS = {LineVerb.HOLD: Event.ENTRY_HELD, LineVerb.UNHOLD: Event.ENTRY_UNHELD}
LETTERS = {LineVerb.HOLD: "held", LineVerb.UNHOLD: "unheld"}
MOVES = {
    LineVerb.FORWARD: (order.BY_THE_RULE, order.AHEAD),
    LineVerb.BACK: (order.AHEAD, order.BY_THE_RULE),
}


class NobodyFound(Exception):
    def __init__(self) -> None:
        super().__init__(_("No place in line fits; nothing was asked for."))


class BadBounds(Exception):
    """No time lies between these bounds, or they are the calendar's ends, which nobody reads again."""


class CannotUndo(Exception):
    def __init__(self, bulk: LineBulk):
        super().__init__(
            _("This is not finished yet; nothing was changed.")
            if bulk.finished_at is None
            else _("This was undone already; nothing was changed.")
        )


def about(bulk: LineBulk) -> QuerySet[WaitlistEntry]:
    """Return the places that a bulk is about now, without those its manager has a part in; two queries to build it."""
    entries = WaitlistEntry.objects.filter(
        FROM[LineVerb(bulk.verb)], program=bulk.program_id, joined_at__lte=bulk.asked_at
    )
    if bulk.cohort:
        entries = entries.filter(plans.belongs(bulk.cohort, bulk.among))
    if bulk.joined_from:
        entries = entries.filter(joined_at__gte=bulk.joined_from)
    if bulk.joined_until:
        entries = entries.filter(joined_at__lt=bulk.joined_until)
    if (undone := bulk.undoes) is not None:
        entries = entries.filter(pk__in=LineBulkItem.objects.filter(bulk=undone).values("entry"))
        if bulk.verb == LineVerb.UNHOLD:  # whoever was held by hand since is held for another reason
            entries = entries.filter(held_by=undone.asked_by_id, hold_reason=undone.reason)
        elif bulk.verb in MOVES:  # and so whoever was moved by hand since
            entries = entries.filter(priority_reason=undone.reason)
    return entries.exclude(conflicts(bulk.asked_by, to="application__"))


def draft(
    program: Program,
    *,
    verb: LineVerb,
    by: User,
    at: datetime,
    joined_from: datetime | None = None,
    joined_until: datetime | None = None,
    cohort: str = "",
    among: str = "",
    reason: str = "",
) -> LineBulk:
    """Return a bulk as it would be asked for, with how many it is about; nothing is kept. Raises BadBounds."""
    bounds = [bound for bound in (joined_from, joined_until) if bound]
    if any(bound.year not in YEARS for bound in bounds):
        raise BadBounds(_("Give days between 2000 and 2100, or leave them empty."))
    if len(bounds) == 2 and bounds[0] >= bounds[1]:
        raise BadBounds(_("It ends before it begins."))
    if cohort and (cohort == ShareKind.HAND_PICKED) == bool(among):
        raise BadBounds(_("Say which kind of applicant, country or wave; hand-picked needs nothing further."))
    if len(among) > AMONG_MOST:
        raise BadBounds(_("That names too many at once; make it two."))
    bulk = LineBulk(
        program=program, verb=verb, joined_from=joined_from, joined_until=joined_until, cohort=cohort, among=among,
        asked_at=at, asked_by=by, reason=reason.strip(),
    )  # fmt: skip
    bulk.found = about(bulk).count()
    return bulk


@transaction.atomic
def ask(bulk: LineBulk) -> LineBulk:
    """Keep a drafted bulk for the worker. Raises SayWhy, NobodyFound."""
    if not bulk.reason:
        raise SayWhy
    bulk.found = about(bulk).count()
    if not bulk.found:
        raise NobodyFound
    bulk.save()
    ledger.record(
        Event.LINE_BULK_ASKED, subject=bulk, actor=bulk.asked_by, at=bulk.asked_at,
        reason=ledger.digest(bulk.reason), program=bulk.program.slug, verb=bulk.verb, found=bulk.found,
    )  # fmt: skip
    return bulk


@transaction.atomic
def undo(bulk: LineBulk, *, by: User, at: datetime, reason: str) -> LineBulk:
    """Ask for the opposite for those it changed. Raises SayWhy, CannotUndo, NobodyFound."""
    bulk = LineBulk.objects.select_for_update(of=("self",)).select_related("program").get(pk=bulk.pk)
    if bulk.finished_at is None or LineBulk.objects.filter(undoes=bulk).exists():
        raise CannotUndo(bulk)
    return ask(
        LineBulk(
            program=bulk.program, verb=OPPOSITE[LineVerb(bulk.verb)], undoes=bulk, asked_at=at, asked_by=by,
            reason=reason.strip(),
        )
    )  # fmt: skip


@transaction.atomic
def change_chunk(pk: int, *, at: datetime) -> bool:
    """Change the next CHUNK places of a bulk; return whether there may be more. Safe to run twice and beside itself.

    States, ledger rows, letters and how far it is commit together: a worker that dies leaves whole chunks.
    """
    bulk = (
        LineBulk.objects.select_for_update(of=("self",))
        .select_related("program", "asked_by", "undoes")
        .get(pk=pk)
    )
    if bulk.finished_at is not None:
        return False
    ahead = about(bulk).filter(pk__gt=bulk.up_to).order_by("pk")
    chosen = dict(ahead.values_list("pk", "application_id")[:CHUNK])
    if chosen:
        bulk.up_to = max(chosen)
        bulk.changed += _change(bulk, chosen, at)
    else:
        bulk.finished_at = at
        ledger.record(Event.LINE_BULK_FINISHED, subject=bulk, actor="rq", at=at, changed=bulk.changed)
    bulk.save(update_fields=["up_to", "changed", "finished_at"])
    return bulk.finished_at is None


def _change(bulk: LineBulk, chosen: dict[int, int], at: datetime) -> int:
    verb = LineVerb(bulk.verb)
    # Applications, then entries, as everybody locks them; in one order, so that no two bulks wait for each other.
    list(
        Application.objects.filter(pk__in=chosen.values())
        .order_by("pk")
        .select_for_update()
        .values_list("pk")
    )
    rows = WaitlistEntry.objects.filter(FROM[verb], pk__in=chosen).order_by("pk")
    pks = list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    how: dict[str, Any] = {"by": bulk.asked_by, "at": at, "reason": bulk.reason, "bulk": bulk.pk}
    if verb in MOVES:
        was, now = MOVES[verb]
        order.put_many(pks, was=was, now=now, **how)
    else:
        waitlist.move_many(pks, to=TO[verb], event=EVENTS[verb], **how)
    LineBulkItem.objects.bulk_create(LineBulkItem(bulk=bulk, entry_id=pk) for pk in pks)
    if pks and verb in LETTERS:
        alike.write(_letters(bulk, [chosen[pk] for pk in pks]), at=at)
    if verb == LineVerb.UNHOLD:
        transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)
    return len(pks)


def _letters(bulk: LineBulk, applications: Sequence[int]) -> list[alike.Sheet]:
    rows = (
        Application.objects.filter(pk__in=applications)
        .annotate(team=F("owner__organisation"))
        .order_by("pk")
        .values_list("pk", "number", "title", "applicant", "team")
    )
    return notices.sheets(
        LETTERS[LineVerb(bulk.verb)],
        [notices.Named(*row) for row in rows],
        once=f"line_bulk:{bulk.pk}",
        shared={"program": bulk.program.name, "reason": bulk.reason},
    )
