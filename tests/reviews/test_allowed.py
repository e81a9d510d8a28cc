"""A use in the refuse lane is never simply approved, whatever the page offers."""

import pytest

from reviews.domain import decisions, findings, statements
from tests.factories import MONDAY
from tests.reviews.making import make_claimed

pytestmark = pytest.mark.django_db
APPROVE = {"outcome": "approved", "reason_code": "A1_notify_list"}
BY_AN_ANSWER = {"domain": "fraud_spam", "trigger": "a = b", "lane": "refuse", "missing": [], "says": "x"}
CONDITIONS = {
    "outcome": "approved_with_conditions",
    "reason_code": "C3_human_review",
    "conditions": [{"category": "fraud_spam", "text": "no messages to strangers"}],
}


def why_not(case, by, **says):
    with pytest.raises(statements.Incomplete) as refused:
        decisions.decide(case, by=by, at=MONDAY, **APPROVE | says)
    return refused.value.problems.get("outcome", "")


def test_what_a_decision_cites_cannot_simply_be_approved():
    case, bob = make_claimed()

    assert "cannot simply be approved" in why_not(case, bob, categories=["fraud_spam"])


def test_a_concern_about_a_prohibited_use_cannot_simply_be_approved():
    case, bob = make_claimed()
    findings.record(case, by=bob, at=MONDAY, verdicts={"fraud_spam": ("concern",)})

    assert "cannot simply be approved" in why_not(case, bob, categories=["health"])


def test_what_an_answer_triggered_is_cleared_by_a_finding_only():
    case, bob = make_claimed(lane_reasons=[BY_AN_ANSWER])
    before = why_not(case, bob)
    findings.record(case, by=bob, at=MONDAY, verdicts={"fraud_spam": ("none",)})

    decisions.decide(case, by=bob, at=MONDAY, **APPROVE)

    case.refresh_from_db()
    assert ("cannot simply be approved" in before, case.state) == (True, "decided")


def test_conditions_a_question_and_a_rejection_stay_possible():
    case, bob = make_claimed()
    findings.record(case, by=bob, at=MONDAY, verdicts={"fraud_spam": ("concern",)})

    decision = decisions.decide(case, by=bob, at=MONDAY, **CONDITIONS)

    assert decision.outcome == "approved_with_conditions"


def test_a_scrutiny_domain_may_be_approved():
    case, bob = make_claimed(domains=["health"])

    assert decisions.decide(case, by=bob, at=MONDAY, categories=["health"], **APPROVE).outcome == "approved"
