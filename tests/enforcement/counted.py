"""Counts put into Redis by hand, as the gateways would, and what PostgreSQL then holds of them."""

from collections import Counter

from enforcement.models import UsageHour
from enforcement.models.usage import COLUMNS
from onboarding import projection
from onboarding.models import Key


def count(valkey, key: str, hour: int, **answers: int) -> None:
    """Add answers to a key's hour and say that it was touched, in one step as the script does."""
    seconds, microseconds = valkey.time()
    pipe = valkey.pipeline()
    for name, many in answers.items():
        pipe.hincrby(f"{projection.USAGE}{key}:{hour}", name, many)
    pipe.zadd(projection.TOUCHED, {f"{key}:{hour}": seconds * 1_000_000 + microseconds})
    pipe.execute()


def held(key: Key) -> Counter[str]:
    """Return what PostgreSQL holds of a key over all hours and epochs, zeros left out."""
    total: Counter[str] = Counter()
    for row in UsageHour.objects.filter(key=key).values():
        more = row.pop("more")
        total.update({name: many for name, many in row.items() if name in COLUMNS} | more)
    return +total
