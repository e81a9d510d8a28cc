"""What the gateways counted: when a key was used last, how often in the last days, how much of a limit is left.

Days come from PostgreSQL, with the hours of this moment from Redis. What is left of a limit only Redis knows; while it
is away that is not known, and nobody may be told zero.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Max
from redis.exceptions import RedisError

from enforcement.domain import hours, integrators
from enforcement.domain.days import EPOCH_DAY
from enforcement.domain.hours import FORGET, Counted, hour_of
from enforcement.gateway.integrators import LAST_USED
from enforcement.gateway.limits import DAY, MINUTE, drained
from enforcement.models.usage import (
    ALLOWED,
    COLUMNS,
    HOURS_A_DAY,
    LIMITED,
    REFUSED,
    TOKENS,
    UsageDay,
    UsageHour,
    UsageSeal,
)
from onboarding import projection
from onboarding.domain import keys

CHUNK = 1000
DAYS = 7  # shown
DAYS_IN_FILE = 92


class CountsAway(Exception):
    """Redis does not answer, so what was counted is not known now."""


@dataclass(frozen=True)
class Day:
    """The answers of one UTC day to some keys, by code, and the tokens that were reported."""

    on: date
    counts: Mapping[str, int]

    @property
    def allowed(self) -> int:
        return self.counts[ALLOWED]

    @property
    def limited(self) -> int:
        return self.counts[LIMITED]

    @property
    def reasons(self) -> dict[str, int]:
        """The refusals for another reason than a limit, by code; none that did not happen."""
        return {code: self.counts[code] for code in REFUSED if self.counts[code]}

    @property
    def refused(self) -> int:
        return sum(self.reasons.values())

    @property
    def tokens(self) -> int:
        return sum(self.counts[name] for name in TOKENS)

    @property
    def total(self) -> int:
        return self.allowed + self.limited + self.refused


@dataclass(frozen=True)
class Recent:
    """The last days, today last; while Redis is away the last minutes are not in them, and `is_whole` is false."""

    days: list[Day]
    is_whole: bool

    @property
    def has_tokens(self) -> bool:
        return any(day.tokens for day in self.days)


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


def recent(key_ids: Sequence[str], *, at: datetime, days: int = DAYS) -> Recent:
    """Return the answers of each of the last UTC days to these keys together. Three queries, and one trip to Redis."""
    now = hour_of(at)
    today = now // HOURS_A_DAY
    first = today - days + 1
    if not key_ids:
        return Recent([_day(number, Counter()) for number in range(first, today + 1)], True)
    sealed, sums = _sealed(key_ids, first)
    read = dict(_hours(key_ids, (sealed + 1) * HOURS_A_DAY))
    try:
        # The hour before is asked for too: in the first minute of an hour it may not be copied.
        _bring_up_to_date(read, hours.live(key_ids, [now - 1, now]))
        is_whole = True
    except (RedisError, OSError):
        is_whole = False
    for (_, hour, _), counts in read.items():
        sums[hour // HOURS_A_DAY] += counts
    return Recent([_day(number, sums[number]) for number in range(first, today + 1)], is_whole)


def _day(number: int, counts: Counter[str]) -> Day:
    return Day(EPOCH_DAY + timedelta(days=number), {name: counts[name] for name in COLUMNS})


def _sealed(key_ids: Sequence[str], first: int) -> tuple[int, dict[int, Counter[str]]]:
    """Return the last sealed day (days since 1970, or the one before `first`), and the sums of the sealed ones."""
    last = UsageSeal.objects.aggregate(last=Max("on"))["last"]
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    rows = UsageDay.objects.filter(key__key_id__in=key_ids, on__gte=EPOCH_DAY + timedelta(days=first))
    for on, *counts in rows.values_list("on", *COLUMNS):
        sums[(on - EPOCH_DAY).days] += Counter(dict(zip(COLUMNS, counts, strict=True)))
    return max((last - EPOCH_DAY).days if last else 0, first - 1), sums


def _hours(key_ids: Sequence[str], first: int) -> Iterator[tuple[tuple[str, int, int], Counter[str]]]:
    rows = UsageHour.objects.filter(key__key_id__in=key_ids, hour__gte=first)
    for key, hour, epoch, *counts in rows.values_list("key__key_id", "hour", "epoch", *COLUMNS):
        yield (key, hour, epoch), Counter(dict(zip(COLUMNS, counts, strict=True)))


def _bring_up_to_date(read: dict[tuple[str, int, int], Counter[str]], live: Sequence[Counted]) -> None:
    """Take the greater of what was copied and what Redis holds; another epoch is a row of its own."""
    for each in live:
        place = (each.key, each.hour, each.epoch)
        read[place] = read.get(place, Counter()) | Counter(each.counts)


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
