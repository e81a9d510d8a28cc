"""Accounts that are shut answer for no organisation, and let nobody into one that ends."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.domain import joining, memberships, organisations, ownership
from accounts.models import MemberRole, Membership
from enforcement.domain import leaving
from tests.factories import MONDAY, make_invitation, make_member, make_user, verified

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _monday(monkeypatch):
    cache.clear()
    monkeypatch.setattr("audit.clock.now", lambda: LATER)


@pytest.fixture
def carl():
    return verified(make_user("carl"))


def post(user, name: str, *args, **fields):
    client = Client()
    client.force_login(user)
    return client.post(reverse(name, args=args), fields)


@pytest.mark.parametrize("goes", ["leaves", "is made a member"])
def test_an_owner_who_deletes_their_account_is_not_the_owner_who_remains(alice, ana, carl, pygma, goes):
    hers = make_member(pygma, ana, role=MemberRole.OWNER)
    make_member(pygma, carl)
    leaving.ask(alice, by=alice, at=MONDAY)

    acts = {
        "leaves": lambda: memberships.leave(pygma, by=ana, at=LATER),
        "is made a member": lambda: memberships.change_role(hers, to=MemberRole.MEMBER, by=ana, at=LATER),
    }
    with pytest.raises(memberships.LastOwner):
        acts[goes]()
    memberships.leave_with_account(pygma, by=alice, at=LATER)
    assert list(organisations.open_owners(pygma)) == [hers]


def test_an_owner_whose_account_is_blocked_is_not_the_owner_who_remains(alice, ana, pygma):
    make_member(pygma, ana, role=MemberRole.OWNER)
    type(ana).objects.filter(pk=ana.pk).update(is_active=False)

    with pytest.raises(memberships.LastOwner):
        memberships.leave(pygma, by=alice, at=LATER)


def test_somebody_who_deletes_their_account_is_made_no_owner(alice, ana, pygma):
    hers = make_member(pygma, ana)
    leaving.ask(ana, by=ana, at=MONDAY)

    with pytest.raises(memberships.AccountIsClosed):
        memberships.change_role(hers, to=MemberRole.OWNER, by=alice, at=LATER)
    with pytest.raises(memberships.AccountIsClosed):
        ownership.offer(hers, by=alice, at=LATER)
    assert post(alice, "organisation_member", pygma.pk, hers.pk, "owner").status_code == 302
    hers.refresh_from_db()
    assert hers.role == MemberRole.MEMBER


def test_an_offer_to_somebody_who_deletes_their_account_is_over(alice, ana, pygma):
    offered = ownership.offer(make_member(pygma, ana), by=alice, at=MONDAY)
    leaving.ask(ana, by=ana, at=MONDAY)

    with pytest.raises(ownership.OfferIsOver):
        ownership.take(offered, by=ana, at=LATER)


def test_an_organisation_whose_owners_all_go_ends(alice, ana, carl, pygma):
    """Owners who go after each other leave nothing owed, whoever is paid first."""
    for user, role in ((ana, MemberRole.OWNER), (carl, MemberRole.MEMBER)):
        make_member(pygma, user, role=role)
    for user in (carl, ana, alice):
        leaving.ask(user, by=user, at=MONDAY)

    for user in (alice, carl, ana):
        memberships.leave_with_account(pygma, by=user, at=LATER)
    assert not Membership.objects.filter(organisation=pygma).exists()


def test_nobody_joins_an_organisation_that_ends(alice, ana, carl, pygma):
    make_member(pygma, ana, role=MemberRole.OWNER)
    asked, _ = make_invitation(pygma, carl.email, by=alice)
    also, _ = make_invitation(pygma, "new@example.org", by=ana)
    leaving.ask(alice, by=alice, at=MONDAY)
    also.refresh_from_db()
    assert also.state == "invited"
    leaving.ask(ana, by=ana, at=MONDAY)

    for invitation in (asked, also):
        invitation.refresh_from_db()
        assert invitation.state == "revoked"
    with pytest.raises(joining.InvitationIsOver):
        joining.accept(asked, by=carl, at=LATER)


def test_nobody_joins_where_no_owner_can_sign_in(alice, carl, pygma):
    asked, _ = make_invitation(pygma, carl.email)
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)

    with pytest.raises(joining.InvitationIsOver):
        joining.accept(asked, by=carl, at=LATER)


def test_what_an_owner_asked_ends_in_every_organisation_with_their_account(alice, ana, pygma):
    make_member(pygma, ana, role=MemberRole.OWNER)
    asked, _ = make_invitation(pygma, "new@example.org", by=alice)
    leaving.ask(alice, by=alice, at=MONDAY)

    asked.refresh_from_db()
    assert asked.state == "revoked"


def test_accepting_again_after_leaving_is_said_to_be_over(ana, pygma):
    invitation, token = make_invitation(pygma, ana.email)
    joining.accept(invitation, by=ana, at=MONDAY)
    memberships.leave(pygma, by=ana, at=MONDAY)

    assert post(ana, "join", token, accept="1").status_code == 409
    assert not Membership.objects.filter(user=ana).exists()


def test_an_address_longer_than_any_is_refused(alice, pygma):
    answer = post(
        alice,
        "organisation",
        pygma.pk,
        email="a@" + "b" * 60 + ("." + "c" * 60) * 3 + ".example" * 6,
        role="member",
    )

    assert answer.status_code == 422
    assert not pygma.invitations.exists()
