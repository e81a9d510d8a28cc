"""Cases to start from, made by the verbs the product uses."""

from datetime import datetime
from typing import Any

import pgtrigger

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
    """Return an open case of a fresh application; lane notify and no domain unless said.

    `answers` and `lane_reasons` are those of its revision.
    """
    sent = {name: fields.pop(name) for name in ("answers", "lane_reasons") if name in fields}
    application = make_application(program, at=at, **{"lane": "notify"} | fields)
    if sent:
        with pgtrigger.ignore("onboarding.Revision:blanked_once"):
            application.revisions.update(**sent)
    cases.open_owed(at=at)
    return Case.objects.get(application=application)


def send_again(case: Case, answers: dict[str, Any], *, at: datetime = MONDAY) -> Case:
    """Return the case about a newer revision, as if its applicant had sent one."""
    newest = case.application.revisions.latest("number")
    newest.pk, newest.number, newest.answers, newest.submitted_at = None, newest.number + 1, answers, at
    newest.save(force_insert=True)
    Case.objects.filter(pk=case.pk).update(revision=newest)
    return Case.objects.get(pk=case.pk)


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
