"""Copy what the gateways counted from Redis to PostgreSQL: a payer, safe to run twice, beside itself, and to kill.

Redis holds absolute counts of each key and hour; copying one again writes the same numbers, and a row only grows. An
hour is taken off the list of touched ones after its row is committed, and only where nothing was counted meanwhile:
a crash copies again and never loses. If Redis loses its data, what was counted since the last copy is lost, no more:
the counters begin again under another epoch, so what was copied before stays beside them.
"""

import json
import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from redis.exceptions import RedisError

from enforcement.domain import days
from enforcement.models.usage import COLUMNS, HOURS_A_DAY, UsageMark
from onboarding import projection

log = logging.getLogger(__name__)

CHUNK = 500  # hashes a question: Redis serves nobody else meanwhile
SECONDS = 3600
# Read from the HyperLogLogs beside a hash: column, prefix of the name in Redis.
BESIDE = {"end_users": projection.END_USERS, "networks": projection.NETWORKS}
EPOCH = "epoch"  # the field of a hash that names its life; written when it is first read
HOURS_KEPT = timedelta(days=35)  # anomalies look back 14 days, back-tests 28; days are kept for good
DELETED_AT_ONCE = 20_000  # rows a statement

# KEYS: hashes, each followed by what is beside it; ARGV: the epoch of those that have none, the columns of what is
# beside. What is gone stays gone.
READ = f"""
local found = {{}}
for index = 1, #KEYS, #ARGV do
    local held = {{}}
    if redis.call('EXISTS', KEYS[index]) == 1 then
        redis.call('HSETNX', KEYS[index], '{EPOCH}', ARGV[1])
        held = redis.call('HGETALL', KEYS[index])
        for beside = 2, #ARGV do
            table.insert(held, ARGV[beside])
            table.insert(held, redis.call('PFCOUNT', KEYS[index + beside - 1]))
        end
    end
    table.insert(found, held)
end
return found
"""

# Take a copied member away unless it was touched again meanwhile.
FORGET = """
for index = 1, #ARGV, 2 do
    if redis.call('ZSCORE', KEYS[1], ARGV[index]) == ARGV[index + 1] then
        redis.call('ZREM', KEYS[1], ARGV[index])
    end
end
"""

KEPT = (*COLUMNS, *BESIDE)
# In the order of the unique index, so that two copiers never wait for each other in a circle.
UPSERT = f"""
    INSERT INTO enforcement_usagehour AS held (key_id, hour, epoch, {", ".join(KEPT)}, more)
    SELECT k.id, c.hour, c.epoch, {", ".join(f"c.{name}" for name in KEPT)}, c.more::jsonb
    FROM unnest(%s::text[], %s::int[], %s::bigint[], {", ".join("%s::bigint[]" for _ in KEPT)}, %s::text[])
        AS c(name, hour, epoch, {", ".join(KEPT)}, more)
    JOIN onboarding_key k ON k.key_id = c.name
    ORDER BY k.id, c.hour, c.epoch
    ON CONFLICT (key_id, hour, epoch) DO UPDATE SET
        {", ".join(f"{name} = greatest(held.{name}, EXCLUDED.{name})" for name in KEPT)},
        more = CASE WHEN held.more = EXCLUDED.more THEN held.more ELSE (
            SELECT coalesce(jsonb_object_agg(name, most), '{{}}') FROM (
                SELECT both_.key AS name, max(both_.value::bigint) AS most
                FROM (SELECT * FROM jsonb_each_text(held.more) UNION ALL SELECT * FROM jsonb_each_text(EXCLUDED.more))
                    AS both_ GROUP BY both_.key) AS larger) END"""


@dataclass(frozen=True)
class Counted:
    """What Redis holds of one key and hour; `epoch` is 0 where it was never copied."""

    key: str
    hour: int
    epoch: int
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_hash(cls, key: str, hour: int, held: Mapping[str, str]) -> "Counted":
        """Return a hash's whole numbers; a field that holds anything else is not a count and is left out."""
        counts = {name: int(value) for name, value in held.items() if value.isdecimal()}
        return cls(key, hour, counts.pop(EPOCH, 0), counts)


def copy_owed(*, at: datetime) -> int:
    """Copy every hour of a key that was counted into since it was last copied; return how many.

    Redis away: what was copied stays copied, the rest waits. `at` is every payer's argument; Redis' own clock says
    until when all is copied.
    """
    copied = 0
    try:
        seconds, microseconds = _redis().time()
        began = seconds * 1_000_000 + microseconds
        for touched in _touched(until=began):
            keep(_read([member for member, _ in touched]), at=at)
            flat = [part for member, score in touched for part in (member, f"{score:.0f}")]
            _redis().eval(FORGET, 1, projection.TOUCHED, *flat)
            copied += len(touched)
    except (RedisError, OSError) as error:
        log.warning("Redis is away (%s): usage is copied when it is back.", type(error).__name__)
        return copied
    _mark(datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds))
    return copied


def drop_old(*, at: datetime) -> int:
    """Delete the rows of hours that were kept long enough and whose day is sealed; return how many."""
    first = hour_of(at - HOURS_KEPT) // HOURS_A_DAY * HOURS_A_DAY
    UsageMark.objects.get_or_create(pk=1)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE enforcement_usagemark SET hours_from = greatest(hours_from, least(%s, (
                   SELECT (max(seal.on) - date '1970-01-01' + 1) * 24 FROM enforcement_usageseal seal)))
               WHERE EXISTS (SELECT FROM enforcement_usageseal) RETURNING hours_from""",
            [first],
        )
        row = cursor.fetchone()
        dropped = 0
        while row:
            cursor.execute(
                """DELETE FROM enforcement_usagehour WHERE id IN (
                       SELECT id FROM enforcement_usagehour WHERE hour < %s LIMIT %s)""",
                [row[0], DELETED_AT_ONCE],
            )
            dropped += cursor.rowcount
            if cursor.rowcount < DELETED_AT_ONCE:
                break
    return dropped


def hour_of(at: datetime) -> int:
    """Return the hours since 1970 of a moment."""
    return int(at.timestamp()) // SECONDS


def live(keys: Sequence[str], hours: Sequence[int]) -> list[Counted]:
    """Return what Redis holds of these keys in these hours, changing nothing. Raises RedisError, OSError."""
    pipe = _redis().pipeline(transaction=False)
    wanted = [(key, hour) for key in keys for hour in hours]
    for key, hour in wanted:
        pipe.hgetall(f"{projection.USAGE}{key}:{hour}")
    return [
        Counted.of_hash(key, hour, {name.decode(): value.decode() for name, value in held.items()})
        for (key, hour), held in zip(wanted, pipe.execute() if wanted else [], strict=True)
        if held
    ]


@transaction.atomic
def keep(chunk: Sequence[Counted], *, at: datetime) -> None:
    """Write readings to PostgreSQL: every number the greater of what stands there and what was read."""
    if not chunk:
        return
    oldest = min(each.hour for each in chunk)
    if oldest // HOURS_A_DAY < hour_of(at) // HOURS_A_DAY:
        days.lock()  # a day that is over may be sealed at this moment
    columns: list[list[Any]] = [[each.counts.get(name, 0) for each in chunk] for name in KEPT]
    more = [
        json.dumps({name: count for name, count in each.counts.items() if name not in KEPT}) for each in chunk
    ]
    names, numbers, epochs = zip(*((each.key, each.hour, each.epoch) for each in chunk), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [list(names), list(numbers), list(epochs), *columns, more])
    days.correct(oldest_hour=oldest, at=at)


def _redis() -> Any:
    """Return the client; redis-py's own types leave open whether one waits for an answer."""
    return projection.redis()


def _touched(*, until: int) -> Iterator[list[tuple[str, float]]]:
    """Yield chunks of (key:hour, microsecond) touched until then; each is forgotten before the next is asked for.

    What is touched meanwhile is later than `until`; were the clock set back it might not be, so there is an end to it.
    """
    for _ in range(_redis().zcard(projection.TOUCHED) // CHUNK + 2):
        found = _redis().zrange(
            projection.TOUCHED, "-inf", until, byscore=True, offset=0, num=CHUNK, withscores=True
        )
        if not found:
            return
        yield [(member.decode(), score) for member, score in found]


def _read(members: Sequence[str]) -> list[Counted]:
    prefixes = (projection.USAGE, *BESIDE.values())
    names = [prefix + member for member in members for prefix in prefixes]
    replies = _redis().eval(READ, len(names), *names, secrets.randbits(62), *BESIDE)
    found = []
    for member, flat in zip(members, replies, strict=True):
        key, _, hour = member.rpartition(":")
        if flat and hour.isdecimal():
            texts = [text.decode() if isinstance(text, bytes) else str(text) for text in flat]
            found.append(Counted.of_hash(key, int(hour), dict(zip(texts[::2], texts[1::2], strict=True))))
    return found


def _mark(until: datetime) -> None:
    """Remember that all that was counted before is copied; an earlier moment never replaces a later one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO enforcement_usagemark AS mark (id, copied_until_at, hours_from, judged_hour)
               VALUES (1, %s, 0, 0)
               ON CONFLICT (id) DO UPDATE
               SET copied_until_at = greatest(mark.copied_until_at, EXCLUDED.copied_until_at)""",
            [until],
        )
