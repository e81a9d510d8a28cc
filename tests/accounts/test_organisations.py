import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.domain import organisations, owners
from accounts.models import MemberRole, Membership, Organisation, Owner
from accounts.permissions import may_act_for, may_add_member, may_see
from audit.models import LedgerEntry
from tests.factories import MONDAY, make_organisation, make_reviewer, make_user, verified

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_old_attempts():
    cache.clear()


@pytest.fixture
def alice():
    return verified(make_user("alice"))


@pytest.fixture
def ana():
    return verified(make_user("ana"))


@pytest.fixture
def charlie():
    return verified(make_user("charlie"))


@pytest.fixture
def pygma(alice):
    return organisations.found("Pygma Labs", "https://pygma.example", by=alice, at=MONDAY)


def test_the_founder_is_the_first_owner_and_it_is_recorded(alice, pygma):
    assert list(Membership.objects.values_list("organisation", "user", "role")) == [
        (pygma.pk, alice.pk, "owner")
    ]
    assert [(entry.event, entry.subject_id, entry.actor) for entry in LedgerEntry.objects.all()] == [
        ("organisation.founded", str(pygma.pk), f"user:{alice.pk}")
    ]


def test_an_organisation_needs_a_name(alice):
    with pytest.raises(organisations.NoName):
        organisations.found("  ", "", by=alice, at=MONDAY)


def test_a_member_is_added_by_an_owner_and_it_is_recorded(alice, ana, pygma):
    membership = organisations.add_member(pygma, ana, by=alice, at=MONDAY)

    entry = LedgerEntry.objects.get(event="member.added")
    assert (entry.subject_id, entry.details) == (
        str(membership.pk), {"organisation": pygma.pk, "user": ana.pk, "role": "member"},
    )  # fmt: skip


def test_a_member_who_is_no_owner_adds_nobody(alice, ana, charlie, pygma):
    organisations.add_member(pygma, ana, by=alice, at=MONDAY)

    with pytest.raises(organisations.NotAnOwner):
        organisations.add_member(pygma, charlie, by=ana, at=MONDAY)


def test_nobody_is_a_member_twice(alice, ana, pygma):
    organisations.add_member(pygma, ana, by=alice, at=MONDAY)

    with pytest.raises(organisations.AlreadyAMember):
        organisations.add_member(pygma, ana, role=MemberRole.OWNER, by=alice, at=MONDAY)

    assert LedgerEntry.objects.filter(event="member.added").count() == 1


def test_an_owner_row_is_made_once_for_a_person_and_for_an_organisation(alice, pygma):
    assert owners.of_person(alice) == owners.of_person(alice)
    assert owners.of_organisation(pygma) == owners.of_organisation(pygma)
    assert Owner.objects.count() == 2


def test_who_may_act_for_whom(alice, ana, charlie, pygma):
    organisations.add_member(pygma, ana, by=alice, at=MONDAY)
    mine, ours = owners.of_person(alice), owners.of_organisation(pygma)
    nobodys = Owner.objects.create(imported_as="An imported name")

    assert {
        user.full_name: [may_act_for(user, owner) for owner in (mine, ours, nobodys)]
        for user in (alice, ana, charlie)
    } == {
        "Alice": [True, True, False],
        "Ana": [False, True, False],
        "Charlie": [False, False, False],
    }


def test_a_deactivated_person_may_nothing(alice, pygma):
    alice.is_active = False

    assert not any(
        [may_act_for(alice, owners.of_person(alice)), may_see(alice, pygma), may_add_member(alice, pygma)]
    )


def test_the_page_founds_an_organisation(client, alice):
    client.force_login(alice)

    answer = client.post(
        reverse("organisations"), {"name": "Pygma Labs", "website": "https://pygma.example"}, follow=True
    )

    assert "You are its first owner" in answer.content.decode()
    assert Organisation.objects.get().memberships.get().user == alice


@pytest.mark.parametrize("website", ["javascript:alert(1)", "not a site"])
def test_a_website_is_a_web_address(client, alice, website):
    client.force_login(alice)

    client.post(reverse("organisations"), {"name": "Pygma Labs", "website": website})

    assert not Organisation.objects.exists()


def test_the_page_adds_a_member_by_address(client, alice, ana, pygma):
    client.force_login(alice)

    client.post(reverse("organisation", args=[pygma.pk]), {"email": "ANA@example.org"})

    assert may_see(ana, pygma)


@pytest.mark.parametrize("email", ["nobody@example.org", "unproved@example.org"])
def test_only_a_confirmed_address_can_be_added(client, alice, pygma, email):
    make_user("unproved")
    client.force_login(alice)

    answer = client.post(reverse("organisation", args=[pygma.pk]), {"email": email})

    assert "Nobody with this confirmed address" in answer.content.decode()
    assert pygma.memberships.count() == 1


def test_addresses_cannot_be_looked_up_by_the_hundred(client, alice, pygma):
    client.force_login(alice)
    for number in range(21):
        answer = client.post(reverse("organisation", args=[pygma.pk]), {"email": f"p{number}@example.org"})

    assert "That is many addresses" in answer.content.decode()


def test_a_member_sees_the_page_and_cannot_add(client, alice, ana, charlie, pygma):
    organisations.add_member(pygma, ana, by=alice, at=MONDAY)
    client.force_login(ana)
    page = reverse("organisation", args=[pygma.pk])

    assert (client.get(page).status_code, client.post(page, {"email": charlie.email}).status_code) == (
        200,
        403,
    )
    assert not may_see(charlie, pygma)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_finds_nothing(client, charlie, pygma, method):
    client.force_login(charlie)

    assert getattr(client, method)(reverse("organisation", args=[pygma.pk])).status_code == 404
    assert getattr(client, method)(reverse("organisation", args=[pygma.pk + 1])).status_code == 404


def test_nobody_sees_organisations_without_signing_in(client, pygma):
    for page in (reverse("organisations"), reverse("organisation", args=[pygma.pk])):
        assert client.get(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("members", [1, 3])
def test_the_lists_ask_the_same_however_long_they_are(client, alice, members, django_assert_num_queries):
    mine = [make_organisation(alice, *(make_user() for _ in range(members))) for _ in range(members)]
    client.force_login(alice)

    with django_assert_num_queries(3):  # session, person, list
        client.get(reverse("organisations"))
    with django_assert_num_queries(6):  # session, person, organisation, may see, may add, members
        client.get(reverse("organisation", args=[mine[0].pk]))


def test_an_applicant_cannot_shut_a_reviewer_out_by_adding_them(alice, pygma):
    bob = make_reviewer()

    with pytest.raises(organisations.StaffJoinThemselves):
        organisations.add_member(pygma, bob, by=alice, at=MONDAY)

    assert not Membership.objects.filter(user=bob).exists()
