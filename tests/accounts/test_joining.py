"""Invitations into an organisation: who may ask, what the answer tells, who may say yes."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from accounts.domain import joining, memberships, organisations
from accounts.models import MemberRole, Membership, OrganisationInvitation
from accounts.permissions import may_see
from accounts.states import JOIN_TRANSITIONS, JoinState
from audit.models import LedgerEntry
from outbox import letters
from outbox.models import Letter
from tests.factories import MONDAY, link_of, make_invitation, make_member, make_reviewer, make_user, verified

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _monday(monkeypatch):
    cache.clear()
    monkeypatch.setattr("audit.clock.now", lambda: LATER)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def events(*names: str) -> list[tuple[str, str]]:
    found = LedgerEntry.objects.filter(event__in=names) if names else LedgerEntry.objects.all()
    return list(found.order_by("id").values_list("event", "actor"))


def test_nothing_happens_before_the_person_accepts(alice, ana, pygma):
    make_invitation(pygma, ana.email)

    assert (may_see(ana, pygma), events("joining.invited")) == (
        False,
        [("joining.invited", f"user:{alice.pk}")],
    )


def test_who_accepts_belongs_to_it_and_the_owners_are_written_to(alice, ana, pygma):
    invitation, _ = make_invitation(pygma, "ANA@example.org", role=MemberRole.OWNER)
    membership = joining.accept(invitation, by=ana, at=LATER)

    assert (membership.organisation, membership.role, may_see(ana, pygma)) == (pygma, "owner", True)
    assert events("member.added", "joining.accepted") == [
        ("member.added", f"user:{ana.pk}"), ("joining.accepted", f"user:{ana.pk}"),
    ]  # fmt: skip
    assert [letter.recipient for letter in Letter.objects.filter(kind="accounts/joined")] == [alice.email]


def test_accepting_twice_joins_once(ana, pygma):
    invitation, _ = make_invitation(pygma, ana.email)

    assert joining.accept(invitation, by=ana, at=LATER) == joining.accept(invitation, by=ana, at=LATER)
    assert len(events("joining.accepted")) == 1


def test_only_the_hash_of_the_link_is_kept_once_the_letter_is_sent(pygma):
    invitation, token = make_invitation(pygma, "new@example.org")
    letters.send_owed(at=LATER)

    assert Letter.objects.get().text == letters.BLANKED
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(i)::text FROM accounts_organisationinvitation i")
        assert token not in cursor.fetchone()[0]
    assert joining.find(token) == invitation


@pytest.mark.parametrize("role", [MemberRole.MEMBER, None])
def test_who_is_no_owner_invites_nobody(ana, pygma, role):
    if role:
        make_member(pygma, ana)

    with pytest.raises(organisations.NotAnOwner):
        joining.invite(pygma, email="x@example.org", by=ana, at=LATER)


def test_the_answer_is_the_same_whoever_has_an_account(alice, ana, pygma):
    """The same words, the same statements, for a person, an unproved address, staff, and nobody."""
    make_user("unproved")
    make_reviewer("bob")
    client, seen, work = signed_in(alice), set(), set()
    page = reverse("organisation", args=[pygma.pk])
    for name in ("warm", "ana", "unproved", "bob", "nobody"):
        email = f"{name}@example.org"
        OrganisationInvitation.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = client.post(page, {"email": email, "role": "member"}, follow=True)
        said = " ".join(answer.content.decode().split()).replace(email, "")
        if name != "warm":
            seen.add(
                (answer.status_code, tuple(answer.redirect_chain), re.sub(r'value="\w{64}"|/\d+/', "", said))
            )
            work.add(tuple(re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in asked))

    assert (len(seen), len(work)) == (1, 1)


def test_another_person_with_the_link_cannot_accept(ana, pygma):
    _, token = make_invitation(pygma, "somebody@example.org")
    answer = signed_in(ana).post(reverse("join", args=[token]), {"accept": "1"})

    assert (answer.status_code, may_see(ana, pygma)) == (409, False)
    assert "not a confirmed one of yours" in answer.content.decode()
    assert "somebody@example.org" not in answer.content.decode()


def test_an_unconfirmed_address_proves_nothing(ana, pygma):
    EmailAddress.objects.create(user=ana, email="second@example.org", verified=False)
    invitation, _ = make_invitation(pygma, "second@example.org")

    with pytest.raises(joining.ForAnotherAddress):
        joining.accept(invitation, by=ana, at=LATER)


def test_a_second_confirmed_address_does(ana, pygma):
    EmailAddress.objects.create(user=ana, email="second@example.org", verified=True)
    invitation, _ = make_invitation(pygma, "second@example.org")

    assert joining.accept(invitation, by=ana, at=LATER).user == ana


def test_fifty_looks_change_nothing(ana, pygma):
    _, token = make_invitation(pygma, ana.email)
    here = reverse("join", args=[token])
    before = (
        list(OrganisationInvitation.objects.values()),
        LedgerEntry.objects.count(),
        Membership.objects.count(),
    )

    for client in (Client(), signed_in(ana)):
        for _ in range(25):
            assert client.get(here).status_code == 200
            client.head(here)

    after = (
        list(OrganisationInvitation.objects.values()),
        LedgerEntry.objects.count(),
        Membership.objects.count(),
    )
    assert after == before


def test_a_post_without_an_answer_or_a_session_changes_nothing(ana, pygma):
    _, token = make_invitation(pygma, ana.email)
    here = reverse("join", args=[token])

    assert [Client().post(here, {"accept": "1"}).status_code, signed_in(ana).post(here).status_code] == [
        302,
        422,
    ]
    assert not may_see(ana, pygma)


def test_the_way_in_leads_back_to_the_invitation(ana, pygma):
    _, token = make_invitation(pygma, ana.email)
    here, client = reverse("join", args=[token]), Client()
    page = client.get(here).content.decode()
    login = re.search(r'href="(/accounts/login/[^"]+)"', page)[1]

    answer = client.post(login, {"login": ana.email, "password": "correct horse battery", "next": here})

    assert answer.url == here
    client.post(here, {"accept": "1"})
    assert may_see(ana, pygma)


def test_declining_is_recorded_and_final(ana, pygma):
    invitation, token = make_invitation(pygma, ana.email)
    signed_in(ana).post(reverse("join", args=[token]), {"decline": "1"})

    with pytest.raises(joining.InvitationIsOver):
        joining.accept(invitation, by=ana, at=LATER)
    assert events("joining.declined") == [("joining.declined", f"user:{ana.pk}")]


def test_staff_cannot_join_and_the_inviter_is_told_nothing(pygma):
    bob = make_reviewer("bob")
    invitation, token = make_invitation(pygma, bob.email)

    answer = signed_in(bob).post(reverse("join", args=[token]), {"accept": "1"})

    invitation.refresh_from_db()
    assert (answer.status_code, invitation.state, may_see(bob, pygma)) == (409, "invited", False)


def test_a_member_is_not_invited_again(ana, pygma):
    make_member(pygma, ana)

    with pytest.raises(organisations.AlreadyAMember):
        make_invitation(pygma, ana.email)


def test_one_live_invitation_an_address(alice, pygma):
    make_invitation(pygma, "new@example.org")

    with pytest.raises(joining.AlreadyInvited):
        make_invitation(pygma, "New@Example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganisationInvitation.objects.create(
            organisation=pygma, email="new@example.org", invited_by=alice, invited_at=MONDAY, written_at=MONDAY,
            token_hash="x", expires_at=MONDAY,
        )  # fmt: skip


def test_there_is_a_most_of_open_invitations(pygma, monkeypatch):
    monkeypatch.setattr(joining, "MOST_OPEN", 2)
    make_invitation(pygma, "a@example.org"), make_invitation(pygma, "b@example.org")

    with pytest.raises(joining.TooManyOpen):
        make_invitation(pygma, "c@example.org")


def test_sending_again_kills_the_link_before(alice, ana, pygma):
    invitation, old = make_invitation(pygma, ana.email)
    joining.resend(invitation, by=alice, at=LATER)

    assert (joining.find(old), joining.find(link_of(invitation))) == (None, invitation)
    assert [bool(letter.recalled_at) for letter in Letter.objects.order_by("pk")] == [True, False]


def test_letters_are_not_sent_again_and_again(alice, pygma):
    invitation, _ = make_invitation(pygma, "new@example.org")

    with pytest.raises(joining.TooSoon):
        joining.resend(invitation, by=alice, at=MONDAY + timedelta(minutes=9))
    for times in range(1, joining.MOST_LETTERS):
        joining.resend(invitation, by=alice, at=MONDAY + times * joining.RESEND_AFTER)
    with pytest.raises(joining.EnoughLetters):
        joining.resend(invitation, by=alice, at=MONDAY + timedelta(days=1))


def test_addresses_cannot_be_written_to_by_the_hundred(alice, pygma):
    client = signed_in(alice)
    for number in range(21):
        answer = client.post(
            reverse("organisation", args=[pygma.pk]), {"email": f"p{number}@example.org", "role": "member"}
        )

    assert (answer.status_code, "That is many addresses" in answer.content.decode()) == (422, True)


def test_revoking_ends_it_and_recalls_the_letter(alice, ana, pygma):
    invitation, token = make_invitation(pygma, ana.email)
    signed_in(alice).post(reverse("organisation_invitation", args=[pygma.pk, invitation.pk, "revoke"]))

    with pytest.raises(joining.InvitationIsOver):
        joining.accept(invitation, by=ana, at=LATER)
    assert Letter.objects.get().recalled_at == LATER
    assert "This invitation is over" in Client().get(reverse("join", args=[token])).content.decode()


def test_it_expires_after_a_fortnight(ana, pygma):
    invitation, _ = make_invitation(pygma, ana.email)
    end = MONDAY + timedelta(days=14)

    with pytest.raises(joining.InvitationIsOver):
        joining.accept(invitation, by=ana, at=end)
    assert (joining.expire_due(at=end - timedelta(seconds=1)), joining.expire_due(at=end)) == (0, 1)
    assert (joining.expire_due(at=end), events("joining.expired")) == (
        0,
        [("joining.expired", "system:beat")],
    )


def test_after_its_end_a_new_one_can_be_sent(pygma):
    make_invitation(pygma, "new@example.org")
    joining.expire_due(at=MONDAY + timedelta(days=14))

    assert make_invitation(pygma, "new@example.org", at=MONDAY + timedelta(days=15))


def test_invitations_of_who_is_no_owner_any_more_are_revoked(alice, ana, pygma):
    make_member(pygma, ana, role=MemberRole.OWNER)
    invitation, _ = make_invitation(pygma, "new@example.org", by=ana)
    memberships.remove(Membership.objects.get(user=ana), by=alice, at=LATER)

    invitation.refresh_from_db()
    assert (invitation.state, LedgerEntry.objects.get(event="joining.revoked").reason) == (
        "revoked", "inviter_is_no_owner",
    )  # fmt: skip


MISSING = [
    (old, new) for old in JoinState.values for new in JoinState.values
    if new not in JOIN_TRANSITIONS[old] and new != old
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), MISSING)
def test_the_database_refuses_every_step_the_table_does_not_name(ana, pygma, old, new):
    invitation, _ = make_invitation(pygma, ana.email)
    rows = OrganisationInvitation.objects.filter(pk=invitation.pk)
    by = {"answered_at": MONDAY, "answered_by": ana}
    if old != JoinState.INVITED:
        rows.update(state=old, **(by if old in ("accepted", "declined") else {}))

    by = by if new in ("accepted", "declined") else dict.fromkeys(by)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state=new, **by)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=some.lists(
        some.tuples(
            some.sampled_from(["accept", "decline", "revoke", "resend", "expire"]), some.integers(0, 400)
        ),
        max_size=6,
    )
)
def test_whatever_is_tried_in_whatever_order_the_table_holds(steps):
    """At most one end, one ledger row for each change of state, and membership only through acceptance."""
    with transaction.atomic():
        alice, ana = verified(make_user()), verified(make_user())
        pygma = organisations.found("Pygma", "", by=alice, at=MONDAY)
        invitation, _ = make_invitation(pygma, ana.email)
        at = MONDAY
        for verb, hours in steps:
            at += timedelta(hours=hours)
            who = ana if verb in ("accept", "decline") else alice
            try:
                if verb == "expire":
                    joining.expire_due(at=at)
                else:
                    getattr(joining, verb)(invitation, by=who, at=at)
            except (joining.InvitationIsOver, joining.TooSoon, joining.EnoughLetters):
                pass
        invitation.refresh_from_db()
        ends = LedgerEntry.objects.filter(
            subject_id=str(invitation.pk), event__in=[str(event) for event in joining.EVENTS.values()]
        ).values_list("event", flat=True)
        assert list(ends) == ([] if invitation.state == "invited" else [f"joining.{invitation.state}"])
        assert may_see(ana, pygma) == (invitation.state == "accepted")
        transaction.set_rollback(True)


def test_an_address_is_not_written_to_by_asking_and_revoking_again_and_again(alice, pygma):
    for _ in range(joining.MOST_LETTERS):
        invitation, _token = make_invitation(pygma, "victim@example.net")
        joining.revoke(invitation, by=alice, at=MONDAY)

    with pytest.raises(joining.EnoughLetters):
        make_invitation(pygma, "victim@example.net")
    here = reverse("organisation", args=[pygma.pk])
    answer = signed_in(alice).post(here, {"email": "victim@example.net", "role": "member"})
    assert (answer.status_code, pygma.invitations.live().exists()) == (422, False)
    assert make_invitation(pygma, "victim@example.net", at=MONDAY + joining.LASTS)


def test_who_declined_is_not_asked_again_for_a_while(ana, pygma):
    invitation, _ = make_invitation(pygma, ana.email)
    joining.decline(invitation, by=ana, at=MONDAY)

    with pytest.raises(joining.DeclinedLately):
        make_invitation(pygma, ana.email, at=LATER)
    assert make_invitation(pygma, ana.email, at=MONDAY + joining.LASTS)


def test_who_is_removed_cannot_let_themselves_back_in(alice, ana, pygma):
    EmailAddress.objects.create(user=ana, email="ana@home.example", verified=True)
    member = make_member(pygma, ana)
    second, _ = make_invitation(pygma, "ana@home.example")
    others, _ = make_invitation(pygma, "new@example.org")
    memberships.remove(member, by=alice, at=LATER)

    with pytest.raises(joining.InvitationIsOver):
        joining.accept(second, by=ana, at=LATER)
    others.refresh_from_db()
    assert others.state == "invited"
