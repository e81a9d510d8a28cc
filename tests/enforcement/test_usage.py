"""What the gateways counted, read back: last use, the last days, what is left; and what is said without Redis."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from audit import clock
from enforcement import usage
from enforcement.domain import days, hours
from enforcement.domain.hours import Counted
from enforcement.models import UsageMark
from onboarding import projection
from onboarding.domain import keys
from onboarding.models import Key
from tests.enforcement.conftest import open_key
from tests.enforcement.test_limits import ask, known, put

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def nowhere(settings):
    """No Redis for what this process reads."""
    projection.redis.cache_clear()
    settings.REDIS_URL = "unix:///nonexistent/valkey.sock"
    yield
    projection.redis.cache_clear()


def last_used(opened):
    return Key.objects.get(pk=opened.key.pk).last_used_at


def test_the_last_use_is_copied_to_the_minute_and_forgotten_in_redis(gateway, opened, valkey):
    before = clock.now()
    gateway.ask(opened.secret)

    copied = [usage.copy_last_used(at=clock.now()) for _ in range(2)]

    at = last_used(opened)
    assert (copied, at.second, at.microsecond) == ([1, 0], 0, 0)
    assert before - timedelta(minutes=1) < at <= clock.now()
    assert valkey.exists(projection.LAST_USED) == 0


def test_what_was_refused_for_its_state_was_not_used(valkey):
    put(valkey, known(1, 1, state="revoked"))
    ask(valkey)

    assert valkey.exists(projection.LAST_USED) == 0


def test_the_last_use_moves_forward_only_and_never_into_the_future(opened):
    now = clock.now()
    moments = [now - DAY, now - 2 * DAY, now + 9 * DAY, now - DAY]

    moved = [keys.used({opened.key.key_id: at}) for at in moments]

    assert (moved, last_used(opened) <= clock.now()) == ([1, 0, 1, 0], True)


def test_a_use_while_it_is_copied_is_not_lost(opened, valkey, monkeypatch):
    minute = int(clock.now().timestamp()) // 60 * 60 - 600
    valkey.zadd(projection.LAST_USED, {opened.key.key_id: minute})
    used = keys.used

    def again_meanwhile(moments):
        valkey.zadd(projection.LAST_USED, {opened.key.key_id: minute + 60})
        monkeypatch.setattr(keys, "used", used)
        return used(moments)

    monkeypatch.setattr(keys, "used", again_meanwhile)

    assert [usage.copy_last_used() for _ in range(3)] == [1, 1, 0]
    assert last_used(opened) == datetime.fromtimestamp(minute + 60, UTC)


def test_without_redis_nothing_is_copied_and_nothing_fails(opened, nowhere):
    assert usage.copy_last_used(at=clock.now()) == 0


def test_the_last_days_are_sealed_days_copied_hours_and_what_redis_holds_now(opened, valkey):
    at = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
    now, key = hours.hour_of(at), opened.key
    for back, counts in (
        (0, {"ok": 1}),
        (10, {"ok": 2}),
        (11, {"suspended": 5}),
        (40, {"ok": 9, "tokens_in": 7}),
    ):
        hours.keep([Counted(key.key_id, now - back, 1, counts)], at=at)
    UsageMark.objects.create(pk=1, copied_until_at=at.replace(day=24, hour=1))
    days.build_owed(at=at)
    valkey.hset(f"{projection.USAGE}{key.key_id}:{now}", mapping={"ok": 3, "rate_limited": 1, "epoch": 1})
    valkey.hset(f"{projection.USAGE}{key.key_id}:{now - 1}", mapping={"ok": 2})

    recent = usage.recent([key.key_id], at=at)

    assert [(day.on.day, day.allowed, day.limited, day.reasons, day.tokens) for day in recent.days[-3:]] == [
        (23, 9, 0, {}, 7),
        (24, 0, 0, {"suspended": 5}, 0),
        (25, 7, 1, {}, 0),
    ]
    assert (len(recent.days), sum(day.total for day in recent.days), recent.is_whole) == (7, 22, True)


def test_the_last_days_of_three_keys_ask_as_often_as_of_one(opened, django_assert_num_queries):
    at = clock.now()
    for keys_ in ([opened.key.key_id], [opened.key.key_id, "k_2", "k_3"]):
        with django_assert_num_queries(3):
            usage.recent(keys_, at=at)


def test_the_file_has_a_line_a_day_and_a_column_a_code(gateway, opened):
    gateway.ask(opened.secret)
    gateway.ask(opened.secret, json={"model": "other"})
    client = Client()
    client.force_login(opened.grant.application.applicant)

    head, *lines = client.get(f"/access/{opened.grant.public_id}/usage.csv").content.decode().splitlines()

    assert head == (
        "day,ok,rate_limited,suspended,outside_scope,terms_not_accepted,revoked_key,expired_key,"
        "tokens_in,tokens_out"
    )
    assert (len(lines), lines[-1].split(",")[1:]) == (92, ["1", "0", "0", "1", "0", "0", "0", "0", "0"])


def test_what_is_left_is_what_the_gateway_says(gateway, valkey):
    opened = open_key(per_minute=5, per_day=7)
    for _ in range(2):
        said = gateway.ask(opened.secret).headers["RateLimit"]

    owner = str(opened.grant.owner.public_id)
    stands = usage.standing(owner, "gate", "live", per_minute=5, per_day=7)

    assert f'"day";r={stands.left_today};' in said
    assert (stands.left_today, stands.left_this_minute in (3, 4)) == (5, True)


def test_the_page_says_what_is_left_and_draws_what_was_used(gateway, opened):
    for _ in range(3):
        gateway.ask(opened.secret)
    client = Client()
    client.force_login(opened.grant.application.applicant)

    text = client.get(f"/access/{opened.grant.public_id}/").content.decode()

    assert '<td class="num" data-label="Left now">997</td>' in text
    assert '<rect class="allowed"' in text
    assert '<td class="num" data-label="allowed">3</td>' in text
    assert "style=" not in text


def test_the_page_without_redis_says_that_it_does_not_know(opened, nowhere):
    client = Client()
    client.force_login(opened.grant.application.applicant)

    text = client.get(f"/access/{opened.grant.public_id}/").content.decode()

    assert "not known" in text
    assert "The counters do not answer at the moment" in text
