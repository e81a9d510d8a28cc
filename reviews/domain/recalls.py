"""Take a decision back before anybody was told: nobody was told, and the case goes on where it stood.

A held one is cancelled by its first person; a final one is recalled within its window by that person or a senior.
"""

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import SayWhy
from reviews.domain import cases, claims, decisions, slots, statements
from reviews.models import Case, Decision
from reviews.permissions import may_recall
from reviews.states import CaseState

REASON_MOST = 1000  # characters


class NotYoursToRecall(Exception):
    def __init__(self, decision: Decision):
        super().__init__(_("%(people)s, may do this.") % {"people": decisions.maker_or_senior(decision)})


class AlreadyTold(Exception):
    """Too late: what was told can be corrected, not taken back."""

    def __init__(self, decision: Decision):
        super().__init__(
            _(
                "The applicant was told on %(told_at)s; nothing was changed. What was told can be corrected, "
                "with another letter."
            )
            % {"told_at": date_format(localtime(decision.told_at), _("j F, H:i T"))}
        )


class NothingToRecall(Exception):
    def __init__(self) -> None:
        super().__init__(_("This decision does not stand any more; nothing was changed."))


@transaction.atomic
def recall(decision: Decision, *, by: User, at: datetime, reason: str) -> Decision:
    """Take back a decision that was not told yet: the case is open again with the due time it had.

    Whoever takes back their own holds the case again. Twice by the same person is once. Raises NotYoursToRecall,
    AlreadyTold, NothingToRecall, SayWhy, statements.Incomplete.
    """
    case, decision = cases.locked_decision(decision)
    if not may_recall(by, decision):
        raise NotYoursToRecall(decision)
    if decision.recalled_by_id == by.pk:
        return decision
    if decision.told_at:
        raise AlreadyTold(decision)
    if decision.returned_at or decision.recalled_at or case.state == CaseState.CLOSED:
        raise NothingToRecall
    if not reason.strip():
        raise SayWhy
    if len(reason) > REASON_MOST:
        raise statements.Incomplete(
            {
                "reason": _("At most %(most)s characters; this has %(number)s.")
                % {"most": grouped(REASON_MOST), "number": grouped(len(reason))}
            }
        )
    held = case.state == CaseState.AWAITING_SECOND
    decision.recalled_by, decision.recalled_at, decision.recall_reason = by, at, reason.strip()
    decision.tell_at = None
    decision.save(update_fields=["recalled_by", "recalled_at", "recall_reason", "tell_at"])
    event = Event.DECISION_CANCELLED if held else Event.DECISION_RECALLED
    ledger.record(event, subject=decision, actor=by, at=at, reason=ledger.digest(reason))
    _go_back(case, decision, by=by, at=at)
    return decision


def _go_back(case: Case, decision: Decision, *, by: User, at: datetime) -> None:
    """Put the case where it was before this decision; a correction leaves what was told before as it is."""
    if decision.is_correction:
        if case.state != CaseState.DECIDED:
            cases.move(
                case, to=CaseState.DECIDED, event=Event.CASE_DECIDED, by=by, at=at, reason="not_corrected"
            )
        return
    cases.move(case, to=CaseState.OPEN, event=Event.CASE_RELEASED, by=by, at=at, reason="recalled")
    if by.pk == decision.decided_by_id:
        # Where the person holds as many as one may, or may not hold it any more, it waits in the queue.
        with suppress(claims.NotForYou, claims.NothingToClaim, slots.TooMany), transaction.atomic():
            claims.claim(case, by=by, at=at)
