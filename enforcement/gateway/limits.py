"""The two limits' formulas, as plain arithmetic: what script.lua does in Redis, the fallback in a process, and tests.

Requests a minute: GCRA (ITU-T I.371, annex A, as the continuous-state leaky bucket), burst L, refill L/60 a second.
A request weighs MINUTE; each microsecond takes L away; a request fits while at most L requests lie in the bucket.
All whole numbers: with floating point seven requests of 60/7 s each do not add up to a minute.
Requests a day: a count that begins anew at 00:00 UTC.
"""

from dataclasses import dataclass

MINUTE = 60_000_000  # microseconds
DAY = 86_400  # seconds


def drained(debt: int, *, passed: int, limit: int) -> int:
    """Return what is left of `debt` after `passed` microseconds under `limit` requests a minute."""
    return max(min(debt, limit * MINUTE) - min(max(passed, 0), MINUTE) * limit, 0)


def fits(debt: int, *, limit: int) -> bool:
    """Return whether one more request fits above this (drained) debt."""
    return debt + MINUTE <= limit * MINUTE


def wait(debt: int, *, limit: int) -> int:
    """Return the microseconds until one more request fits; -1 if none ever does."""
    if limit < 1:
        return -1
    return max(-(-(debt + MINUTE - limit * MINUTE) // limit), 0)


@dataclass(frozen=True)
class Standing:
    """Where an owner stands after one request was counted or refused."""

    now: int  # microseconds since 1970, UTC, of whoever counted
    per_minute: int
    debt: int
    per_day: int
    spent: int
    fits_minute: bool
    fits_day: bool

    @property
    def left_this_minute(self) -> int:
        return (self.per_minute * MINUTE - self.debt) // MINUTE

    @property
    def left_today(self) -> int:
        return max(self.per_day - self.spent, 0)

    @property
    def seconds_of_minute(self) -> int:
        """Seconds until a refused request fits, or after an admitted one until the bucket is empty."""
        if self.fits_minute:
            return -(-self.debt // (max(self.per_minute, 1) * 1_000_000))
        missing = wait(self.debt, limit=self.per_minute)
        return 60 if missing < 0 else max(-(-missing // 1_000_000), 1)

    @property
    def seconds_of_day(self) -> int:
        """Seconds until the next UTC day."""
        return DAY - self.now // 1_000_000 % DAY

    @property
    def hit(self) -> list[str]:
        """The limits that refuse, the longest wait last."""
        return [name for name, fit in (("minute", self.fits_minute), ("day", self.fits_day)) if not fit]

    @property
    def retry_after(self) -> int:
        """Whole seconds after which the request would fit, if nobody else calls meanwhile."""
        return max(
            0 if self.fits_minute else self.seconds_of_minute, 0 if self.fits_day else self.seconds_of_day
        )
