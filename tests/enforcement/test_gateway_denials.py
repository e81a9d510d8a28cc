"""Suspension, revocation and their end reach every gateway process within a second, whatever became of Redis."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from audit import clock
from onboarding import projection
from onboarding.domain import grants
from onboarding.models import Key
from tests.enforcement.conftest import Gateway, Opened, gateways, open_key, seconds_until
from tests.enforcement.denying import seconds_to_deny, told
from tests.enforcement.own_postgres import own_postgres
from tests.enforcement.parts import OwnValkey, Road, own_valkey, road
from tests.factories import make_senior
from tests.processes import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

PROMISED = 1.0  # seconds


def everywhere(processes: list[Gateway], secret: str, code: str) -> list[float]:
    """Return for each process the seconds until it answers `code`."""
    with ThreadPoolExecutor(len(processes)) as pool:
        return list(pool.map(lambda each: seconds_until(each, secret, code), processes))


def warm(processes: list[Gateway], opened: Opened) -> None:
    assert [each.code(opened.secret) for each in processes] == ["ok"] * len(processes)


@pytest.mark.parametrize(("end", "code"), [("suspend", "suspended"), ("revoke", "revoked_key")])
def test_a_denial_holds_everywhere_within_a_second_although_no_worker_wrote_it(four, opened, end, code):
    warm(four, opened)
    getattr(grants, end)(opened.grant, by=make_senior(), at=clock.now(), reason="Why")

    assert max(everywhere(four, opened.secret, code)) <= PROMISED


TIMES = (20, pytest.param(200, marks=pytest.mark.soak))
WANTED = 0.05  # seconds, 99 of 100; held in the long form, on a machine that is not busy with other things
DISTURBED_EVERY = 5


def restart(redis: OwnValkey, way: Road) -> None:
    redis.kill()
    redis.start()


def restore_old_file(redis: OwnValkey, way: Road) -> None:
    redis.come_back_old()


def lose_postgresql(redis: OwnValkey, way: Road) -> None:
    """Every connection is ended and a new one refused for a moment, as when it is restarted."""
    way.cut()
    time.sleep(0.3)
    way.mend()


def turns(processes, opened, times, after=lambda: None) -> list[float]:
    """Suspend and resume so often; return the seconds to deny of every process each time."""
    sam, seconds = make_senior(), []
    for turn in range(times):
        until(lambda: {each.code(opened.secret) for each in processes} == {"ok"}, "all to let it in")
        seconds += seconds_to_deny(
            processes,
            opened.secret,
            lambda: grants.suspend(opened.grant, by=sam, at=clock.now(), reason="Why"),
        )
        if turn % DISTURBED_EVERY == 0:
            after()
            assert [each.code(opened.secret) for each in processes] == ["suspended"] * len(processes)
        grants.resume(opened.grant, by=sam, at=clock.now(), reason="Explained")
    return seconds


@pytest.mark.parametrize("times", TIMES)
def test_the_time_to_deny_is_below_a_second_everywhere(four, times):
    opened = open_key(per_minute=100_000, per_day=1_000_000)

    p99, worst = told("nothing away", turns(four, opened, times))

    assert worst <= PROMISED
    assert p99 <= (WANTED if times > 20 else PROMISED)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("disturb", [restart, restore_old_file, lose_postgresql])
def test_the_time_to_deny_is_the_same_after_a_part_was_away_and_denied_keys_stay_denied(
    transactional_db, tmp_path, disturb, times
):
    opened = open_key(per_minute=100_000, per_day=1_000_000)
    (tmp_path / "v").mkdir()
    (tmp_path / "p").mkdir()
    with (
        own_valkey(tmp_path / "v") as redis,
        road(tmp_path / "p") as way,
        gateways(4, REDIS_URL=redis.url, DATABASE_URL=way.url) as processes,
    ):
        warm(processes, opened)
        redis.keep_files()
        seconds = turns(processes, opened, times, lambda: disturb(redis, way))

    assert told(f"{disturb.__name__} every {DISTURBED_EVERY}th time", seconds)[1] <= PROMISED


@pytest.mark.parametrize("times", TIMES)
def test_denied_keys_stay_denied_and_denials_are_as_quick_after_postgresql_itself_crashed(
    transactional_db, valkey, tmp_path, times
):
    """A server of the test's own is ended at once, and recovers from its log; a gateway begins anew as well."""
    opened = open_key(per_minute=100_000, per_day=1_000_000)
    with own_postgres(tmp_path / "data") as postgres:
        postgres.take_over()
        with postgres.instead(), gateways(4, DATABASE_URL=postgres.url) as processes:

            def crash() -> None:
                postgres.crash()
                assert [each.code(opened.secret) for each in processes] == ["suspended"] * len(processes)
                postgres.start()
                processes[0].stop()
                processes[0].begin()
                processes[0].await_ready()

            seconds = turns(processes, opened, times, crash)

    assert told(f"PostgreSQL crashed every {DISTURBED_EVERY}th time", seconds)[1] <= PROMISED


def test_a_resumed_access_works_everywhere_within_a_second_although_redis_still_holds_the_tombstone(
    four, opened, valkey
):
    sam = make_senior()
    grants.suspend(opened.grant, by=sam, at=clock.now(), reason="Why")
    projection.write_owed(at=clock.now())
    assert max(everywhere(four, opened.secret, "suspended")) <= PROMISED
    grants.resume(opened.grant, by=sam, at=clock.now(), reason="Explained")

    assert valkey.hget(projection.name_of(opened.digest), "state") == "suspended"
    assert max(everywhere(four, opened.secret, "ok")) <= PROMISED


def test_a_change_that_is_committed_long_after_it_was_made_is_seen_too(four, opened):
    """The row's date lies before many polls when it becomes visible."""
    warm(four, opened)

    def slowly() -> None:
        with transaction.atomic():
            grants.suspend(opened.grant, by=sam, at=clock.now(), reason="Why")
            time.sleep(6)
        connection.close()

    sam = make_senior()
    thread = threading.Thread(target=slowly)
    thread.start()
    thread.join()

    assert max(everywhere(four, opened.secret, "suspended")) <= PROMISED


def test_a_tombstone_redis_lost_changes_nothing(four, opened, valkey):
    warm(four, opened)
    grants.revoke(opened.grant, by=make_senior(), at=clock.now(), reason="Why")
    projection.write_owed(at=clock.now())
    everywhere(four, opened.secret, "revoked_key")
    valkey.flushdb()

    assert [each.code(opened.secret) for each in four] == ["revoked_key"] * 4


def test_an_older_redis_file_brings_no_key_back_to_running_nor_to_restarted_processes(opened, tmp_path):
    with own_valkey(tmp_path) as redis, gateways(2, REDIS_URL=redis.url) as both:
        warm(both, opened)
        redis.keep_files()
        grants.revoke(opened.grant, by=make_senior(), at=clock.now(), reason="Why")
        everywhere(both, opened.secret, "revoked_key")
        redis.come_back_old()
        old = redis.client.hget(projection.name_of(opened.digest), "state")
        running = [each.code(opened.secret) for each in both]
        both[0].stop()
        both[0].begin()
        restarted = both[0].await_ready().code(opened.secret)

    assert (old, running, restarted) == ("active", ["revoked_key"] * 2, "revoked_key")


def test_an_older_redis_file_keeps_no_resumed_key_out(opened, tmp_path):
    sam = make_senior()
    with own_valkey(tmp_path) as redis, gateways(1, REDIS_URL=redis.url) as (gateway,):
        grants.suspend(opened.grant, by=sam, at=clock.now(), reason="Why")
        seconds_until(gateway, opened.secret, "suspended")
        redis.client.delete(projection.name_of(opened.digest))
        put = projection.state_of([opened.key.pk])[opened.key.pk]
        keys, argv = projection.arguments([put])
        redis.client.eval(projection.WRITE, 1, *keys, *argv)
        redis.keep_files()
        grants.resume(opened.grant, by=sam, at=clock.now(), reason="Explained")
        seconds_until(gateway, opened.secret, "ok")
        redis.come_back_old()

        assert redis.client.hget(*keys, "state") == "suspended"
        until(lambda: gateway.code(opened.secret) == "ok", "the resumed key to pass", seconds=PROMISED + 0.5)


def test_a_process_started_after_a_revocation_knows_it_before_it_listens(opened, valkey):
    projection.write_owed(at=clock.now())
    active = valkey.dump(projection.name_of(opened.digest))
    grants.revoke(opened.grant, by=make_senior(), at=clock.now(), reason="Why")
    assert active is not None
    with gateways(1) as (gateway,):
        first = gateway.code(opened.secret)

    assert (first, Key.objects.get(pk=opened.key.pk).projection_owed) == ("revoked_key", True)
    assert valkey.hget(projection.name_of(opened.digest), "state") == "active"
