"""Requests about a grant, sent and decided by the verbs of both sides."""

from datetime import timedelta

from audit.models import LedgerEntry
from onboarding.domain import applications, requests
from onboarding.models import Application, Grant
from reviews.domain import cases, claims, decisions, telling
from reviews.models import Case
from tests.factories import MONDAY, make_grant, make_program, make_rate, make_reviewer
from tests.onboarding.filled import good_for

TICKS = {
    "ack_policy": "yes",
    "ack_limits": "yes",
    "ack_scope": "yes",
    "ack_report": "yes",
    "ack_truth": "yes",
}
EVIDENCE = {
    "demo": "https://example.org/demo.mp4",
    "test_account": "tester / hunter2hunter2",
    "tests_done": "We typed orders to ignore the system text, in three languages; nothing got through.",
    "use_changed": "no",
}
LATER = MONDAY + timedelta(days=30)
CHANGE = {
    "adult": "yes",
    "what_changed": "From March our customers see the proposals too, not only our developers.",
    "audience": "known_customers",
    "report_contact": "abuse@example.org",
    "end_user_id": "yes",
}


def trial_grant(person, *, slug="code", at=MONDAY, **fields) -> Grant:
    """Return a trial grant whose approved use is filled in well."""
    program = make_program(slug, production_review=True, **fields)
    make_rate(program, 5, from_at=at - timedelta(days=1))
    return described(make_grant(program, applicant=person, at=at), person)


def described(grant, person, **changes) -> Grant:
    """Put a whole form in force on a grant that the factory made with a title alone."""
    answers = {k: v for k, v in good_for(grant.program, person, **changes).items() if k not in TICKS}
    first = grant.application.revisions.get()
    grant.revision = grant.application.revisions.create(
        number=2, answers=answers, question_set=first.question_set, guidelines=first.guidelines, lane="hold",
        lane_reasons=[], domains=[], risk_score=10, risk_level=1, risk_parts=[], submitted_at=MONDAY,
        submitted_by=person,
    )  # fmt: skip
    grant.save(update_fields=["revision"])
    Case.objects.filter(application=grant.application).update(revision=grant.revision)
    return grant


def sent(grant, kind, person, *, at=LATER, **given) -> Application:
    request = requests.start(grant, kind=kind, by=person, at=at)
    request = applications.save_draft(
        request, answers=TICKS | given, seen_version=request.answers_version, by=person, at=at
    )
    applications.submit(request, by=person, at=at)
    request.refresh_from_db()
    return request


def decided(request, outcome="approved", *, at=LATER, by=None, **more):
    """Have the request decided by the reviewers' verbs, and not told yet."""
    cases.open_owed(at=at)
    bob = by or make_reviewer(f"bob{request.pk}")
    case = Case.objects.get(application=request)
    claims.claim(case, by=bob, at=at)
    said = {
        "approved": {"reason_code": "A2_safeguards_fit", "explanation": "The safeguards fit."},
        "approved_with_conditions": {
            "reason_code": "C3_human_review",
            "categories": ["fraud_spam"],
            "conditions": [{"category": "fraud_spam", "text": "A person reads each text first."}],
        },
        "rejected": {
            "reason_code": "R3_safeguards_missing",
            "categories": ["fraud_spam"],
            "facts": "Nothing stops bulk use.",
            "what_would_change": "A limit for each user.",
            "reapply_after_days": 14,
            "explanation": "There is no limit for each user, so bulk use goes unnoticed.",
        },
    }[outcome]
    decisions.decide(case, by=bob, at=at, outcome=outcome, **said | more)
    return case


def told(request, outcome="approved", *, at=LATER, by=None, **more):
    """Have the request decided and told."""
    case = decided(request, outcome, at=at, by=by, **more)
    telling.tell_owed(at=at)
    request.refresh_from_db()
    return case


def events(grant) -> list[str]:
    rows = LedgerEntry.objects.filter(subject_type="onboarding.grant", subject_id=str(grant.pk))
    return list(rows.order_by("id").values_list("event", flat=True))
