"""Say one decision of many cases alike. Each is claimed and decided by the ordinary functions, in its own transaction.

Nothing is let through that one by one would not be: a case that needs a second person waits for one, what somebody else
has stays theirs, and each letter is shown before.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.models import Revision
from outbox.models import Letter
from reviews.domain import claims, decisions, findings, giving, previews, recalls, slots, statements
from reviews.models import Bulk, BulkItem, Case, Decision
from reviews.permissions import may_see_case, was_overturned
from reviews.states import BULK_OUTCOMES, BulkRefusal, Outcome, SecondPerson

MOST = 50  # cases; more letters than that nobody reads before confirming
REFUSED = (
    claims.HeldBy, claims.NotHeld, claims.ChangedMeanwhile, claims.NothingToClaim, giving.NotForYou, slots.TooMany,
    decisions.AlreadyDecided, decisions.CaseIsOver, decisions.QuestionOpen, decisions.Stale,
    findings.BadFinding, statements.Incomplete,
)  # fmt: skip


class NotAlike(Exception):
    """The cases are not of one program, kind and lane, or there are none or too many; says which."""


class OneByOne(Exception):
    def __init__(self, outcome: str):
        super().__init__(
            _("“%(outcome)s” is decided one case at a time, not in bulk.")
            % {"outcome": Outcome(outcome).label}
        )


@dataclass(frozen=True)
class Shown:
    """One case of a set as it would be decided now: its letter, or why it would be refused."""

    case: Case
    letter: Letter | None = None
    second: SecondPerson = SecondPerson.NOBODY
    problem: str = ""


@dataclass(frozen=True)
class Undone:
    """What taking a bulk back did: which decisions were recalled, and a sentence for each that was not."""

    recalled: list[Decision]
    refused: list[tuple[Decision, str]]


def must_be_alike(cases: Sequence[Case], *, lanes: Collection[str] | None = None) -> None:
    """Raise NotAlike unless these are 1 to MOST cases of one program, kind and lane; `lanes`: theirs as was shown."""
    if not cases:
        raise NotAlike(_("Choose at least one case."))
    if len(cases) > MOST:
        raise NotAlike(
            _("At most %(most)s cases at once; these are %(number)s.")
            % {"most": MOST, "number": grouped(len(cases))}
        )
    for what, found in (
        (_("program"), {case.program_id for case in cases}),
        (_("kind"), {case.kind for case in cases}),
        (_("lane"), {case.lane for case in cases} if lanes is None else set(lanes)),
    ):
        if len(found) > 1:
            raise NotAlike(
                _("The cases are not of one %(what)s: decide them in separate sets, or one by one.")
                % {"what": what}
            )


def preview(cases: Sequence[Case], *, by: User, at: datetime, says: Mapping[str, Any]) -> list[Shown]:
    """Return what would become of each case, with its letter exactly as it would be sent. Changes nothing.

    Raises NotAlike, OneByOne, and statements.Incomplete where it is lacking for every case alike.
    """
    must_be_alike(cases)
    _must_be_for_many(says["outcome"])
    return [_shown(case, by=by, at=at, says=says) for case in cases]


def _shown(case: Case, *, by: User, at: datetime, says: Mapping[str, Any]) -> Shown:
    with transaction.atomic():
        try:
            decision = _decide(case, by=by, at=at, says=says, seen=case.revision.number)
            letter = previews.of_waiting(decision, at=at)
            shown = Shown(case, letter, SecondPerson(decision.second))
        except previews.NobodyToWriteTo:
            shown = Shown(case, None, SecondPerson(decision.second))
        except REFUSED as error:
            shown = Shown(case, problem=str(error))
        transaction.set_rollback(True)
    return shown


def confirm(
    cases: Sequence[Case],
    *,
    by: User,
    at: datetime,
    says: Mapping[str, Any],
    seen: Mapping[int, int],
    token: UUID,
) -> Bulk:
    """Decide each of these cases, or write down why not; return the bulk with its report.

    `seen`: case -> the revision whose letter was shown, by their keys. The same token by the same person again goes on
    where it stopped, and is the same bulk. Raises NotAlike, OneByOne.
    """
    made = _made(cases, by=by, at=at, says=says, seen=seen, token=token)
    for pk in list(made.items.filter(tried_at=None).values_list("pk", flat=True)):
        _try(pk, by=by, at=at, says=says)
    return made


@transaction.atomic
def _made(
    cases: Sequence[Case],
    *,
    by: User,
    at: datetime,
    says: Mapping[str, Any],
    seen: Mapping[int, int],
    token: UUID,
) -> Bulk:
    if made := Bulk.objects.filter(made_by=by, token=token).first():
        return made
    shown = dict(Revision.objects.filter(pk__in=seen.values()).values_list("pk", "lane"))
    must_be_alike(cases, lanes=shown.values())
    _must_be_for_many(says["outcome"])
    first = cases[0]
    fields = {
        "made_at": at, "program_id": first.program_id, "kind": first.kind, "lane": shown[seen[first.pk]],
        "outcome": says["outcome"], "reason_code": says["reason_code"],
        "categories": list(says.get("categories", ())),
    }  # fmt: skip
    made, is_new = Bulk.objects.get_or_create(made_by=by, token=token, defaults=fields)
    if not is_new:  # two clicks at once: the other one was faster
        return made
    BulkItem.objects.bulk_create(
        BulkItem(bulk=made, position=position, case=case, revision_id=seen[case.pk])
        for position, case in enumerate(cases, start=1)
    )
    ledger.record(
        Event.BULK_DECIDED, subject=made, actor=by, at=at, reason=made.reason_code, outcome=made.outcome,
        cases=[case.pk for case in cases],
    )  # fmt: skip
    return made


@transaction.atomic
def _try(pk: int, *, by: User, at: datetime, says: Mapping[str, Any]) -> None:
    """Decide one case of a bulk and keep what became of it: both or neither, and never a second time."""
    item = (
        BulkItem.objects.select_for_update(of=("self",)).select_related("bulk", "case", "revision").get(pk=pk)
    )
    if item.tried_at:
        return
    item.tried_at = at
    bulk, case = item.bulk, item.case
    try:
        with transaction.atomic():
            if (case.kind, case.lane) != (bulk.kind, bulk.lane):
                raise claims.ChangedMeanwhile(case)
            item.decision = _decide(case, by=by, at=at, says=says, seen=item.revision.number)
    except REFUSED as error:
        _write_down(item, error, by=by)
    item.save()


def _decide(case: Case, *, by: User, at: datetime, says: Mapping[str, Any], seen: int) -> Decision:
    claims.claim(case, by=by, at=at, seen=seen)
    return decisions.decide(case, by=by, at=at, **says)


def undo(bulk: Bulk, *, by: User, at: datetime, reason: str) -> Undone:
    """Take back all of a bulk that nobody was told yet, each by the ordinary recall.

    Raises SayWhy, statements.Incomplete.
    """
    decided = Decision.objects.filter(bulk_item__bulk=bulk, told_at=None, returned_at=None, recalled_at=None)
    recalled, refused = [], []
    for decision in decided.select_related("case__application").order_by("bulk_item__position"):
        try:
            recalled.append(recalls.recall(decision, by=by, at=at, reason=reason))
        except (recalls.AlreadyTold, recalls.NothingToRecall, recalls.NotYoursToRecall) as error:
            refused.append((decision, str(error)))
    return Undone(recalled, refused)


def _must_be_for_many(outcome: str) -> None:
    if outcome not in BULK_OUTCOMES:
        raise OneByOne(outcome)


def _write_down(item: BulkItem, error: Exception, *, by: User) -> None:
    """Keep why a case was refused as a code, and by whom it is held: names in sentences cannot be erased."""
    item.decision = None
    if isinstance(error, claims.HeldBy):
        item.refusal, item.held_by = BulkRefusal.HELD, error.claim.reviewer
    elif isinstance(error, giving.NotForYou):
        item.refusal = _spared(item.case, by)
    elif isinstance(error, (statements.Incomplete, findings.BadFinding)):
        item.refusal, item.detail = BulkRefusal.INCOMPLETE, str(error)[:500]
    elif isinstance(error, slots.TooMany):
        item.refusal = BulkRefusal.TOO_MANY
    elif isinstance(error, (claims.ChangedMeanwhile, decisions.Stale)):
        item.refusal = BulkRefusal.CHANGED
    else:
        item.refusal = BulkRefusal.OVER


def _spared(case: Case, by: User) -> BulkRefusal:
    if not may_see_case(by, case):
        return BulkRefusal.CONFLICT
    return BulkRefusal.OVERTURNED if was_overturned(by, case) else BulkRefusal.SPARED
