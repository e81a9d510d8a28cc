"""How long one reviewer has had severe text open today: counted from what was really opened, never from claims."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import User
from reviews.models import Exposure

OPEN_MOST = timedelta(minutes=15)  # one opening is counted no longer; then the text is covered again


@dataclass(frozen=True)
class Today:
    """Seconds by category since midnight where the reviewer is, and the last opening."""

    seconds: Counter[str]
    last: Exposure | None


def local(user: User, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(user.time_zone))


def midnight(user: User, at: datetime) -> datetime:
    """Return when the day began that `at` lies in for them; what was opened OPEN_MOST before may reach into it."""
    return local(user, at).replace(hour=0, minute=0, second=0, microsecond=0)


def today(user: User, opened: Iterable[Exposure], *, at: datetime) -> Today:
    """Return this person's minutes of the day that `at` lies in for them, from what they opened, the last one last."""
    since, seconds = midnight(user, at), Counter[str]()
    last = None
    for last in opened:
        length = ended(last, at) - max(last.opened_at, since)
        for code in last.severe:
            seconds[code] += max(0, int(length.total_seconds()))
    return Today(seconds, last)


def ended(exposure: Exposure, at: datetime) -> datetime:
    """Return until when an opening counts, as of `at`."""
    return exposure.ended_at or min(exposure.ends_by, at)
