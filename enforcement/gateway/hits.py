"""What filters hit: counted per key and hour in Redis beside usage, and written to PostgreSQL where people may look.

Counters are absolute and copied with usage. A row is one INSERT, once for a request, text and version. Rows that
PostgreSQL cannot take now wait here; a process that ends meanwhile loses them, and the counters stay.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from enforcement.filters.excerpts import excerpt_of
from enforcement.filters.rules import Action, Finding
from enforcement.gateway import metrics
from enforcement.gateway.counting import Counting, RedisAway
from enforcement.gateway.database import Database, PostgresAway

log = logging.getLogger(__name__)

MOST_WAITING = 1_000  # rows held while PostgreSQL is away
RETRY_EVERY = 1.0  # seconds
AN_HOUR = 20  # rows of one key and version an hour: a person looks at some, the counters have them all

KEEP = f"""
    INSERT INTO enforcement_filterhit
        (version_id, key_id, request, place, end_user, score, excerpt, is_live, flag_owed, hit_at)
    SELECT v.id, k.id, %(request)s, c.place, %(end_user)s, c.score, c.excerpt, c.is_live, c.is_live, clock_timestamp()
    FROM unnest(%(codes)s::text[], %(numbers)s::int[], %(places)s::int[], %(scores)s::float8[], %(excerpts)s::text[],
            %(live)s::bool[]) AS c(code, number, place, score, excerpt, is_live)
        JOIN enforcement_filterrule r ON r.code = c.code
        JOIN enforcement_filterruleversion v ON v.rule_id = r.id AND v.number = c.number
        JOIN onboarding_key k ON k.key_id = %(key)s
    WHERE (SELECT count(*) FROM enforcement_filterhit h WHERE h.version_id = v.id AND h.key_id = k.id
        AND h.hit_at > clock_timestamp() - interval '1 hour') < {AN_HOUR}
    ORDER BY v.id, c.place ON CONFLICT DO NOTHING"""


@dataclass(frozen=True)
class Seen:
    """Whose texts were read: the key's public id, the request's mark, the end user as the caller hashes it."""

    key: str
    request: str
    end_user: str = ""


def field_of(finding: Finding) -> str:
    """Return the counter's name: `hit:<rule>.<version>`, or `shadow:…` where the rule does nothing yet."""
    return f"{'hit' if finding.rule.is_live else 'shadow'}:{finding.rule.name}"


class Hits:
    """Where one process puts what was hit."""

    def __init__(self, counting: Counting, database: Database) -> None:
        self._counting, self._database = counting, database
        self._waiting: deque[dict[str, object]] = deque()

    async def note(self, seen: Seen, texts: Sequence[str], found: Sequence[Sequence[Finding]]) -> None:
        """Count every hit, and keep a row of those that flag."""
        hits = [(place, each) for place, findings in enumerate(found) for each in findings if each.is_hit]
        if not hits:
            return
        counts = Counter(field_of(finding) for _, finding in hits)
        for name, count in counts.items():
            metrics.filter_hits.labels(name.partition(":")[0]).inc(count)
        with contextlib.suppress(RedisAway):  # counted nowhere: limits are stricter then, figures poorer
            await self._counting.count_hits(seen.key, counts)
        if flagged := [(place, each) for place, each in hits if each.rule.action != Action.COUNT]:
            await self._keep(_row(seen, texts, flagged))

    async def watch(self) -> None:
        """Write what waits. For ever."""
        while True:
            await asyncio.sleep(RETRY_EVERY)
            with contextlib.suppress(PostgresAway):
                while self._waiting:
                    await self._write_first()

    async def _write_first(self) -> None:
        """Write the row that waits longest; one that cannot be written must not keep the others waiting for ever."""
        try:
            await self._database.fetch(KEEP, self._waiting[0])
        except PostgresAway:
            raise
        except Exception:
            log.exception("A hit of a filter could not be written; its counters stay.")
            metrics.filter_hits_lost.inc()
        self._waiting.popleft()

    async def _keep(self, row: dict[str, object]) -> None:
        try:
            await self._database.fetch(KEEP, row)
        except PostgresAway:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(row)
            else:
                metrics.filter_hits_lost.inc()


def _row(seen: Seen, texts: Sequence[str], hits: Sequence[tuple[int, Finding]]) -> dict[str, object]:
    return {
        "key": seen.key,
        "request": seen.request,
        "end_user": seen.end_user,
        "codes": [finding.rule.code for _, finding in hits],
        "numbers": [finding.rule.number for _, finding in hits],
        "places": [place for place, _ in hits],
        "scores": [finding.score for _, finding in hits],
        "excerpts": [excerpt_of(finding, texts[place]) for place, finding in hits],
        "live": [finding.rule.is_live for _, finding in hits],
    }
