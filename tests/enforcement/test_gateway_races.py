"""Many clients at once over four processes: exactly what the formulas allow passes."""

import asyncio
import time
from collections import Counter

import httpx
import pytest

from tests.enforcement.conftest import Gateway, open_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

CLIENTS = 50  # at each process


def crowd(gateways: list[Gateway], secret: str, *, calls: int) -> Counter[int]:
    """Let CLIENTS clients call each gateway `calls` times, all at once; return the statuses."""

    async def client(http: httpx.AsyncClient, url: str) -> list[int]:
        headers = {"Authorization": f"Bearer {secret}"}
        return [(await http.get(f"{url}/v1/authorize", headers=headers)).status_code for _ in range(calls)]

    async def everybody() -> Counter[int]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=60, limits=limits) as http:
            said = await asyncio.gather(*(client(http, each.url) for each in gateways * CLIENTS))
        return Counter(status for statuses in said for status in statuses)

    return asyncio.run(everybody())


def test_of_eight_hundred_calls_at_once_exactly_the_days_limit_passes(four):
    opened = open_key(per_minute=100_000, per_day=137)

    assert crowd(four, opened.secret, calls=4) == {200: 137, 429: 663}


def test_of_eight_hundred_calls_at_once_exactly_the_minutes_burst_and_refill_pass(four, valkey):
    opened = open_key(per_minute=100, per_day=1_000_000)
    started = time.monotonic()
    said = crowd(four, opened.secret, calls=4)
    took = time.monotonic() - started

    assert 100 <= said[200] <= 100 + int(took * 100 / 60)
    assert said[200] + said[429] == 800
    assert int(valkey.hget(valkey.keys("gh:u:*")[0], "ok")) == said[200]


def test_a_first_call_of_many_at_once_reads_postgresql_hardly_more_than_once_a_process(four):
    """Nobody's projection is there: each process asks PostgreSQL for all its clients together."""
    opened = open_key(per_minute=100_000, per_day=100_000)

    assert crowd(four, opened.secret, calls=1) == {200: 200}
