"""Where one is signed in: seen now and then, listed in few statements, ended one by one or all at once."""

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import sessions
from tests.factories import make_user, verified

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_old_attempts():
    cache.clear()


def sign_in(user, agent=FIREFOX) -> Client:
    client = Client(headers={"user-agent": agent})
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def test_the_list_shows_each_browser_and_which_is_this_one(alice):
    sign_in(alice, "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1")
    page = sign_in(alice).get(reverse("usersessions_list")).content.decode()

    assert "Firefox on Linux <span" in page
    assert "Safari on iPhone" in page
    assert page.count("this one") == 1


def test_one_is_ended_and_the_other_stays(alice):
    mine, other = sign_in(alice), sign_in(alice)
    row = UserSession.objects.get(session_key=other.session.session_key)

    mine.post(reverse("end_session", args=[row.pk]))

    assert (is_in(mine), is_in(other), UserSession.objects.count()) == (True, False, 1)


def test_all_others_are_ended_at_once(alice):
    mine, *others = [sign_in(alice) for _ in range(3)]

    mine.post(reverse("usersessions_list"))

    assert [is_in(client) for client in (mine, *others)] == [True, False, False]


def test_one_that_no_list_has_is_ended_with_the_others(alice):
    mine, old, theirs = sign_in(alice), sign_in(alice), sign_in(verified(make_user("ana")))
    UserSession.objects.filter(session_key=old.session.session_key).delete()

    mine.post(reverse("usersessions_list"))

    assert [is_in(client) for client in (mine, old, theirs)] == [True, False, True]


def test_nobody_ends_what_is_anothers_or_this_one(alice):
    mine, theirs = sign_in(alice), sign_in(verified(make_user("ana")))
    rows = {
        client: UserSession.objects.get(session_key=client.session.session_key) for client in (mine, theirs)
    }

    answers = [mine.post(reverse("end_session", args=[row.pk])).status_code for row in rows.values()]

    assert (answers, is_in(mine), is_in(theirs)) == ([404, 404], True, True)


def test_a_changed_password_ends_the_others_and_they_are_not_listed(alice):
    mine, other = sign_in(alice), sign_in(alice)
    new = "another horse battery"

    mine.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )

    listed = mine.get(reverse("usersessions_list")).context["sessions"]
    assert ([each.is_this for each in listed], is_in(other)) == ([True], False)


def test_being_seen_is_written_now_and_then_only(alice, monkeypatch, django_assert_num_queries):
    client = sign_in(alice)
    first = UserSession.objects.get().last_seen_at
    page = reverse("organisations")
    with django_assert_num_queries(3):  # session, person, list: no write
        client.get(page)

    began = client.session[sessions.SEEN_AT]
    monkeypatch.setattr("accounts.middleware.time.time", lambda: began + sessions.SEEN_EVERY)
    client.get(page)

    assert UserSession.objects.get().last_seen_at > first
    with django_assert_num_queries(3):
        client.get(page)


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_the_same_however_long_it_is(alice, number, django_assert_num_queries):
    *_, client = [sign_in(alice) for _ in range(number)]

    with django_assert_num_queries(5):  # session, person, clock, rows, sessions
        client.get(reverse("usersessions_list"))


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("", "Another browser"),
        ("<script>alert(1)</script>", "Another browser"),
    ],
)
def test_a_browser_is_named_in_a_few_words(agent, said):
    assert sessions.browser(agent) == said
