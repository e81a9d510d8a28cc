"""One end user is kept out by every key of a grant, at every gateway; everybody else goes on."""

import time
from datetime import timedelta

import pytest

from audit import clock, ledger
from enforcement.domain import appeals, sanctions
from onboarding import projection
from onboarding.domain import keys
from onboarding.models import Grant
from outbox.models import Letter
from tests.enforcement.appealing import known
from tests.enforcement.conftest import Gateway, Opened, forget, gateways, open_key
from tests.enforcement.flagging import TUESDAY, make_sanction, make_taken_appeal
from tests.enforcement.parts import own_valkey
from tests.factories import add_key, make_secret, make_senior

WEDNESDAY = TUESDAY + timedelta(days=1)
UPHOLD = {"reason_code": "facts_wrong", "explanation": "The code was a lesson, not an attack."}


def keep_out(grant: Grant, end_user: str = "h4sh", **said):
    return make_sanction(grant, target="end_user", end_user=end_user, **said)


def code(gateway: Gateway, secret: str, end_user: str = "") -> str:
    return gateway.code(secret, json={"end_user": end_user} if end_user else {})


def seconds_until(gateway: Gateway, secret: str, end_user: str, wanted: str) -> float:
    started = time.monotonic()
    while code(gateway, secret, end_user) != wanted:
        assert time.monotonic() - started < 5, f"never {wanted}"
        time.sleep(0.01)
    return time.monotonic() - started


@pytest.fixture
def grant(db) -> Grant:
    return make_secret()[0].grant


def kept_out(grant: Grant) -> list[str]:
    return Grant.objects.get(pk=grant.pk).end_users_kept_out


def test_every_gateway_refuses_one_end_user_within_a_second_and_lets_the_others_pass(four, opened: Opened):
    for each in four:
        code(each, opened.secret, "h4sh")
    sanction = keep_out(opened.grant, at=clock.now(), by=known("sam", make_senior))
    refused = [seconds_until(each, opened.secret, "h4sh", "end_user_suspended") < 1 for each in four]
    others = {code(each, opened.secret, whom) for each in four for whom in ("", "other", "h4s", "h4sh5")}

    sanctions.lift(sanction, by=known("sam", make_senior), at=clock.now(), reason="Mended.")

    let_in = [seconds_until(each, opened.secret, "h4sh", "ok") < 1 for each in four]
    assert (refused, others, let_in) == ([True] * 4, {"ok"}, [True] * 4)


def test_the_answer_says_that_it_is_the_end_user_and_where_to_appeal(gateway, opened: Opened):
    keep_out(opened.grant, at=clock.now())
    seconds_until(gateway, opened.secret, "h4sh", "end_user_suspended")

    answer = gateway.ask(opened.secret, method="GET", headers={"X-Gatehouse-End-User": "h4sh"})

    said = answer.json()
    assert (answer.status_code, said["reason"], said["appeal_url"].endswith("/access/")) == (
        403,
        "end_user_suspended",
        True,
    )


def test_another_key_of_the_access_refuses_them_too_and_so_does_an_emptied_redis(
    gateway, opened: Opened, valkey
):
    holder, at = opened.grant.application.applicant, clock.now()
    second = keys.open(add_key(opened.grant, environment="test", name="Second", at=at), by=holder, at=at)
    keep_out(opened.grant, at=clock.now())
    refused = [
        seconds_until(gateway, each, "h4sh", "end_user_suspended") < 1 for each in (opened.secret, second)
    ]

    forget(valkey)

    assert (refused, code(gateway, opened.secret, "h4sh")) == ([True, True], "end_user_suspended")


@pytest.mark.fault
def test_without_redis_they_stay_out_and_whoever_comes_then_is_kept_out_too(transactional_db, tmp_path):
    opened = open_key()
    keep_out(opened.grant, at=clock.now())
    with own_valkey(tmp_path) as redis, gateways(1, REDIS_URL=redis.url) as (gateway,):
        redis.kill()
        before = [code(gateway, opened.secret, whom) for whom in ("h4sh", "other")]
        keep_out(opened.grant, "other", at=clock.now())
        took = seconds_until(gateway, opened.secret, "other", "end_user_suspended")

    assert (before, took < 1) == (["end_user_suspended", "ok"], True)


@pytest.mark.django_db
def test_who_is_kept_out_stands_in_the_projection_and_in_the_ledger_only_their_number(grant):
    for end_user in ("z", "A", "z"):
        keep_out(grant, end_user)

    [key] = grant.keys.all()
    said = [
        entry.details for entry in ledger.of(grant).filter(event="grant.end_users_kept_out").order_by("pk")
    ]
    assert (projection.state_of([key.pk])[key.pk].kept_out, said) == (
        ("A", "z"),
        [{"count": 1}, {"count": 2}],
    )


@pytest.mark.django_db
def test_it_is_lifted_over_and_reversed_like_any_other_and_takes_no_time_from_the_access(grant):
    sam, ends_at = known("sam", make_senior), Grant.objects.get(pk=grant.pk).expires_at
    lifted, reversed_ = keep_out(grant, "a", by=sam), keep_out(grant, "b")
    keep_out(grant, "c", ends_at=WEDNESDAY)
    before = kept_out(grant)
    appeal, tess = make_taken_appeal(reversed_)

    sanctions.lift(lifted, by=sam, at=WEDNESDAY, reason="Mended.")
    appeals.uphold(appeal, by=tess, at=WEDNESDAY, **UPHOLD)
    sanctions.settle_owed(at=WEDNESDAY)

    again = Grant.objects.get(pk=grant.pk)
    assert (before, again.end_users_kept_out, again.expires_at) == (["a", "b", "c"], [], ends_at)


@pytest.mark.django_db
def test_of_two_for_the_same_end_user_one_lifted_leaves_the_other(grant):
    sam = known("sam", make_senior)
    first, _ = keep_out(grant, by=sam), keep_out(grant, by=sam)

    sanctions.lift(first, by=sam, at=WEDNESDAY, reason="One was enough.")

    assert kept_out(grant) == ["h4sh"]


@pytest.mark.django_db
def test_the_letter_names_the_end_user_and_says_that_the_others_go_on(grant):
    keep_out(grant)

    text = " ".join(Letter.objects.get(kind="enforcement/sanction_imposed").text.split())
    said = ["It is about your end user h4sh.", "your keys go on for all others"]
    assert [words for words in said if words not in text] == []


@pytest.mark.django_db
def test_more_than_two_hundred_of_one_access_are_not_kept_out_one_by_one(grant):
    Grant.objects.filter(pk=grant.pk).update(end_users_kept_out=[f"{n:03}" for n in range(200)])
    grant.refresh_from_db()

    with pytest.raises(sanctions.Incomplete) as refused:
        keep_out(grant)

    assert set(refused.value.problems) == {"end_user"}
