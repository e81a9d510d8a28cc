"""The pages on which somebody takes a copy of everything and deletes their account."""

import io
import json
from zipfile import ZipFile

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.domain import organisations
from audit.models import LedgerEntry
from tests.factories import (
    MONDAY,
    make_application,
    make_member,
    make_program,
    make_secret,
    make_user,
)

pytestmark = pytest.mark.django_db
COPY, DELETE = "/accounts/data/copy/", "/accounts/delete/"


@pytest.fixture(autouse=True)
def _no_old_attempts():
    cache.clear()


@pytest.fixture
def signed_in(client, alice):
    """A browser in which Alice has just given her password again."""
    client.force_login(alice)
    client.post(reverse("account_reauthenticate"), {"password": "correct horse battery"})
    return client


def mine(answer) -> dict:
    with ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        return json.loads(archive.read("mine.json"))


def test_the_copy_is_a_zip_with_everything(signed_in, alice):
    key, secret = make_secret(make_program(), applicant=alice)

    answer = signed_in.post(COPY)
    copy = mine(answer)

    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/zip", "no-store")
    assert (copy["format"], copy["version"], copy["account"]["email"]) == ("gatehouse.mine", 1, alice.email)
    assert [(k["id"], k["secrets"][0]["hint"]) for k in copy["keys"]] == [(key.key_id, key.hint)]
    assert [hidden for hidden in (secret, key.secret.digest) if hidden in json.dumps(copy)] == []
    assert [a["sent"][0]["answers"] for a in copy["applications"]] == [
        {"title": "Docstrings for a small team"}
    ]
    assert {"application.submitted", "key.opened"} <= {event["event"] for event in copy["history"]}
    assert LedgerEntry.objects.filter(event="user.exported", subject_id=str(alice.pk)).count() == 1


def test_somebody_with_nothing_gets_a_file_too(signed_in):
    assert mine(signed_in.post(COPY))["applications"] == []


@pytest.mark.parametrize("path", [COPY, DELETE])
def test_the_password_is_asked_again_first(client, alice, path):
    client.force_login(alice)

    answer = client.post(path, {"address": alice.email})

    alice.refresh_from_db()
    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert (alice.is_active, LedgerEntry.objects.filter(event="user.exported").count()) == (True, 0)


def test_copies_are_not_endless(signed_in):
    assert [signed_in.post(COPY).status_code for _ in range(7)] == [200] * 6 + [429]


def test_the_number_of_queries_does_not_grow_with_letters_and_keys(
    signed_in, alice, django_assert_num_queries
):
    make_secret(make_program(), applicant=alice)
    signed_in.post(COPY)  # what is asked only once in a process
    with CaptureQueriesContext(connection) as asked:
        signed_in.post(COPY)
    for _ in range(3):
        make_secret(make_program(), applicant=alice)

    with django_assert_num_queries(len(asked)):
        signed_in.post(COPY)


def test_only_the_accounts_own_address_deletes_it(signed_in, alice):
    answer = signed_in.post(DELETE, {"address": "bob@example.org"})

    alice.refresh_from_db()
    assert (answer.status_code, alice.erasure_asked_at) == (422, None)
    assert b"This is not the address of this account." in answer.content


def test_deleting_signs_out_and_says_so(signed_in, alice):
    make_application(applicant=alice)

    answer = signed_in.post(DELETE, {"address": " Alice@Example.org "}, follow=True)

    alice.refresh_from_db()
    assert (alice.is_active, b"is being deleted" in answer.content) == (False, True)
    assert "_auth_user_id" not in signed_in.session


def test_an_owner_of_others_is_told_what_to_do_first(signed_in, alice):
    pygma = organisations.found("Pygma Labs", "", by=alice, at=MONDAY)
    make_member(pygma, make_user("charlie"))

    shown, refused = signed_in.get(DELETE), signed_in.post(DELETE, {"address": alice.email})

    assert (shown.status_code, refused.status_code) == (200, 409)
    assert b"You are the only owner of Pygma Labs." in refused.content


def test_a_shut_account_is_refused_with_the_words_for_an_unknown_address(client, signed_in, alice):
    signed_in.post(DELETE, {"address": alice.email})

    def words(email):
        answer = client.post(reverse("account_login"), {"login": email, "password": "correct horse battery"})
        return answer.status_code, answer.context["form"].errors

    assert words(alice.email) == words("nobody@example.org")
