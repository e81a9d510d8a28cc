"""Appeals against refused requests about access: what stands beside them, and what has ended meanwhile."""

from datetime import timedelta

import pytest

from enforcement.domain import appeals, remedies
from onboarding.domain import grants, requests
from onboarding.models import Application
from onboarding.states import ApplicationKind
from outbox.models import Letter
from reviews.domain import cases, rejections, reversals
from reviews.models import Case, Decision
from tests import factories
from tests.enforcement.appealing import UPHELD, known, make_appeal
from tests.factories import MONDAY, make_grant, make_senior
from tests.onboarding.test_requests import request_about

pytestmark = pytest.mark.django_db
Kind = ApplicationKind
NEXT = MONDAY + timedelta(days=1)


def appealed(grant, kind=Kind.AMENDMENT) -> appeals.Appeal:
    """Return the taken appeal against a refused request of this kind."""
    return appeals.take(make_appeal(refused(grant, kind)), by=known("sam", make_senior), at=NEXT)


def refused(grant, kind) -> Decision:
    request = factories._moved(request_about(grant, kind), "rejected", MONDAY, {})
    return Decision.objects.get(case__application=request)


def uphold(taken) -> str:
    try:
        return appeals.uphold(taken, by=taken.taken_by, at=NEXT, **UPHELD).state
    except (reversals.NewerRequest, reversals.AccessEnded) as refusal:
        return type(refusal).__name__


def test_a_request_is_not_reopened_beside_a_newer_one_that_was_sent():
    grant = make_grant()
    taken = appealed(grant)
    factories._moved(request_about(grant, Kind.AMENDMENT), "submitted", MONDAY, {})

    assert uphold(taken) == "NewerRequest"


def test_what_was_only_begun_makes_way_for_the_reopened_request():
    grant = make_grant()
    taken = appealed(grant)
    begun = request_about(grant, Kind.AMENDMENT)

    assert (uphold(taken), Application.objects.get(pk=begun.pk).state) == ("upheld", "withdrawn")


def test_a_production_review_is_not_reopened_beside_a_change_of_the_same_use():
    grant = make_grant()
    taken = appealed(grant, Kind.PRODUCTION)
    change = request_about(grant, Kind.AMENDMENT, answers={"use_changed": "yes"})
    factories._moved(change, "submitted", MONDAY, {})

    assert uphold(taken) == "NewerRequest"


def test_once_reopened_a_request_is_what_starting_one_returns():
    grant = make_grant()
    taken = appealed(grant)
    uphold(taken)

    found = requests.start(grant, kind=Kind.AMENDMENT, by=grant.application.applicant, at=NEXT)

    assert found == taken.decision.case.application


def ended(grant) -> None:
    grants.give_up(grant, by=grant.application.applicant, at=NEXT, reason="left")


def test_a_request_for_more_of_an_access_that_ended_is_not_reopened():
    grant = make_grant()
    taken = appealed(grant, Kind.PRODUCTION)
    ended(grant)

    assert uphold(taken) == "AccessEnded"


def test_the_page_says_before_that_access_has_ended():
    grant = make_grant()
    decision = refused(grant, Kind.PRODUCTION)
    ended(grant)

    assert remedies.of(decision, at=NEXT).appeal.obstacle.code == "access_ended"


def test_who_was_never_to_come_back_wins_the_right_to_apply_anew_although_access_ended():
    grant = make_grant()
    taken = appealed(grant, Kind.RENEWAL)
    Decision.objects.filter(pk=taken.decision_id).update(reapply_never=True, reapply_after_days=None)
    ended(grant)
    owner, program = grant.application.owner, grant.application.program

    before = rejections.reapply_from(owner, program)
    uphold(taken)
    cases.close_withdrawn(at=NEXT)

    case = Case.objects.get(decisions=taken.decision_id)
    after = rejections.reapply_from(owner, program)
    assert (before, after, case.application.state, case.state) == (
        rejections.NEVER, None, "withdrawn", "closed",
    )  # fmt: skip
    assert "nothing left to renew" in Letter.objects.get(kind="enforcement/appeal_upheld").text
