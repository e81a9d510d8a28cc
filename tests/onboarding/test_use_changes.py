"""One change of an approved use at a time, whatever way it comes; none undoes another."""

from datetime import timedelta

import pytest

from onboarding.domain import amending, applications, drafts, requests
from onboarding.models import Grant
from onboarding.states import ApplicationKind
from tests.factories import accept_guidelines, make_user
from tests.onboarding.requesting import CHANGE, EVIDENCE, LATER, TICKS, sent, told, trial_grant

pytestmark = pytest.mark.django_db
Kind = ApplicationKind
YES = CHANGE | {"use_changed": "yes"}
LIVE = EVIDENCE | YES


@pytest.fixture
def alice():
    person = make_user("alice")
    accept_guidelines(person)
    return person


@pytest.fixture
def grant(alice):
    return trial_grant(alice)


def near_the_end(grant):
    return grant.expires_at - timedelta(days=30)


def refusal(act) -> str:
    try:
        act()
    except requests.NotPossible as refused:
        return str(refused).split(":")[0].split(",")[0]
    return ""


OTHER = "Another request to change this use is with us"


def test_a_production_review_is_not_sent_beside_a_change_of_use(grant, alice):
    sent(grant, Kind.AMENDMENT, alice, **CHANGE)

    assert refusal(lambda: sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)) == OTHER


def test_a_change_of_use_is_not_sent_beside_a_production_review(grant, alice):
    sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)

    assert refusal(lambda: sent(grant, Kind.AMENDMENT, alice, **CHANGE)) == OTHER


def test_a_renewal_with_nothing_changed_stands_beside_a_production_review(grant, alice):
    at = near_the_end(grant)
    sent(grant, Kind.PRODUCTION, alice, at=at, **EVIDENCE)

    assert refusal(lambda: sent(grant, Kind.RENEWAL, alice, at=at, use_changed="no")) == ""


def test_an_amended_renewal_does_not_become_a_second_change(grant, alice):
    at = near_the_end(grant)
    renewal = sent(grant, Kind.RENEWAL, alice, at=at, use_changed="no")
    sent(grant, Kind.AMENDMENT, alice, at=at, **CHANGE)
    renewal = amending.begin(renewal, by=alice, at=at)
    renewal = applications.save_draft(
        renewal, answers=TICKS | YES, seen_version=renewal.answers_version, by=alice, at=at
    )

    assert refusal(lambda: amending.send(renewal, by=alice, at=at)) == OTHER


def test_unsent_changes_count_as_what_was_sent(grant, alice):
    at = near_the_end(grant)
    renewal = sent(grant, Kind.RENEWAL, alice, at=at, use_changed="no")
    renewal = amending.begin(renewal, by=alice, at=at)
    applications.save_draft(renewal, answers=YES, seen_version=renewal.answers_version, by=alice, at=at)

    assert refusal(lambda: sent(grant, Kind.AMENDMENT, alice, at=at, **CHANGE)) == ""


def test_a_change_begun_before_another_was_approved_is_begun_anew(grant, alice):
    begun = requests.start(grant, kind=Kind.AMENDMENT, by=alice, at=LATER)
    told(sent(grant, Kind.PRODUCTION, alice, **EVIDENCE), at=LATER + timedelta(days=1))

    begun = applications.save_draft(
        begun,
        answers=TICKS | CHANGE,
        seen_version=begun.answers_version,
        by=alice,
        at=LATER + timedelta(days=2),
    )

    assert refusal(lambda: applications.submit(begun, by=alice, at=LATER + timedelta(days=2))) == (
        "The approved use changed since you began"
    )


def test_a_change_to_access_in_production_keeps_its_evidence(grant, alice):
    told(sent(grant, Kind.PRODUCTION, alice, **EVIDENCE))
    raised, after = Grant.objects.get(), LATER + timedelta(days=1)

    request = sent(raised, Kind.AMENDMENT, alice, at=after, test_account=EVIDENCE["test_account"], **CHANGE)

    assert request.revisions.get().answers["tests_done"] == EVIDENCE["tests_done"]


def test_the_evidence_is_not_asked_for_in_trial(grant, alice):
    request = requests.start(grant, kind=Kind.AMENDMENT, by=alice, at=LATER)

    assert "demo" not in {question.key for question in drafts.read(request).put()}
