"""Personal tokens: shown once, kept as a hash, found, warned of, revoked; nobody's but one's own."""

from datetime import timedelta
from itertools import count

import pytest
from allauth.account.adapter import get_adapter
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.domain import tokens
from accounts.models import Token
from accounts.scopes import Scope
from audit import ledger
from outbox.models import Letter
from tests.factories import MONDAY, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
READ = [Scope.READ_APPLICATIONS]
NUMBERS = count(1)
PASSWORD = "correct horse battery"  # of make_user


def make(user, **fields):
    said = {
        "name": f"board {next(NUMBERS)}",
        "scopes": READ,
        "expires_at": MONDAY + 90 * DAY,
        "at": MONDAY,
    } | fields
    return tokens.make(user, **said)


def test_only_a_hash_of_the_secret_stays():
    token, secret = make(make_user())

    assert secret.startswith("gh_pat_")
    assert secret not in str(Token.objects.filter(pk=token.pk).values().get())
    assert repr(secret) == "<a secret>"


def test_a_token_is_found_by_its_secret_until_it_ends_or_is_revoked():
    user = make_user()
    token, secret = make(user)
    other, gone = make(user)
    tokens.revoke(other, by=user, at=MONDAY)

    assert tokens.find(secret, at=MONDAY) == token
    assert tokens.find(secret, at=token.expires_at) is None
    assert tokens.find(gone, at=MONDAY) is None


@pytest.mark.parametrize(
    "text", ["", "x", "gh_pat_", "gh_live_" + "a" * 36, "gh_pat_" + "a" * 36, "gh_pat_\0"]
)
def test_what_is_no_token_is_nobody(text, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert tokens.find(text, at=MONDAY) is None


def test_who_is_not_active_has_no_token_that_works():
    user = make_user()
    _, secret = make(user)
    type(user).objects.update(is_active=False)

    assert tokens.find(secret, at=MONDAY) is None


def test_the_last_use_is_written_every_few_minutes_only(django_assert_num_queries):
    token, secret = make(make_user())
    tokens.find(secret, at=MONDAY)
    with django_assert_num_queries(1):
        tokens.find(secret, at=MONDAY + timedelta(minutes=4))
    tokens.find(secret, at=MONDAY + timedelta(minutes=6))

    token.refresh_from_db()
    assert token.last_used_at == MONDAY + timedelta(minutes=6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 81},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"expires_at": MONDAY},
        {"expires_at": MONDAY + 366 * DAY},
    ],
)
def test_what_cannot_be_a_token_is_refused_in_words(wrong):
    with pytest.raises(tokens.BadToken):
        make(make_user(), **wrong)

    assert Token.objects.count() == 0


def test_nobody_has_more_than_twenty():
    user = make_user()
    for _ in range(20):
        make(user)

    with pytest.raises(tokens.BadToken):
        make(user)


def test_two_that_work_have_two_names():
    user = make_user()
    token, _ = make(user, name="board")
    with pytest.raises(tokens.BadToken, match="“Board”"):
        make(user, name="Board")
    tokens.revoke(token, by=user, at=MONDAY)

    assert make(user, name="Board")[0].name == "Board"


def test_an_account_that_was_closed_meanwhile_makes_none():
    user = make_user()
    type(user).objects.update(is_active=False)

    with pytest.raises(tokens.BadToken, match="closed"):
        make(user)


def test_making_one_is_told_to_its_person():
    _, secret = make(make_user("alice"), name="board")

    letter = Letter.objects.get(kind="accounts/token_made")
    assert (letter.recipient, letter.subject) == ("alice@example.org", "A personal token was made: board")
    assert str(secret)[-30:] not in letter.text + letter.html


def test_who_has_a_token_that_ends_is_written_to_once():
    make(make_user("alice"), expires_at=MONDAY + 10 * DAY)

    written = [tokens.warn_owed(at=at) for at in (MONDAY, MONDAY + 4 * DAY, MONDAY + 5 * DAY)]

    assert written == [0, 1, 0]
    assert "Thursday 3 December 2026, 12:00 (UTC)" in Letter.objects.get(kind="accounts/token_expiring").text


def test_making_and_revoking_are_in_the_ledger_and_revoking_twice_is_once():
    user = make_user()
    token, secret = make(user)
    for _ in range(2):
        tokens.revoke(token, by=user, at=MONDAY)

    events = ledger.of(token)
    assert list(events.values_list("event", flat=True)) == ["token.made", "token.revoked"]
    assert secret not in str(list(events.values()))


def test_nobody_revokes_anothers():
    token, _ = make(make_user())

    with pytest.raises(tokens.NotYours):
        tokens.revoke(token, by=make_user(), at=MONDAY)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"scopes": ["everything"]}, "token_scopes_known"),
        ({"scopes": []}, "token_scopes_known"),
        ({"expires_at": MONDAY + 400 * DAY}, "token_ends_within_a_year"),
    ],
)
def test_the_database_refuses_it_too(changes, refused):
    make(make_user())

    with pytest.raises(IntegrityError, match=refused), transaction.atomic():
        Token.objects.update(**changes)


# --- the page


@pytest.fixture
def alice(client):
    alice = make_user("alice")
    client.force_login(alice)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return alice


def test_the_secret_is_in_the_one_response_that_made_it(client, alice):
    made = client.post(reverse("tokens"), {"name": "board", "scopes": READ, "days": 90})
    secret = made.context["secret"]
    again = client.get(reverse("tokens"))

    assert secret in made.content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    assert secret not in again.content.decode()
    assert "board" in again.content.decode()


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["x"]}, {"days": 9999}])
def test_the_page_refuses_in_words_and_makes_nothing(client, alice, wrong):
    answer = client.post(reverse("tokens"), {"name": "board", "scopes": READ, "days": 90} | wrong)

    assert (answer.status_code, Token.objects.count()) == (422, 0)


def test_a_token_is_revoked_on_the_page(client, alice):
    token, secret = make(alice)

    client.post(reverse("token_revoke", args=[token.pk]))

    assert tokens.find(secret, at=MONDAY) is None


def test_the_page_asks_as_much_with_one_token_as_with_three(client, alice, django_assert_num_queries):
    for _ in range(2):
        make(alice)
        with django_assert_num_queries(5):  # the clock, session, person, live, over
            client.get(reverse("tokens"))


def test_making_one_asks_for_the_password_first(client):
    client.force_login(make_user("alice"))
    answer = client.post(reverse("tokens"), {"name": "board", "scopes": READ, "days": 90})

    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert Token.objects.count() == 0


def test_a_changed_password_ends_every_token(client, alice):
    _, secret = make(alice)
    said = {
        "oldpassword": PASSWORD,
        "password1": "another horse battery",
        "password2": "another horse battery",
    }

    assert client.post(reverse("account_change_password"), said).status_code == 302
    assert tokens.find(secret, at=MONDAY) is None


def test_a_reset_password_ends_every_token(alice):
    _, secret = make(alice)

    get_adapter().set_password(alice, "another horse battery")

    assert tokens.find(secret, at=MONDAY) is None
