"""Cases to start from, made by the verbs the product uses."""

from datetime import datetime
from typing import Any

import pgtrigger
from django.db import transaction

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.models import Application, Program, Revision
from reviews.domain import cases, claims, decisions
from reviews.models import Case, Decision
from reviews.states import Outcome
from tests.factories import MONDAY, make_application, make_reviewer
from tests.processes import until

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
    return opened(application, at=at)


def opened(application: Application, *, at: datetime = MONDAY) -> Case:
    """Return the case of what was sent; where a site runs beside the test, its worker may just be opening it."""
    cases.open_owed(at=at)
    until(lambda: Case.objects.filter(application=application).exists(), "the case")
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


def make_many(number: int, *, at: datetime = MONDAY) -> None:
    """Open cases for as many fresh applications of one person, set-based: lane notify, nothing to sign."""
    like = make_application(at=at, lane="notify", title="many")
    made = Application.objects.bulk_create(
        Application(
            program=like.program, owner=like.owner, applicant=like.applicant, question_set=like.question_set,
            title=f"many {index}", external_id=f"row-{index}", started_at=at,
        )
        for index in range(number - 1)
    )  # fmt: skip
    first = like.revisions.get()
    same = {
        field.attname: getattr(first, field.attname)
        for field in Revision._meta.concrete_fields
        if field.attname not in ("id", "application_id")
    }
    Revision.objects.bulk_create(Revision(application=each, **same) for each in made)
    drafts = Application.objects.filter(pk__in=[each.pk for each in made])
    drafts.update(
        state="submitted", submitted_at=at, case_owed=True, lane="notify", risk_score=10, risk_level=1
    )
    with transaction.atomic():
        ledger.record_many(Event.APPLICATION_SUBMITTED, subjects=made, actor="test", at=at)
    cases.open_owed(at=at)
