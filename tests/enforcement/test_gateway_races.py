"""Many clients at once over four processes: exactly what the formulas allow passes."""

import asyncio
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.enforcement.conftest import Gateway, open_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

CLIENTS = 50  # at each process


async def client(gateway: Gateway, secret: str, calls: int) -> list[int]:
    """Call `calls` times over one connection; return the statuses. By hand: an HTTP library would be the bottleneck."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    statuses = []
    for _ in range(calls):
        writer.write(
            f"GET /v1/authorize HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(re.search(r"content-length: (\d+)", head)[1]))
        statuses.append(int(head.split()[1]))
    writer.close()
    return statuses


def crowd(gateways: list[Gateway], secret: str, *, calls: int) -> Counter[int]:
    """Let CLIENTS clients call each gateway `calls` times, all at once; return the statuses."""

    async def everybody() -> Counter[int]:
        said = await asyncio.gather(*(client(each, secret, calls) for each in gateways * CLIENTS))
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
    assert int(valkey.hget(valkey.keys("gh:u:*")[0], "ok")) == said[200]


def test_a_first_call_of_many_at_once_reads_postgresql_hardly_more_than_once_a_process(four):
    """Nobody's projection is there: each process asks PostgreSQL for all its clients together."""
    opened = open_key(per_minute=100_000, per_day=100_000)

    assert crowd(four, opened.secret, calls=1) == {200: 200}
