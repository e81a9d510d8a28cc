"""`POST /v1/moderations` of a real gateway: OpenAI's own client, keys and integrators, what is counted and kept."""

import time
from datetime import timedelta

import httpx
import openai
import pytest

from audit import clock
from enforcement.domain import filter_rules, hours, integrators
from enforcement.gateway.moderations import OMNI
from enforcement.models import FilterHit, FilterRuleVersion
from enforcement.models.filter_rule import IN_USE
from enforcement.models.usage import UsageHour
from onboarding.domain import grants, secrets
from tests.enforcement.conftest import Gateway, gateways, open_key
from tests.enforcement.filters.making import WHY, editor, make_filter
from tests.enforcement.filters.other_side import other_side
from tests.enforcement.parts import road
from tests.factories import make_manager, make_senior
from tests.processes import until

pytestmark = pytest.mark.django_db(transaction=True)
BOMB = "How do I build a pipe bomb at home?"
TEA = "How do I make tea?"


def in_use(gateway: Gateway, state: str = "on", **said) -> FilterRuleVersion:
    """Return a rule that this gateway reads by."""
    version = make_filter(state=state, at=clock.now(), **said)
    await_rules(gateway)
    return version


def await_rules(gateway: Gateway) -> None:
    """Wait until a gateway reads by the rules as they are now."""
    changed = FilterRuleVersion.objects.latest("changed_at").changed_at
    held = FilterRuleVersion.objects.filter(state__in=IN_USE).values_list("state", flat=True)
    wanted = {f"gatehouse_gateway_filters_version {float(int(changed.timestamp()))}"} | {
        f'gatehouse_gateway_filters{{state="{state}"}} {float(list(held).count(state))}'
        for state in ("on", "shadow")
    }
    until(
        lambda: wanted <= {_plain(line) for line in gateway.figures().splitlines()},
        "the gateway to read by the rules",
    )


def _plain(line: str) -> str:
    name, _, value = line.rpartition(" ")
    return line if line.startswith("#") else f"{name} {float(value)}"


def moderate(gateway: Gateway, secret: str, said: object = BOMB, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{gateway.url}/v1/moderations",
        json={"input": said},
        headers={"Authorization": f"Bearer {secret}"} | headers,
        timeout=20,
    )


def client(gateway: Gateway, secret: str) -> openai.OpenAI:
    return openai.OpenAI(api_key=secret, base_url=f"{gateway.url}/v1", max_retries=0, timeout=20)


# --- OpenAI's own client


def test_openais_client_reads_our_answer(gateway, opened):
    in_use(gateway, action="flag")
    answer = client(gateway, opened.secret).moderations.create(
        input=[BOMB, TEA], model="omni-moderation-latest"
    )

    told = [
        (
            one.flagged,
            one.categories.illicit_violent,
            one.categories.violence,
            one.category_scores.illicit_violent,
        )
        for one in answer.results
    ]
    assert told == [(True, True, False, 1.0), (False, False, False, 0.0)]


def test_openais_client_gets_categories_of_the_guidelines_too(gateway, opened):
    in_use(gateway, action="flag")
    (one,) = client(gateway, opened.secret).moderations.create(input=BOMB).results

    assert {name: value for name, value in one.categories.to_dict().items() if value} == {
        "weapons": True,
        "illicit/violent": True,
    }


def test_every_category_of_openais_and_of_the_guidelines_is_answered(gateway, opened):
    in_use(gateway)
    (result,) = moderate(gateway, opened.secret).json()["results"]

    assert set(result["categories"]) == set(result["category_scores"]) == {*OMNI, *filter_rules.categories()}


def test_openais_client_sends_parts(gateway, opened):
    in_use(gateway, action="flag")
    parts = [{"type": "text", "text": "How do I build a pipe"}, {"type": "text", "text": "bomb?"}]

    assert [
        one.flagged for one in client(gateway, opened.secret).moderations.create(input=parts).results
    ] == [True]


def test_openais_client_is_told_of_a_limit_as_its_own_error(gateway, valkey, transactional_db):
    key = open_key(per_minute=1)
    asking = client(gateway, key.secret).moderations
    asking.create(input=TEA)

    with pytest.raises(openai.RateLimitError):
        asking.create(input=TEA)


# --- who may ask


def test_a_call_counts_as_one_request_against_the_keys_limits(gateway, valkey, transactional_db):
    key = open_key(per_minute=2)
    codes = [moderate(gateway, key.secret).status_code, gateway.code(key.secret), gateway.code(key.secret)]

    assert codes == [200, "ok", "rate_limited"]


def test_keys_that_may_not_pass_may_not_ask(gateway, opened):
    grants.suspend(opened.grant, reason="abuse", by=make_senior(), at=clock.now())
    until(lambda: gateway.code(opened.secret) == "suspended", "the gateway to know")
    answers = [
        moderate(gateway, opened.secret),
        moderate(gateway, secrets.mint("live")),
        moderate(gateway, "nonsense"),
        httpx.post(f"{gateway.url}/v1/moderations", json={"input": "x"}),
    ]

    assert [answer.json()["code"] for answer in answers] == [
        "suspended",
        "unknown_key",
        "malformed_key",
        "missing_key",
    ]


def test_an_integrator_asks_for_a_key_without_spending_its_limits(gateway, valkey, transactional_db):
    key = open_key(per_minute=1)
    token = make_token(gateway)
    asked = [moderate(gateway, token, **{"X-Gatehouse-Key": key.key.key_id}).status_code for _ in range(3)]

    assert (asked, gateway.code(key.secret)) == ([200, 200, 200], "ok")


def test_an_integrator_has_to_say_which_key(gateway, opened):
    token = make_token(gateway)
    wrong: list[dict[str, str]] = [{}, {"X-Gatehouse-Key": "two words"}, {"X-Gatehouse-Key": "k" * 21}]

    assert [moderate(gateway, token, **headers).json()["code"] for headers in wrong] == ["unreadable"] * 3


def make_token(gateway: Gateway) -> str:
    _, token = integrators.make(name="Proxy", by=make_manager("ivo"), at=clock.now())
    until(
        lambda: moderate(gateway, token, TEA, **{"X-Gatehouse-Key": "k_none"}).status_code == 200,
        "the gateway to know the token",
    )
    return token


# --- what may be asked


def test_an_input_that_cannot_be_read_gets_a_sentence(gateway, opened):
    wrong = {
        "neither a text nor a list": 7,
        "“input” is neither": [],
        "is not understood": [7],
        "A part of “input” is not understood": [{"type": "text"}],
        "Images cannot be read here": [{"type": "image_url", "image_url": {"url": "data:,"}}],
        "At most 64 texts": ["x"] * 65,
    }
    given = {says: moderate(gateway, opened.secret, said) for says, said in wrong.items()}

    assert [says for says, answer in given.items() if answer.status_code == 400 and says in answer.text] == [
        *wrong
    ]


def test_a_body_over_64_kilobytes_is_refused(gateway, opened):
    assert moderate(gateway, opened.secret, "x" * 70_000).json()["code"] == "too_large"


def test_the_longest_text_holds_nobody_else_up(gateway, opened):
    in_use(gateway, kind="pattern", content=r"(\w+\s?)+!", hits=("oh no!",), passes=("oh no",))
    started = time.monotonic()
    answer = moderate(gateway, opened.secret, "ab " * 21_000)

    assert (answer.status_code, time.monotonic() - started < 5) == (200, True)


# --- rules as they change


def test_switching_a_rule_reaches_the_gateway_by_itself(gateway, opened):
    version = in_use(gateway, action="flag")
    before = moderate(gateway, opened.secret).json()["results"][0]["flagged"]
    filter_rules.switch(version, to="off", by=editor(), at=clock.now() + timedelta(seconds=2), reason=WHY)
    await_rules(gateway)

    assert (before, moderate(gateway, opened.secret).json()["results"][0]["flagged"]) == (True, False)


def test_what_a_rule_does_is_what_the_caller_sees(gateway, opened):
    for word, state, action in (
        ("alpha", "on", "count"),
        ("bravo", "on", "flag"),
        ("cargo", "on", "refuse"),
        ("delta", "shadow", "refuse"),
    ):
        make_filter(state=state, at=clock.now(), action=action, content=word, hits=(word,))
    await_rules(gateway)
    results = moderate(gateway, opened.secret, ["alpha", "bravo", "cargo", "delta"]).json()["results"]

    seen = [(one["flagged"], one["refuse"], one["category_scores"]["weapons"]) for one in results]
    assert seen == [(False, False, 1.0), (True, False, 1.0), (True, True, 1.0), (False, False, 0.0)]


# --- what is counted and kept


def counted(valkey) -> dict[str, str]:
    (name,) = valkey.scan_iter("gh:u:*:*")
    return {field: value for field, value in valkey.hgetall(name).items() if ":" in field}


def test_hits_are_counted_beside_usage_and_copied_with_it(gateway, opened, valkey):
    on = in_use(gateway, code="bombs")
    shadow = in_use(gateway, "shadow", code="agents", content="nerve agent", hits=("nerve agent",))
    moderate(gateway, opened.secret, [BOMB, BOMB, "nerve agent"])
    live = counted(valkey)
    hours.copy_owed(at=clock.now())

    assert live == {"hit:bombs.1": "2", "shadow:agents.1": "1"}
    assert UsageHour.objects.get().more == {"hit:bombs.1": 2, "shadow:agents.1": 1}
    assert (on.state, shadow.state, FilterHit.objects.count()) == ("on", "shadow", 0)


def test_a_rule_that_flags_keeps_a_row_with_a_little_of_the_text_once(gateway, opened):
    in_use(gateway, action="flag")
    said = "x " * 200 + BOMB + " y" * 200
    for _ in range(2):
        moderate(gateway, opened.secret, said, **{"X-Request-Id": "call-7", "X-Gatehouse-End-User": "u-1"})

    hit = FilterHit.objects.get()
    assert (hit.key, len(hit.request), hit.place, hit.end_user) == (opened.key, 64, 0, "u-1")
    assert (hit.is_live, hit.flag_owed, hit.score) == (True, True, 1.0)
    assert (BOMB in hit.excerpt, len(hit.excerpt) <= 200) == (True, True)


def test_another_text_under_the_same_mark_hides_behind_no_other(gateway, opened):
    in_use(gateway, action="flag")
    for more in ("one", "two"):
        moderate(gateway, opened.secret, f"{BOMB} {more}", **{"X-Request-Id": "always-the-same"})

    assert FilterHit.objects.count() == 2


def test_half_a_character_is_read_as_a_question_mark_and_no_reason_to_answer_nothing(gateway, opened):
    answer = httpx.post(
        f"{gateway.url}/v1/moderations",
        content=b'{"input": "\\ud800 and more"}',
        headers={"Authorization": f"Bearer {opened.secret}", "Content-Type": "application/json"},
        timeout=20,
    )

    assert answer.status_code == 200


def test_a_rule_in_shadow_keeps_rows_and_owes_nothing(gateway, opened):
    in_use(gateway, "shadow", action="refuse")
    moderate(gateway, opened.secret)

    assert list(FilterHit.objects.values_list("is_live", "flag_owed")) == [(False, False)]


def test_a_flood_of_hits_keeps_some_rows_and_counts_all(gateway, opened, valkey):
    in_use(gateway, action="flag", code="bombs")
    for _ in range(3):
        moderate(gateway, opened.secret, [BOMB] * 15)

    assert (counted(valkey), FilterHit.objects.count() < 45) == ({"hit:bombs.1": "45"}, True)


def test_personal_data_is_kept_by_its_form_alone(gateway, opened):
    in_use(
        gateway, kind="personal", content="card", category="surveillance_privacy", action="flag",
        hits=("4111 1111 1111 1111",), passes=("4111 1111 1111 1112",),
    )  # fmt: skip
    moderate(gateway, opened.secret, "My card is 4111 1111 1111 1111, thanks")

    assert FilterHit.objects.get().excerpt == "My card is 41•• •••• •••• ••••, thanks"


def test_no_text_is_logged_or_answered(opened, transactional_db):
    with gateways(1) as (own,):
        in_use(own, action="flag")
        answer = moderate(own, opened.secret, f"{BOMB} zanzibar-7")
        log = own.stop()

    assert ("zanzibar-7" in answer.text, "zanzibar-7" in log, answer.status_code) == (False, False, 200)


# --- other endpoints, and what is away


def test_an_endpoint_that_hangs_is_named_and_soon_left_alone(opened, settings, transactional_db):
    with other_side() as there:
        settings.MODERATION_ENDPOINTS = {"omni": there.url}
        there.scores = {"violence": 0.9}
        with gateways(1, MODERATION_ENDPOINTS=f"omni={there.url}") as (own,):
            version = make_endpoint_rule(own, there)
            well = moderate(own, opened.secret, TEA).json()
            there.mode = "hangs"
            started = time.monotonic()
            ill = [moderate(own, opened.secret, TEA).json() for _ in range(3)]
            waited = time.monotonic() - started
            until(lambda: 'filter_circuit{endpoint="omni"} 2.0' in own.figures(), "the circuit to open")
            started = time.monotonic()
            rest = moderate(own, opened.secret, TEA).json()
            at_once = time.monotonic() - started < waited / 2  # three times its patience, and none of it
            there.mode = "answers"
            until(lambda: "unasked" not in moderate(own, opened.secret, TEA).json(), "the circuit to close")

    assert (well["results"][0]["categories"]["violence"], "unasked" in well) == (True, False)
    assert [one["unasked"] for one in [*ill, rest]] == [[version.rule.code]] * 4
    assert (at_once, rest["results"][0]["flagged"]) == (True, False)


def make_endpoint_rule(gateway: Gateway, there) -> FilterRuleVersion:
    there.by_text = {"calm": {"violence": 0.0}}
    return in_use(
        gateway, kind="endpoint", content="endpoint = omni\ntakes = violence", category="violence_extremism",
        threshold=0.5, action="flag", hits=("wild",), passes=("calm",),
    )  # fmt: skip


def test_rows_wait_while_postgresql_is_away(tmp_path, opened, transactional_db):
    with road(tmp_path) as way, gateways(1, DATABASE_URL=way.url) as (own,):
        in_use(own, action="flag")
        moderate(own, opened.secret)
        way.cut()
        until(lambda: "postgres_away 1.0" in own.figures(), "the gateway to know")
        answer = moderate(own, opened.secret)
        way.mend()
        until(lambda: FilterHit.objects.count() == 2, "the second row")

    assert answer.json()["results"][0]["flagged"] is True
