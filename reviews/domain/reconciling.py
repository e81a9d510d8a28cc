"""Where two views differ: a senior reviewer who gave neither says what comes of it, and what the guidelines lack."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from reviews.domain import cases, statements
from reviews.models import Decision, GoldenCase, Reconciliation
from reviews.permissions import may_mark_golden, may_reconcile
from reviews.states import Outcome, Reconciled

REMARK_MOST = 1000  # characters


class NotYoursToReconcile(Exception):
    def __init__(self) -> None:
        super().__init__(_("A senior reviewer who gave neither of the two views says what comes of them."))


class ClosedAlready(Exception):
    """Somebody was faster."""

    def __init__(self, card: Reconciliation):
        super().__init__(
            _("%(closed_by)s closed this card already; nothing was changed.") % {"closed_by": card.closed_by}
        )


class NotGolden(Exception):
    """Not decided for good, not a senior reviewer, or golden already; says which."""


@transaction.atomic
def close(
    card: Reconciliation, *, by: User, at: datetime, ended: str, category: str, remark: str
) -> Reconciliation:
    """Say which view holds, and what is unclear in which paragraph. Changes no decision: a correction is an act of
    its own (`corrections`). Twice by the same person is once. Raises NotYoursToReconcile, ClosedAlready, Incomplete.
    """
    case, decision = cases.locked_decision(card.review.decision)
    card = (
        Reconciliation.objects.select_for_update(of=("self",))
        .select_related("review__revision", "closed_by")
        .get(pk=card.pk)
    )
    card.review.decision, card.review.case = decision, case
    if not may_reconcile(by, card):
        raise NotYoursToReconcile
    if card.closed_at:
        if card.closed_by_id == by.pk:
            return card
        raise ClosedAlready(card)
    problems = {}
    if ended not in Reconciled.values:
        problems["ended"] = _("Choose what comes of the two views.")
    if category not in statements.names(card.review.revision.guidelines_id):
        problems["category"] = _("Choose the paragraph that the two read differently.")
    if not remark.strip() or len(remark) > REMARK_MOST:
        problems["remark"] = _("Say what is unclear in it, in at most %(most)s characters.") % {
            "most": grouped(REMARK_MOST)
        }
    if problems:
        raise statements.Incomplete(problems)
    card.ended, card.category, card.remark = ended, category, remark.strip()
    card.closed_by, card.closed_at = by, at
    card.save(update_fields=["ended", "category", "remark", "closed_by", "closed_at"])
    ledger.record(Event.RECONCILIATION_CLOSED, subject=card, actor=by, at=at, reason=ended, category=category)
    return card


@transaction.atomic
def mark_golden(decision: Decision, *, by: User, at: datetime, expected: str) -> GoldenCase:
    """Keep a decided case to look at again, with the outcome it should have. Twice is once. Raises NotGolden."""
    _case, decision = cases.locked_decision(decision)
    if not may_mark_golden(by, decision):
        raise NotGolden(_("A senior reviewer without a part in the case marks it."))
    if decision.told_at is None or expected not in Outcome.values:
        raise NotGolden(_("Only what was decided and told is marked, with one of the four outcomes."))
    if standing := GoldenCase.objects.filter(decision=decision, retired_at=None).first():
        return standing
    made = GoldenCase.objects.create(decision=decision, expected=expected, marked_by=by, marked_at=at)
    ledger.record(Event.GOLDEN_MARKED, subject=made, actor=by, at=at, expected=expected)
    return made


@transaction.atomic
def retire_golden(golden: GoldenCase, *, by: User, at: datetime) -> GoldenCase:
    """Bring a golden case back no more. Twice is once. Raises NotGolden."""
    cases.locked_decision(golden.decision)
    golden = (
        GoldenCase.objects.select_for_update(of=("self",)).select_related("decision__case").get(pk=golden.pk)
    )
    if not may_mark_golden(by, golden.decision):
        raise NotGolden(_("A senior reviewer without a part in the case retires it."))
    if golden.retired_at is None:
        golden.retired_by, golden.retired_at = by, at
        golden.save(update_fields=["retired_by", "retired_at"])
        ledger.record(Event.GOLDEN_RETIRED, subject=golden, actor=by, at=at)
    return golden
