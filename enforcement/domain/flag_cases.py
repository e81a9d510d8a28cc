"""Work on the cases of flags: take one up, give it back, open what was quoted, say what it is.

Dismissing lifts what a flag caused, in the same transaction. Locks: owner, case, sanction, grant, keys.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import Owner, User
from audit import ledger
from audit.events import Event
from enforcement.domain import owed, sanctions, statements
from enforcement.models import Flag, FlagCase
from enforcement.models.flag import NOTE_MOST
from enforcement.permissions import may_decide_flags
from enforcement.states import FLAG_CASE_TRANSITIONS, FLAGS_AFTER, Finding, FlagCaseState, FlagState
from policies.models import Category
from policies.states import Severity

KEPT_FOR = timedelta(hours=2)  # how long one person has a case; longer with each renewal
EVENTS = {FlagState.CONFIRMED: Event.FLAG_CONFIRMED, FlagState.DISMISSED: Event.FLAG_DISMISSED}


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else decides this: a reviewer who raised none of it, has no part in it and takes "
                "its category."
            )
        )


class HeldBy(Exception):
    def __init__(self, case: FlagCase):
        super().__init__(_("%(taken_by)s has this; nothing was changed.") % {"taken_by": case.taken_by})


class NotHeld(Exception):
    def __init__(self) -> None:
        super().__init__(_("You do not have this (any more). Take it first; what you typed is kept."))


class AlreadyDecided(Exception):
    """Somebody was faster, or the same person decided otherwise before."""

    def __init__(self, case: FlagCase):
        self.case = case
        super().__init__(
            _("Decided by %(decided_by)s: %(finding)s. Nothing was changed.")
            % {"decided_by": case.decided_by, "finding": case.get_finding_display().lower()}
        )


class MergedInto(Exception):
    def __init__(self, case: FlagCase):
        super().__init__(
            _("Its flags are in case %(merged_into_id)s now.") % {"merged_into_id": case.merged_into_id}
        )


class Incomplete(Exception):
    """`problems` says what a decision lacks, by field."""

    def __init__(self, problems: Mapping[str, str]):
        self.problems = dict(problems)
        super().__init__(" ".join(problems.values()))


@transaction.atomic
def take(case: FlagCase, *, by: User, at: datetime) -> FlagCase:
    """Take it up for KEPT_FOR; asking again renews it; what another kept too long is taken over.

    Raises NotForYou, HeldBy, AlreadyDecided, MergedInto.
    """
    case = _locked(case)
    if not may_decide_flags(by, case):
        raise NotForYou
    if case.state == FlagCaseState.DECIDED:
        raise AlreadyDecided(case)
    if case.state == FlagCaseState.MERGED:
        raise MergedInto(case)
    if case.state == FlagCaseState.TAKEN and case.taken_by_id != by.pk:
        if case.taken_until and case.taken_until > at:
            raise HeldBy(case)
        _let_go(case, by=by, at=at, reason="ran_out")
    if case.state == FlagCaseState.TAKEN:
        case.taken_until = at + KEPT_FOR
        case.save(update_fields=["taken_until"])
        return case
    case.taken_by, case.taken_at, case.taken_until = by, at, at + KEPT_FOR
    return move(case, FlagCaseState.TAKEN, Event.FLAG_CASE_TAKEN, by, at)


@transaction.atomic
def release(case: FlagCase, *, by: User, at: datetime) -> FlagCase:
    """Give it back; doing so twice is once. Raises NotHeld when somebody else has it."""
    case = _locked(case)
    if case.state != FlagCaseState.TAKEN:
        return case
    if case.taken_by_id != by.pk:
        raise NotHeld
    return _let_go(case, by=by, at=at, reason="given_back")


def release_run_out(*, at: datetime) -> int:
    """Give back what was kept too long; return how many. Safe to run twice and beside itself."""
    run_out = FlagCase.objects.run_out(at).order_by("taken_until")
    return owed.settle_each(run_out, lambda pk: _release_run_out(pk, at), what="The release of case")


@transaction.atomic
def open_excerpt(flag: Flag, *, by: User, at: datetime) -> str:
    """Return what a flag quoted, and record who opened it. Raises NotForYou."""
    if not may_decide_flags(by, flag.case):
        raise NotForYou
    ledger.record(Event.FLAG_CASE_READ, subject=flag.case, actor=by, at=at, flag=flag.receipt)
    return flag.excerpt


@transaction.atomic
def decide(
    case: FlagCase,
    *,
    finding: str,
    category: str = "",
    severity: int | None = None,
    note: str,
    by: User,
    at: datetime,
) -> FlagCase:
    """Say what the flags of a case are, for good; what is no violation lifts at once what a flag caused.

    The same by the same person again is once. Raises NotForYou, AlreadyDecided, MergedInto, NotHeld, HeldBy,
    Incomplete.
    """
    case = _locked(case)
    if not may_decide_flags(by, case):
        raise NotForYou
    if case.state == FlagCaseState.DECIDED:
        if (case.decided_by_id, case.finding) == (by.pk, finding):
            return case
        raise AlreadyDecided(case)
    if case.state == FlagCaseState.MERGED:
        raise MergedInto(case)
    if case.state == FlagCaseState.OPEN:
        raise NotHeld
    if case.taken_by_id != by.pk:
        raise HeldBy(case) if case.taken_until and case.taken_until > at else NotHeld
    words = note.replace("\0", "").replace("\r\n", "\n").strip()
    _check(finding, category, severity, words)
    case.finding, case.found_category, case.note = finding, category, words
    case.found_severity = case.severity if severity is None else severity
    case.decided_by, case.decided_at, case.taken_until = by, at, None
    move(case, FlagCaseState.DECIDED, Event.FLAG_CASE_DECIDED, by, at, reason=finding, category=category)
    _settle_flags(case, FLAGS_AFTER[finding], by, at)
    if finding != Finding.VIOLATION:
        sanctions.lift_caused_by(case, by=by, at=at, reason=words)
    return case


def _settle_flags(case: FlagCase, to: FlagState, by: User, at: datetime) -> None:
    flags = list(case.flags.filter(state=FlagState.OPEN).select_for_update().order_by("pk"))
    Flag.objects.filter(pk__in=[flag.pk for flag in flags]).update(state=to)
    ledger.record_many(EVENTS[to], subjects=flags, actor=by, at=at, case=case.pk)
    statements.answer_reports(flags, is_confirmed=to == FlagState.CONFIRMED, at=at)


def _check(finding: str, category: str, severity: int | None, words: str) -> None:
    problems = {}
    if finding not in Finding.values:
        problems["finding"] = _("Choose what you found.")
    if finding == Finding.VIOLATION and not Category.objects.filter(code=category).exists():
        problems["category"] = _("Choose the clause that is broken.")
    if severity is not None and severity not in Severity.values:
        problems["severity"] = _("Choose how grave it is.")
    if not words:
        problems["note"] = _("Write why, for colleagues.")
    if len(words) > NOTE_MOST:
        problems["note"] = _("At most %(most)s characters; this has %(number)s.") % {
            "most": grouped(NOTE_MOST),
            "number": grouped(len(words)),
        }
    if problems:
        raise Incomplete(problems)


def _locked(case: FlagCase) -> FlagCase:
    if case.owner_id is not None:
        Owner.objects.select_for_update(no_key=True).get(pk=case.owner_id)
    return (
        FlagCase.objects.select_for_update(of=("self",))
        .select_related("taken_by", "decided_by", "owner", "grant__application")
        .get(pk=case.pk)
    )


def move(
    case: FlagCase,
    to: FlagCaseState,
    event: Event,
    by: ledger.Actor,
    at: datetime,
    reason: str = "",
    **details: object,
) -> FlagCase:
    """Change the state of a locked case, save what the verb set on it, and record it; no other function does."""
    assert to in FLAG_CASE_TRANSITIONS[case.state], f"{case.state} to {to}"
    case.state = to
    case.save()
    ledger.record(event, subject=case, actor=by, at=at, reason=reason, **details)
    return case


def _let_go(case: FlagCase, *, by: ledger.Actor, at: datetime, reason: str) -> FlagCase:
    case.taken_by = case.taken_at = case.taken_until = None
    return move(case, FlagCaseState.OPEN, Event.FLAG_CASE_RELEASED, by, at, reason)


@transaction.atomic
def _release_run_out(pk: int, at: datetime) -> bool:
    case = _locked(FlagCase.objects.get(pk=pk))
    if not FlagCase.objects.run_out(at).filter(pk=pk).exists():
        return False  # renewed, given back or decided while we waited for the lock
    _let_go(case, by="enforcement", at=at, reason="ran_out")
    return True
