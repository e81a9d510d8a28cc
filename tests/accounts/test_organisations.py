import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.urls import reverse

from accounts.domain import domains, organisations, owners
from accounts.models import Membership, Organisation, Owner
from accounts.permissions import may_act_for, may_manage, may_see
from audit.models import LedgerEntry
from tests.factories import MONDAY, make_invitation, make_member, make_organisation, make_user, verified

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_old_attempts():
    cache.clear()


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


def test_an_owner_row_is_made_once_for_a_person_and_for_an_organisation(alice, pygma):
    assert owners.of_person(alice) == owners.of_person(alice)
    assert owners.of_organisation(pygma) == owners.of_organisation(pygma)
    assert Owner.objects.count() == 2


def test_who_may_act_for_whom(alice, ana, charlie, pygma):
    make_member(pygma, ana)
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
        [may_act_for(alice, owners.of_person(alice)), may_see(alice, pygma), may_manage(alice, pygma)]
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
    with django_assert_num_queries(12):  # session, person, organisation, may it, lists, addresses
        client.get(reverse("organisation", args=[mine[0].pk]))


@pytest.mark.parametrize("number", [1, 3])
def test_invitations_and_domains_ask_the_same_however_many_there_are(
    client, alice, pygma, number, django_assert_num_queries
):
    for each in range(number):
        make_invitation(pygma, f"open{each}@example.org")
        EmailAddress.objects.create(user=alice, email=f"a@d{each}.example", verified=True)
        domains.verify(pygma, f"d{each}.example", by=alice, at=MONDAY)
    client.force_login(alice)

    with django_assert_num_queries(12):
        client.get(reverse("organisation", args=[pygma.pk]))


def test_members_are_shown_by_fifty(client, alice):
    many = make_organisation(alice, *(make_user() for _ in range(50)))
    client.force_login(alice)
    page = reverse("organisation", args=[many.pk])

    first = client.get(page)
    second = client.get(page + first.context["more_url"])

    assert [len(answer.context["memberships"]) for answer in (first, second)] == [50, 1]
    assert second.context["more_url"] == ""
    for nonsense in ("?after=x", "?after=-1", "?after=" + "9" * 40):
        assert len(client.get(page + nonsense).context["memberships"]) == 50
