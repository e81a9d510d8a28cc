"""People asked by hand to apply for a program by invitation only: a list is confirmed, rq asks them, they take it up.

As with organisations (ADR 7) a link alone opens nothing: it names who was asked, and a proved address says who one is.
Being asked is no approval and no seat: what is taken up is that one may apply, and counts as hand-picked.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.domain import people
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import notices, pick_rows
from onboarding.domain.pick_rows import LeftOut, Row
from onboarding.domain.programs import SayWhy
from onboarding.models import Pick, PickList, Program
from onboarding.states import PickState, RowVerdict, Stage
from outbox import alike, letters
from outbox import erasure as blanked

CHUNK = 500
BATCH = 1000
LASTS = timedelta(days=21)
KEPT = timedelta(days=30)  # an address that never took it up, after its end
LETTER = "onboarding/picked"
DELETED = gettext_noop("The account was deleted.")


class NotByInvitation(Exception):
    def __init__(self, program: Program):
        super().__init__(
            _("%(program)s is “%(stage)s”: a list is for a program by invitation only.")
            % {"program": program, "stage": program.get_stage_display().lower()}
        )


class NobodyNew(Exception):
    def __init__(self) -> None:
        super().__init__(_("Nobody in this list would be asked; nothing was kept."))


class ForAnotherAddress(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("This invitation is for an address that is not a confirmed one of yours. Nothing was changed.")
        )


class IsOver(Exception):
    """It cannot be taken up any more; the message says why."""

    SAYS = {
        PickState.TAKEN: gettext_lazy("This link was used already; it works once."),
        PickState.WITHDRAWN: gettext_lazy("This invitation was taken back."),
        PickState.EXPIRED: gettext_lazy("This invitation has run out."),
    }

    def __init__(self, state: PickState):
        super().__init__(self.SAYS[state])


class ProgramHasEnded(Exception):
    def __init__(self, program: Program):
        super().__init__(_("%(program)s is closed: nobody new can apply.") % {"program": program})


class CannotWithdraw(Exception):
    def __init__(self, pick: Pick):
        super().__init__(
            _("This is “%(state)s” already; nothing was changed.")
            % {"state": pick.get_state_display().lower()}
        )


@transaction.atomic
def ask(
    program: Program,
    rows: Sequence[Row],
    *,
    left_out: Sequence[LeftOut] = (),
    file_name: str,
    once: UUID,
    by: User,
    at: datetime,
    reason: str,
) -> PickList:
    """Keep a list for the worker; confirming the same page again returns the same list.

    Who is not to be asked any more is left out by now. Raises SayWhy, NotByInvitation, NobodyNew.
    """
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    if there := PickList.objects.filter(once=once, program=program).first():
        return there
    if not reason.strip():
        raise SayWhy
    if program.stage != Stage.INVITATION_ONLY:
        raise NotByInvitation(program)
    known = pick_rows.verdicts(program, [row.email for row in rows], by=by)
    new = [row for row in rows if row.email not in known]
    if not new:
        raise NobodyNew
    since = [LeftOut(row.line, known[row.email]) for row in rows if row.email in known]
    asked = PickList.objects.create(
        program=program, once=once, file_name=file_name[-200:], asked_at=at, asked_by=by, reason=reason.strip(),
        found=len(new), rows=new, left_out=_kept([*left_out, *since]),
    )  # fmt: skip
    ledger.record(
        Event.PICK_LIST_ASKED, subject=asked, actor=by, at=at, reason=ledger.digest(asked.reason),
        program=program.slug, found=asked.found,
    )  # fmt: skip
    return asked


@transaction.atomic
def ask_chunk(pk: int, *, at: datetime) -> bool:
    """Ask the next CHUNK people of a list; return whether there may be more. Safe to run twice and beside itself.

    Picks, ledger rows, letters and how far it is commit together: a worker that dies leaves whole chunks. Two lists
    of one program go one after the other, so that nobody is asked by both.
    """
    program = PickList.objects.values_list("program", flat=True).get(pk=pk)
    Program.objects.select_for_update(no_key=True).get(pk=program)
    asked = PickList.objects.select_for_update(of=("self",)).select_related("program", "asked_by").get(pk=pk)
    if asked.finished_at is not None:
        return False
    rows = [Row(*row) for row in asked.rows[asked.up_to : asked.up_to + CHUNK]]
    if rows:
        known = _known(asked, rows)
        new = [row for row in rows if row.email and row.email not in known]  # "": see `forget`
        _make(asked, new, at)
        asked.up_to += len(rows)
        asked.made += len(new)
        asked.left_out += _kept(LeftOut(row.line, known[row.email]) for row in rows if row.email in known)
    else:
        asked.rows, asked.finished_at = [], at
        ledger.record(Event.PICK_LIST_FINISHED, subject=asked, actor="rq", at=at, made=asked.made)
    asked.save(update_fields=["rows", "up_to", "made", "left_out", "finished_at"])
    return asked.finished_at is None


def _known(asked: PickList, rows: Sequence[Row]) -> dict[str, RowVerdict]:
    if asked.program.stage != Stage.INVITATION_ONLY:  # it moved on: everybody applies now, or nobody
        return {row.email: RowVerdict.OTHER_STAGE for row in rows}
    return pick_rows.verdicts(asked.program, [row.email for row in rows], by=asked.asked_by)


def _make(asked: PickList, rows: Sequence[Row], at: datetime) -> None:
    """Ask these people: their rows, one ledger row and one letter each, whatever their number in five statements."""
    tokens = [secrets.token_urlsafe(32) for _row in rows]
    made = Pick.objects.bulk_create(
        Pick(
            pick_list=asked, program=asked.program, line=row.line, email=row.email, name=row.name, note=row.note,
            token_hash=_hash(token), asked_at=at, asked_by=asked.asked_by, expires_at=at + LASTS,
        )
        for row, token in zip(rows, tokens, strict=True)
    )  # fmt: skip
    if not made:
        return
    ledger.record_each(
        Event.PICK_ASKED, subject=Pick, each={pick.pk: {"list": asked.pk} for pick in made},
        actor=asked.asked_by, at=at, reason=ledger.digest(asked.reason),
    )  # fmt: skip
    copies = [
        alike.Copy(
            pick.email, pick.pk, f"pick:{pick.pk}",
            {"greeting": _greeting(pick.name), "email": pick.email, "url": notices.page("picked", token)},
        )
        for pick, token in zip(made, tokens, strict=True)
    ]  # fmt: skip
    shared = {"program": asked.program.name, "summary": asked.program.summary, "expires_at": at + LASTS}
    sheet = alike.Sheet(LETTER, Pick, shared, settings.LANGUAGE_CODE, copies, passing=True)
    alike.write([sheet], at=at)


def _greeting(name: str) -> str:
    return _("Hello %(name)s,") % {"name": name} if name else _("Hello,")


def _kept(left_out: Iterable[LeftOut]) -> list[dict[str, Any]]:
    """Return what a report keeps of rows that were left out: where they stand and why, no address."""
    return [{"line": each.line, "why": each.why.value} for each in left_out]


def find(token: str) -> Pick | None:
    """Return what a link names, whatever became of it."""
    return Pick.objects.select_related("program").filter(token_hash=_hash(token)).first()


def of(user: User, program: Program) -> Pick | None:
    """Return what this person took up in this program."""
    return Pick.objects.filter(program=program, taken_by=user, state=PickState.TAKEN).first()


def is_for(user: User, pick: Pick) -> bool:
    """Return whether this person has proved the address that was asked."""
    return people.has_verified(user, pick.email)


def standing(pick: Pick, *, at: datetime) -> PickState:
    """Return its state, as over from its last moment on, whether or not the payer has come by."""
    is_over = pick.state == PickState.ASKED and pick.expires_at <= at
    return PickState.EXPIRED if is_over else PickState(pick.state)


@transaction.atomic
def take(pick: Pick, *, by: User, at: datetime) -> Pick:
    """Take it up, as the person whose address was asked: from now on they may apply. A double click takes it once.

    Raises ForAnotherAddress, IsOver, ProgramHasEnded.
    """
    pick = _locked(pick)
    if pick.state == PickState.TAKEN and pick.taken_by_id == by.pk:
        return pick
    if not is_for(by, pick):
        raise ForAnotherAddress
    now = standing(pick, at=at)
    if now != PickState.ASKED:
        raise IsOver(now)
    if pick.program.stage == Stage.CLOSED:
        raise ProgramHasEnded(pick.program)
    pick.state, pick.taken_at, pick.taken_by = PickState.TAKEN, at, by
    pick.save(update_fields=["state", "taken_at", "taken_by"])
    ledger.record(Event.PICK_TAKEN, subject=pick, actor=by, at=at)
    return pick


@transaction.atomic
def withdraw(pick: Pick, *, by: User, at: datetime, reason: str) -> Pick:
    """Take back that somebody was asked, before they took it up; their link says so. Raises SayWhy, CannotWithdraw."""
    pick = _locked(pick)
    if not reason.strip():
        raise SayWhy
    if pick.state != PickState.ASKED:
        raise CannotWithdraw(pick)
    _withdraw([pick], by=by, at=at, reason=reason)
    return pick


@transaction.atomic
def withdraw_list(asked: PickList, *, by: User, at: datetime, reason: str) -> int:
    """Take back all of a list that nobody took up yet; return how many. Raises SayWhy."""
    if not reason.strip():
        raise SayWhy
    waiting = Pick.objects.filter(pick_list=asked, state=PickState.ASKED).order_by("pk")
    return _withdraw(list(waiting.select_for_update(of=("self",))), by=by, at=at, reason=reason)


def _withdraw(picks: Sequence[Pick], *, by: User, at: datetime, reason: str) -> int:
    """Withdraw locked ones, and recall the letters that did not go out yet; three statements."""
    pks = [pick.pk for pick in picks]
    Pick.objects.filter(pk__in=pks).update(
        state=PickState.WITHDRAWN, withdrawn_at=at, withdrawn_by=by, withdraw_reason=reason.strip()
    )
    if pks:
        letters.recall_each(Pick, pks, kind=LETTER, at=at)
        ledger.record_each(
            Event.PICK_WITHDRAWN, subject=Pick, each={pk: {} for pk in pks}, actor=by, at=at,
            reason=ledger.digest(reason.strip()),
        )  # fmt: skip
    return len(pks)


def expire_due(*, at: datetime) -> int:
    """Let those run out whose time is over, and blank addresses that were kept long enough; return how many ran out.

    Safe to run twice, and beside itself.
    """
    expired = 0
    while number := _expire_batch(at):
        expired += number
    _blank_old(at)
    return expired


@transaction.atomic
def _expire_batch(at: datetime) -> int:
    overdue = Pick.objects.overdue(at).order_by("pk").select_for_update(skip_locked=True)
    pks = list(overdue.values_list("pk", flat=True)[:BATCH])
    if pks:
        Pick.objects.filter(pk__in=pks).update(state=PickState.EXPIRED)
        letters.recall_each(Pick, pks, kind=LETTER, at=at)
        ledger.record_each(Event.PICK_EXPIRED, subject=Pick, each={pk: {} for pk in pks}, actor="beat", at=at)
    return len(pks)


@transaction.atomic
def _blank_old(at: datetime) -> None:
    over = Q(state=PickState.EXPIRED, expires_at__lte=at - KEPT) | Q(withdrawn_at__lte=at - KEPT)
    _blank(
        list(Pick.objects.unblanked().filter(over).order_by("pk").values_list("pk", flat=True)[:BATCH]), at
    )


def forget(user: User, addresses: Collection[str], *, at: datetime) -> None:
    """Take back what waits for these addresses, and blank wherever this person was asked: their account is deleted."""
    # The worker goes from the list to its picks: what it makes meanwhile is found below.
    for asked in PickList.objects.select_for_update().filter(finished_at=None).order_by("pk"):
        # A row keeps its place: the worker counts them.
        rows = [row if row[1] not in addresses else [row[0], "", "", ""] for row in asked.rows]
        if rows != asked.rows:
            asked.rows = rows
            asked.save(update_fields=["rows"])
    theirs = Pick.objects.filter(Q(email__in=addresses) | Q(taken_by=user))
    waiting = theirs.filter(state=PickState.ASKED).order_by("pk").select_for_update(of=("self",))
    _withdraw(list(waiting), by=user, at=at, reason=DELETED)
    _blank(list(theirs.values_list("pk", flat=True)), at)


def _blank(pks: Sequence[int], at: datetime) -> None:
    picks = Pick.objects.filter(pk__in=pks)
    blanked.blank_about(picks, at=at)
    picks.update(email="", name="", note="")


def _locked(pick: Pick) -> Pick:
    return Pick.objects.select_for_update(of=("self",)).select_related("program").get(pk=pick.pk)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
