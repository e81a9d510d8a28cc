"""Known and unknown addresses are answered alike, with the same work.

The clock is not asked here (bench/enumeration.py does): the same number of password hashes, and as many statements of
each kind, is what makes the time the same.
"""

import re
from collections import Counter

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from outbox.models import Letter
from tests.factories import make_reviewer, make_user, verified

pytestmark = pytest.mark.django_db
NAMES = ("known", "unproved", "staff", "nobody")


@pytest.fixture(autouse=True)
def _people():
    cache.clear()
    verified(make_user("warm"))
    verified(make_user("known"))
    EmailAddress.objects.create(user=make_user("unproved"), email="unproved@example.org", primary=True)
    make_reviewer("staff")


@pytest.fixture
def hashes(monkeypatch):
    """Count what is slow on purpose."""
    made = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *given: made.append(1) or encode(*given))
    return made


def seen(answer, email: str) -> tuple:
    body = re.sub(r'value="[\w-]{64}"', "", answer.content.decode()).replace(email, "")
    return answer.status_code, answer.headers.get("Location", ""), body


def work(queries, hashes) -> tuple[int, int, int]:
    """Return how many hashes, how many statements that write, and how many that read."""
    kinds = Counter(query["sql"].split(" ", 1)[0] for query in queries)
    writes = kinds["INSERT"] + kinds["UPDATE"] + kinds["DELETE"]
    return len(hashes), writes, kinds["SELECT"]


def ask(page: str, names, hashes, client_for=lambda name: Client(), **form) -> dict[str, tuple]:
    """Return name -> what was answered and what it took; the first one only warms caches."""
    found = {}
    for name in ("warm", *names):
        email = f"{name}@example.org"
        client = client_for(name)
        hashes.clear()
        with CaptureQueriesContext(connection) as asked:
            answer = client.post(page, {key: value.format(email=email) for key, value in form.items()})
        found[name] = (seen(answer, email), work(asked, hashes))
    del found["warm"]
    return found


def all_alike(found: dict[str, tuple], *, reads_apart: int) -> None:
    """Fail unless all were answered the same, with the same hashes and writes, and nearly as many reads."""
    assert len({answer for answer, _ in found.values()}) == 1
    assert len({took[:2] for _, took in found.values()}) == 1, found
    reads = [took[2] for _, took in found.values()]
    assert max(reads) - min(reads) <= reads_apart, found


def test_signing_up(hashes):
    page = reverse("account_signup")
    found = ask(
        page,
        NAMES,
        hashes,
        email="{email}",
        password1="correct horse battery",
        full_name="A",
        time_zone="UTC",
    )

    all_alike(found, reads_apart=4)
    assert found["nobody"][1][0] == 1
    assert set(User.objects.values_list("email", flat=True)) == {
        f"{name}@example.org" for name in (*NAMES, "warm")
    }


def test_asking_for_a_new_password(hashes):
    all_alike(ask(reverse("account_reset_password"), NAMES, hashes, email="{email}"), reads_apart=2)
    assert Letter.objects.count() == len(NAMES) + 1


def test_a_wrong_password(hashes):
    found = ask(reverse("account_login"), NAMES, hashes, login="{email}", password="not the one at all")

    all_alike(found, reads_apart=2)
    assert found["nobody"][1][0] == 1


def test_adding_an_address_to_ones_account(hashes):
    """A person of their own for each, so that the page lists as much."""

    def client_for(name):
        client = Client()
        user = verified(make_user(f"asks-{name}"))
        client.post(reverse("account_login"), {"login": user.email, "password": "correct horse battery"})
        return client

    all_alike(
        ask(reverse("account_email"), NAMES, hashes, client_for, email="{email}", action_add=""),
        reads_apart=1,
    )


def test_a_new_person_comes_back_to_the_page_they_came_from(client):
    wanted = "/organisations/join/abc/"
    said = {
        "email": "new@example.org",
        "password1": "correct horse battery",
        "full_name": "N",
        "time_zone": "UTC",
    }
    client.post(reverse("account_signup"), said | {"next": wanted})
    link = re.search(r"http://\S+(/accounts/confirm-email/\S+)", Letter.objects.get().text)[1]

    assert client.post(link).url == "/accounts/login/?next=%2Forganisations%2Fjoin%2Fabc%2F"


def test_a_new_person_is_not_sent_to_another_site(client):
    said = {
        "email": "new@example.org",
        "password1": "correct horse battery",
        "full_name": "N",
        "time_zone": "UTC",
    }
    client.post(reverse("account_signup"), said | {"next": "https://evil.example/"})
    link = re.search(r"http://\S+(/accounts/confirm-email/\S+)", Letter.objects.get().text)[1]

    assert client.post(link).url == "/accounts/login/"
