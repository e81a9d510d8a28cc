"""The second person: sign a decision, or give it back. Both are deciders."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localtime

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import SayWhy
from reviews.domain import cases, exposure, statements, telling
from reviews.models import Case, Decision
from reviews.permissions import may_sign
from reviews.states import CaseState, SecondPerson

RETURN_REASON_MOST = 1000  # characters


class NotYoursToSign(Exception):
    """The first person, somebody with a part in the case, or not senior where a senior is asked for."""

    def __init__(self, decision: Decision):
        who = "a senior reviewer" if decision.second == SecondPerson.SENIOR else "another reviewer"
        super().__init__(f"{who.capitalize()} without a part in the case signs this decision, not you.")


class NothingToSign(Exception):
    def __init__(self, decision: Decision):
        if decision.returned_at:
            when = f"{localtime(decision.returned_at):%-d %B, %H:%M %Z}"
            super().__init__(
                f"{decision.returned_by} gave this decision back on {when}; nothing was changed."
            )
        elif decision.signed_at:
            when = f"{localtime(decision.signed_at):%-d %B, %H:%M %Z}"
            super().__init__(f"{decision.signed_by} signed this decision on {when}; nothing was changed.")
        else:
            super().__init__("This decision does not wait for a signature.")


@transaction.atomic
def sign(decision: Decision, *, by: User, at: datetime) -> Decision:
    """Agree as the second person: the decision is final. Twice by the same person is once.

    Raises NotYoursToSign, NothingToSign.
    """
    case, decision = cases.locked_decision(decision)
    if not may_sign(by, decision):
        raise NotYoursToSign(decision)
    if decision.signed_by_id == by.pk:
        return decision
    _must_wait_for_signature(case, decision)
    decision.signed_by, decision.signed_at = by, at
    decision.tell_at = at + timedelta(minutes=case.program.recall_minutes)
    decision.save(update_fields=["signed_by", "signed_at", "tell_at"])
    ledger.record(Event.DECISION_SIGNED, subject=decision, actor=by, at=at, reason=decision.reason_code)
    cases.move(
        case, to=CaseState.DECIDED, event=Event.CASE_DECIDED, by=by, at=at, reason=decision.reason_code
    )
    exposure.cover(by, at=at, case=case)
    telling.hint(decision, at=at)
    return decision


@transaction.atomic
def give_back(decision: Decision, *, by: User, at: datetime, reason: str) -> Decision:
    """Do not sign: the case goes back into the queue with the second person's words.

    Raises SayWhy, NotYoursToSign, NothingToSign, statements.Incomplete.
    """
    case, decision = cases.locked_decision(decision)
    if not may_sign(by, decision):
        raise NotYoursToSign(decision)
    if decision.returned_by_id == by.pk:
        return decision
    _must_wait_for_signature(case, decision)
    if not reason.strip():
        raise SayWhy
    if len(reason) > RETURN_REASON_MOST:
        raise statements.Incomplete(
            {"reason": f"At most {RETURN_REASON_MOST:,} characters; this has {len(reason):,}."}
        )
    decision.returned_by, decision.returned_at, decision.return_reason = by, at, reason.strip()
    decision.save(update_fields=["returned_by", "returned_at", "return_reason"])
    ledger.record(Event.DECISION_RETURNED, subject=decision, actor=by, at=at, reason=ledger.digest(reason))
    exposure.cover(by, at=at, case=case)
    cases.move(case, to=CaseState.OPEN, event=Event.CASE_RELEASED, by=by, at=at, reason="not_signed")
    return decision


def _must_wait_for_signature(case: Case, decision: Decision) -> None:
    waits = decision.signed_at is None and decision.returned_at is None
    if not waits or case.state != CaseState.AWAITING_SECOND:
        raise NothingToSign(decision)
