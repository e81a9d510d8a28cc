"""Cases to start from, made by the verbs the product uses."""

from datetime import datetime
from typing import Any

from accounts.models import User
from onboarding.models import Program
from reviews.domain import cases, claims, decisions
from reviews.models import Case, Decision
from reviews.states import Outcome
from tests.factories import MONDAY, make_application, make_reviewer

SAYS: dict[str, dict[str, Any]] = {
    Outcome.APPROVED: {"reason_code": "A1_notify_list"},
    Outcome.APPROVED_WITH_CONDITIONS: {
        "reason_code": "C3_human_review",
        "conditions": [{"category": "health", "text": "no diagnosis to lay users"}],
    },
    Outcome.NEEDS_INFORMATION: {
        "reason_code": "I1_too_vague",
        "categories": ["mass_content"],
        "question": "Who reads the text before it is published?",
    },
    Outcome.REJECTED: {
        "reason_code": "R4_identity",
        "categories": ["fraud_spam"],
        "facts": "The website belongs to somebody else.",
        "what_would_change": "A website in your own name.",
    },
}


def make_case(program: Program | None = None, *, at: datetime = MONDAY, **fields: Any) -> Case:
    """Return an open case of a fresh application; lane notify and no domain unless said."""
    application = make_application(program, at=at, **{"lane": "notify"} | fields)
    cases.open_owed(at=at)
    return Case.objects.get(application=application)


def make_claimed(by: User | None = None, **fields: Any) -> tuple[Case, User]:
    """Return a case and the reviewer who holds it."""
    by, at = by or make_reviewer(), fields.get("at", MONDAY)
    case = make_case(**fields)
    claims.claim(case, by=by, at=at)
    case.refresh_from_db()
    return case, by


def make_decision(outcome: str = Outcome.APPROVED, *, by: User | None = None, **fields: Any) -> Decision:
    """Return a decision on a fresh case, as its reviewer left it: not told."""
    says = SAYS[outcome] | fields.pop("says", {})
    case, by = make_claimed(by, **fields)
    return decisions.decide(case, by=by, at=fields.get("at", MONDAY), outcome=outcome, **says)
