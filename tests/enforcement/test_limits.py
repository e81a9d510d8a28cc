"""The limits' formulas: Lua in Redis against plain arithmetic, and the arithmetic against its own promises."""

import time
from pathlib import Path

from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from enforcement.gateway import limits
from enforcement.gateway.counting import SCRIPT
from enforcement.gateway.limits import MINUTE, Held, Limit, Standing
from enforcement.gateway.verdicts import Verdict
from onboarding import projection
from onboarding.projection import Projection

FAR = 4_000_000_000  # seconds since 1970
DIGEST = "d" * 64
limit = st.integers(min_value=1, max_value=100_000)
moments = st.lists(st.integers(min_value=0, max_value=20_000_000), min_size=1, max_size=200)
quickly = fuzz(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def known(per_minute: int, per_day: int, **more) -> Projection:
    limits_ = (f"orm {per_minute}", f"ord {per_day}", *more.pop("also", ()))
    given_ = {
        "version": 1,
        "digest": DIGEST,
        "state": "active",
        "key": "k_1",
        "owner": "o",
        "program": "p",
        "limits": limits_,
    }
    return Projection(**given_ | {"expires": FAR, "accepted": True} | more)


def put(client, *projections: Projection) -> None:
    keys, argv = projection.arguments(projections)
    client.eval(projection.WRITE, len(keys), *keys, *argv)


def ask(client, *, model: str = "", scope: str = "", version: int = 0, tokens: int = 0, **more) -> Verdict:
    said = [model, scope, tokens, more.get("output", tokens), more.get("end_user", ""), "", version]
    return Verdict.of_reply(client.eval(SCRIPT, 1, projection.name_of(DIGEST), *said), tokens)


def admitted(limit_: int, pauses: list[int]) -> list[int]:
    """Return the times at which requests pass that come `pauses` microseconds after one another."""
    debt, last, now, passed = 0, 0, 0, []
    for pause in pauses:
        now += pause
        debt = limits.drained(debt, passed=now - last, limit=limit_)
        last = now
        if limits.fits(debt, limit=limit_):
            debt += MINUTE
            passed.append(now)
    return passed


@given(limit, st.integers(min_value=0, max_value=10**13), st.integers(min_value=-(10**8), max_value=10**8))
@quickly
def test_the_script_counts_as_the_formula_says(valkey, per_minute, debt, passed):
    put(valkey, known(per_minute, 10**9))
    seconds, microseconds = valkey.time()
    at = seconds * 1_000_000 + microseconds - passed
    valkey.delete("gh:l:o:o:p:")
    valkey.hset("gh:l:o:o:p:", mapping={"rm": debt, "rm@": at})

    verdict = ask(valkey)

    left = limits.drained(debt, passed=verdict.standing.now - at, limit=per_minute)
    fits = limits.fits(left, limit=per_minute)
    assert (verdict.code, verdict.standing.held[0].used) == (
        ("ok", left + MINUTE) if fits else ("rate_limited", left)
    )


@given(limit)
@quickly
def test_a_burst_of_exactly_the_limit_passes(per_minute):
    per_minute = min(per_minute, 500)

    assert len(admitted(per_minute, [0] * (per_minute + 5))) == per_minute


@given(st.integers(min_value=1, max_value=300), moments)
@quickly
def test_in_any_stretch_no_more_pass_than_burst_and_refill(per_minute, pauses):
    passed = admitted(per_minute, pauses)

    for index, start in enumerate(passed):
        for later, end in enumerate(passed[index:], start=1):
            assert later <= per_minute + (end - start) * per_minute / MINUTE


@given(limit, st.integers(min_value=0, max_value=10**13))
@quickly
def test_after_the_wait_one_more_passes_and_not_a_microsecond_before(per_minute, debt):
    debt = limits.drained(debt, passed=0, limit=per_minute)
    wait = limits.wait(debt, limit=per_minute)

    assert limits.fits(limits.drained(debt, passed=wait, limit=per_minute), limit=per_minute)
    assert wait == 0 or not limits.fits(
        limits.drained(debt, passed=wait - 1, limit=per_minute), limit=per_minute
    )


@given(st.integers(min_value=6000, max_value=60_000), st.lists(st.booleans(), min_size=5, max_size=30))
@fuzz(quickly, max_examples=15)
def test_a_run_of_requests_in_real_time_follows_the_formula(valkey, per_minute, pauses):
    """By Redis' own clock, request after request, each verdict is what the formula makes of the one before."""
    put(valkey, known(per_minute, 10**9))
    seconds, microseconds = valkey.time()
    debt, last = (per_minute - 2) * MINUTE, seconds * 1_000_000 + microseconds  # two more fit at once
    valkey.hset("gh:l:o:o:p:", mapping={"rm": debt, "rm@": last})
    for pause in pauses:
        time.sleep(60 / per_minute if pause else 0)
        verdict = ask(valkey)
        left = limits.drained(debt, passed=verdict.standing.now - last, limit=per_minute)
        fits = limits.fits(left, limit=per_minute)
        assert (verdict.code == "ok") is fits
        if fits:
            debt, last = left + MINUTE, verdict.standing.now


def test_both_limits_or_none_are_charged(valkey):
    put(valkey, known(10, 1))

    codes = [ask(valkey).code for _ in range(3)]
    debt = int(valkey.hget("gh:l:o:o:p:", "rm"))

    assert (codes, debt) == (["ok", "rate_limited", "rate_limited"], MINUTE)


def test_a_smaller_limit_holds_nobody_for_more_than_a_minute(valkey):
    put(valkey, known(600, 10**6))
    for _ in range(600):
        ask(valkey)
    put(valkey, known(5, 10**6, version=2))

    verdict = ask(valkey)

    assert (verdict.code, verdict.standing.retry_after <= 12) == ("rate_limited", True)


def test_the_state_is_asked_before_the_limits(valkey):
    said = []
    for fields in (
        {"state": "revoked"}, {"state": "expired"}, {"expires": 1_000_000_000}, {"state": "suspended"},
        {"accepted": False}, {"kept_out": ("h", "u")}, {"environment": "test"}, {"models": ("b", "c")},
        {"models": ("b", "a")},
    ):  # fmt: skip
        put(valkey, known(1, 1, **{"environment": "live", "models": ("a",)} | fields))
        said.append(ask(valkey, model="a", scope="live", end_user="u").code)

    assert said == [
        "revoked_key", "expired_key", "expired_key", "suspended", "terms_not_accepted", "end_user_suspended",
        "outside_scope", "outside_scope", "ok",
    ]  # fmt: skip


def test_a_projection_older_than_what_the_process_saw_is_not_believed(valkey):
    put(valkey, known(5, 5, version=3))

    assert [ask(valkey, version=version).code for version in (3, 4)] == ["ok", "missing"]


def test_what_redis_keeps_has_an_end(valkey):
    put(valkey, known(5, 5))
    ask(valkey)

    lives = {name[:5]: valkey.ttl(name) for name in valkey.keys("gh:[plu]:*")}
    assert 0 < lives["gh:p:"] <= 3600
    assert 0 < lives["gh:l:"] <= 25 * 3600
    assert 0 < lives["gh:u:"] <= 8 * 86400


def held(code: str, most: int, used: int, *, fits: bool) -> Held:
    return Held(Limit(code, most), used, fits)


def test_a_refused_request_says_the_seconds_a_client_must_wait():
    minute, day = held("orm", 60, 60 * MINUTE, fits=False), held("ord", 100, 100, fits=False)
    one = Standing(0, (minute, held("ord", 100, 1, fits=True)))
    both = Standing(86_399_000_000, (minute, day))
    none = Standing(0, (held("orm", 0, 0, fits=False), held("ord", 0, 0, fits=False)))

    assert (one.hit, one.retry_after) == ([minute], 1)
    assert (both.hit, both.retry_after) == ([minute, day], 1)
    assert none.retry_after == 86_400


def test_the_numbers_of_the_formula_stand_in_the_script_too():
    text = (Path(limits.__file__).parent / "script.lua").read_text()

    prefixes = (projection.COUNTED, projection.USAGE, projection.END_USERS, projection.NETWORKS)
    assert f"local MINUTE, DAY = {MINUTE}, {limits.DAY}" in text
    assert f"local COUNTED, USAGE, END_USERS, NETWORKS = {', '.join(map(repr, prefixes))}" in text


def test_keys_that_count_as_one_environment_share_its_allowance(valkey):
    said = []
    for environment in ("test", "live"):
        put(valkey, known(1, 5, environment=environment, counted="test"))
        said.append(ask(valkey, scope=environment).code)

    assert (said, valkey.keys("gh:l:*")) == (["ok", "rate_limited"], ["gh:l:o:o:p:test"])


def test_a_projection_from_before_its_limits_were_a_list_is_read_again(valkey):
    put(valkey, known(1, 5))
    valkey.hdel(projection.name_of(DIGEST), "limits")

    assert ask(valkey).code == "missing"
