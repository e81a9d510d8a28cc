"""What the gateways counted: when a key was used last, how often in the last days, how much of a limit is left.

The counts live in Redis and have an end; while Redis is away they are not known, and nobody may be told zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from redis.exceptions import RedisError

from enforcement.domain import integrators
from enforcement.domain.hours import FORGET
from enforcement.gateway.integrators import LAST_USED
from enforcement.gateway.limits import DAY, MINUTE, drained
from onboarding import projection
from onboarding.domain import keys

CHUNK = 1000
HOUR = 3600
DAYS = 7  # shown; Redis keeps eight
ALLOWED, LIMITED = "ok", "rate_limited"
# The other fields of the hourly hash that count an answer; what else is in it counts something else.
REFUSED = (
    "revoked_key", "expired_key", "suspended", "terms_not_accepted", "outside_scope",
)  # fmt: skip
KINDS = {ALLOWED: 0, LIMITED: 1} | dict.fromkeys(REFUSED, 2)


class CountsAway(Exception):
    """Redis does not answer, so what was counted is not known now."""


@dataclass(frozen=True)
class Day:
    """The answers of one UTC day to some keys."""

    on: date
    allowed: int = 0
    limited: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        return self.allowed + self.limited + self.refused


def copy_last_used(*, at: datetime | None = None) -> int:
    """Copy the moments of last use to PostgreSQL; return how many keys moved forward. Safe to run twice.

    A crash between copying and forgetting copies again; the column only moves forward. Redis away: nothing is
    copied, and nothing lost. `at` is every payer's argument; the counters' own minutes decide here.
    """
    _copy(LAST_USED, lambda moments: integrators.used({int(pk): at for pk, at in moments.items()}))
    return _copy(projection.LAST_USED, keys.used)


def _copy(name: str, used: Callable[[dict[str, datetime]], int]) -> int:
    moved = 0
    try:
        while seen := _counters().zrange(name, 0, CHUNK - 1, withscores=True):
            moved += used({each.decode(): datetime.fromtimestamp(score, UTC) for each, score in seen})
            flat = [part for each, score in seen for part in (each, f"{score:.0f}")]
            _counters().eval(FORGET, 1, name, *flat)
            if len(seen) < CHUNK:
                break
    except (RedisError, OSError):
        return moved
    return moved


def last_days(key_ids: Sequence[str], *, at: datetime, days: int = DAYS) -> list[Day]:
    """Return the answers of each of the last UTC days to these keys together, today last. Raises CountsAway."""
    today = at.astimezone(UTC).date()
    begin = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()) // HOUR
    hours = range(begin - 24 * (days - 1), int(at.timestamp()) // HOUR + 1)
    try:
        pipe = _counters().pipeline(transaction=False)
        for key in key_ids:
            for hour in hours:
                pipe.hgetall(f"{projection.USAGE}{key}:{hour}")
        counted = pipe.execute() if key_ids else []
    except (RedisError, OSError) as error:
        raise CountsAway from error
    sums = {today - timedelta(days=back): [0, 0, 0] for back in reversed(range(days))}
    for number, answers in enumerate(counted):
        hour = hours[number % len(hours)]
        of_day = sums[datetime.fromtimestamp(hour * HOUR, UTC).date()]
        for code, count in answers.items():
            kind = KINDS.get(code.decode())
            if kind is not None:
                of_day[kind] += int(count)
    return [Day(on, *counts) for on, counts in sums.items()]


def _counters() -> Any:
    """Return the client; redis-py's own types leave open whether one waits for an answer."""
    return projection.redis()


@dataclass(frozen=True)
class Left:
    """What is left of an owner's requests."""

    per_minute: int
    left_this_minute: int
    per_day: int
    left_today: int


def standing(owner: str, program: str, environment: str, *, per_minute: int, per_day: int) -> Left:
    """Return what is left of an owner's requests in a program and environment now. Raises CountsAway."""
    try:
        seconds, microseconds = _counters().time()
        name = f"{projection.COUNTED}o:{owner}:{program}:{environment}"
        held = _counters().hmget(name, "rm", "rm@", "rd", "rd@")
    except (RedisError, OSError) as error:
        raise CountsAway from error
    debt, at, spent, day = (int(value or 0) for value in held)
    debt = drained(debt, passed=seconds * 1_000_000 + microseconds - at, limit=per_minute)
    spent = spent if day == seconds // DAY else 0
    return Left(per_minute, per_minute - -(-debt // MINUTE), per_day, max(per_day - spent, 0))
