"""What changed in PostgreSQL, as each process knows it by itself: denials first of all.

Redis may lose a tombstone or come back with an older file. So each process polls PostgreSQL, holds every change of the
last projection lifetime, asks its denials before it asks Redis, and believes no projection older than what it saw.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, time

import psycopg

from enforcement.gateway import metrics
from enforcement.gateway.database import Database, PostgresAway, address, bounded
from enforcement.gateway.integrators import LIVING, Integrators
from onboarding.projection import CHANNEL, DENIED, PROJECTION_LIFE, REMEMBERED, STATE

log = logging.getLogger(__name__)

POLL_EVERY = 0.5  # seconds: with the poll itself a denial is known well within the promised second
PAUSE = 0.01  # seconds between two polls, however many hints arrive
TIMEOUT = 2.0  # seconds one poll may take
HELD_FOR = PROJECTION_LIFE + 300  # seconds: no projection from before a denial can outlive it
OVERLAP = timedelta(seconds=2)

# A change is dated when it is written and seen when it is committed. So the next poll begins where the oldest
# transaction that may still commit something began, and this is asked before the changes are read, not after.
MOMENT = """
    SELECT clock_timestamp(), (SELECT min(xact_start) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid())"""
CHANGED = f"""
    SELECT s.digest, k.access_version, {STATE} FROM onboarding_key k JOIN onboarding_grant g ON g.id = k.grant_id
        JOIN onboarding_secret s ON s.key_id = k.id
    WHERE k.access_changed_at > %s AND {REMEMBERED}"""


@dataclass(frozen=True)
class Change:
    """The newest state of a secret this process saw, and when it saw it (monotonic seconds)."""

    version: int
    state: str
    seen: float


class Changes:
    """The changes one process holds, by digest."""

    def __init__(self, database: Database, integrators: Integrators) -> None:
        self._database = database
        self._integrators = integrators
        self._held: dict[str, Change] = {}
        self._connection: psycopg.AsyncConnection | None = None
        self._since: datetime | None = None
        self._last: datetime | None = None
        self._swept = monotonic()
        self.loaded = False

    def denial(self, digests: Sequence[str]) -> str:
        """Return the state that denies this secret, "" if none is known here."""
        for digest in digests:
            if (change := self._held.get(digest)) and change.state in DENIED:
                return change.state
        return ""

    def versions(self, digests: Sequence[str]) -> list[int]:
        """Return the least version of each projection that may be believed."""
        return [change.version if (change := self._held.get(digest)) else 0 for digest in digests]

    async def poll(self) -> None:
        """Read what changed since the last poll; the first time, and after a clock went back, all that is held."""
        try:
            rows = await bounded(self._read(), TIMEOUT)
        except PostgresAway:
            self._drop()
            self._database.away = True
            raise
        self._database.away = False
        self.loaded = True
        self._take(rows)
        metrics.polled_at.set(time())

    async def watch(self) -> None:
        """Poll for ever."""
        while True:
            started = monotonic()
            with contextlib.suppress(PostgresAway):
                await self.poll()
            await asyncio.sleep(PAUSE)
            await self._await_hint(max(POLL_EVERY - (monotonic() - started), 0.05 - PAUSE))

    async def close(self) -> None:
        if self._connection:
            await self._connection.close()

    async def _await_hint(self, seconds: float) -> None:
        """Wait so long, or until PostgreSQL says that something changed. A hint that is lost costs a poll's time."""
        if self._connection is None:
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(psycopg.Error, OSError):  # the next poll finds out what is the matter
            async for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                metrics.hinted.inc()

    async def _read(self) -> list[tuple[str, int, str]]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                address(), autocommit=True, prepare_threshold=None
            )
            # Whoever needs a table for themselves (a migration) must not be the one that a deadlock ends.
            await self._connection.execute("SET lock_timeout = '500ms'")
            await self._connection.execute(f"LISTEN {CHANNEL}")
        connection = self._connection
        now, oldest = await (await connection.execute(MOMENT)).fetchone()  # type: ignore[misc]
        if self._since is None or self._last is None or now < self._last:
            self._since = now - timedelta(seconds=HELD_FOR)
        rows = await (await connection.execute(CHANGED, [self._since])).fetchall()
        self._integrators.take(await (await connection.execute(LIVING)).fetchall())
        self._since, self._last = min(now, oldest or now) - OVERLAP, now
        return rows

    def _take(self, rows: Sequence[tuple[str, int, str]]) -> None:
        now = monotonic()
        for digest, version, state in rows:
            held = self._held.get(digest)
            if held is None or held.version < version:
                self._held[digest] = Change(version, state, now)
        if now - self._swept > 60:
            self._held = {digest: each for digest, each in self._held.items() if now - each.seen < HELD_FOR}
            self._swept = now
        metrics.denials_held.set(len(self._held))

    def _drop(self) -> None:
        """Forget a connection that failed; a frozen server would not answer a polite goodbye."""
        if self._connection:
            self._connection.pgconn.finish()
        self._connection = None
