"""Other processes on the test's own database and Valkey: racers, workers."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
START_LINE = 4711  # advisory lock: held by the test, shared by the racers, so that all start at once


def environment(**more: str) -> dict[str, str]:
    """Return the environment in which a process sees the test's database."""
    given = urlsplit(os.environ["DATABASE_URL"])
    address = given._replace(
        path=f"{given.path.rpartition('/')[0]}/{connection.settings_dict['NAME']}"
    ).geturl()
    return os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings"} | more


@contextmanager
def running(*command: str, **more: str) -> Iterator[subprocess.Popen]:
    """Run a command of the project beside the test, in a process group of its own; kill what is left of it."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.communicate()


def race(*commands: list[str], seconds: float = 60) -> list[str]:
    """Run racers (`tests/racers.py` verbs) at the same moment; return what each printed, or raise with its output."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [START_LINE])
    racers = subprocess.Popen(
        [sys.executable, "-m", "tests.racers", json.dumps(commands)],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until(
            lambda: waiting_at_the_line() == len(commands) or racers.poll() is not None,
            f"{len(commands)} racers at the line", seconds=60,
        )  # fmt: skip
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [START_LINE])
    try:
        out, err = racers.communicate(timeout=seconds)
    finally:
        racers.kill()
    assert racers.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def waiting_at_the_line() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
               WHERE datname = current_database() AND locktype = 'advisory' AND objid = %s AND NOT granted""",
            [START_LINE],  # of this database: another worker's tests race beside us
        )
        return cursor.fetchone()[0]


def until(holds: Callable[[], object], what: str, *, seconds: float = 20) -> None:
    """Wait until something holds; fail with a sentence when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.05)


def apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: browser tests leave a loop behind in the thread of their worker."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
