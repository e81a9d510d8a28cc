"""Reports of what calls took: counted once, reservations corrected, never more let pass than the formula allows."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import clock
from enforcement.domain import hours, integrators
from enforcement.gateway import limits
from enforcement.gateway.asked import Unreadable, report_of, request_name
from enforcement.gateway.counting import REPORT
from enforcement.gateway.limits import MINUTE
from onboarding import projection
from onboarding.domain.limits import Sort, set_limit
from tests.enforcement.conftest import gateways, open_key
from tests.enforcement.counted import held
from tests.enforcement.parts import own_valkey
from tests.enforcement.test_limits import put, quickly
from tests.enforcement.test_limits_of_every_sort import KEY, known
from tests.factories import make_manager
from tests.processes import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dora(transactional_db):
    return make_manager("dana")  # an opened key has brought a Dora with it


@pytest.fixture
def token(dora):
    return integrators.make(name="Proxy", by=dora, at=clock.now())[1]


def report(gateway, token, **said) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} | said.pop("headers", {})
    return httpx.post(f"{gateway.url}/v1/usage", headers=headers, json=said, timeout=20)


def lay(opened, level, per, most, *, by):
    environment = "" if level == "program" else "live"
    set_limit(opened.grant.program, Sort(level, "tokens", per, environment), most=most, by=by, at=clock.now())


def known_everywhere(gateway, token):
    until(lambda: report(gateway, token).status_code == 400, "the token to be known")


def left(answer: httpx.Response, policy: str) -> int:
    (found,) = [part for part in answer.headers["RateLimit"].split(", ") if part.startswith(f'"{policy}"')]
    return int(found.split(";")[1][2:])


def hour(valkey) -> dict[str, str]:
    (name,) = valkey.keys("gh:u:k_*")
    return valkey.hgetall(name)


def test_a_report_corrects_what_was_reserved_and_counts_the_tokens(gateway, opened, dora, token, valkey):
    for level in ("owner", "key", "program"):
        lay(opened, level, "day", 1000, by=dora)
    known_everywhere(gateway, token)
    call = gateway.ask(opened.secret, json={"tokens": 600})
    said = report(
        gateway, token, key=opened.key.key_id, request=call.json()["request"], input_tokens=100,
        output_tokens=150, status="ok",
    )  # fmt: skip
    after = gateway.ask(opened.secret)

    names = ("tokens_per_day", "key_tokens_per_day", "program_tokens_per_day")
    assert [left(call, name) for name in names] == [400] * 3
    assert said.json() == {"status": 200, "code": "ok", "repeated": False}
    assert [left(after, name) for name in names] == [750] * 3
    assert hour(valkey) == {
        "ok": "2", "reported": "1", "tokens_in": "100", "tokens_out": "150", "upstream_ok": "1",
    }  # fmt: skip


def test_the_same_report_a_hundred_times_at_once_counts_once(four, opened, dora, token, valkey):
    lay(opened, "owner", "day", 1000, by=dora)
    for each in four:
        known_everywhere(each, token)
    request = four[0].ask(opened.secret, json={"tokens": 10}).json()["request"]
    body = {"key": opened.key.key_id, "request": request, "input_tokens": 20, "output_tokens": 30}
    with ThreadPoolExecutor(16) as pool:
        said = [
            answer.json()["repeated"]
            for answer in pool.map(lambda n: report(four[n % 4], token, **body), range(100))
        ]

    assert (said.count(False), hour(valkey)["tokens_in"], hour(valkey)["reported"]) == (1, "20", "1")
    assert left(four[0].ask(opened.secret), "tokens_per_day") == 950


def test_without_a_request_an_idempotency_key_makes_it_one(gateway, opened, dora, token, valkey):
    lay(opened, "owner", "day", 1000, by=dora)
    known_everywhere(gateway, token)
    gateway.ask(opened.secret)
    body = {"key": opened.key.key_id, "input_tokens": 7, "status": "error"}
    said = [report(gateway, token, headers={"Idempotency-Key": "a"}, **body).json()["repeated"] for _ in "ab"]

    assert (said, hour(valkey)["tokens_in"], hour(valkey)["upstream_error"]) == ([False, True], "7", "1")
    assert left(gateway.ask(opened.secret), "tokens_per_day") == 993


def test_a_call_that_took_more_holds_back_the_next_ones(gateway, opened, dora, token):
    lay(opened, "owner", "minute", 100, by=dora)
    known_everywhere(gateway, token)
    request = gateway.ask(opened.secret, json={"tokens": 10}).json()["request"]
    report(gateway, token, key=opened.key.key_id, request=request, output_tokens=5000)
    refused = gateway.ask(opened.secret, json={"tokens": 50})

    assert (refused.json()["code"], 28 <= int(refused.headers["Retry-After"]) <= 30) == ("rate_limited", True)


def test_what_redis_does_not_know_is_read_from_postgresql(gateway, opened, token, valkey):
    known_everywhere(gateway, token)
    said = report(gateway, token, key=opened.key.key_id, request=request_name(1, 0), input_tokens=1)
    unknown = report(gateway, token, key="k_0000000000000000", request=request_name(1, 0))

    assert said.status_code == 409  # a request of 1970
    assert (unknown.status_code, valkey.keys("gh:u:k_*")) == (409, [])
    now = int(time.time() * 1_000_000)
    said = report(gateway, token, key=opened.key.key_id, request=request_name(now, 0), input_tokens=1)
    unknown = report(gateway, token, key="k_0000000000000000", request=request_name(now, 0))
    assert (said.status_code, unknown.json()["code"]) == (200, "no_such_key")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"key": "k_1", "request": "0-0-000000000000"}',
        b'{"key": "k_0123456789abcdef"}', b'{"key": "k_0123456789abcdef", "request": "mine"}',
        b'{"key": "k_0123456789abcdef", "idempotency_key": "a", "input_tokens": -1}',
        b'{"key": "k_0123456789abcdef", "idempotency_key": "a", "status": "well"}',
        b'{"key": "k_0123456789abcdef", "idempotency_key": "a", "output_tokens": true}',
    ],
)  # fmt: skip
def test_what_cannot_be_understood_gets_a_sentence(body):
    with pytest.raises(Unreadable, match=r"\.$"):
        report_of({}, body)


amounts = st.integers(min_value=1, max_value=5_000)


@given(amounts, amounts, amounts, st.integers(min_value=0, max_value=5_000),
       st.integers(min_value=0, max_value=90_000_000))  # fmt: skip
@quickly
def test_the_script_corrects_as_the_formula_says(valkey, most, before, reserved, took, passed):
    for name in valkey.keys("gh:[li]:*"):
        valkey.delete(name)
    put(valkey, known([f"otm {most}", "otd 1000000"]))
    seconds, microseconds = valkey.time()
    now = seconds * 1_000_000 + microseconds
    debt = min(before, most) * MINUTE
    valkey.hset("gh:l:o:o:p:live", mapping={"tm": debt, "tm@": now, "td": reserved, "td@": seconds // 86_400})
    said = [KEY, projection.BY_KEY_ID, projection.NAME, projection.COUNTED, projection.USAGE]
    said += ["gh:i:x", 60, took, 0, reserved, now - passed, ""]

    replies = [valkey.eval(REPORT.text, 0, *said)[0] for _ in range(2)]

    held = {name: int(value) for name, value in valkey.hgetall("gh:l:o:o:p:live").items()}
    at = held["tm@"]
    left = limits.drained(debt, passed=at - now, limit=most)
    if took > reserved:
        left = min(left + (took - reserved) * MINUTE, most * MINUTE)
    else:
        left = limits.refunded(left, limit=most, less=reserved - took, passed=at - (now - passed))
    day_of_call = (now - passed) // 1_000_000 // 86_400
    assert (replies, held["tm"]) == (["ok", "repeated"], left)
    assert held["td"] == (took if day_of_call == seconds // 86_400 else reserved)


@pytest.mark.fault
def test_without_redis_a_report_is_refused_and_counts_when_sent_again(token, dora, tmp_path):
    opened = open_key()
    with own_valkey(tmp_path) as redis, gateways(1, REDIS_URL=redis.url) as (gateway,):
        redis.kill()
        call = gateway.ask(opened.secret, json={"tokens": 5})
        body = {"key": opened.key.key_id, "request": call.json()["request"], "input_tokens": 5}
        refused = report(gateway, token, **body)
        redis.start()
        until(lambda: report(gateway, token, **body).status_code == 200, "Redis to be back")
        (name,) = redis.client.keys("gh:u:k_*")
        counted = redis.client.hget(name, "tokens_in")

    assert (refused.status_code, refused.headers["Retry-After"], counted) == (503, "1", "5")


def test_a_report_sent_twice_is_in_postgresql_once(gateway, opened, token):
    """By an integrator that had no answer, beside itself: what it counted is what was copied."""
    known_everywhere(gateway, token)
    call = gateway.ask(opened.secret)
    said = {
        "key": opened.key.key_id,
        "request": call.json()["request"],
        "input_tokens": 11,
        "output_tokens": 7,
    }
    with ThreadPoolExecutor(4) as beside:
        answers = list(beside.map(lambda _: report(gateway, token, **said).json()["repeated"], range(8)))

    hours.copy_owed(at=clock.now())

    assert sorted(answers) == [False] + [True] * 7
    assert held(opened.key) == {"ok": 1, "reported": 1, "tokens_in": 11, "tokens_out": 7}
