"""The page that starts an application: who may, when, and that looking changes nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse

from onboarding.models import Application
from onboarding.states import Stage
from policies.domain import acceptances, guidelines
from policies.models import Acceptance
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_application,
    make_organisation,
    make_owner,
    make_program,
    make_user,
)
from tests.onboarding.filled import page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def test_who_is_not_signed_in_is_asked_to(client, program):
    answer = client.get("/apply/code/")

    assert answer.status_code == 302
    assert answer.url == "/accounts/login/?next=/apply/code/"


def test_start_accepts_the_guidelines_and_opens_the_first_section(client, program, alice):
    version = guidelines.in_force()

    answer = client.post("/apply/code/", {"owner": "me", "guidelines": version.text_hash})

    made = Application.objects.get()
    assert answer.url == page(made, "you")
    assert acceptances.accepted(alice, version)
    assert (made.owner.person, made.applicant) == (alice, alice)


def test_looking_at_the_start_changes_nothing(client, program, alice):
    shown = client.get("/apply/code/").content.decode()

    assert "I accept the usage guidelines, version 1.0.0" in shown
    assert not Application.objects.exists()
    assert not Acceptance.objects.exists()


def test_start_for_my_organisation(client, program, alice):
    accept_guidelines(alice)
    organisation = make_organisation(alice, name="Pygma Labs")

    client.post("/apply/code/", {"owner": f"organisation-{organisation.pk}"})

    assert Application.objects.get().owner.organisation == organisation


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"owner": "me"}, "Accept the usage guidelines"),
        ({"owner": "me", "guidelines": "0" * 64}, "Accept the usage guidelines"),
        ({"owner": "organisation-1"}, "Choose for whom"),
        ({"owner": "nobody"}, "Choose for whom"),
        ({}, "Choose for whom"),
    ],
)
def test_a_start_that_lacks_something_starts_nothing(client, program, alice, posted, said):
    make_organisation(make_user("charlie"))

    answer = client.post("/apply/code/", posted)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Application.objects.exists()
    assert not Acceptance.objects.exists()


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.INVITATION_ONLY])
def test_a_program_that_takes_no_applications_starts_nothing(client, alice, stage):
    make_program("code", stage=stage)

    answers = (
        client.get("/apply/code/"),
        client.post("/apply/code/", {"owner": "me", "guidelines": guidelines.in_force().text_hash}),
    )

    assert [answer.status_code for answer in answers] == [200, 422]
    assert all("takes no applications now" in answer.content.decode() for answer in answers)
    assert not Application.objects.exists()
    assert not Acceptance.objects.exists()


def test_start_shows_the_draft_that_is_there(client, draft):
    shown = client.get("/apply/code/").content.decode()

    assert reverse("application", args=[draft.number]) in shown
    assert 'name="owner"' not in shown


def test_starting_twice_makes_one_draft(client, program, alice):
    accept_guidelines(alice)

    answers = [client.post("/apply/code/", {"owner": "me"}) for _ in range(2)]

    assert answers[0].url == answers[1].url
    assert Application.objects.count() == 1


def test_start_beside_one_under_way_shows_where_it_stands(client, program, alice):
    accept_guidelines(alice)
    first = make_application(program, owner=make_owner(alice), applicant=alice)

    shown = client.get("/apply/code/").content.decode()
    answer = client.post("/apply/code/", {"owner": "me"})

    assert first.number in shown
    assert answer.url == reverse("application", args=[first.number])
    assert Application.objects.count() == 1


def test_start_before_the_time_a_rejection_named_says_when(client, program, alice, monkeypatch):
    accept_guidelines(alice)
    make_owner(alice)
    monkeypatch.setattr(
        "reviews.domain.rejections.reapply_from", lambda owner, program: MONDAY + timedelta(days=9)
    )

    shown = client.get("/apply/code/").content.decode()
    answer = client.post("/apply/code/", {"owner": "me"})

    assert "2 December 2026" in shown
    assert answer.status_code == 409
    assert not Application.objects.exists()
