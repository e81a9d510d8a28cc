"""Every row of the gateway's contract, over HTTP."""

import socket
from datetime import timedelta

import httpx
import pytest
from django.conf import settings
from django.db import transaction

from audit import clock
from audit.events import Event
from onboarding.domain import grants, keys, renewals, secrets
from onboarding.models import Grant, Key
from onboarding.states import Environment
from tests.enforcement.conftest import MODEL, gateways, open_key
from tests.factories import accept_guidelines, make_grant, make_senior

pytestmark = pytest.mark.django_db(transaction=True)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code; the body must be a whole problem."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail"} <= set(body)
    assert (body["status"], bool(body["title"]), bool(body["detail"])) == (answer.status_code, True, True)
    return answer.status_code, body["code"]


def test_a_good_key_passes_and_is_named(gateway, opened):
    answer = gateway.ask(opened.secret, json={"model": MODEL})

    names = {
        "grant": str(opened.grant.public_id),
        "key": opened.key.key_id,
        "owner": str(opened.grant.owner.public_id),
        "program": "gate",
        "request": answer.headers["X-Gatehouse-Request"],
    }
    assert (answer.status_code, answer.json()) == (200, {"status": 200, "code": "ok"} | names)
    assert {name: answer.headers[f"X-Gatehouse-{name}"] for name in names} == names


def test_the_first_answer_shows_both_limits_and_what_is_left(gateway, opened):
    answer = gateway.ask(opened.secret)

    assert answer.headers["RateLimit-Policy"] == '"minute";q=60;w=60, "day";q=1000;w=86400'
    assert answer.headers["RateLimit"].startswith('"minute";r=59;t=1, "day";r=999;t=')


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_get_works_as_post_and_headers_as_the_body(gateway, opened, method):
    answers = [
        gateway.ask(opened.secret, method=method, headers={"X-Gatehouse-Model": MODEL}),
        gateway.ask(opened.secret, method=method, headers={"X-Gatehouse-Model": "other"}),
        gateway.ask(opened.secret, method=method, json={"model": "other"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 403]


def test_without_a_key_nobody_passes(gateway):
    others = [gateway.ask(None, headers={"Authorization": text}) for text in ("Bearer", "Basic eDp5")]
    answers = [gateway.ask(None), *others]

    assert [problem(answer) for answer in answers] == [(401, "missing_key")] * 3
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer realm="gatehouse"'


def test_a_mistyped_key_is_told_from_its_checksum_alone(gateway):
    secret = secrets.mint("live")
    typo = secret[:12] + ("a" if secret[12] != "a" else "b") + secret[13:]
    answers = [gateway.ask(each) for each in (typo, "nonsense", f"{secret}, {secret}", secret.upper())]

    assert [problem(answer) for answer in answers] == [(401, "malformed_key")] * 4
    assert 'error="invalid_token"' in answers[0].headers["WWW-Authenticate"]


def test_a_key_nobody_has_is_unknown_and_postgresql_is_asked_once(gateway, valkey):
    secret = secrets.mint("live")
    answers = [gateway.ask(secret) for _ in range(3)]

    assert [problem(answer) for answer in answers] == [(401, "unknown_key")] * 3
    ((_, digest),) = secrets.candidates(secret)
    assert valkey.hget(f"gh:p:{digest}", "state") == "unknown"
    assert 0 < valkey.ttl(f"gh:p:{digest}") <= 30


def test_an_issued_key_that_was_never_opened_lets_nobody_in(gateway):
    make_grant(at=clock.now())

    assert gateway.code(secrets.mint("live")) == "unknown_key"


def test_a_key_whose_time_is_over_is_expired_although_no_sweep_ran(gateway, opened):
    Key.objects.filter(pk=opened.key.pk).update(expires_at=clock.now() - timedelta(seconds=1))

    assert problem(gateway.ask(opened.secret)) == (401, "expired_key")


def test_a_grant_whose_time_is_over_is_expired(gateway, opened):
    Grant.objects.filter(pk=opened.grant.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    renewals.expire_due(at=clock.now())

    assert problem(gateway.ask(opened.secret)) == (401, "expired_key")


def test_a_revoked_key_is_refused_with_no_more_than_that(gateway, opened):
    grants.revoke(opened.grant, by=make_senior(), at=clock.now(), reason="Sold on a forum")
    answer = gateway.ask(opened.secret)

    assert problem(answer) == (401, "revoked_key")
    assert "forum" not in answer.text


def test_a_suspended_access_names_where_to_object(gateway, opened):
    grants.suspend(opened.grant, by=make_senior(), at=clock.now(), reason="Bursts at night")
    answer = gateway.ask(opened.secret)

    assert problem(answer) == (403, "suspended")
    assert answer.json()["appeal_url"] == f"{settings.BASE_URL}/access/"
    assert (answer.json()["reason"], "Bursts" in answer.text) == ("access_suspended", False)


@pytest.mark.parametrize("model", ["other", "gate", "gate-11", "ate-1"])
def test_a_model_that_was_not_approved_is_outside_the_scope(gateway, opened, model):
    answer = gateway.ask(opened.secret, json={"model": model})

    assert problem(answer) == (403, "outside_scope")
    assert answer.json()["reason"] == "model_not_approved"
    assert answer.json()["appeal_url"].endswith(f"/applications/{opened.grant.application.number}/")


def test_the_scope_is_the_keys_environment(gateway, opened):
    said = [gateway.code(opened.secret, json={"scope": scope}) for scope in ("live", "test", "chat")]

    assert said == ["ok", "outside_scope", "outside_scope"]


def test_an_owner_who_never_accepted_is_told_so_until_they_do(gateway, valkey):
    opened = open_key(accepted=False)
    answer = gateway.ask(opened.secret)
    life = valkey.ttl(f"gh:p:{opened.digest}")
    accept_guidelines(opened.grant.application.applicant)
    valkey.delete(f"gh:p:{opened.digest}")  # which Redis does by itself within those seconds

    assert problem(answer) == (403, "terms_not_accepted")
    assert (0 < life <= 30, gateway.code(opened.secret)) == (True, "ok")


def test_the_minute_names_itself_and_says_when_to_come_back(gateway):
    opened = open_key(per_minute=2)
    answers = [gateway.ask(opened.secret) for _ in range(3)]
    last = answers[-1]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (problem(last), last.json()["limit"]) == ((429, "rate_limited"), "requests_per_minute")
    assert 28 <= int(last.headers["Retry-After"]) <= 30
    assert last.headers["RateLimit"].startswith(f'"minute";r=0;t={last.headers["Retry-After"]},')


def test_the_day_names_itself_and_ends_at_midnight_utc(gateway):
    opened = open_key(per_day=2)
    answers = [gateway.ask(opened.secret) for _ in range(3)]
    now = clock.now()

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["limit"] == "requests_per_day"
    rest = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
    assert abs(int(answers[-1].headers["Retry-After"]) - rest) <= 2


def test_a_refused_request_costs_nothing(gateway, opened):
    for _ in range(5):
        gateway.ask(opened.secret, json={"model": "other"})

    assert gateway.ask(opened.secret).headers["RateLimit"].startswith('"minute";r=59')


def test_the_usage_of_an_hour_is_counted_by_answer_and_forgotten_after_eight_days(gateway, opened, valkey):
    for model in (MODEL, MODEL, "other"):
        gateway.ask(opened.secret, json={"model": model})
    (name,) = valkey.keys("gh:u:k_*")

    assert name.startswith(f"gh:u:{opened.key.key_id}:")
    assert valkey.hgetall(name) == {"ok": "2", "outside_scope": "1"}
    assert 8 * 86400 - 60 < valkey.ttl(name) <= 8 * 86400


BAD = {
    "no JSON": {"content": b"{"},
    "no object": {"content": b"[1]"},
    "not UTF-8": {"content": b'{"model": "\xff"}'},
    "endless nesting": {"content": b"[" * 60_000},
    "model is a number": {"json": {"model": 3}},
    "model of 201 characters": {"json": {"model": "m" * 201}},
    "model with a line break": {"json": {"model": "gate-1\ngate-2"}},
    "half a character": {"content": b'{"model": "\\ud800"}'},
    "tokens below nothing": {"json": {"tokens": -1}},
    "tokens as text": {"headers": {"X-Gatehouse-Tokens": "many"}},
    "tokens without end": {"content": b'{"tokens": ' + b"9" * 5000 + b"}"},
    "true tokens": {"json": {"tokens": True}},
    "header and body differ": {"json": {"model": "other"}, "headers": {"X-Gatehouse-Model": MODEL}},
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_understood_gets_a_sentence_and_costs_nothing(gateway, opened, name):
    answer = gateway.ask(opened.secret, **BAD[name])

    assert problem(answer) == (400, "unreadable")
    assert gateway.ask(opened.secret).headers["RateLimit"].startswith('"minute";r=59')


def test_everything_optional_may_be_said_at_once(gateway, opened):
    body = {"model": MODEL, "scope": "live", "tokens": 1200, "end_user": "5e8f", "more": [1]}

    assert gateway.code(opened.secret, json=body) == "ok"


@pytest.mark.parametrize("body", [b"x" * 65_537, iter([b"x" * 40_000] * 2)], ids=["announced", "in chunks"])
def test_a_long_body_is_refused_without_being_kept(gateway, opened, body):
    assert problem(gateway.ask(opened.secret, content=body)) == (413, "too_large")


def test_other_addresses_and_methods_are_refused(gateway):
    answers = [httpx.get(f"{gateway.url}/v1/other"), httpx.delete(f"{gateway.url}/v1/authorize")]

    assert [problem(answer) for answer in answers] == [(404, "not_found"), (405, "method_not_allowed")]
    assert answers[1].headers["Allow"] == "GET, POST"


def test_two_keys_in_one_request_are_refused(gateway, opened):
    with socket.create_connection(("127.0.0.1", gateway.port)) as line:
        header = f"Authorization: Bearer {opened.secret}\r\n".encode()
        line.sendall(b"GET /v1/authorize HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header * 2 + b"\r\n")
        assert line.makefile("rb").readline().split()[1] == b"401"


def test_health_and_figures(gateway, opened):
    gateway.ask(opened.secret)
    health = [httpx.get(f"{gateway.url}/{name}").json() for name in ("livez", "readyz")]

    assert health == [{"ok": True}, {"ok": True, "down": []}]
    assert 'gatehouse_gateway_requests_total{code="ok",path="miss"}' in gateway.figures()
    assert "gatehouse_gateway_script_seconds_bucket" in gateway.figures()


def test_a_key_of_an_older_pepper_still_works(valkey, settings):
    opened = open_key()
    label, pepper = next(iter(settings.KEY_PEPPERS.items()))
    with gateways(1, KEY_PEPPERS=f"p9:{'ab' * 32}\n{label}:{pepper.hex()}") as (gateway,):
        said = [gateway.code(each) for each in (opened.secret, opened.secret, secrets.mint("live"))]

    assert said == ["ok", "ok", "unknown_key"]


def test_all_keys_of_an_owner_share_one_allowance(gateway):
    first = open_key(per_minute=3)
    gateway.ask(first.secret)
    with transaction.atomic():
        keys.end_all(first.grant, event=Event.KEY_REVOKED, by="test", at=clock.now())
    with transaction.atomic():
        grant = Grant.objects.select_for_update().get(pk=first.grant.pk)
        keys.owe(grant, environment=Environment.LIVE, name="Second", by="test", at=clock.now())
    keys.issue_owed(at=clock.now())
    renewed = keys.open(first.grant.keys.get(request=2), by=first.grant.application.applicant, at=clock.now())

    assert [gateway.code(renewed) for _ in range(3)] == ["ok", "ok", "rate_limited"]


def test_test_and_live_keys_have_an_allowance_each(gateway):
    live = open_key(per_minute=1)
    with transaction.atomic():
        grant = Grant.objects.select_for_update().get(pk=live.grant.pk)
        keys.owe(grant, environment=Environment.TEST, name="Trying", by="test", at=clock.now())
    keys.issue_owed(at=clock.now())
    test = keys.open(live.grant.keys.get(request=2), by=live.grant.application.applicant, at=clock.now())

    codes = [gateway.code(each) for each in (live.secret, test, live.secret, test)]

    assert codes == ["ok", "ok", "rate_limited", "rate_limited"]


def test_no_secret_is_in_what_the_gateway_prints(opened):
    with gateways(1) as (gateway,):
        gateway.ask(opened.secret)
        gateway.ask(opened.secret, content=b"{")
        gateway.ask(opened.secret, method="DELETE")
        log = gateway.stop()

    assert (opened.secret in log, opened.secret[-36:] in log) == (False, False)
