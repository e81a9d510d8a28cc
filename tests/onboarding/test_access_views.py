"""Grants and keys on their page, and the one response that shows a secret."""

import logging
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse

from onboarding.domain import grants, keys, renewals, secrets
from onboarding.states import KeyState
from outbox.models import Letter
from policies.domain import guidelines
from reviews.models import Decision
from tests.factories import (
    MONDAY,
    accept_guidelines,
    add_key,
    make_grant,
    make_key,
    make_manager,
    make_organisation,
    make_program,
    make_reviewer,
    make_secret,
    make_senior,
    make_user,
    put_guidelines_in_force,
)
from tests.onboarding.requesting import EVIDENCE, LATER, sent, told, trial_grant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def grant_pages(client):
    grants = [holding.grant for holding in client.get(reverse("access")).context["holdings"]]
    return [client.get(reverse("grant", args=[grant.public_id])) for grant in grants]


def access(client):
    """Return the list, and after it the page of each grant on it."""
    pages = [client.get(reverse("access")), *grant_pages(client)]
    return "".join(page.content.decode() for page in pages)


def open_key(client, key):
    return client.post(reverse("key_open", args=[key.key_id]))


def state_of(key):
    key.refresh_from_db()
    return key.state


# --- the page


def test_the_page_asks_for_signing_in_first(client):
    assert client.get(reverse("access")).url == f"{reverse('account_login')}?next={reverse('access')}"


def test_without_a_grant_the_page_says_how_one_gets_access(client, alice):
    make_key()

    assert "No access yet" in access(client)


@pytest.mark.parametrize("stranger", [make_user, make_reviewer, make_senior, make_manager])
def test_nobody_sees_the_grants_of_others(client, stranger):
    key, _ = make_secret()
    client.force_login(stranger("charlie"))

    text = access(client)

    assert key.key_id not in text
    assert key.hint not in text


def test_members_see_what_their_organisation_holds(client, alice):
    from accounts.domain import owners

    bob = make_user("bob")
    owner = owners.of_organisation(make_organisation(alice, bob))
    key = make_key(owner=owner, applicant=bob)

    assert f"held by {owner}" in access(client)
    assert open_key(client, key).status_code == 200


def test_a_grant_shows_its_models_limits_and_end_in_words(client, alice):
    key, _ = make_secret(make_program("code-model"), applicant=alice)

    text = " ".join(access(client).split())

    assert "<code>code-model-1</code> The first" in text
    assert 'Live keys, requests a minute</th> <td class="num" data-label="Allowed">60</td>' in text
    assert 'Live keys, requests a day</th> <td class="num" data-label="Allowed">1,000</td>' in text
    assert "23 November 2027, 12:00" in text
    assert key.hint in text


def test_a_condition_leads_to_its_clause_in_the_guidelines_it_was_decided_under(client, alice):
    accept_guidelines(alice)
    request = sent(trial_grant(alice), "production", alice, **EVIDENCE)
    told(request, "approved_with_conditions")
    decided_under = Decision.objects.get(case__application=request).guidelines.version
    source = guidelines.shipped() | {"version": "7.0.0"}
    put_guidelines_in_force(guidelines.load(source, by="test", at=LATER), at=LATER)

    text = access(client)

    assert "A person reads each text first." in text
    assert (f"/guidelines/{decided_under}/fraud_spam/" in text, decided_under == "7.0.0") == (True, False)


def test_what_the_page_says_of_a_key_follows_its_life(client, alice, now):
    grant = make_grant(applicant=alice)
    seen = [access(client)]
    keys.issue_owed(at=MONDAY)
    seen.append(access(client))
    keys.open(grant.keys.get(), by=alice, at=MONDAY)
    seen.append(access(client))
    grants.suspend(grant, by=make_senior(), at=MONDAY, reason="Commands ran by themselves.")
    seen.append(access(client))
    grants.revoke(grant, by=make_senior("sue"), at=MONDAY, reason="It happened again.")
    seen.append(access(client))

    sentences = [
        "Your key is being made.",
        "Your key “First key” is ready: open it by 23 December, 12:00 (UTC).",
        "<dt>Opened</dt><dd><time",
        "Commands ran by themselves.",
        "Revoked on 23 November 2026, 12:00",
    ]
    assert [sentence in text for sentence, text in zip(sentences, seen, strict=True)] == [True] * 5
    assert ["Show the secret once" in text for text in seen] == [False, True, False, False, False]


def test_a_key_not_opened_in_time_is_called_so_before_the_sweep_and_after(client, alice, now):
    key = make_key(applicant=alice)
    now(key.open_by)
    before = access(client)
    keys.expire_due(at=key.open_by)
    after = access(client)

    assert ["not opened in time" in text for text in (before, after)] == [True, True]
    assert "Show the secret once" not in before + after


def test_a_grant_whose_time_is_over_is_called_ended_before_the_sweep_and_after(client, alice, now):
    key, _ = make_secret(applicant=alice)
    now(key.grant.expires_at)
    before = access(client)
    renewals.expire_due(at=key.grant.expires_at)
    after = access(client)

    assert ["Ended on 23 November 2027" in text for text in (before, after)] == [True, True]


def test_an_active_key_comes_with_a_call_to_paste(client, alice, settings):
    _, secret = make_secret(make_program("code-model"), applicant=alice)

    text = access(client)

    assert f"curl -i -X POST {settings.GATEWAY_URL}/v1/authorize" in text
    assert "X-Gatehouse-Model: code-model-1" in text
    assert "gh_live_…" in text
    assert secret not in text


def test_what_people_write_is_never_markup(client, alice):
    key, _ = make_secret(applicant=alice, title="<script>alert(1)</script>")
    grants.suspend(key.grant, by=make_senior(), at=MONDAY, reason="<img src=x onerror=alert(2)>")

    text = access(client)

    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_one_filled_button_at_most(client, alice):
    for _ in range(3):
        make_key(applicant=alice)

    pages = [client.get(reverse("access")), *grant_pages(client)]
    assert [page.content.decode().count("btn-fill") for page in pages] == [1, 1, 1, 1]


def test_the_page_asks_the_database_as_often_for_three_as_for_one(client, alice, django_assert_num_queries):
    for more in (1, 2):
        for _ in range(more):
            make_secret(applicant=alice)
        with django_assert_num_queries(
            11
        ):  # session, person, grants, models, keys, secrets, keys' limits, terms, changes, sanctions
            client.get(reverse("access"))


def test_the_page_of_a_grant_asks_as_often_for_three_keys_as_for_one(
    client, alice, django_assert_num_queries
):
    key, _ = make_secret(applicant=alice)
    page = reverse("grant", args=[key.grant.public_id])
    for more in (0, 2):
        for _ in range(more):
            keys.open(add_key(key.grant), by=alice, at=MONDAY)
        with django_assert_num_queries(16):  # the same, and tiers, three of usage, chosen notices
            client.get(page)


# --- the secret


def test_opening_shows_the_secret_and_makes_the_key_active(client, alice):
    key = make_key(applicant=alice)

    response = open_key(client, key)

    secret = response.context["secret"]
    assert secrets.is_well_formed(secret)
    assert response.content.decode().count(secret) == 1
    assert (response.status_code, state_of(key)) == (200, KeyState.ACTIVE)
    assert secrets.digest(secret, next(iter(_peppers()))) == key.secrets.get().digest


def _peppers():
    from django.conf import settings

    return settings.KEY_PEPPERS.values()


def test_the_response_with_the_secret_is_kept_by_nobody(client, alice):
    response = open_key(client, make_key(applicant=alice))

    assert "no-store" in response["Cache-Control"]
    assert response.context["secret"] not in str(response.headers) + str(response.cookies)


def test_the_secret_is_in_no_row_message_letter_or_log(client, alice, caplog):
    key = make_key(applicant=alice)
    with caplog.at_level(logging.DEBUG):
        secret = open_key(client, key).context["secret"]
    after = client.get(reverse("access"))

    assert secret not in caplog.text
    assert secret not in after.content.decode()
    assert secret not in repr([session.get_decoded() for session in Session.objects.all()])
    assert not [letter for letter in Letter.objects.all() if secret in letter.text + letter.html]
    assert _tables_with(secret) == []


def _tables_with(text):
    """Return the tables with a row that holds this text anywhere."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE strpos(t::text, %s) > 0', [text])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_the_search_for_secrets_finds_one_that_is_planted(alice):
    key = make_key(applicant=alice)

    assert _tables_with(key.key_id) == ["onboarding_key"]


def test_opening_again_shows_no_secret_and_changes_nothing(client, alice, now):
    key = make_key(applicant=alice)
    open_key(client, key)
    key.refresh_from_db()
    was = key.secrets.get().digest
    now(MONDAY + timedelta(hours=1))

    response = open_key(client, key)

    key.refresh_from_db()
    text = response.content.decode()
    assert (response.status_code, key.secrets.get().digest) == (409, was)
    assert "Opened on 23 November 2026, 12:00 (UTC); its secret cannot be shown again." in text
    assert "gh_live_" not in text.replace(key.hint, "")


def test_a_key_whose_time_is_over_cannot_be_opened(client, alice, now):
    key = make_key(applicant=alice)
    now(key.open_by)

    response = open_key(client, key)

    assert (response.status_code, state_of(key)) == (409, KeyState.ISSUED)
    assert "The key was not opened" in response.content.decode()


def test_a_key_of_a_suspended_grant_cannot_be_opened(client, alice):
    key = make_key(applicant=alice)
    grants.suspend(key.grant, by=make_senior(), at=MONDAY, reason="Under examination.")

    response = open_key(client, key)

    assert (response.status_code, state_of(key)) == (409, KeyState.ISSUED)


def test_looking_at_the_address_opens_nothing(client, alice):
    key = make_key(applicant=alice)

    answers = {client.get(reverse("key_open", args=[key.key_id])).status_code for _ in range(50)}

    assert (answers, state_of(key)) == ({405}, KeyState.ISSUED)


def test_opening_asks_for_signing_in_first(client):
    key = make_key()

    assert open_key(client, key).url.startswith(reverse("account_login"))
    assert state_of(key) == KeyState.ISSUED


@pytest.mark.parametrize("stranger", [make_user, make_reviewer, make_senior, make_manager])
def test_a_stranger_and_staff_who_have_no_part_in_it_are_told_nothing(client, stranger):
    key = make_key()
    client.force_login(stranger("charlie"))

    assert (open_key(client, key).status_code, state_of(key)) == (404, KeyState.ISSUED)


def test_a_key_that_does_not_exist_is_answered_as_a_foreign_one(client, alice):
    assert client.post(reverse("key_open", args=["k_0000000000000000"])).status_code == 404


def test_opening_from_another_site_is_refused(alice):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)
    key = make_key(applicant=alice)

    assert (open_key(careful, key).status_code, state_of(key)) == (403, KeyState.ISSUED)


@pytest.mark.parametrize(
    ("name", "act", "said"),
    [
        ("key_open", [], {}),
        ("key_rotate", [], {"overlap": "day", "seen": "1"}),
        ("key_rename", [], {"name": "Status board"}),
        ("key_act", ["revoke"], {}),
        ("key_ask", [], {"environment": "test", "name": ""}),
    ],
)
def test_who_is_removed_between_the_look_and_the_lock_is_told_nothing(
    client, alice, monkeypatch, name, act, said
):
    key, _ = make_secret(applicant=alice)
    monkeypatch.setattr("onboarding.domain.keys.locking.may_handle_keys", lambda user, grant: False)

    of = key.grant.public_id if name == "key_ask" else key.key_id
    assert client.post(reverse(name, args=[of, *act]), said).status_code == 404
