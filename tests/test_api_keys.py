"""Keys, use, questions and the copy of everything by the API: what the pages do, in the same words."""

import json
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.cache import cache

from onboarding import projection
from onboarding.domain import keys, secrets
from onboarding.models import Key, Secret
from onboarding.states import Overlap
from reviews.models import InformationRequest
from tests.factories import MONDAY, make_program, make_secret, make_user
from tests.onboarding import standings
from tests.test_api import by, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    cache.clear()


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def held(alice):
    """Return Alice's opened key and its secret."""
    return make_secret(applicant=alice)


def at(key, verb):
    return f"/api/v1/keys/{key.key_id}/{verb}"


def test_keys_are_told_without_their_secret(alice, held):
    key, secret = held
    client = by(alice)

    listed, single = client.get("/api/v1/keys"), client.get(f"/api/v1/keys/{key.key_id}")

    (told,) = listed.json()["items"]
    assert (told["key_id"], told["state"], told["secret_number"]) == (key.key_id, "active", 1)
    assert told["limits"]["per_minute"] > 0
    assert single.json() == told
    assert secret not in listed.content.decode()


def test_the_list_of_keys_asks_as_much_for_three_as_for_one(alice, django_assert_num_queries):
    client = by(alice)
    client.get("/api/v1/me")
    for _ in range(3):
        make_secret(applicant=alice)
        with django_assert_num_queries(5):  # the token, the keys, their secrets, both sorts of limits
            client.get("/api/v1/keys")


def test_a_new_secret_is_in_one_answer_that_no_cache_keeps(alice, held):
    key, old = held

    answer = post(by(alice), at(key, "rotate"), overlap="day", seen=1)

    said, stored = answer.json(), Secret.objects.get(number=2)
    assert stored.digest in [digest for _, digest in secrets.candidates(said["secret"])]
    assert (said["key"]["secret_number"], said["key"]["hint"]) == (2, stored.hint)
    assert said["key"]["old_secret"]["expires_at"] == (MONDAY + timedelta(days=1)).isoformat().replace(
        "+00:00", "Z"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert said["secret"] != old


def test_two_calls_that_saw_the_same_secret_mint_one(alice, held):
    key, _ = held
    client = by(alice)

    first, second = (post(client, at(key, "rotate"), overlap="none", seen=1) for _ in range(2))

    assert (first.status_code, second.status_code, key.secrets.count()) == (200, 409, 2)
    assert "secret" not in second.json()
    assert "it was shown then" in second.json()["detail"]


def test_an_overlap_is_ended_before_its_time_and_only_once(alice, held):
    key, _ = held
    keys.rotate(key, overlap=Overlap.WEEK, seen=1, by=alice, at=MONDAY)
    client = by(alice)

    ended, again = (post(client, at(key, "end-old")) for _ in range(2))

    assert (ended.json()["old_secret"], again.status_code) == (None, 409)


def test_a_key_is_suspended_resumed_renamed_and_revoked(alice, held):
    key, _ = held
    client = by(alice)

    states = [post(client, at(key, verb)).json()["state"] for verb in ("suspend", "resume")]
    named = post(client, at(key, "rename"), name="reader-app").json()["name"]
    states.append(post(client, at(key, "revoke")).json()["state"])
    refused = [
        post(client, at(key, verb), name="x", overlap="none", seen=1)
        for verb in ("resume", "rename", "rotate")
    ]

    assert (states, named) == (["suspended", "active", "revoked"], "reader-app")
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "not_now")] * 3
    assert refused[0].json()["detail"] == "This key is revoked; that cannot be done with it."


@pytest.mark.parametrize("name", ["", "x" * 61, "\u202egnp.exe", "a\0b"])
def test_a_name_that_cannot_be_is_refused_in_words(alice, held, name):
    key, _ = held

    answer = post(by(alice), at(key, "rename"), name=name)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_name")
    assert Key.objects.get().name == key.name


def test_a_key_is_held_to_less_and_let_go_again(alice, held):
    key, _ = held
    client = by(alice)

    set_ = post(client, at(key, "limit"), kind="requests", per="day", most=2)
    back = post(client, at(key, "limit"), kind="requests", per="day", most=None)

    assert set_.json()["own_limits"] == [{"kind": "requests", "per": "day", "most": 2}]
    assert (back.json()["own_limits"], back.json()["limits"]) == ([], set_.json()["limits"])


@pytest.mark.parametrize("most", [0, -1, 10**30, 10**9])
def test_a_limit_that_cannot_be_is_refused_in_words(alice, held, most):
    key, _ = held

    answer = post(by(alice), at(key, "limit"), kind="requests", per="minute", most=most)

    assert (answer.status_code, answer.json()["code"], key.limits.count()) == (422, "bad_limit", 0)


def test_another_key_is_asked_for_once_and_made_by_the_worker(alice, held):
    key, _ = held
    path = f"/api/v1/access/{key.grant.public_id}/keys"
    client = by(alice)

    asked, again = (post(client, path, environment="test", name=name) for name in ("one", "two"))
    keys.issue_owed(at=MONDAY)

    assert (asked.status_code, asked.json()["key_owed"], again.status_code) == (202, True, 409)
    assert Key.objects.filter(name="one", environment="test").exists()


def test_a_live_key_needs_production_access(alice):
    key, _ = make_secret(make_program(production_review=True), applicant=alice)

    answer = post(by(alice), f"/api/v1/access/{key.grant.public_id}/keys", environment="live")

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "Trial access has test keys only; live keys come with production access.",
    )


def test_access_is_listed_with_what_it_reaches(alice, held):
    key, _ = held

    (told,) = by(alice).get("/api/v1/access").json()["items"]

    assert (told["id"], told["state"], told["key_owed"]) == (str(key.grant.public_id), "active", False)


def test_what_was_used_and_what_is_left(alice, held):
    key, _ = held
    hour = int(MONDAY.timestamp()) // 3600
    counted = f"{projection.USAGE}{key.key_id}:{hour}"  # as the gateway's script keeps it
    projection.redis().hset(counted, mapping={"ok": 3, "rate_limited": 1})

    told = by(alice).get(f"/api/v1/access/{key.grant.public_id}/usage").json()

    nothing = {"refused": 0, "reasons": {}, "tokens_in": 0, "tokens_out": 0}
    today = {"on": MONDAY.date().isoformat(), "allowed": 3, "limited": 1} | nothing
    assert told["days"][-1] == today
    (left,) = told["limits"]
    assert (left["environment"], left["left_today"]) == (key.environment, left["per_day"])


def test_while_the_counters_are_away_nobody_is_told_zero(alice, held, settings):
    key, _ = held
    client = by(alice)
    projection.redis.cache_clear()
    settings.REDIS_URL = "unix:///nonexistent/valkey.sock"
    try:
        answer = client.get(f"/api/v1/access/{key.grant.public_id}/usage")
    finally:
        projection.redis.cache_clear()

    assert (answer.status_code, answer.json()["code"]) == (503, "counts_away")
    assert answer.headers["Retry-After"] == "60"


def test_a_question_is_read_and_answered_once(alice):
    application = standings.asked(alice)
    client, path = by(alice), f"/api/v1/applications/{application.number}"

    (asked,) = client.get(f"{path}/questions").json()["items"]
    empty = post(client, f"{path}/answer", answer=" ")
    sent, same = (post(client, f"{path}/answer", answer="Two editors read it.") for _ in range(2))
    other = post(client, f"{path}/answer", answer="Nobody.")

    assert (asked["question"], asked["is_open"], asked["answer"]) == ("Who reads it first?", True, "")
    assert (empty.status_code, empty.json()["code"]) == (422, "bad_answer")
    assert (sent.status_code, same.status_code, sent.json()["items"][0]["is_open"]) == (200, 200, False)
    assert (other.status_code, other.json()["code"]) == (409, "answered_before")
    assert InformationRequest.objects.get().answer == "Two editors read it."


def test_where_nothing_was_asked_there_is_nothing_to_answer(alice):
    application = standings.in_review(alice)

    answer = post(by(alice), f"/api/v1/applications/{application.number}/answer", answer="x")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_asked")


def test_the_copy_is_the_pages_copy_as_often_as_there(alice):
    client = by(alice)

    answers = [client.post("/api/v1/export") for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    copy = json.loads(ZipFile(BytesIO(b"".join(answers[0].streaming_content))).read("mine.json"))
    assert (copy["format"], copy["account"]["email"]) == ("gatehouse.mine", "alice@example.org")
    assert (answers[0].headers["Content-Type"], answers[0].headers["Cache-Control"]) == (
        "application/zip",
        "no-store",
    )
    assert answers[6].json()["code"] == "too_many_copies"
