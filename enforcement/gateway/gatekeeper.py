"""The decision: the denials in memory first, then Redis.

PostgreSQL is read once where Redis does not know a key, and alone decides while Redis is away.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from django.conf import settings

from enforcement.gateway import answers
from enforcement.gateway.answers import Answer
from enforcement.gateway.asked import Asked, Report
from enforcement.gateway.counting import Counting, RedisAway
from enforcement.gateway.database import Database, PostgresAway
from enforcement.gateway.denials import Changes
from enforcement.gateway.fallback import Fallback
from enforcement.gateway.filtering import Filters
from enforcement.gateway.hits import Hits
from enforcement.gateway.integrators import LAST_USED, Integrators, Known
from enforcement.gateway.verdicts import Verdict
from onboarding import projection
from onboarding.domain import secrets

log = logging.getLogger(__name__)

PATIENCE = 8.0  # seconds to wait for PostgreSQL at the start
CODE_OF = {"suspended": "suspended", "revoked": "revoked_key", "expired": "expired_key"}
STOPPED = {
    "suspended": answers.suspended,
    "end_user_suspended": answers.end_user_suspended,
    "terms_not_accepted": answers.terms_not_accepted,
}


class NotLoaded(Exception):
    """Without the denials of the last hour this process must not answer."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL does not answer, so the denials cannot be loaded. Look at DATABASE_URL and start again."
        )


class NotCounted(Exception):
    """A report cannot be counted now; sent again later it is."""


class Gatekeeper:
    """Everything one process needs to answer."""

    def __init__(self) -> None:
        self.database = Database()
        self.integrators = Integrators()
        self.changes = Changes(self.database, self.integrators)
        self.counting = Counting(settings.REDIS_URL)
        self.fallback = Fallback(self.database, processes=settings.GATEWAY_PROCESSES)
        self.filters = Filters(self.database)
        self.hits = Hits(self.counting, self.database)
        self._watchers: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Load the denials, then begin to watch; raise NotLoaded. Nothing is answered before."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not self.changes.loaded:
            try:
                await self.changes.poll()
            except PostgresAway:
                if asyncio.get_running_loop().time() > deadline:
                    raise NotLoaded from None
                await asyncio.sleep(0.5)
        await self.database.open()
        self._watchers = [
            asyncio.create_task(each.watch())
            for each in (self.changes, self.counting, self.filters, self.hits)
        ]

    async def close(self) -> None:
        """Stop watching and close every connection."""
        for task in self._watchers:
            task.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        await self.changes.close()
        await self.filters.close()
        await self.database.close()
        await self.counting.close()

    def away(self) -> list[str]:
        """Return the parts that do not answer."""
        parts = {"postgresql": self.database.away or not self.changes.loaded, "redis": self.counting.away}
        return [name for name, is_away in parts.items() if is_away]

    async def integrator(self, secret: str) -> Known | Answer:
        """Return whose token this is, or the 401 that says why it is nobody's; note the minute of its use."""
        known = self.integrators.find(secret)
        if known is None:
            return answers.problem("unknown_token" if secret else "missing_token")
        if self.integrators.is_new_minute(known):
            with suppress(RedisAway):  # it is noted with a later call
                await self.counting.note(LAST_USED, str(known.pk))
        return known

    async def decide(self, secret: str, asked: Asked) -> tuple[Answer, str]:
        """Return the answer for a well-formed secret, and what decided it."""
        digests = [digest for _, digest in secrets.candidates(secret)]
        if state := self.changes.denial(digests):
            return answer_of(Verdict(CODE_OF[state]), asked), "memory"
        versions = self.changes.versions(digests)
        try:
            try:
                verdict, path = await self._by_redis(digests, versions, asked)
            except RedisAway:
                verdict, path = await self.fallback.authorize(digests, versions, asked), "fallback"
        except PostgresAway:
            return answers.problem("unavailable"), "none"
        # A denial that arrived while we asked counts too.
        if verdict.code == "ok" and (state := self.changes.denial(digests)):
            return answer_of(Verdict(CODE_OF[state]), asked), "memory"
        return answer_of(verdict, asked), path

    async def report(self, report: Report) -> tuple[str, str]:
        """Count a report of usage; return `ok`, `repeated` or `no_such_key`, and what decided. Raises NotCounted."""
        try:
            said = await self.counting.report(report)
            if said != "missing":
                return said, "redis"
            found = await self.database.of_key(report.key)
            if found is None:
                return "no_such_key", "miss"
            await self.counting.project([found])
            return await self.counting.report(report), "miss"
        except (RedisAway, PostgresAway) as error:
            raise NotCounted from error

    async def _by_redis(
        self, digests: Sequence[str], versions: Sequence[int], asked: Asked
    ) -> tuple[Verdict, str]:
        """Ask Redis; where it does not know the key well enough, read PostgreSQL once, project, ask again."""
        verdict = await self.counting.authorize(digests, versions, asked)
        if verdict.code != "missing":
            return verdict, "redis"
        found = (await self.database.lookup(digests)).projection
        await self.counting.project([found] if found else [projection.unknown(each) for each in digests])
        verdict = await self.counting.authorize(digests, versions, asked)
        if verdict.code == "missing":  # Redis dropped it between two questions
            raise PostgresAway
        return verdict, "miss"


def answer_of(verdict: Verdict, asked: Asked) -> Answer:
    """Return the answer to a verdict."""
    if verdict.code == "ok":
        return answers.allowed(verdict)
    if verdict.code == "rate_limited" and verdict.standing:
        return answers.rate_limited(verdict.standing)
    if verdict.code == "outside_scope":
        return answers.outside_scope(verdict, asked)
    if refuse := STOPPED.get(verdict.code):
        return refuse()
    return answers.problem(verdict.code)
