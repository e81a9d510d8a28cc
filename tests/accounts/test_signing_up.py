"""Signing up, confirming, signing in: allauth through our forms and our outbox."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit import clock
from audit.models import LedgerEntry
from outbox import letters
from outbox.models import Letter
from tests.factories import make_user, verified

pytestmark = pytest.mark.django_db

ALICE = {
    "email": "Alice@Example.org",
    "password1": "correct horse battery",
    "full_name": "Alice Doe",
    "time_zone": "Europe/Madrid",
}


@pytest.fixture(autouse=True)
def _no_old_attempts():
    cache.clear()


def sign_up(client, **changes):
    return client.post(reverse("account_signup"), ALICE | changes)


def delivered() -> list[tuple[str, str, str]]:
    """Send what is owed; return address, subject and text of each mail that went out."""
    letters.send_owed(at=clock.now())
    return [(message.to[0], message.subject, message.body) for message in mail.outbox]


def link_in(text: str) -> str:
    return re.search(r"http://testserver(/\S+)", text).group(1)


def test_signing_up_makes_a_person_in_their_own_zone(client):
    sign_up(client)

    user = User.objects.get()
    assert (user.email, user.full_name, user.time_zone, user.is_staff) == (
        "alice@example.org", "Alice Doe", "Europe/Madrid", False,
    )  # fmt: skip


def test_signing_up_is_recorded_once(client):
    sign_up(client)

    user = User.objects.get()
    assert [(entry.event, entry.subject_id, entry.actor) for entry in LedgerEntry.objects.all()] == [
        ("user.joined", str(user.pk), f"user:{user.pk}")
    ]


def test_the_confirmation_goes_through_the_outbox(client):
    sign_up(client)

    assert mail.outbox == []
    assert [(letter.kind, letter.recipient, letter.passing) for letter in Letter.objects.all()] == [
        ("accounts/email_confirmation_signup", "alice@example.org", True)
    ]


def test_nobody_signs_in_before_confirming(client):
    sign_up(client)
    other = Client()

    other.post(reverse("account_login"), {"login": "alice@example.org", "password": ALICE["password1"]})

    assert "_auth_user_id" not in other.session


def test_the_link_of_the_letter_confirms_by_post_only(client):
    sign_up(client)
    ((_, _, text),) = delivered()

    for _ in range(5):  # mail scanners open every link
        client.get(link_in(text))
    assert not EmailAddress.objects.get().verified
    client.post(link_in(text))
    assert EmailAddress.objects.get().verified

    client.post(reverse("account_login"), {"login": "ALICE@example.org", "password": ALICE["password1"]})
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)


def test_the_letter_in_the_database_forgets_its_link(client):
    sign_up(client)
    delivered()

    assert Letter.objects.get().text == letters.BLANKED


def test_signing_up_with_a_known_address_answers_just_the_same(client):
    verified(make_user("alice"))
    known, unknown = sign_up(client), sign_up(Client(), email="new@example.org")

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert {to: subject for to, subject, _ in delivered()} == {
        "alice@example.org": "You have an account already",
        "new@example.org": "Confirm your e-mail address",
    }
    assert User.objects.filter(email="alice@example.org").count() == 1


def test_a_stranger_learns_nothing_from_asking_for_a_new_password(client):
    verified(make_user("alice"))
    answers = [
        Client().post(reverse("account_reset_password"), {"email": email})
        for email in ("alice@example.org", "no@example.org")
    ]

    assert len({(answer.status_code, answer.url) for answer in answers}) == 1
    assert {to: subject for to, subject, _ in delivered()} == {
        "alice@example.org": "Set a new password",
        "no@example.org": "No account with this address",
    }


def test_the_link_for_a_new_password_works(client):
    user = verified(make_user("alice"))
    client.post(reverse("account_reset_password"), {"email": "alice@example.org"})
    ((_, _, text),) = delivered()

    form = client.get(link_in(text), follow=True)
    client.post(
        form.redirect_chain[-1][0],
        {"password1": "another horse battery", "password2": "another horse battery"},
    )

    user.refresh_from_db()
    assert user.check_password("another horse battery")
    assert "Your password" in delivered()[-1][2]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("email", "not an address", "valid email"),
        ("email", "", "required"),
        ("password1", "short", "too short"),
        ("password1", "password12", "too common"),
        ("full_name", "", "required"),
        ("full_name", "x" * 121, "at most 120"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
    ],
)
def test_a_bad_answer_is_refused_in_words_and_makes_nobody(client, field, value, problem):
    answer = sign_up(client, **{field: value})

    assert problem in " ".join(answer.context["form"].errors[field])
    assert not User.objects.exists()


def test_many_wrong_passwords_are_stopped(client):
    verified(make_user("alice"))
    for _ in range(6):
        answer = client.post(reverse("account_login"), {"login": "alice@example.org", "password": "wrong"})

    assert "Too many failed" in str(answer.context["form"].errors)


@pytest.mark.django_db(transaction=True)
def test_an_account_is_made_wholly_or_not_at_all(client, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the ledger cannot be written")

    monkeypatch.setattr("accounts.domain.people.ledger.record", fail)
    with pytest.raises(RuntimeError):
        sign_up(client)

    assert (User.objects.count(), EmailAddress.objects.count(), Letter.objects.count()) == (0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_the_same_address_twice_at_once_makes_one_account(client, monkeypatch):
    """Both looked before either wrote: the second one's form was told that the address is free."""
    monkeypatch.setattr(
        "allauth.account.forms.flows.manage_email.email_already_exists",
        lambda email, user=None, always_raise=False: (email.lower(), False),
    )
    first, second = sign_up(client), sign_up(Client())

    assert (User.objects.count(), first.status_code, second.status_code, second.url) == (
        1,
        302,
        302,
        first.url,
    )
    assert [letter.kind for letter in Letter.objects.all()] == ["accounts/email_confirmation_signup"]


def test_pages_show_times_in_the_persons_zone(client):
    user = verified(make_user("alice", time_zone="Asia/Kathmandu"))
    client.force_login(user)

    assert "Asia/Kathmandu" in client.get(reverse("organisations")).content.decode()
