"""Requests about a grant: small applications that change access, never the line."""

import pytest
from django.db import IntegrityError, transaction

from onboarding.domain import applications
from onboarding.models import Application
from onboarding.states import ApplicationKind, ApplicationState
from tests.factories import MONDAY, make_application, make_grant

pytestmark = pytest.mark.django_db
Kind = ApplicationKind
REQUESTS = [Kind.PRODUCTION, Kind.AMENDMENT, Kind.RENEWAL]


def request_about(grant, kind, **fields) -> Application:
    """Return a draft of this kind as a row, without the verb that makes one."""
    return Application.objects.create(
        kind=kind,
        grant=grant,
        program=grant.program,
        owner=grant.owner,
        applicant=grant.application.applicant,
        question_set=grant.application.question_set,
        started_at=MONDAY,
        **fields,
    )


def refused(**fields) -> bool:
    try:
        with transaction.atomic():
            Application.objects.create(**fields)
    except IntegrityError:
        return True
    return False


@pytest.mark.parametrize("kind", REQUESTS)
def test_the_database_wants_a_request_to_be_about_a_grant(kind):
    grant = make_grant()
    row = {
        "program": grant.program,
        "owner": grant.owner,
        "question_set": grant.application.question_set,
        "started_at": MONDAY,
    }

    assert (refused(kind=kind, **row), refused(kind=Kind.ACCESS, grant=grant, **row)) == (True, True)


@pytest.mark.parametrize("kind", REQUESTS)
def test_the_database_allows_one_open_request_of_a_kind(kind):
    grant = make_grant()
    request_about(grant, kind)

    with pytest.raises(IntegrityError), transaction.atomic():
        request_about(grant, kind)


def test_requests_of_different_kinds_stand_beside_each_other():
    grant = make_grant()

    for kind in REQUESTS:
        request_about(grant, kind)

    assert grant.requests.count() == 3


def test_the_database_never_lets_an_application_become_another_kind():
    grant = make_grant()
    request = request_about(grant, Kind.AMENDMENT)

    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        Application.objects.filter(pk=request.pk).update(kind=Kind.RENEWAL)


def test_a_draft_about_a_grant_is_not_the_draft_of_a_new_application():
    grant = make_grant()
    request_about(grant, Kind.AMENDMENT)

    assert applications.draft_of(grant.program, grant.owner) is None


def test_a_request_under_way_is_no_application_in_the_way():
    applied = make_application(state=ApplicationState.REJECTED)
    grant = make_grant(applied.program, applicant=applied.applicant, owner=applied.owner)

    request_about(grant, Kind.AMENDMENT)

    with pytest.raises(applications.AlreadyApplied) as refusal:
        applications.must_be_free(grant.program, grant.owner, at=MONDAY)
    assert refusal.value.application == grant.application
