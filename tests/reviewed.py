"""What a review leaves behind, for applications a test starts from as approved or rejected: set-based, all of it.

Without it the data would hold approvals nobody decided, which `check_invariants` rightly calls broken.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.models import Application, Revision
from outbox.models import Letter
from reviews.models import Case, Decision
from reviews.states import Outcome, SecondPerson

REJECTION = {
    "categories": ["fraud_spam"],
    "facts": "The site is not theirs.",
    "what_would_change": "A site of their own.",
    "reapply_after_days": 30,
}


@transaction.atomic
def leave_traces(
    applications: Sequence[Application], *, at: datetime, outcome: str = Outcome.APPROVED
) -> None:
    """Give each application its case, its told decision and the letters about it, with their ledger rows."""
    rita, sam = (_person(name) for name in ("rita", "salim"))
    latest = {
        r.application_id: r for r in Revision.objects.filter(application__in=applications).order_by("number")
    }
    made = Case.objects.bulk_create(
        _case(latest[application.pk], application, at) for application in applications
    )
    rows = Case.objects.filter(pk__in=[case.pk for case in made])
    rows.update(state="claimed")
    rows.update(state="decided", decided_at=at)
    told = Decision.objects.bulk_create(_decision(case, outcome, rita, sam, at) for case in made)
    Letter.objects.bulk_create(
        _letter("onboarding/receipt", application, application, at) for application in applications
    )
    Letter.objects.bulk_create(
        _letter(f"reviews/{outcome}", decision, application, at)
        for decision, application in zip(told, applications, strict=True)
    )
    for event, subjects, actor in (
        (Event.CASE_OPENED, made, "test"),
        (Event.CASE_DECIDED, made, rita),
        (Event.DECISION_PROPOSED, told, rita),
        (Event.DECISION_SIGNED, [decision for decision in told if decision.signed_at], sam),
        (Event.DECISION_TOLD, told, "test"),
    ):
        ledger.record_many(event, subjects=subjects, actor=actor, at=at)


def _person(name: str) -> User:
    email = f"{name}-who-reviewed@example.org"
    return User.objects.filter(email=email).first() or User.objects.create(
        email=email, full_name=name.title(), password="!"
    )


def _case(revision: Revision, application: Application, at: datetime) -> Case:
    return Case(
        program_id=application.program_id, application=application, revision=revision, lane=revision.lane,
        risk_score=revision.risk_score, risk_level=revision.risk_level, domains=revision.domains,
        opened_at=at, due_at=at,
    )  # fmt: skip


def _decision(case: Case, outcome: str, by: User, second: User, at: datetime) -> Decision:
    signed = case.risk_level >= 3 or bool(case.domains) or case.lane == "refuse"
    needs = SecondPerson.SENIOR if case.risk_level >= 4 else SecondPerson.REVIEWER
    return Decision(
        case=case, revision=case.revision, guidelines_id=case.revision.guidelines_id, outcome=outcome,
        reason_code="A1_notify_list", reasons_version="1.0.0", explanation="As the form says.",
        second=needs if signed else SecondPerson.NOBODY, decided_by=by, decided_at=at,
        signed_by=second if signed else None, signed_at=at if signed else None, tell_at=at, told_at=at,
        **(REJECTION if outcome == Outcome.REJECTED else {}),
    )  # fmt: skip


def _letter(kind: str, about: Application | Decision, application: Application, at: datetime) -> Letter:
    return Letter(
        kind=kind, recipient=application.applicant.email, subject="Written before this test", text="x",
        about_type=ledger.kind_of(about), about_id=str(about.pk), due_at=at, sent_at=at, tried_at=at, tries=1,
    )  # fmt: skip
