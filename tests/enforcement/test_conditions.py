"""Conditions of an approval are held by the real gateway: models, requests, a day; the rest is said to the caller."""

from datetime import timedelta

import pytest

from audit import clock
from onboarding import projection
from onboarding.domain import bounds, invitations, keys, waitlist
from onboarding.models import Grant, Tier
from reviews.domain import cases, claims, decisions, telling
from reviews.models import Case
from tests.enforcement.conftest import gateways
from tests.enforcement.parts import own_valkey
from tests.factories import (
    accept_guidelines,
    make_application,
    make_program,
    make_rate,
    make_reviewer,
    make_user,
)

MODELS = {"gate-1": "The first", "gate-2": "The second"}
DAY = timedelta(days=1)


def approved(*conditions):
    """Return an opened key's secret of somebody who was approved under these conditions, by every step there is."""
    at, alice, bob = clock.now(), make_user("alice"), make_reviewer()
    program = make_program("gate")
    program.models.create(code="gate-2", name="The second")
    accept_guidelines(alice, at=at)
    application = make_application(program, applicant=alice, lane="notify", at=at)
    cases.open_owed(at=at)
    case = Case.objects.get(application=application)
    claims.claim(case, by=bob, at=at)
    decisions.decide(
        case, by=bob, at=at, outcome="approved_with_conditions", reason_code="C3_human_review",
        categories=["health"], conditions=[{"category": "health", "text": "", **each} for each in conditions],
    )  # fmt: skip
    telling.tell_owed(at=at)
    make_rate(program, 10, from_at=at - DAY)
    waitlist.admit(program, by="test", at=at)
    invitations.tell_owed(at=at)
    application.refresh_from_db()
    grant = invitations.accept(application.entry.seats.get().invitation, by=alice, at=at)
    keys.issue_owed(at=at)
    secret = keys.open(grant.keys.get(), by=alice, at=at)
    projection.write_owed()
    return secret


@pytest.mark.django_db(transaction=True)
def test_a_cap_on_answers_and_on_end_users_is_held_with_redis_and_without(tmp_path, transactional_db):
    secret = approved({"kind": "limit", "per_end_user": 2, "most_output_tokens": 500})
    asked = [
        {"output_tokens": 501}, {"tokens": 501}, {"tokens": 9_000, "output_tokens": 500},
        {"end_user": "a"}, {"end_user": "a"}, {"end_user": "a"}, {"end_user": "b"},
    ]  # fmt: skip
    with own_valkey(tmp_path) as redis, gateways(1, REDIS_URL=redis.url) as (gateway,):
        first = gateway.ask(secret)
        said = [gateway.code(secret, json=each) for each in asked]
        why = gateway.ask(secret, json=asked[0]).json()["reason"]
        redis.kill()
        without = [gateway.code(secret, json=each) for each in asked]

    assert (first.json()["most_output_tokens"], why) == (500, "output_tokens_not_approved")
    assert first.headers["X-Gatehouse-Most-Output-Tokens"] == "500"
    assert said == without == ["outside_scope"] * 2 + ["ok"] * 3 + ["rate_limited", "ok"]


@pytest.mark.django_db(transaction=True)
def test_conditions_reach_the_gateway(gateway):
    secret = approved(
        {"kind": "scope", "models": ["gate-1"]},
        {"kind": "limit", "per_minute": 3, "per_day": 2},
        {"kind": "human_review"},
        {"kind": "disclosure"},
    )

    other = gateway.ask(secret, json={"model": "gate-2"})
    first, second, third = (gateway.ask(secret, json={"model": "gate-1"}) for _ in range(3))

    assert (other.status_code, other.json()["code"], other.json()["reason"]) == (
        403, "outside_scope", "model_not_approved",
    )  # fmt: skip
    assert first.headers["RateLimit-Policy"] == '"minute";q=3;w=60, "day";q=2;w=86400'
    assert first.json()["conditions"] == ["disclosure", "human_review"]
    assert first.headers["X-Gatehouse-Conditions"] == "disclosure, human_review"
    assert [first.status_code, second.status_code, third.json()["limit"]] == [200, 200, "requests_per_day"]


@pytest.mark.django_db
def test_access_ends_by_the_day_it_is_looked_at_again():
    day = (clock.now() + 60 * DAY).date()

    approved({"kind": "review_date", "on": day.isoformat()})

    grant = Grant.objects.get()
    assert grant.expires_at.date() == day + DAY
    assert Tier.objects.filter(pk=grant.tier_id).exists()


# --- The rules, without a gateway


def scope(*codes):
    return {"category": "", "text": "x", "kind": "scope", "models": list(codes)}


def limit(**figures):
    return {"category": "", "text": "x", "kind": "limit"} | figures


REVIEW = {"category": "", "text": "x", "kind": "review_date", "on": "2027-03-01"}
FREE = {"category": "health", "text": "Be careful."}


def test_models_are_those_every_condition_leaves():
    assert bounds.models([scope("a", "b"), scope("b", "c"), FREE], of=["a", "b", "c"]) == ["b"]
    assert bounds.models([FREE], of=["a"]) == ["a"]


def test_the_least_figure_counts():
    conditions = [limit(per_minute=5), limit(per_minute=3, per_day=9), FREE]

    assert [bounds.most(conditions, name) for name in ("per_minute", "per_day", "x")] == [3, 9, None]


def test_a_newer_limit_takes_the_place_of_an_older_one_and_a_review_was_held():
    assert bounds.merged([limit(per_day=5), REVIEW, FREE], [limit(per_day=50), FREE]) == [
        FREE, limit(per_day=50),
    ]  # fmt: skip
