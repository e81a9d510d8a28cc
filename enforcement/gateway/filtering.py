"""The filter rules one process has: polled from PostgreSQL, compiled off the event loop, swapped in whole.

A request reads with the set it began with. Where PostgreSQL is away the last set stays; before the first one nothing
is read, and moderation answers 503.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

from enforcement.filters import endpoints
from enforcement.filters.endpoints import Endpoint
from enforcement.filters.engine import BadContent, Finding, Kind, Rule, Ruleset
from enforcement.filters.rules import Action
from enforcement.gateway import metrics
from enforcement.gateway.database import Database, PostgresAway

log = logging.getLogger(__name__)

POLL_EVERY = 1.0  # seconds: how late a process may learn of a switched rule
INLINE = 2_048  # characters read on the event loop: about a millisecond; more goes to a thread
THREADS = 2

# In one statement, so that rules and guidelines are of one moment. The stamp tells whether anything changed.
STAMP = """
    SELECT g.id, coalesce(string_agg(v.id || v.state, ',' ORDER BY v.id), ''),
        coalesce(floor(extract(epoch FROM (SELECT max(changed_at) FROM enforcement_filterruleversion)))::bigint, 0)
    FROM policies_guidelineversion g LEFT JOIN enforcement_filterruleversion v ON v.state IN ('shadow', 'on')
    WHERE g.state IN ('effective') GROUP BY g.id"""
CATEGORIES = "SELECT code FROM policies_category WHERE guidelines_id = %s ORDER BY position"
RULES = """
    SELECT r.code, v.number, v.category, v.kind, v.content, v.threshold, v.action, v.state IN ('on')
    FROM enforcement_filterruleversion v JOIN enforcement_filterrule r ON r.id = v.rule_id
        JOIN policies_category c ON c.guidelines_id = %s AND c.code = v.category
    WHERE v.state IN ('shadow', 'on') ORDER BY r.code, v.number"""


class Filters:
    """The rules in use, and everything that reading by them needs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stamp: tuple[Any, ...] | None = None
        self._known = endpoints.configured()
        self._asked = {name: Endpoint(place) for name, place in self._known.items()}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="filters")
        self.ruleset: Ruleset | None = None
        self.categories: tuple[str, ...] = ()

    async def poll(self) -> None:
        """Read what changed; raise PostgresAway. The new set is compiled in a thread and swapped in at once."""
        found = await self._database.fetch(STAMP)
        stamp = tuple(found[0]) if found else (0, "", 0)
        if stamp == self._stamp:
            return
        guidelines, _, changed = stamp
        categories = tuple(code for (code,) in await self._database.fetch(CATEGORIES, [guidelines]))
        rows = await self._database.fetch(RULES, [guidelines])
        loop = asyncio.get_running_loop()
        ruleset, broken = await loop.run_in_executor(self._threads, self._compiled, rows, changed)
        self.ruleset, self.categories, self._stamp = ruleset, categories, stamp
        metrics.filters_version.set(changed)
        live = sum(rule.is_live for rule in ruleset.rules)
        metrics.filters_held.labels("on").set(live)
        metrics.filters_held.labels("shadow").set(len(ruleset.rules) - live)
        metrics.filters_broken.set(broken)
        log.info("Filters of %s are in use: %s rules.", changed, len(ruleset.rules))

    async def watch(self) -> None:
        """Poll for ever."""
        while True:
            with contextlib.suppress(PostgresAway):
                await self.poll()
            for name, endpoint in self._asked.items():
                metrics.filter_circuit.labels(name).set(endpoint.breaker.state)
            await asyncio.sleep(POLL_EVERY)

    async def close(self) -> None:
        """Close the connections to endpoints."""
        for endpoint in self._asked.values():
            await endpoint.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def read(self, ruleset: Ruleset, texts: Sequence[str]) -> tuple[list[list[Finding]], list[Rule]]:
        """Return the findings of each text, and the rules whose endpoint could not be asked. Raises TooLong."""
        started = perf_counter()
        if sum(map(len, texts)) <= INLINE:
            found = [ruleset.scan(text) for text in texts]
        else:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._threads, lambda: [ruleset.scan(text) for text in texts])
        unasked: dict[str, Rule] = {}
        if ruleset.has_endpoints:
            for findings, (more, missing) in zip(
                found, await asyncio.gather(*(ruleset.ask(text) for text in texts)), strict=True
            ):
                findings.extend(more)
                unasked |= {rule.name: rule for rule in missing}
        metrics.filter_seconds.observe(perf_counter() - started)
        return found, list(unasked.values())

    def _compiled(self, rows: Sequence[Sequence[Any]], version: int) -> tuple[Ruleset, int]:
        """Return the set of all rules that compile here, and how many do not: one must not take the others along."""
        kept, broken = [], 0
        for code, number, category, kind, content, threshold, action, is_live in rows:
            rule = Rule(code, number, category, Kind(kind), content, threshold, Action(action), is_live)
            try:
                Ruleset([rule], known=self._known)
            except BadContent as problem:
                log.error("Filter rule %s is left out: %s", rule.name, problem.in_english)
                broken += 1
            else:
                kept.append(rule)
        return Ruleset(kept, version=version, known=self._known, asked=self._asked), broken
