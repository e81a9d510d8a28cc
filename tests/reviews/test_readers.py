"""Who is written to, and who takes a copy, of what an organisation applied for once somebody has left it."""

from datetime import timedelta

import pytest

from accounts.domain import memberships
from accounts.models import Membership
from onboarding.domain import export as onboarding
from onboarding.domain import notices
from onboarding.models import Application
from outbox.models import Letter
from reviews.domain import export as reviews
from reviews.domain import telling
from reviews.states import Outcome
from tests.factories import MONDAY, make_application, make_organisation, make_owner, make_user, owners
from tests.reviews.making import make_decision

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def team(alice):
    """An organisation that Carol owns and Dan joined last; Alice, who applies for it, is a member."""
    return make_organisation(make_user("carol"), alice, make_user("dan"))


def remove(person, team):
    owner = team.memberships.get(role="owner").user
    memberships.remove(Membership.objects.get(user=person, organisation=team), by=owner, at=MONDAY)


def refused(team, alice, *, leaves):
    """Have what Alice sent for the team refused and told, after she was removed if she `leaves`."""
    make_decision(Outcome.REJECTED, owner=owners.of_organisation(team), applicant=alice)
    if leaves:
        remove(alice, team)
    telling.tell_owed(at=LATER)


@pytest.mark.parametrize(("leaves", "reader"), [(False, "alice@example.org"), (True, "carol@example.org")])
def test_a_decision_is_told_to_who_applied_or_else_to_an_owner(alice, team, leaves, reader):
    refused(team, alice, leaves=leaves)

    told = Letter.objects.filter(kind="reviews/rejected")
    assert list(told.values_list("recipient", flat=True)) == [reader]


@pytest.mark.parametrize(("leaves", "reader"), [(False, "alice@example.org"), (True, "carol@example.org")])
def test_a_question_is_asked_of_who_applied_or_else_of_an_owner(alice, team, leaves, reader):
    make_decision(Outcome.NEEDS_INFORMATION, owner=owners.of_organisation(team), applicant=alice)
    if leaves:
        remove(alice, team)

    telling.tell_owed(at=LATER)

    asked = Letter.objects.filter(kind="reviews/needs_information")
    assert list(asked.values_list("recipient", flat=True)) == [reader]


def test_the_reader_of_a_persons_own_application_costs_no_query(alice, django_assert_num_queries):
    make_application(owner=make_owner(alice), applicant=alice)
    application = Application.objects.select_related("applicant", "owner").get()

    with django_assert_num_queries(0):
        reader = notices.reader_of(application)

    assert reader == alice


@pytest.mark.parametrize(("leaves", "told"), [(False, ["rejected"]), (True, [])])
def test_a_copy_has_decisions_on_what_one_applied_for_where_one_still_belongs(alice, team, leaves, told):
    refused(team, alice, leaves=leaves)

    copy = list(reviews.of_person(alice)["decisions"])

    assert [decision["outcome"] for decision in copy] == told


def test_a_copy_keeps_what_one_sent_for_an_organisation_and_not_what_it_became(alice, team):
    refused(team, alice, leaves=True)

    (copy,) = onboarding.of_person(alice)["applications"]

    assert ([sent["answers"] for sent in copy["sent"]], "title" in copy, "withdrawn_because" in copy) == (
        [{"title": "Docstrings for a small team"}],
        False,
        False,
    )


def test_a_copy_leaves_out_a_draft_of_an_organisation_one_left(alice, team):
    make_application(owner=owners.of_organisation(team), applicant=alice, state="draft")
    remove(alice, team)

    assert list(onboarding.of_person(alice)["applications"]) == []
