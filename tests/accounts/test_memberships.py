"""Roles, leaving, removing, handing over, domains: an owner always remains, and who goes loses everything at once."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.domain import domains, joining, memberships, organisations, owners, ownership
from accounts.models import MemberRole, Membership, OrganisationDomain, OwnershipOffer
from accounts.permissions import may_manage, may_see
from accounts.states import OFFER_TRANSITIONS, OfferState
from audit.models import LedgerEntry
from outbox.models import Letter
from tests.factories import (
    MONDAY,
    make_application,
    make_member,
    make_program,
    make_secret,
    make_user,
    verified,
)

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _monday(monkeypatch):
    cache.clear()
    monkeypatch.setattr("audit.clock.now", lambda: LATER)


@pytest.fixture
def member(ana, pygma):
    return make_member(pygma, ana)


def of(organisation, user) -> Membership:
    return Membership.objects.get(organisation=organisation, user=user)


def written(kind: str) -> list[str]:
    found = Letter.objects.filter(kind=f"accounts/{kind}").order_by("recipient")
    return list(found.values_list("recipient", flat=True))


# --- Roles, leaving, removing


def test_a_member_is_made_an_owner_and_written_to(alice, ana, pygma, member):
    memberships.change_role(member, to=MemberRole.OWNER, by=alice, at=LATER)

    entry = LedgerEntry.objects.get(event="member.role_changed")
    assert (may_manage(ana, pygma), entry.actor, entry.details["was"], entry.details["role"]) == (
        True, f"user:{alice.pk}", "member", "owner",
    )  # fmt: skip
    assert written("role_changed") == [ana.email]


def test_the_same_role_again_is_no_event(alice, member):
    memberships.change_role(member, to=MemberRole.MEMBER, by=alice, at=LATER)

    assert not LedgerEntry.objects.filter(event="member.role_changed").exists()


LEAVE = lambda pygma, mine, by: memberships.leave(pygma, by=by, at=LATER)  # noqa: E731
REMOVE = lambda pygma, mine, by: memberships.remove(mine, by=by, at=LATER)  # noqa: E731
DEMOTE = lambda pygma, mine, by: memberships.change_role(mine, to=MemberRole.MEMBER, by=by, at=LATER)  # noqa: E731


@pytest.mark.parametrize("act", [DEMOTE, REMOVE])
def test_a_member_changes_nobody(alice, ana, pygma, member, act):
    boss = of(pygma, alice)

    with pytest.raises(organisations.NotAnOwner):
        act(pygma, boss, ana)


@pytest.mark.parametrize("act", [LEAVE, DEMOTE, REMOVE])
def test_the_last_owner_stays_one(alice, pygma, member, act):
    mine = of(pygma, alice)

    with pytest.raises(memberships.LastOwner):
        act(pygma, mine, alice)


@pytest.mark.parametrize("way", [lambda mine: mine.update(role="member"), lambda mine: mine.delete()])
def test_the_database_keeps_an_owner_too(alice, pygma, member, way):
    mine = Membership.objects.filter(organisation=pygma, user=alice)

    with pytest.raises(IntegrityError), transaction.atomic():
        way(mine)


def test_who_leaves_is_gone_and_the_owners_are_written_to(alice, ana, pygma, member):
    memberships.leave(pygma, by=ana, at=LATER)

    assert (may_see(ana, pygma), written("left")) == (False, [alice.email])
    assert LedgerEntry.objects.get(event="member.left").subject_id == str(member.pk)


def test_who_is_removed_is_written_to(alice, ana, pygma, member):
    memberships.remove(member, by=alice, at=LATER)

    assert (may_see(ana, pygma), written("removed")) == (False, [ana.email])
    with pytest.raises(memberships.NotAMember):
        memberships.remove(member, by=alice, at=LATER)


def test_who_was_removed_reaches_nothing_of_the_organisation_from_then_on(client, alice, ana, pygma, member):
    owner = owners.of_organisation(pygma)
    key, _ = make_secret(make_program(), owner=owner, applicant=alice)
    draft = make_application(make_program(), state="draft", owner=owner, applicant=ana)
    pages = [
        reverse("application", args=[key.grant.application.number]),
        reverse("apply_section", args=[draft.number, "you"]),
        reverse("organisation", args=[pygma.pk]),
    ]
    client.force_login(ana)
    assert [client.get(page).status_code for page in pages] == [200, 200, 200]
    assert (
        key.key_id in client.get(reverse("access")).content.decode()
        or key.hint in client.get(reverse("access")).content.decode()
    )

    memberships.remove(member, by=alice, at=LATER)

    assert [client.get(page).status_code for page in pages] == [404, 404, 404]
    seen = (
        client.get(reverse("access")).content.decode() + client.get(reverse("applications")).content.decode()
    )
    assert key.hint not in seen
    assert draft.number not in seen


def test_the_page_changes_roles_and_removes(client, alice, ana, pygma, member):
    client.force_login(alice)
    to = lambda verb: reverse("organisation_member", args=[pygma.pk, member.pk, verb])  # noqa: E731

    client.post(to("owner"))
    assert may_manage(ana, pygma)
    client.post(to("remove"))
    assert not may_see(ana, pygma)


def test_the_page_says_why_the_last_owner_cannot_leave(client, alice, pygma):
    client.force_login(alice)

    answer = client.post(reverse("organisation_leave", args=[pygma.pk]), follow=True)

    assert "needs an owner" in answer.content.decode()


# --- Handing over


def test_ownership_moves_when_the_other_takes_it(alice, ana, pygma, member):
    offer = ownership.offer(member, by=alice, at=LATER)
    assert (may_manage(ana, pygma), written("ownership_offered")) == (False, [ana.email])

    ownership.take(offer, by=ana, at=LATER)
    ownership.take(offer, by=ana, at=LATER)

    assert (of(pygma, ana).role, of(pygma, alice).role) == ("owner", "member")
    assert list(LedgerEntry.objects.filter(event__startswith="ownership").values_list("event", "actor")) == [
        ("ownership.offered", f"user:{alice.pk}"), ("ownership.taken", f"user:{ana.pk}"),
    ]  # fmt: skip
    assert written("ownership_taken") == [alice.email]


def test_only_the_person_it_was_made_to_answers_it(alice, pygma, member):
    offer = ownership.offer(member, by=alice, at=LATER)

    for verb in (ownership.take, ownership.decline):
        with pytest.raises(ownership.NotYours):
            verb(offer, by=alice, at=LATER)


def test_declined_it_leaves_things_as_they_are(alice, ana, pygma, member):
    ownership.decline(ownership.offer(member, by=alice, at=LATER), by=ana, at=LATER)

    assert (may_manage(alice, pygma), may_manage(ana, pygma), written("ownership_declined")) == (
        True, False, [alice.email],
    )  # fmt: skip


def test_one_offer_at_a_time_and_none_to_oneself(alice, pygma, member):
    ownership.offer(member, by=alice, at=LATER)

    with pytest.raises(ownership.OneAtATime):
        ownership.offer(member, by=alice, at=LATER)
    with pytest.raises(ownership.NotToOneself):
        ownership.offer(of(pygma, alice), by=alice, at=LATER)


def test_an_offer_ends_by_itself_after_a_fortnight(alice, ana, pygma, member):
    offer = ownership.offer(member, by=alice, at=MONDAY)
    end = MONDAY + ownership.LASTS

    with pytest.raises(ownership.OfferIsOver):
        ownership.take(offer, by=ana, at=end)
    assert (ownership.expire_due(at=end), ownership.expire_due(at=end)) == (1, 0)


@pytest.mark.parametrize("who", ["giver demoted", "taker removed"])
def test_an_offer_ends_with_the_standing_of_either(alice, ana, pygma, member, who):
    bea = verified(make_user("bea"))
    boss = make_member(pygma, bea, role=MemberRole.OWNER)
    offer = ownership.offer(member, by=alice, at=LATER)
    if who == "giver demoted":
        memberships.change_role(of(pygma, alice), to=MemberRole.MEMBER, by=bea, at=LATER)
    else:
        memberships.remove(member, by=bea, at=LATER)

    offer.refresh_from_db()
    assert (offer.state, boss.role) == ("withdrawn", "owner")


def test_the_pages_hand_over(client, alice, ana, pygma, member):
    client.force_login(alice)
    client.post(reverse("organisation_member", args=[pygma.pk, member.pk, "offer"]))
    client.force_login(ana)
    page = reverse("organisation", args=[pygma.pk])
    assert "offers you their place" in client.get(page).content.decode()

    client.post(reverse("organisation_ownership", args=[pygma.pk, OwnershipOffer.objects.get().pk, "take"]))

    assert may_manage(ana, pygma)
    assert not may_manage(alice, pygma)


MISSING = [
    (old, new) for old in OfferState.values for new in OfferState.values
    if new not in OFFER_TRANSITIONS[old] and new != old
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), MISSING)
def test_the_database_refuses_every_step_the_table_does_not_name(alice, pygma, member, old, new):
    rows = OwnershipOffer.objects.filter(pk=ownership.offer(member, by=alice, at=LATER).pk)
    if old != OfferState.OFFERED:
        rows.update(state=old, ended_at=LATER)

    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state=new, ended_at=None if new == "offered" else LATER)


# --- Domains


def at_pygma(user):
    EmailAddress.objects.create(user=user, email=f"{user.full_name.lower()}@pygma.example", verified=True)
    return user


def test_a_domain_is_proved_by_an_owners_confirmed_address(client, alice, pygma):
    at_pygma(alice)
    domains.verify(pygma, "Pygma.Example", by=alice, at=LATER)
    domains.verify(pygma, "pygma.example", by=alice, at=LATER)

    assert [(each.domain, each.verified_by) for each in domains.of(pygma)] == [("pygma.example", alice)]
    assert LedgerEntry.objects.filter(event="domain.verified").count() == 1
    client.force_login(alice)
    assert "pygma.example verified" in client.get(reverse("organisation", args=[pygma.pk])).content.decode()


@pytest.mark.parametrize(
    ("domain", "problem"),
    [
        ("other.example", domains.NoAddressThere),
        ("sub.example.org", domains.NoAddressThere),
        ("", domains.NoAddressThere),
        ("gmail.com", domains.MailForEverybody),
    ],
)
def test_what_proves_nothing_is_refused(alice, pygma, domain, problem):
    EmailAddress.objects.create(user=alice, email="alice@gmail.com", verified=True)
    EmailAddress.objects.create(user=alice, email="alice@other.example", verified=False)

    with pytest.raises(problem):
        domains.verify(pygma, domain, by=alice, at=LATER)


def test_a_member_verifies_nothing(ana, pygma, member):
    with pytest.raises(organisations.NotAnOwner):
        domains.verify(pygma, "pygma.example", by=at_pygma(ana), at=LATER)


def test_two_organisations_may_prove_the_same_domain(alice, pygma):
    at_pygma(alice)
    second = organisations.found("Pygma Schools", "", by=alice, at=MONDAY)
    for each in (pygma, second):
        domains.verify(each, "pygma.example", by=alice, at=LATER)

    assert OrganisationDomain.objects.filter(ended_at=None).count() == 2


@pytest.mark.parametrize(("another_there", "still"), [(True, ["pygma.example"]), (False, [])])
def test_a_domain_ends_when_no_owner_reads_mail_there_any_more(alice, ana, pygma, another_there, still):
    domains.verify(pygma, "pygma.example", by=at_pygma(alice), at=LATER)
    make_member(pygma, ana, role=MemberRole.OWNER)
    if another_there:
        at_pygma(ana)

    memberships.leave(pygma, by=alice, at=LATER)

    assert [each.domain for each in domains.of(pygma)] == still
    assert LedgerEntry.objects.filter(event="domain.ended").count() == 1 - len(still)


def test_an_owner_gives_a_domain_up(alice, pygma):
    verified_one = domains.verify(pygma, "pygma.example", by=at_pygma(alice), at=LATER)
    domains.give_up(verified_one, by=alice, at=LATER)

    assert domains.of(pygma) == []
    with pytest.raises(domains.NotVerified):
        domains.give_up(verified_one, by=alice, at=LATER)


def test_the_list_of_mail_for_everybody_is_domains():
    known = domains.free_mail()

    assert {"gmail.com", "outlook.com", "gmx.de", "qq.com"} <= known
    assert [each for each in known if each != each.lower() or "." not in each or "@" in each] == []


def test_leaving_revokes_what_one_asked(alice, ana, pygma):
    make_member(pygma, ana, role=MemberRole.OWNER)
    joining.invite(pygma, email="new@example.org", by=ana, at=LATER)
    memberships.leave(pygma, by=ana, at=LATER)

    assert not pygma.invitations.live().exists()


def test_a_domain_is_shown_no_longer_than_an_address_proves_it(alice, pygma):
    EmailAddress.objects.create(user=alice, email="alice@uni.example", verified=True)
    proved = domains.verify(pygma, "uni.example", by=alice, at=MONDAY)
    kept = domains.verify(pygma, "example.org", by=alice, at=MONDAY)
    assert (domains.end_owed(at=LATER), domains.of(pygma)) == (0, [kept, proved])

    EmailAddress.objects.filter(email="alice@uni.example").delete()

    assert domains.of(pygma) == [kept]
    assert (domains.end_owed(at=LATER), domains.end_owed(at=LATER)) == (1, 0)
    proved.refresh_from_db()
    entry = LedgerEntry.objects.get(event="domain.ended")
    assert (proved.ended_at, entry.reason, entry.actor) == (LATER, "no_owner_there", "system:beat")
