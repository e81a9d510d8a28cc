"""A Celery worker killed while it copies usage: what clients counted is what PostgreSQL holds in the end."""

import os
import random
import signal
from collections import Counter
from datetime import datetime

import pytest
from celery import current_app
from django.db import connection, transaction
from django.db.models import Max

from enforcement.models import UsageMark
from tests.enforcement.conftest import open_key
from tests.enforcement.counted import held
from tests.enforcement.test_gateway_races import crowd
from tests.faults.test_races import WORKER
from tests.processes import running, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
TIMES = (2, pytest.param(30, marks=pytest.mark.soak))
PATIENCE = 60  # seconds for a worker to begin


def copy_by_celery() -> None:
    """Ask for a copy, as beat does every minute."""
    current_app.send_task("enforcement.tasks.copy_usage")


def copying() -> list[int]:
    """Return the PostgreSQL processes that wait to write hours of usage."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'enforcement_usagehour'::regclass
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
        )
        return [pid for (pid,) in cursor.fetchall()]


@pytest.mark.parametrize("times", TIMES)
def test_a_worker_killed_in_the_middle_of_copying_loses_and_doubles_nothing(four, times):
    """What it has read from Redis is not written yet, and more is counted meanwhile."""
    opened = open_key(per_minute=100_000, per_day=1_000_000)
    said: Counter[int] = Counter()
    for _ in range(times):
        said += crowd(four, opened.secret, calls=1)
        with running(*WORKER) as worker, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE enforcement_usagehour IN ACCESS EXCLUSIVE MODE")
            copy_by_celery()
            until(copying, "the worker in the middle of its copy", seconds=PATIENCE)
            said += crowd(four, opened.secret, calls=1)
            os.killpg(worker.pid, signal.SIGKILL)

    assert said == {200: 400 * times}
    assert held_after_a_last_copy(opened.key, said[200]) == Counter(ok=said[200])


@pytest.mark.soak
def test_soak_a_worker_killed_at_any_moment_of_many_copies_loses_and_doubles_nothing(four):
    opened = open_key(per_minute=100_000, per_day=1_000_000)
    chance = random.Random(30)  # the same moments each time, on a machine that is never the same
    said: Counter[int] = Counter()
    for _ in range(30):
        before = copied_until()
        with running(*WORKER) as worker:
            for _ in range(100):
                copy_by_celery()
            until(lambda before=before: copied_until() != before, "a first copy", seconds=PATIENCE)
            for _ in range(chance.randrange(1, 4)):
                said += crowd(four, opened.secret, calls=1)
            os.killpg(worker.pid, signal.SIGKILL)

    assert held_after_a_last_copy(opened.key, said[200]) == Counter(ok=said[200])


def copied_until() -> datetime | None:
    return UsageMark.objects.aggregate(until=Max("copied_until_at"))["until"]


def held_after_a_last_copy(key, expected: int) -> Counter[str]:
    """Return what PostgreSQL holds once a worker that nobody kills has copied."""
    with running(*WORKER):
        current_app.control.purge()
        copy_by_celery()
        until(lambda: held(key)["ok"] >= expected, "the last copy", seconds=PATIENCE)
    return held(key)
