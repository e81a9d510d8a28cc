"""Deleting an account: what ends at once, what is blanked, what stays."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from accounts.domain import erasure, organisations, owners
from accounts.domain.erasure import HandOverFirst, StaffStay
from accounts.models import Erasure, MemberRole, Membership, OrganisationInvitation, Part, User
from audit import ledger
from audit.models import LedgerEntry
from enforcement.domain import erasure as enforcement
from enforcement.domain import leaving
from onboarding.domain import erasure as onboarding
from onboarding.models import Application, Grant, Key, Revision
from onboarding.states import GrantState, KeyState
from outbox import letters
from outbox.models import Letter
from reviews.domain import erasure as reviews
from tests.factories import (
    MONDAY,
    make_application,
    make_entry,
    make_grant,
    make_member,
    make_program,
    make_secret,
    make_user,
    verified,
)

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(minutes=2)


@pytest.fixture
def charlie():
    return verified(make_user("charlie"))


def erase(user: User, *, at=MONDAY) -> User:
    """Delete an account and let every payer run."""
    leaving.ask(user, by=user, at=at)
    pay(at=at + timedelta(minutes=2))
    user.refresh_from_db()
    return user


def pay(*, at) -> None:
    letters.send_owed(at=at)
    for payer in (onboarding.erase_owed, reviews.erase_owed, enforcement.erase_owed, erasure.erase_owed):
        payer(at=at)


def events(user: User, *names: str) -> list[tuple[str, str]]:
    rows = LedgerEntry.objects.filter(event__in=names).order_by("id")
    return list(rows.values_list("event", "actor"))


def test_an_account_is_shut_at_once(alice, client):
    client.force_login(alice)

    leaving.ask(alice, by=alice, at=MONDAY)

    alice.refresh_from_db()
    assert (alice.is_active, alice.erasure_asked_at, alice.has_usable_password()) == (False, MONDAY, False)
    assert client.get("/applications/").status_code == 302


def test_a_tombstone_is_left_once_every_part_is_blanked(alice):
    erase(alice)

    assert (alice.email, alice.full_name, alice.erased_at) == (
        f"erased-{alice.pk}@erased.invalid",
        "",
        LATER,
    )
    assert str(alice) == "a deleted account"
    assert not EmailAddress.objects.filter(user=alice).exists()
    parts = LedgerEntry.objects.filter(event="user.part_erased").order_by("id")
    assert [entry.details["part"] for entry in parts] == [
        "applications",
        "reviews",
        "appeals",
        "letters",
        "account",
    ]
    assert events(alice, "user.erasure_asked", "user.erased") == [
        ("user.erasure_asked", f"user:{alice.pk}"),
        ("user.erased", "system:erasure"),
    ]


def test_asking_and_paying_twice_is_once(alice):
    leaving.ask(alice, by=alice, at=MONDAY)
    leaving.ask(alice, by=alice, at=MONDAY)
    pay(at=LATER)
    before = LedgerEntry.objects.count()
    pay(at=LATER + timedelta(minutes=1))

    assert LedgerEntry.objects.count() == before
    assert Erasure.objects.filter(user=alice).count() == len(Part)


def test_nothing_is_blanked_while_a_page_may_still_be_answered(alice):
    application = make_application(applicant=alice)
    leaving.ask(alice, by=alice, at=MONDAY)

    pay(at=MONDAY + timedelta(seconds=30))

    application.refresh_from_db()
    assert application.title != ""


def test_what_lives_ends_and_keys_stop_at_once(alice):
    program = make_program()
    key, _ = make_secret(program, applicant=alice)
    draft = make_application(make_program(), state="draft", applicant=alice)
    sent = make_application(make_program(), applicant=alice)
    entry = make_entry(make_program(), applicant=alice)
    version = key.access_version

    leaving.ask(alice, by=alice, at=MONDAY)

    for row in (key, draft, sent, entry, key.grant):
        row.refresh_from_db()
    assert (key.state, key.grant.state) == (KeyState.REVOKED, GrantState.REVOKED)
    assert (key.access_version > version, key.projection_owed) == (True, True)
    assert (draft.state, sent.state, entry.state, entry.application.state) == (
        "withdrawn",
        "withdrawn",
        "left",
        "lapsed",
    )
    ended = ("grant.revoked", "key.revoked", "application.withdrawn", "entry.left")
    assert sorted(events(alice, *ended)) == sorted(
        (event, f"user:{alice.pk}") for event in (*ended, "application.withdrawn")
    )


def test_the_only_letter_after_asking_is_the_one_about_it(alice):
    make_application(make_program(), applicant=alice)

    leaving.ask(alice, by=alice, at=MONDAY)

    owed = Letter.objects.owed(LATER).filter(recipient=alice.email)
    assert [letter.kind for letter in owed] == ["accounts/erasure_asked"]


def test_letters_wait_until_the_last_one_is_out(alice):
    leaving.ask(alice, by=alice, at=MONDAY)

    erasure.erase_owed(at=LATER)
    assert Letter.objects.get(kind="accounts/erasure_asked").recipient == "alice@example.org"

    letters.send_owed(at=LATER)
    erasure.erase_owed(at=LATER)
    letter = Letter.objects.get(kind="accounts/erasure_asked")
    assert (letter.recipient, "alice" in letter.text.lower(), letter.sent_at) == (
        "erased@erased.invalid",
        False,
        LATER,
    )


def test_a_letter_given_up_holds_nothing_up(alice):
    leaving.ask(alice, by=alice, at=MONDAY)
    Letter.objects.update(given_up_at=MONDAY, tries=12, tried_at=MONDAY)

    erasure.erase_owed(at=LATER)

    assert Erasure.objects.get(user=alice, part="letters").paid_at == LATER


def test_an_address_that_was_only_typed_in_is_not_the_persons(alice, charlie):
    """Else anybody could have somebody else's letters blanked, or read them."""
    EmailAddress.objects.create(user=alice, email=charlie.email + ".x", verified=False)
    EmailAddress.objects.filter(user=alice, verified=False).update(email=charlie.email)
    letters.write("accounts/erasure_asked", to=charlie.email, at=MONDAY, name="Charlie")

    erase(alice)

    assert Letter.objects.filter(recipient=charlie.email).exists()


def test_answers_are_blanked_once_and_leave_a_digest(alice):
    application = make_application(applicant=alice, title="Alice's use")
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers::text FROM onboarding_revision")
        (was,) = cursor.fetchone()

    erase(alice)

    revision = Revision.objects.get(application=application)
    assert set(revision.answers) == {"erased", "digest"}
    assert ledger.is_digest_of(was, revision.answers["digest"])
    application.refresh_from_db()
    assert (application.title, application.answers, application.facts) == ("", {}, {})


@pytest.mark.parametrize(
    "change",
    [
        {"risk_score": 1},
        {"answers": {"title": "other"}, "erased_at": MONDAY},
        {"answers": {"erased": True, "digest": "a" * 16 + ":" + "b" * 32, "more": 1}, "erased_at": MONDAY},
        {"answers": {"erased": True, "digest": "a" * 16 + ":" + "b" * 32}},
        {"answers": {"erased": True, "digest": "in words"}, "erased_at": MONDAY},
    ],
)
def test_the_database_lets_nothing_but_the_blanking_through(alice, change):
    make_application(applicant=alice)

    with pytest.raises(ProgrammingError), transaction.atomic():
        Revision.objects.update(**change)


def test_a_blanked_revision_is_never_changed_again(alice):
    make_application(applicant=alice)
    erase(alice)

    with pytest.raises(ProgrammingError), transaction.atomic():
        Revision.objects.update(answers={"erased": True, "digest": "a" * 16 + ":" + "b" * 32})


def test_staff_cannot_delete_themselves(alice):
    alice.is_staff = True
    alice.save()

    with pytest.raises(StaffStay):
        leaving.ask(alice, by=alice, at=MONDAY)


def test_the_only_owner_of_others_must_hand_over_first(alice, charlie):
    pygma = organisations.found("Pygma Labs", "", by=alice, at=MONDAY)
    make_member(pygma, charlie)

    with pytest.raises(HandOverFirst, match="Pygma Labs"):
        leaving.ask(alice, by=alice, at=MONDAY)

    Membership.objects.filter(user=charlie).update(role=MemberRole.OWNER)
    assert erase(alice).erased_at == LATER


def test_what_an_organisation_has_stays_with_it_without_the_persons_name(alice, charlie):
    pygma = organisations.found("Pygma Labs", "", by=alice, at=MONDAY)
    make_member(pygma, charlie, role=MemberRole.OWNER)
    grant = make_grant(make_program(), owner=owners.of_organisation(pygma), applicant=alice)
    answers = {
        "full_name": "Alice",
        "work_email": alice.email,
        "report_contact": alice.email,
        "title": "Ours",
    }
    sent = make_application(
        make_program(), owner=owners.of_organisation(pygma), applicant=alice, state="draft"
    )
    Application.objects.filter(pk=sent.pk).update(answers=answers)
    with transaction.atomic():
        ledger.record("application.started", subject=sent, actor=alice, at=MONDAY)

    erase(alice)

    grant.refresh_from_db()
    sent.refresh_from_db()
    assert (grant.state, sent.state, sent.answers) == (GrantState.ACTIVE, "draft", {"title": "Ours"})
    assert set(Application.objects.values_list("applicant", flat=True)) == {charlie.pk}
    assert [m.user for m in pygma.memberships.all()] == [charlie]


def test_an_organisation_nobody_is_left_in_ends_with_the_person(alice):
    pygma = organisations.found("Alice and nobody", "https://a.example", by=alice, at=MONDAY)
    grant = make_grant(make_program(), owner=owners.of_organisation(pygma), applicant=alice)

    erase(alice)

    pygma.refresh_from_db()
    grant.refresh_from_db()
    assert (pygma.website, "Alice" in pygma.name, grant.state) == ("", False, GrantState.REVOKED)


def test_a_person_whose_part_fails_holds_up_nobody_else(alice, charlie, monkeypatch):
    for person in (alice, charlie):
        leaving.ask(person, by=person, at=MONDAY)
    whole = onboarding._forget_letters

    def fail_for_alice(mine, at):
        whole(mine, at)
        if Application.objects.filter(pk__in=mine, applicant=alice).exists() or not failed:
            failed.append(1)
            raise RuntimeError("a worker dies here")

    failed: list[int] = []
    monkeypatch.setattr(onboarding, "_forget_letters", fail_for_alice)

    assert onboarding.erase_owed(at=LATER) == 1
    assert onboarding.erase_owed(at=LATER) == 1
    assert Erasure.objects.filter(part="applications", paid_at=None).count() == 0


def test_the_invariants_hold_afterwards(alice, charlie):
    make_secret(make_program(), applicant=alice)
    make_application(make_program(), applicant=alice, state="rejected")
    make_secret(make_program(), applicant=charlie)

    erase(alice)

    call_command("check_invariants")


def test_the_address_may_sign_up_again(alice):
    erase(alice)

    again = make_user("alice")

    assert (again.pk != alice.pk, Key.objects.filter(grant__owner__person=again).exists()) == (True, False)
    assert Grant.objects.filter(owner__person=again).count() == 0
    assert Client().login(username="alice@example.org", password="correct horse battery") is not None


def test_an_address_given_up_since_is_blanked_too(alice, charlie):
    pygma = organisations.found("Pygma Labs", "", by=charlie, at=MONDAY)
    make_member(pygma, alice)
    EmailAddress.objects.filter(user=alice).delete()
    EmailAddress.objects.create(user=alice, email="new@home.example", verified=True, primary=True)
    User.objects.filter(pk=alice.pk).update(email="new@home.example")
    alice.refresh_from_db()

    erase(alice)

    assert alice.erased_at
    assert not Letter.objects.filter(recipient="alice@example.org").exists()
    assert not OrganisationInvitation.objects.filter(email="alice@example.org").exists()


def test_letters_to_an_address_that_is_somebody_elses_now_stay(alice, charlie):
    pygma = organisations.found("Pygma Labs", "", by=charlie, at=MONDAY)
    make_member(pygma, alice)
    User.objects.filter(pk=alice.pk).update(email="new@home.example")
    EmailAddress.objects.filter(user=alice).update(user=make_user("heir"))
    alice.refresh_from_db()

    erase(alice)

    assert Letter.objects.filter(recipient="alice@example.org").exists()
    assert not OrganisationInvitation.objects.filter(email="alice@example.org").exists()


def test_those_that_fail_hold_up_nobody_behind_them(alice, charlie, monkeypatch):
    monkeypatch.setattr(erasure, "BATCH", 1)
    for user in (alice, charlie):
        leaving.ask(user, by=user, at=MONDAY)

    def forget(user: User, at) -> None:
        if user == alice:
            raise ZeroDivisionError

    assert erasure.pay(Part.REVIEWS, forget, at=LATER) == 1
    assert Erasure.objects.get(user=charlie, part=Part.REVIEWS).paid_at == LATER
