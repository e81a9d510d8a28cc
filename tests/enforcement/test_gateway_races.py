"""Many clients at once over four processes: exactly what the formulas allow passes."""

import asyncio
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit import clock
from onboarding.domain import keys
from onboarding.states import Overlap
from tests.enforcement import stepping
from tests.enforcement.conftest import Gateway, gateways, open_key
from tests.enforcement.test_limits_of_every_sort import NAMED, lay
from tests.factories import make_manager, make_program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

CLIENTS = 50  # at each process


async def client(gateway: Gateway, secret: str, calls: int, more: str) -> list[int]:
    """Call `calls` times over one connection; return the statuses. By hand: an HTTP library would be the bottleneck."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    statuses = []
    for _ in range(calls):
        writer.write(
            f"GET /v1/authorize HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n{more}\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(re.search(r"content-length: (\d+)", head)[1]))
        statuses.append(int(head.split()[1]))
    writer.close()
    return statuses


def crowd(gateways: list[Gateway], secret: str, *, calls: int, **headers: str) -> Counter[int]:
    """Let CLIENTS clients call each gateway `calls` times, all at once; return the statuses."""
    more = "".join(f"X-Gatehouse-{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    async def everybody() -> Counter[int]:
        said = await asyncio.gather(*(client(each, secret, calls, more) for each in gateways * CLIENTS))
        return Counter(status for statuses in said for status in statuses)

    with ThreadPoolExecutor(1) as apart:  # the browser tests leave a running loop in this thread
        return apart.submit(asyncio.run, everybody()).result()


def test_of_two_thousand_calls_at_once_exactly_the_days_limit_passes(four):
    opened = open_key(per_minute=100_000, per_day=137)

    assert crowd(four, opened.secret, calls=10) == {200: 137, 429: 1863}


def test_of_two_thousand_calls_at_once_exactly_the_minutes_burst_and_refill_pass(four, valkey):
    opened = open_key(per_minute=100, per_day=1_000_000)
    started = time.monotonic()
    said = crowd(four, opened.secret, calls=10)
    took = time.monotonic() - started

    assert 100 <= said[200] <= 100 + int(took * 100 / 60)
    assert said[200] + said[429] == 2000
    assert int(valkey.hget(valkey.keys("gh:u:k_*")[0], "ok")) == said[200]


def test_a_first_call_of_many_at_once_reads_postgresql_hardly_more_than_once_a_process(four):
    """Nobody's projection is there: each process asks PostgreSQL for all its clients together."""
    opened = open_key(per_minute=100_000, per_day=100_000)

    assert crowd(four, opened.secret, calls=1) == {200: 200}


@pytest.mark.parametrize("sort", NAMED, ids=NAMED.get)
def test_of_eight_hundred_calls_at_once_exactly_what_each_sort_of_limit_allows_passes(four, valkey, sort):
    """Tokens are asked for by threes, so that a hundred and one of them admit 33 calls and not 34."""
    level, kind, per = sort
    opened = open_key(per_minute=100_000, per_day=1_000_000)
    lay(opened, level, kind, per, 101, by=make_manager("dana"))
    each = 3 if kind == "tokens" else 1
    started = time.monotonic()
    said = crowd(four, opened.secret, calls=4, tokens="3", end_user="5e8f")
    refilled = int((time.monotonic() - started) * 101 / 60) if per == "minute" else 0

    assert 101 // each <= said[200] <= (101 + refilled) // each
    assert said[200] + said[429] == 800


def test_a_rotation_in_the_middle_lets_no_more_pass(four, valkey):
    opened = open_key(per_minute=100_000, per_day=137)
    alice = opened.grant.application.applicant
    with ThreadPoolExecutor(1) as beside:
        crowded = beside.submit(crowd, four, opened.secret, calls=3)
        fresh = keys.rotate(opened.key, overlap=Overlap.DAY, seen=1, by=alice, at=clock.now())
        before = crowded.result()
    after = crowd(four, fresh, calls=1)

    assert before[200] + after[200] == 137


@pytest.mark.skipif(not stepping.libfaketime(), reason=stepping.NEEDED)
@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_stepped_by_an_hour_in_one_process_changes_nothing(four, tmp_path, seconds):
    """Neither for the minute nor for the day: Redis' clock is asked."""
    of_minute = open_key(per_minute=101, per_day=1_000_000)
    of_day = open_key(per_minute=100_000, per_day=137, program=make_program("other"))
    step_file = tmp_path / "step"
    with gateways(1, **stepping.environment_of(step_file)) as (stepped,):
        processes, started = [*four[:3], stepped], time.monotonic()
        before = crowd(processes, of_minute.secret, calls=2), crowd(processes, of_day.secret, calls=1)
        stepping.step(stepped, step_file, seconds)
        after = crowd(processes, of_minute.secret, calls=2), crowd(processes, of_day.secret, calls=1)
        refilled = int((time.monotonic() - started) * 101 / 60)

    assert 101 <= before[0][200] + after[0][200] <= 101 + refilled
    assert before[1][200] + after[1][200] == 137
