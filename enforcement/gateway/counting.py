"""Redis as the gateway uses it: one script for each request, the projection written after a miss."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from enforcement.gateway import metrics
from enforcement.gateway.asked import Asked, Report
from enforcement.gateway.lines import Lines, Script
from enforcement.gateway.verdicts import Verdict
from onboarding import projection
from onboarding.projection import Projection

log = logging.getLogger(__name__)

TIMEOUT = 1.0  # seconds for each answer
CONFIRM_WITHIN = 0.5  # seconds to answer a PING after an answer that did not come
PROBE_EVERY = 0.25  # seconds between questions whether Redis is back
SCRIPT = (Path(__file__).parent / "script.lua").read_text()
AUTHORIZE, PROJECT = Script(SCRIPT), Script(projection.WRITE)
REPORT = Script((Path(__file__).parent / "report.lua").read_text())
NOTE = Script("""
local seconds = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], 'GT', seconds - seconds % 60, ARGV[1])
redis.call('EXPIRE', KEYS[1], 691200)
""")
REPORTED = "gh:i:"  # + key:name of the report
HOUR = 3600
REPORT_WITHIN = 86_400  # seconds after a call
COUNT = Script("""
local time = redis.call('TIME')
local hour = math.floor(tonumber(time[1]) / 3600)
local used = ARGV[1] .. ARGV[2] .. ':' .. hour
for index = 3, #ARGV, 2 do
    redis.call('HINCRBY', used, ARGV[index], ARGV[index + 1])
end
redis.call('EXPIRE', used, 691200)
local now = string.format('%.0f', tonumber(time[1]) * 1000000 + tonumber(time[2]))
redis.call('ZADD', ARGV[1] .. 'touched', now, ARGV[2] .. ':' .. hour)
redis.call('EXPIRE', ARGV[1] .. 'touched', 691200)
""")


class RedisAway(Exception):
    """Redis did not answer, or refused to write."""


class Counting:
    """The connection to Redis of one process, and whether it is worth asking."""

    def __init__(self, url: str) -> None:
        self._lines = Lines(url, timeout=TIMEOUT)
        self.away = False

    async def close(self) -> None:
        await self._lines.close()

    async def authorize(self, digests: Sequence[str], versions: Sequence[int], asked: Asked) -> Verdict:
        """Decide and count one request; `versions` are the least ones to believe. Raises RedisAway."""
        said = [asked.model, asked.scope, asked.tokens, asked.output, asked.end_user, asked.network]
        started = perf_counter()
        reply = await self._ask(AUTHORIZE, [projection.name_of(each) for each in digests], [*said, *versions])
        metrics.script_seconds.observe(perf_counter() - started)
        return Verdict.of_reply(reply, asked.tokens)

    async def report(self, report: Report) -> str:
        """Count one report; return `ok`, `repeated`, or `missing` where the key is not known. Raises RedisAway."""
        arguments = [
            report.key, projection.BY_KEY_ID, projection.NAME, projection.COUNTED, projection.USAGE,
            f"{REPORTED}{report.key}:{report.once}", REPORT_WITHIN + HOUR, report.tokens_in, report.tokens_out,
            report.reserved, report.reserved_at, report.status,
        ]  # fmt: skip
        return (await self._ask(REPORT, [], arguments))[0]

    async def project(self, projections: Sequence[Projection]) -> None:
        """Write projections, as the payer does: the highest version stays. Raises RedisAway."""
        await self._ask(PROJECT, *projection.arguments(projections))

    async def note(self, name: str, member: str) -> None:
        """Note this minute as the last use of a member. Raises RedisAway."""
        await self._ask(NOTE, [name], [member])

    async def count_hits(self, key: str, counts: Mapping[str, int]) -> None:
        """Add to a key's counters of this hour, beside its answers. Raises RedisAway."""
        flat = [part for name, count in counts.items() for part in (name, count)]
        await self._ask(COUNT, [], [projection.USAGE, key, *flat])

    async def watch(self) -> None:
        """Ask Redis, while it is away, whether it is back. For ever."""
        while True:
            await asyncio.sleep(PROBE_EVERY)
            if self.away:
                try:
                    await self._lines.ask("PING")
                except (RedisError, OSError):
                    continue
                self.away = False
                metrics.redis_away.set(0)
                log.warning("Redis is back.")

    async def _ask(self, script: Script, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script; raise RedisAway, and remember it, where Redis is away."""
        if self.away:
            raise RedisAway
        try:
            try:
                return await self._lines.run(script, keys, arguments)
            except RedisTimeout:
                # This process may be the slow one. What was counted may be counted twice: too strict, never too lax.
                async with asyncio.timeout(CONFIRM_WITHIN):
                    await self._lines.ask("PING")
                return await self._lines.run(script, keys, arguments)
        except (RedisError, OSError) as error:  # TimeoutError is an OSError
            self._gone(error)
            raise RedisAway from error

    def _gone(self, error: Exception) -> None:
        if not self.away:
            log.warning("Redis is away (%s): deciding from PostgreSQL.", type(error).__name__)
        self.away = True
        metrics.redis_away.set(1)
