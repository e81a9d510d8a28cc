"""How long one reviewer has had severe text open today: read from what was really opened, never from claims."""

from collections import Counter
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


def today(user: User, *, at: datetime) -> Today:
    """Return this person's minutes of the day that `at` lies in for them, in one query."""
    since = local(user, at).replace(hour=0, minute=0, second=0, microsecond=0)
    found = Exposure.objects.filter(reviewer=user, opened_at__gt=since - OPEN_MOST, opened_at__lte=at)
    seconds: Counter[str] = Counter()
    last = None
    for last in found.order_by("opened_at", "pk"):
        length = ended(last, at) - max(last.opened_at, since)
        for code in last.severe:
            seconds[code] += max(0, int(length.total_seconds()))
    return Today(seconds, last)


def ended(exposure: Exposure, at: datetime) -> datetime:
    """Return until when an opening counts, as of `at`."""
    return exposure.ended_at or min(exposure.ends_by, at)
