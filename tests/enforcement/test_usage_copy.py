"""Usage copied from Redis to PostgreSQL: nothing lost, nothing twice, whoever dies or forgets."""

import os
import signal
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import clock
from enforcement.domain import hours
from enforcement.models import UsageHour, UsageMark, UsageSeal
from onboarding import projection
from tests.enforcement.conftest import open_key
from tests.enforcement.counted import count, held
from tests.enforcement.test_gateway_races import crowd
from tests.factories import make_program
from tests.processes import running

pytestmark = pytest.mark.django_db(transaction=True)
COPIER = "import django; django.setup(); from audit import clock; from enforcement.domain import hours\n"


def copy() -> int:
    return hours.copy_owed(at=clock.now())


def test_what_was_counted_is_copied_by_code_and_once(gateway, opened):
    for _ in range(3):
        gateway.ask(opened.secret)
    gateway.ask(opened.secret, json={"model": "other"})

    copied = [copy() for _ in range(2)]

    assert (copied, held(opened.key)) == ([1, 0], Counter(ok=3, outside_scope=1))


def test_whatever_else_is_counted_is_kept_under_its_name(opened, valkey):
    key = opened.key.key_id
    count(valkey, key, 490_000, tokens_in=7, tokens_out=5, **{"hit:cards": 2})
    copy()
    count(valkey, key, 490_000, **{"would_limit:minute": 4, "hit:cards": 1})

    copy()

    assert held(opened.key) == Counter(
        {"tokens_in": 7, "tokens_out": 5, "hit:cards": 3, "would_limit:minute": 4}
    )


def test_an_older_reading_that_arrives_late_takes_nothing_back(opened, valkey):
    """Two copiers: one read, slept, and wrote after the other."""
    key = opened.key.key_id
    count(valkey, key, 490_000, ok=5, **{"hit:a": 1})
    older = hours._read([f"{key}:490000"])
    count(valkey, key, 490_000, ok=5, **{"hit:b": 1})
    copy()

    hours.keep(older, at=clock.now())

    assert held(opened.key) == Counter({"ok": 10, "hit:a": 1, "hit:b": 1})


def test_what_is_counted_between_reading_and_forgetting_is_copied_next_time(opened, valkey, monkeypatch):
    key, keep = opened.key.key_id, hours.keep
    count(valkey, key, 490_000, ok=1)

    def meanwhile(chunk, *, at):
        keep(chunk, at=at)
        monkeypatch.setattr(hours, "keep", keep)
        count(valkey, key, 490_000, ok=1)

    monkeypatch.setattr(hours, "keep", meanwhile)

    assert [(copy(), held(opened.key)["ok"]) for _ in range(2)] == [(1, 1), (1, 2)]


def test_after_redis_lost_everything_the_counters_begin_again_beside_what_was_copied(opened, valkey):
    key = opened.key.key_id
    count(valkey, key, 490_000, ok=100)
    copy()
    count(valkey, key, 490_000, ok=7)  # not copied: this is what a loss costs
    valkey.delete(f"{projection.USAGE}{key}:490000", projection.TOUCHED)
    count(valkey, key, 490_000, ok=3)

    copy()

    assert held(opened.key) == Counter(ok=103)


def test_a_reading_is_dated_by_redis_and_the_mark_only_moves_forward(opened, valkey):
    copy()
    first = UsageMark.objects.get().copied_until_at
    hours._mark(first - timedelta(hours=1))

    assert UsageMark.objects.get().copied_until_at == first


def test_counts_of_a_key_that_nobody_has_stop_nothing(opened, valkey):
    count(valkey, "k_nobody", 490_000, ok=3)
    count(valkey, opened.key.key_id, 490_000, ok=1)
    valkey.hset(f"{projection.USAGE}{opened.key.key_id}:490000", "odd", "no number")

    copy()

    assert (held(opened.key), valkey.exists(projection.TOUCHED)) == (Counter(ok=1), 0)


def test_a_copy_of_many_keys_is_two_statements(opened, valkey):
    for hour in range(490_000, 490_000 + hours.CHUNK):
        count(valkey, opened.key.key_id, hour, ok=1)

    with CaptureQueriesContext(connection) as asked:
        copy()

    assert [sql["sql"].split()[2] for sql in asked if "INSERT" in sql["sql"]] == [
        "enforcement_usagehour",
        "enforcement_usagemark",
    ]
    assert (UsageHour.objects.count(), len(asked) <= 7) == (hours.CHUNK, True)


@pytest.mark.fault
def test_copiers_killed_in_the_middle_lose_and_double_nothing(four, opened):
    """Two copiers beside each other are killed over and over while 200 clients call; what clients counted is there."""
    loop = COPIER + "while True: hours.copy_owed(at=clock.now())"
    stop, kills = threading.Event(), []

    def kill_over_and_over():
        while not stop.is_set():
            with running("-c", loop) as one, running("-c", loop) as other:
                time.sleep(2.0 + 0.037 * len(kills))
                for each in (one, other):
                    os.killpg(each.pid, signal.SIGKILL)
                    kills.append(each.pid)

    killer = threading.Thread(target=kill_over_and_over)
    killer.start()
    said: Counter[int] = Counter()
    until = time.monotonic() + 8
    while time.monotonic() < until:
        said += crowd(four, opened.secret, calls=5)
    stop.set()
    killer.join()

    copy()

    assert (held(opened.key), len(kills) >= 4) == (Counter(ok=said[200], rate_limited=said[429]), True)


@pytest.mark.fault
def test_a_flush_in_the_middle_of_traffic_loses_no_more_than_was_counted_since_the_last_copy(
    four, opened, valkey
):
    before = crowd(four, opened.secret, calls=5)
    copy()
    lost = crowd(four, opened.secret, calls=2)
    valkey.flushdb()
    after = crowd(four, opened.secret, calls=5)

    copy()

    assert lost.total() == 400
    assert held(opened.key).total() == (before + after).total()


def test_hours_go_when_they_were_kept_long_enough_and_their_day_is_sealed(opened):
    now = clock.now()
    today = hours.hour_of(now) // 24
    kept = today - hours.HOURS_KEPT.days
    for day in (kept - 2, kept - 1, kept):
        UsageHour.objects.create(key=opened.key, hour=day * 24 + 5, epoch=1, ok=1)
    epoch = (now - timedelta(days=today)).date()
    unsealed = hours.drop_old(at=now)
    UsageSeal.objects.create(on=epoch + timedelta(days=kept - 2), rows=1, digest="0" * 64, sealed_at=now)
    first_sealed = hours.drop_old(at=now)
    UsageSeal.objects.create(on=epoch + timedelta(days=kept), rows=1, digest="0" * 64, sealed_at=now)

    assert (unsealed, first_sealed, hours.drop_old(at=now)) == (0, 1, 1)
    assert UsageHour.objects.get().hour // 24 == kept


def test_open_keys_of_many_owners_are_copied_apart(valkey, transactional_db):
    one, other = open_key(), open_key(program=make_program())
    count(valkey, one.key.key_id, 490_000, ok=1)
    count(valkey, other.key.key_id, 490_001, ok=2)

    copy()

    assert [held(each.key)["ok"] for each in (one, other)] == [1, 2]
