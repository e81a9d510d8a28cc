"""The limits' formulas, as plain arithmetic: what script.lua does in Redis, the fallback in a process, and tests.

A minute: GCRA (ITU-T I.371, annex A, as the continuous-state leaky bucket), burst L, refill L/60 a second. Each request
or token weighs MINUTE; a microsecond takes L away; n more fit while at most L lie in the bucket.
All whole numbers: with floating point seven requests of 60/7 s each do not add up to a minute.
A day: a count that begins anew at 00:00 UTC.
A request counts 1 and its estimated tokens; without an estimate it counts no token, but needs room for one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

MINUTE = 60_000_000  # microseconds
DAY = 86_400  # seconds

LEVELS = {"o": "", "k": "key_", "p": "program_", "e": "end_user_"}
KINDS = {"r": "requests", "t": "tokens"}
PERS = {"m": "_per_minute", "d": "_per_day"}
POLICIES = {"orm": "minute", "ord": "day"}  # in headers; the others are called as in bodies


def drained(debt: int, *, passed: int, limit: int) -> int:
    """Return what is left of `debt` after `passed` microseconds under `limit` a minute."""
    return max(min(debt, limit * MINUTE) - min(max(passed, 0), MINUTE) * limit, 0)


def fits(debt: int, *, limit: int, count: int = 1) -> bool:
    """Return whether `count` more fit above this (drained) debt; nothing more still needs room for one."""
    return debt + max(count, 1) * MINUTE <= limit * MINUTE


def wait(debt: int, *, limit: int, count: int = 1) -> int:
    """Return the microseconds until `count` more fit; -1 if they never do."""
    if limit < max(count, 1):
        return -1
    return max(-(-(debt + max(count, 1) * MINUTE - limit * MINUTE) // limit), 0)


def refunded(debt: int, *, limit: int, less: int, passed: int) -> int:
    """Return a debt from which `less` too many are taken that were counted `passed` microseconds ago.

    Only what the bucket has not lost of them since: else what it lost of others would be given back, and more would
    pass than the formula allows.
    """
    return max(debt - max(less * MINUTE - max(passed, 0) * limit, 0), 0)


@dataclass(frozen=True)
class Limit:
    """At most so many: of what, for whom, how long."""

    code: str  # as in projection.SORTS
    most: int

    @cached_property
    def level(self) -> str:
        return self.code[0]

    @cached_property
    def is_of_tokens(self) -> bool:
        return self.code[1] == "t"

    @cached_property
    def is_of_minute(self) -> bool:
        return self.code[2] == "m"

    @cached_property
    def is_shadow(self) -> bool:
        return self.code.endswith("s")

    @cached_property
    def name(self) -> str:
        """What answers call it, such as `key_tokens_per_day`; an owner's have no word before."""
        return LEVELS[self.code[0]] + KINDS[self.code[1]] + PERS[self.code[2]]

    @cached_property
    def policy(self) -> str:
        """What the RateLimit headers call it."""
        return POLICIES.get(self.code) or self.name

    @cached_property
    def described(self) -> str:
        """Return it as an item of RateLimit-Policy: quota, window in seconds, and the unit if that is not requests."""
        unit = ';qu="tokens"' if self.is_of_tokens else ""
        return f'"{self.policy}";q={self.most};w={60 if self.is_of_minute else DAY}{unit}'


@lru_cache(maxsize=4096)
def limit(code: str, most: int) -> Limit:
    """Return this limit; the same few are asked for again and again."""
    return Limit(code, most)


def of(said: Iterable[str]) -> tuple[Limit, ...]:
    """Return the limits of a projection's lines, such as `orm 60`."""
    return tuple(limit(code, int(most)) for code, most in (each.split(" ") for each in said))


@dataclass(frozen=True)
class Held:
    """One limit after a request was counted or refused: what lies in its bucket, or the day's count."""

    limit: Limit
    used: int
    fits: bool

    @property
    def left(self) -> int:
        if self.limit.is_of_minute:
            return max((self.limit.most * MINUTE - self.used) // MINUTE, 0)
        return max(self.limit.most - self.used, 0)

    def seconds(self, now: int, count: int) -> int:
        """Return the seconds until a refused request fits, or until all of the limit is there again."""
        if not self.limit.is_of_minute:
            return DAY - now // 1_000_000 % DAY
        if self.fits:
            return -(-self.used // (max(self.limit.most, 1) * 1_000_000))
        missing = wait(self.used, limit=self.limit.most, count=count)
        return 60 if missing < 0 else max(-(-missing // 1_000_000), 1)


@dataclass(frozen=True)
class Standing:
    """Where every limit of a key stands after one request was counted or refused."""

    now: int  # microseconds since 1970, UTC, of whoever counted
    held: tuple[Held, ...]
    tokens: int = 0  # that were asked for

    def seconds(self, each: Held) -> int:
        return each.seconds(self.now, self.tokens if each.limit.is_of_tokens else 1)

    @property
    def hit(self) -> list[Held]:
        """The limits that refuse, the longest wait last."""
        return sorted((each for each in self.held if not each.fits), key=self.seconds)

    @property
    def retry_after(self) -> int:
        """Whole seconds after which the request would fit, if nobody else calls meanwhile."""
        return max((self.seconds(each) for each in self.hit), default=0)
