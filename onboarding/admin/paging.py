"""Pages by key: a page begins after the last row of the one before, so that the millionth is as quick as the first."""

from datetime import datetime

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

PAGE = 50
MOST_ID = 2**63 - 1
Place = tuple[int, datetime, int]


def ids_after(request: HttpRequest) -> int:
    """Return the id after which the page begins; what is no id begins at the beginning."""
    said = request.GET.get("after", "")
    return min(int(said), MOST_ID) if said.isascii() and said.isdigit() else 0


def place_after(request: HttpRequest) -> Place | None:
    """Return the place in line (priority, joined_at, id) after which the page begins; None for the beginning."""
    parts = request.GET.get("after", "").split("~")
    try:
        priority, pk = int(parts[0]), int(parts[2])
        joined_at = parse_datetime(parts[1])
    except (IndexError, ValueError):
        return None
    if joined_at is None or joined_at.tzinfo is None or not 0 <= pk <= MOST_ID or abs(priority) > 32_767:
        return None
    return priority, joined_at, pk


def cursor(place: Place) -> str:
    """Return what `place_after` reads, for an address."""
    priority, joined_at, pk = place
    return f"{priority}~{joined_at.isoformat().replace('+', '%2B')}~{pk}"
