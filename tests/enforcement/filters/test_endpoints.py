"""Endpoints of others: read where they answer, left alone where they do not, tried again by one."""

import time

import pytest

from enforcement.filters.breaker import Breaker, State
from enforcement.filters.endpoints import Away, Endpoint, Place
from enforcement.filters.engine import Ruleset
from enforcement.filters.rules import Kind, Rule
from tests.enforcement.filters.other_side import other_side
from tests.processes import apart


def asks(endpoint: Endpoint, times: int = 1) -> list[object]:
    """Return what an endpoint answers, one question after the other; `Away` where it does not."""

    async def go():
        answers: list[object] = []
        for _ in range(times):
            try:
                answers.append(await endpoint.scores("a text"))
            except Away:
                answers.append(Away)
        await endpoint.close()
        return answers

    return apart(go())


def test_an_endpoint_is_asked_in_openais_form_with_its_own_key():
    with other_side() as there:
        scores = asks(Endpoint(Place(there.url, "k-1")))

        assert (scores, there.asked) == ([there.scores], [({"input": "a text"}, "Bearer k-1")])


@pytest.mark.parametrize("mode", ["breaks", "babbles", "floods"])
def test_an_endpoint_that_answers_nonsense_is_away(mode):
    with other_side() as there:
        there.mode = mode

        assert asks(Endpoint(Place(there.url))) == [Away]


def test_a_hanging_endpoint_costs_its_timeout_a_few_times_and_then_nothing():
    with other_side() as there:
        there.mode = "hangs"
        endpoint = Endpoint(Place(there.url), timeout=0.2, breaker=Breaker(failures=3, rest=60))
        started = time.perf_counter()
        answers = asks(endpoint, 50)

        assert (answers, len(there.asked), endpoint.breaker.state) == ([Away] * 50, 3, State.OPEN)
        assert time.perf_counter() - started < 3


def test_the_circuit_closes_when_the_endpoint_is_well_again():
    with other_side() as there:
        there.mode = "hangs"
        endpoint = Endpoint(Place(there.url), timeout=0.2, breaker=Breaker(failures=2, rest=0.3))
        asks(endpoint, 5)
        there.mode = "answers"
        before = endpoint.breaker.state
        time.sleep(0.35)
        states = [before, endpoint.breaker.state, asks(endpoint, 2), endpoint.breaker.state]

        assert states == [State.OPEN, State.HALF_OPEN, [there.scores] * 2, State.CLOSED]


def test_a_half_open_circuit_lets_one_try_and_opens_again_where_that_fails():
    now = [0.0]
    breaker = Breaker(failures=1, rest=10, clock=lambda: now[0])
    breaker.failed()
    now[0] = 10.0
    tries = [breaker.may_ask() for _ in range(5)]
    breaker.failed()

    assert (tries, breaker.state) == ([True, False, False, False, False], State.OPEN)


def test_one_question_serves_all_rules_that_read_an_endpoint():
    with other_side() as there:
        known, asked = {"omni": Place(there.url)}, {"omni": Endpoint(Place(there.url))}
        rules = [
            Rule("hate", 1, "hate_harassment", Kind.ENDPOINT, "endpoint = omni\ntakes = hate", 0.5),
            Rule("harm", 1, "violence_extremism", Kind.ENDPOINT, "endpoint = omni\ntakes = violence, x", 0.5),
        ]

        async def go():
            answer = await Ruleset(rules, known=known, asked=asked).ask("a text")
            await asked["omni"].close()
            return answer

        found, unasked = apart(go())
        assert [(f.rule.code, f.score, f.is_hit) for f in found] == [
            ("hate", 0.9, True),
            ("harm", 0.2, False),
        ]
        assert (unasked, len(there.asked)) == ([], 1)


def test_rules_of_an_endpoint_that_is_away_are_named():
    known = {"omni": Place("http://127.0.0.1:9/none")}
    rule = Rule("hate", 1, "hate_harassment", Kind.ENDPOINT, "endpoint = omni\ntakes = hate", 0.5)
    ruleset = Ruleset([rule], known=known, asked={"omni": Endpoint(known["omni"])})

    assert apart(ruleset.ask("a text")) == ([], [rule])
