"""The second person: sign a decision, change it, or give it back. All are deciders.

A signature is under the words that were read: who changes one of them makes a decision of their own, and the other
person signs that.
"""

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
from reviews.domain import cases, decisions, exposure, opinions, statements, telling
from reviews.domain.statements import Statement
from reviews.models import Case, Decision
from reviews.permissions import may_sign
from reviews.states import CaseState, SecondPerson

RETURN_REASON_MOST = 1000  # characters


class NotYoursToSign(Exception):
    """The first person, somebody with a part in the case, or not senior where a senior is asked for."""

    def __init__(self, decision: Decision):
        super().__init__(
            _("A senior reviewer without a part in the case signs this decision, not you.")
            if decision.second == SecondPerson.SENIOR
            else _("Another reviewer without a part in the case signs this decision, not you.")
        )


class NothingToSign(Exception):
    def __init__(self, decision: Decision):
        if decision.returned_at:
            when = date_format(localtime(decision.returned_at), _("j F, H:i T"))
            super().__init__(
                _("%(returned_by)s gave this decision back on %(when)s; nothing was changed.")
                % {"returned_by": decision.returned_by, "when": when}
            )
        elif decision.recalled_at:
            when = date_format(localtime(decision.recalled_at), _("j F, H:i T"))
            super().__init__(
                _("%(recalled_by)s took this decision back on %(when)s; nothing was changed.")
                % {"recalled_by": decision.recalled_by, "when": when}
            )
        elif decision.signed_at:
            when = date_format(localtime(decision.signed_at), _("j F, H:i T"))
            super().__init__(
                _("%(signed_by)s signed this decision on %(when)s; nothing was changed.")
                % {"signed_by": decision.signed_by, "when": when}
            )
        else:
            super().__init__(_("This decision does not wait for a signature."))


@transaction.atomic
def sign(decision: Decision, *, by: User, at: datetime) -> Decision:
    """Agree as the second person: the decision is final. Twice by the same person is once.

    Raises NotYoursToSign, NothingToSign, opinions.BlindFirst.
    """
    case, decision = cases.locked_decision(decision)
    if not may_sign(by, decision):
        raise NotYoursToSign(decision)
    if decision.signed_by_id == by.pk:
        return decision
    _must_wait_for_signature(case, decision, by)
    opinions.record(
        case, by=by, at=at, outcome=decision.outcome, categories=decision.categories,
        reason_code=decision.reason_code,
    )  # fmt: skip
    decision.signed_by, decision.signed_at = by, at
    urgent = bool(decision.emergency_reason)
    decision.tell_at = telling.due_at(case.program, decision.outcome, urgent=urgent, at=at)
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

    Raises SayWhy, NotYoursToSign, NothingToSign, opinions.BlindFirst, statements.Incomplete.
    """
    case, decision = cases.locked_decision(decision)
    if not may_sign(by, decision):
        raise NotYoursToSign(decision)
    if decision.returned_by_id == by.pk:
        return decision
    _must_wait_for_signature(case, decision, by)
    _return(decision, by=by, at=at, reason=reason)
    exposure.cover(by, at=at, case=case)
    if decision.is_correction:  # what was told before stays as it is
        cases.move(case, to=CaseState.DECIDED, event=Event.CASE_DECIDED, by=by, at=at, reason="not_corrected")
    else:
        cases.move(case, to=CaseState.OPEN, event=Event.CASE_RELEASED, by=by, at=at, reason="not_signed")
    return decision


@transaction.atomic
def change(
    decision: Decision, said: Statement, *, by: User, at: datetime, reason: str, token: str = ""
) -> Decision:
    """Decide otherwise than the first person proposed, who now is the one to sign; or anybody else who may.

    `reason`: why, for them to read. The first decision is given back with it; the case goes on waiting. Raises SayWhy,
    NotYoursToSign, NothingToSign, opinions.BlindFirst, statements.Incomplete.
    """
    case, decision = cases.locked_decision(decision)
    if token and (sent := case.decisions.filter(token=token, decided_by=by).first()):
        return sent
    if not may_sign(by, decision):
        raise NotYoursToSign(decision)
    _must_wait_for_signature(case, decision, by)
    _return(decision, by=by, at=at, reason=reason)
    exposure.cover(by, at=at, case=case)
    changed = decisions.propose(
        case, said, by=by, at=at, token=token, supersedes=decision, second=SecondPerson(decision.second)
    )
    case.version += 1
    case.save(update_fields=["version"])
    return changed


def _return(decision: Decision, *, by: User, at: datetime, reason: str) -> None:
    """Give a locked decision back with the second person's words. Raises SayWhy, statements.Incomplete."""
    if not reason.strip():
        raise SayWhy
    if len(reason) > RETURN_REASON_MOST:
        raise statements.Incomplete(
            {
                "reason": _("At most %(most)s characters; this has %(number)s.")
                % {"most": grouped(RETURN_REASON_MOST), "number": grouped(len(reason))}
            }
        )
    decision.returned_by, decision.returned_at, decision.return_reason = by, at, reason.strip()
    decision.save(update_fields=["returned_by", "returned_at", "return_reason"])
    ledger.record(Event.DECISION_RETURNED, subject=decision, actor=by, at=at, reason=ledger.digest(reason))


def _must_wait_for_signature(case: Case, decision: Decision, by: User) -> None:
    if not decision.waits_for_second or case.state != CaseState.AWAITING_SECOND:
        raise NothingToSign(decision)
    if opinions.is_hidden(decision, from_=by):
        raise opinions.BlindFirst
