"""Decide a case. A decision takes effect when it is told (`reviews.domain.telling`), once nobody else has to sign it.

Locks in the one order: application, case, decision.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localtime

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.states import ApplicationState
from reviews.domain import cases, claims, reasons, statements, telling
from reviews.domain.statements import Statement
from reviews.models import Case, Decision, InformationRequest
from reviews.permissions import may_decide
from reviews.states import CaseState, Outcome, SecondPerson


class AlreadyDecided(Exception):
    """Somebody was faster, or the same person decided otherwise before."""

    def __init__(self, decision: Decision):
        self.decision = decision
        super().__init__(
            f"{decision.decided_by} decided this case on {localtime(decision.decided_at):%-d %B, %H:%M %Z}: "
            f"{decision.get_outcome_display().lower()}. Nothing was changed; what you typed is kept below."
        )


class CaseIsOver(Exception):
    def __init__(self, case: Case):
        super().__init__(f"This case is “{case.get_state_display().lower()}”: there is nothing to decide.")


@transaction.atomic
def decide(
    case: Case,
    *,
    by: User,
    at: datetime,
    outcome: str,
    reason_code: str,
    categories: Sequence[str] = (),
    explanation: str = "",
    facts: str = "",
    what_would_change: str = "",
    reapply_after_days: int | None = None,
    reapply_never: bool = False,
    conditions: Sequence[dict[str, str]] = (),
    question: str = "",
    why_different: str = "",
) -> Decision:
    """Decide a case one holds; told after the program's recall window, or once a second person has signed.

    The same decision by the same person again (a double click) returns the first. Raises claims.NotForYou, HeldBy and
    NotHeld, AlreadyDecided, CaseIsOver, statements.Incomplete.
    """
    case = cases.locked(case)
    if not may_decide(by, case):
        raise claims.NotForYou
    if made := _made(case):
        if (made.decided_by_id, made.outcome) == (by.pk, outcome):
            return made
        raise AlreadyDecided(made)
    if case.state == CaseState.CLOSED or case.application.state == ApplicationState.WITHDRAWN:
        raise CaseIsOver(case)
    standing = claims.held(case, by=by, at=at)
    said, reason = statements.checked(
        Statement(
            outcome, reason_code, categories, explanation, facts, what_would_change,
            reapply_after_days, reapply_never, conditions, question, why_different,
        ),
        case=case, by=by, at=at,
    )  # fmt: skip
    decision = _write(case, said, second=statements.second_person(case, reason=reason), by=by, at=at)
    claims.finish(standing, at=at)
    _after(case, decision, by, at)
    return decision


def _made(case: Case) -> Decision | None:
    """Return the decision that stands on a case nobody works on; an earlier question does not count any more."""
    if case.state not in (CaseState.AWAITING_SECOND, CaseState.AWAITING_APPLICANT, CaseState.DECIDED):
        return None
    return case.decisions.standing().select_related("decided_by").latest("pk")


def _write(case: Case, said: Statement, *, second: SecondPerson, by: User, at: datetime) -> Decision:
    final = second == SecondPerson.NOBODY
    decision = Decision.objects.create(
        case=case,
        revision=case.revision,
        guidelines=case.revision.guidelines,
        outcome=said.outcome,
        reason_code=said.reason_code,
        reasons_version=reasons.shipped().version,
        categories=said.categories,
        explanation=said.explanation,
        facts=said.facts,
        what_would_change=said.what_would_change,
        reapply_after_days=said.reapply_after_days,
        reapply_never=said.reapply_never,
        conditions=said.conditions,
        why_different=said.why_different,
        second=second,
        decided_by=by,
        decided_at=at,
        tell_at=at + timedelta(minutes=case.program.recall_minutes) if final else None,
    )
    if said.question:  # its clock starts when it is told, see `telling`
        InformationRequest.objects.create(
            decision=decision, question=said.question, asked_at=at, due_at=at + telling.ANSWER_WITHIN
        )
    return decision


def _after(case: Case, decision: Decision, by: User, at: datetime) -> None:
    """Move the case on after a decision, and record both."""
    ledger.record(
        Event.DECISION_PROPOSED, subject=decision, actor=by, at=at, reason=decision.reason_code,
        outcome=decision.outcome, second=decision.second, categories=decision.categories,
    )  # fmt: skip
    if decision.second != SecondPerson.NOBODY:
        to, event = CaseState.AWAITING_SECOND, Event.CASE_AWAITS_SECOND
    elif decision.outcome == Outcome.NEEDS_INFORMATION:
        to, event = CaseState.AWAITING_APPLICANT, Event.CASE_AWAITS_APPLICANT
    else:
        to, event = CaseState.DECIDED, Event.CASE_DECIDED
    cases.move(case, to=to, event=event, by=by, at=at, reason=decision.reason_code)
    telling.hint(decision, at=at)
