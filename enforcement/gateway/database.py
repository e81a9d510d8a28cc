"""PostgreSQL as the gateway reads it: never in the way of a request that Redis can answer."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from django.db import connections
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from enforcement.gateway import metrics
from onboarding import projection
from onboarding.projection import Projection

log = logging.getLogger(__name__)
T = TypeVar("T")

TIMEOUT = 2.0  # seconds for one look-up, waiting for a connection included
CONNECTIONS = 4  # of each process: a flood of unknown secrets must not take PostgreSQL from the pages
CLOCK = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


class PostgresAway(Exception):
    """PostgreSQL did not answer in time."""


@dataclass(frozen=True)
class Found:
    """What PostgreSQL says of a secret, and its time then (microseconds since 1970, UTC)."""

    projection: Projection | None
    now: int


async def bounded(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return what `work` returns; raise PostgresAway after `seconds`, without waiting for its cancellation.

    Cancelling a statement asks the server, and a frozen server does not answer that either.
    """
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody else looks at it
        task.cancel()
        raise PostgresAway
    try:
        return task.result()
    except (psycopg.ProgrammingError, psycopg.DataError) as error:
        log.error("PostgreSQL refuses: %s. Were the migrations run?", error.diag.message_primary)
        raise PostgresAway from error
    except (psycopg.Error, PoolTimeout, OSError, asyncio.CancelledError) as error:
        raise PostgresAway from error


def address() -> str:
    """Return Django's database as a connection string of libpq."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    given = connections["default"].get_connection_params()
    chosen = {name: value for name, value in given.items() if name in known}
    return psycopg.conninfo.make_conninfo(
        **chosen | {"application_name": "gatehouse-gateway", "connect_timeout": "2"}
    )


class Database:
    """The look-ups of one process. `away` is told by the watcher, so that nobody else waits to find out."""

    def __init__(self) -> None:
        self._pool = AsyncConnectionPool(
            address(),
            kwargs={"autocommit": True, "prepare_threshold": None},
            min_size=1,
            max_size=CONNECTIONS,
            timeout=TIMEOUT,
            reconnect_timeout=1,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        self._asking: dict[tuple[str, ...], asyncio.Task[Found]] = {}
        self._away = False

    @property
    def away(self) -> bool:
        return self._away

    @away.setter
    def away(self, value: bool) -> None:
        if value != self._away:
            log.warning("PostgreSQL is away." if value else "PostgreSQL is back.")
        self._away = value
        metrics.postgres_away.set(value)

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=1)

    async def lookup(self, digests: Sequence[str]) -> Found:
        """Return what PostgreSQL says of this secret; raise PostgresAway. Equal questions are asked once at a time."""
        if self._away:
            raise PostgresAway
        name = tuple(digests)
        if name not in self._asking:
            task = asyncio.ensure_future(bounded(self._read(list(digests)), TIMEOUT))
            task.add_done_callback(lambda _: self._asking.pop(name, None))
            self._asking[name] = task
        return await asyncio.shield(self._asking[name])

    async def of_key(self, key: str) -> Projection | None:
        """Return the projection of a key by its public id; raise PostgresAway."""
        if self._away:
            raise PostgresAway
        return await bounded(self._read_key(key), TIMEOUT)

    async def _read_key(self, key: str) -> Projection | None:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(projection.BY_ID, [key])).fetchone()
        return Projection.of_row(row) if row else None

    async def fetch(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return the rows of one statement, none where it returns none; raise PostgresAway."""
        if self._away:
            raise PostgresAway
        return await bounded(self._fetch(statement, values), TIMEOUT)

    async def _fetch(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []

    async def _read(self, digests: list[str]) -> Found:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(projection.BY_DIGEST, [digests])).fetchone()
            now = await (await connection.execute(CLOCK)).fetchone()
        assert now
        return Found(Projection.of_row(row) if row else None, now[0])
