"""Limits of every sort: Lua in Redis against the plain formulas, the rows behind them, and what the gateway says."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from audit import clock, ledger
from enforcement.gateway import limits
from enforcement.gateway.limits import DAY, MINUTE, Limit
from onboarding import projection
from onboarding.domain.limits import BadLimit, NotYoursToLimit, Sort, limit_key, set_limit
from onboarding.models import Limit as Row
from onboarding.states import LimitSource
from tests.enforcement.conftest import open_key
from tests.enforcement.test_limits import DIGEST, FAR, ask, put, quickly
from tests.factories import make_manager, make_senior, make_user
from tests.processes import until

KEY, OWNER, PROGRAM = "k_0123456789abcdef", "o", "p"
SUBJECTS = {"o": "o:p:live", "k": KEY, "p": "p", "e": "o:p:live:someone"}
amounts = st.integers(min_value=1, max_value=2_000)


def known(lines, **more):
    return projection.Projection(
        1, DIGEST, "active", KEY, owner=OWNER, program=PROGRAM, environment="live", counted="live",
        limits=tuple(lines), expires=FAR, accepted=True, **more,
    )  # fmt: skip


def expected(limit: Limit, before: int, passed: int, tokens: int) -> tuple[int, bool]:
    """Return what lies in a limit's count before a request, and whether it fits, by the plain formulas."""
    count = tokens if limit.is_of_tokens else 1
    if limit.is_of_minute:
        used = limits.drained(before, passed=passed, limit=limit.most)
        return used, count <= limit.most and limits.fits(used, limit=limit.most, count=count)
    return before, before + max(count, 1) <= limit.most


@given(
    st.dictionaries(st.sampled_from(projection.SORTS), st.tuples(amounts, amounts), min_size=1),
    st.integers(min_value=0, max_value=3_000),
    st.integers(min_value=0, max_value=90_000_000),
)
@quickly
def test_the_script_is_the_formulas_all_or_nothing_for_any_limits_together(valkey, sorts, tokens, passed):
    for name in valkey.keys("gh:l:*"):
        valkey.delete(name)
    put(valkey, known(f"{code} {most}" for code, (most, _) in sorts.items()))
    seconds, microseconds = valkey.time()
    at = seconds * 1_000_000 + microseconds - passed
    before = {}
    for code, (_, units) in sorts.items():
        before[code] = units * MINUTE if code[2] == "m" else units
        stamp = at if code[2] == "m" else seconds // DAY
        field = code[1:]
        valkey.hset(f"gh:l:{code[0]}:{SUBJECTS[code[0]]}", mapping={field: before[code], f"{field}@": stamp})

    verdict = ask(valkey, tokens=tokens, end_user="someone")

    now = verdict.standing.now
    plain = {
        code: expected(Limit(code, most), before[code], now - at, tokens) for code, (most, _) in sorts.items()
    }
    fits = all(fit for code, (_, fit) in plain.items() if not code.endswith("s"))
    assert verdict.code == ("ok" if fits else "rate_limited")
    for code, (used, fit) in plain.items():
        count = tokens if code[1] == "t" else 1
        charged = used + count * (MINUTE if code[2] == "m" else 1)
        kept = int(valkey.hget(f"gh:l:{code[0]}:{SUBJECTS[code[0]]}", code[1:]))
        assert kept == (charged if fits and fit else before[code])
    shown = {held.limit.code: (held.used, held.fits) for held in verdict.standing.held}
    assert {code: each[1] for code, each in shown.items()} == {
        code: fit for code, (_, fit) in plain.items() if not code.endswith("s")
    }


steps = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=40_000_000),  # microseconds since the step before
        st.integers(min_value=0, max_value=50),  # what a call really takes
        st.integers(min_value=0, max_value=50),  # what is reserved beyond that
        st.integers(min_value=0, max_value=4),  # after how many steps it is reported
    ),
    min_size=1,
    max_size=30,
)


@given(amounts, steps)
@quickly
def test_what_is_given_back_never_lets_more_pass_than_if_it_had_been_known(limit, steps):
    """Beside a bucket in which nothing was ever reserved too much, ours is at no moment the emptier one."""
    ours = honest = now = 0
    open_: list[tuple[int, int, int]] = []  # step of the report, surplus, when
    for number, (pause, took, surplus, later) in enumerate(steps):
        now += pause
        ours, honest = (max(each - pause * limit, 0) for each in (ours, honest))
        ours, honest = ours + (took + surplus) * MINUTE, honest + took * MINUTE
        open_.append((number + later, surplus, now))
        for _, less, at in [each for each in open_ if each[0] == number]:
            ours = limits.refunded(ours, limit=limit, less=less, passed=now - at)
        assert ours >= honest


@pytest.fixture
def dora(transactional_db):
    return make_manager("dana")  # an opened key has brought a Dora with it


def lay(opened, level, kind, per, most, *, by, **more):
    """Set one limit for everybody of the level in the key's program."""
    environment = "" if level == "program" else "live"
    sort = Sort(level, kind, per, environment, more.pop("is_shadow", False))
    return set_limit(opened.grant.program, sort, most=most, by=by, at=clock.now(), **more)


def projected(opened):
    return projection.state_of([opened.key.pk])[opened.key.pk].limits


@pytest.mark.django_db(transaction=True)
class TestRows:
    def test_the_least_of_each_sort_reaches_the_key(self, opened, dora):
        lay(opened, "key", "requests", "minute", 9, by=dora)
        lay(opened, "key", "requests", "minute", 7, by=dora, key=opened.key)
        lay(opened, "owner", "requests", "minute", 50, by=dora)
        lay(opened, "owner", "tokens", "day", 5000, by=dora, grant=opened.grant)
        lay(opened, "program", "requests", "day", 99, by=dora)
        lay(opened, "key", "tokens", "day", 8, by=dora, is_shadow=True)
        limit_key(
            opened.key,
            kind="requests",
            per="day",
            most=3,
            by=opened.grant.application.applicant,
            at=clock.now(),
        )

        assert projected(opened) == (
            "orm 50", "ord 1000", "otd 5000", "krm 7", "krd 3", "prd 99", "ktds 8",
        )  # fmt: skip

    def test_limits_of_others_and_of_the_other_environment_do_not(self, opened, dora):
        other = open_key(program=opened.grant.program)
        lay(opened, "key", "requests", "minute", 7, by=dora, key=other.key)
        lay(opened, "owner", "tokens", "day", 7, by=dora, grant=other.grant)
        set_limit(opened.grant.program, Sort("key", "tokens", "day", "test"), most=7, by=dora, at=clock.now())

        assert projected(opened) == ("orm 60", "ord 1000")

    def test_another_row_takes_its_place_and_the_ledger_has_both(self, opened, dora):
        first = lay(opened, "key", "tokens", "day", 7, by=dora)
        same = lay(opened, "key", "tokens", "day", 7, by=dora)
        second = lay(opened, "key", "tokens", "day", 8, by=dora)
        lay(opened, "key", "tokens", "day", None, by=dora)

        assert (same, projected(opened)) == (first, ("orm 60", "ord 1000"))
        assert [entry.event for row in (first, second) for entry in ledger.of(row)] == [
            "limit.set", "limit.ended",
        ] * 2  # fmt: skip

    def test_who_does_not_run_the_gateway_sets_none_and_nobody_their_own(self, opened, dora):
        sort = Sort("owner", "tokens", "day")
        applicant = opened.grant.application.applicant
        for by, more in (
            (make_senior(), {}),
            (applicant, {}),
            ("beat", {}),
            (make_user("charlie"), {"key": opened.key, "source": LimitSource.OWNER}),
        ):
            with pytest.raises(NotYoursToLimit):
                set_limit(opened.grant.program, sort, most=1, by=by, at=clock.now(), **more)

    def test_an_owner_takes_back_only_what_they_set(self, opened, dora):
        alice = opened.grant.application.applicant
        lay(opened, "key", "requests", "day", 5, by=dora, key=opened.key)
        limit_key(opened.key, kind="requests", per="day", most=2, by=alice, at=clock.now())
        mine = projected(opened)
        limit_key(opened.key, kind="requests", per="day", most=None, by=alice, at=clock.now())

        assert (mine[2], projected(opened)[2]) == ("krd 2", "krd 5")

    @pytest.mark.parametrize(
        ("sort", "most"),
        [
            (Sort("key", "requests", "minute"), 0),
            (Sort("key", "requests", "minute"), 150_000_001),
            (Sort("key", "requests", "week"), 1),
            (Sort("end_user", "tokens", "minute"), 1),
            (Sort("program", "requests", "day", "live"), 1),
        ],
    )
    def test_what_cannot_be_counted_is_refused_with_a_sentence(self, opened, dora, sort, most):
        with pytest.raises(BadLimit, match=r"\.$"):
            set_limit(opened.grant.program, sort, most=most, by=dora, at=clock.now())

    def test_the_database_changes_and_deletes_none(self, opened, dora):
        row = lay(opened, "key", "tokens", "day", 7, by=dora)
        rows = Row.objects.filter(pk=row.pk)
        for wrong in (
            rows.delete,
            lambda: rows.update(most=8),
            lambda: rows.update(ended_at=row.set_at - timedelta(seconds=1)),
            lambda: rows.update(level="end_user"),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                wrong()


NAMED = {
    ("key", "requests", "minute"): "key_requests_per_minute",
    ("key", "tokens", "minute"): "key_tokens_per_minute",
    ("key", "requests", "day"): "key_requests_per_day",
    ("key", "tokens", "day"): "key_tokens_per_day",
    ("owner", "tokens", "minute"): "tokens_per_minute",
    ("owner", "tokens", "day"): "tokens_per_day",
    ("program", "requests", "minute"): "program_requests_per_minute",
    ("program", "tokens", "minute"): "program_tokens_per_minute",
    ("program", "requests", "day"): "program_requests_per_day",
    ("program", "tokens", "day"): "program_tokens_per_day",
    ("end_user", "requests", "minute"): "end_user_requests_per_minute",
}


@pytest.mark.django_db(transaction=True)
class TestAnswers:
    @pytest.mark.parametrize("sort", NAMED, ids=NAMED.get)
    def test_each_names_itself_and_says_when_to_come_back(self, gateway, opened, dora, sort):
        lay(opened, *sort, 2, by=dora)
        body = {"tokens": 1, "end_user": "5e8f"}
        answers = [gateway.ask(opened.secret, json=body) for _ in range(3)]
        last = answers[-1]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert last.json()["limit"] == NAMED[sort]
        wait = int(last.headers["Retry-After"])
        assert 28 <= wait <= 30 if sort[2] == "minute" else wait <= 86_400
        assert (
            f'"{NAMED[sort]}";q=2;w={60 if sort[2] == "minute" else 86_400}'
            in last.headers["RateLimit-Policy"]
        )
        assert f'"{NAMED[sort]}";r=0;t={wait}' in last.headers["RateLimit"]

    def test_of_several_the_one_that_holds_longest_is_named(self, gateway, dora):
        opened = open_key(per_minute=1)
        lay(opened, "key", "tokens", "day", 1, by=dora)
        answers = [gateway.ask(opened.secret, json={"tokens": 1}).json() for _ in range(2)]

        assert (answers[1]["limit"], answers[1]["violated-policies"]) == (
            "key_tokens_per_day",
            ["minute", "key_tokens_per_day"],
        )

    def test_a_call_that_asks_for_more_than_there_ever_is_is_told_so(self, gateway, opened, dora):
        lay(opened, "owner", "tokens", "minute", 100, by=dora)
        answer = gateway.ask(opened.secret, json={"tokens": 101}).json()

        assert (answer["limit"], "Ask for fewer" in answer["detail"]) == ("tokens_per_minute", True)

    def test_without_an_estimate_there_must_be_room_for_one_token(self, gateway, opened, dora):
        lay(opened, "owner", "tokens", "day", 5, by=dora)
        codes = [gateway.code(opened.secret, json={"tokens": n}) for n in (5, 0)]

        assert codes == ["ok", "rate_limited"]

    def test_end_users_are_counted_apart_and_only_where_they_are_named(self, gateway, opened, dora):
        lay(opened, "end_user", "requests", "minute", 1, by=dora)
        codes = [gateway.code(opened.secret, json={"end_user": who}) for who in ("a", "a", "b", "", "")]

        assert codes == ["ok", "rate_limited", "ok", "ok", "ok"]

    def test_one_programs_ceiling_holds_for_all_its_owners_and_no_other_program(self, gateway, opened, dora):
        lay(opened, "program", "requests", "day", 2, by=dora)
        beside = open_key(program=opened.grant.program)
        codes = [gateway.code(each.secret) for each in (opened, beside, beside)]

        assert codes == ["ok", "ok", "rate_limited"]

    def test_a_change_of_a_limit_is_held_within_a_second(self, four, opened, dora):
        assert [each.code(opened.secret) for each in four] == ["ok"] * 4
        lay(opened, "key", "requests", "day", 1, by=dora)

        until(
            lambda: {each.code(opened.secret) for each in four} == {"rate_limited"}, "the limit", seconds=1.5
        )

    def test_a_shadow_limit_refuses_nothing_and_counts_what_it_would_have(
        self, gateway, opened, dora, valkey
    ):
        lay(opened, "key", "requests", "minute", 2, by=dora, is_shadow=True)
        answers = [gateway.ask(opened.secret) for _ in range(5)]
        (used,) = [valkey.hgetall(name) for name in valkey.keys("gh:u:k_*")]

        assert [answer.status_code for answer in answers] == [200] * 5
        assert used == {"ok": "5", "would_limit:key_requests_per_minute": "3"}
        assert "key_requests" not in answers[-1].headers["RateLimit-Policy"]

    def test_the_end_users_of_an_hour_are_counted_about(self, gateway, opened, valkey):
        for who in ("a", "b", "b", "c"):
            gateway.ask(opened.secret, json={"end_user": who})
        (name,) = valkey.keys("gh:e:*")

        assert valkey.pfcount(name) == 3
