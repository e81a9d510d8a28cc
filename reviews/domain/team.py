"""What the reviewers bear together, for managers: totals over five people or more, in bands, never a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy

LEAST = 5  # people a figure is made of; of fewer it would say what one of them did
DAYS = 7
ROUNDED = 10  # minutes: two pages a day apart must not tell what one person read between them
LIGHT, HEAVY = 1 / 3, 2 / 3  # of what the rule allows a person and day

READ = """
    SELECT code, count(DISTINCT reviewer_id), sum(seconds), count(DISTINCT (reviewer_id, day)) FROM (
        SELECT reviewer_id, codes.code, opened_at::date AS day,
            extract(epoch FROM coalesce(ended_at, least(ends_by, %(at)s)) - opened_at) AS seconds
        FROM reviews_exposure, LATERAL (
            SELECT '' AS code UNION ALL SELECT jsonb_object_keys(severe)) AS codes
        WHERE opened_at > %(since)s AND opened_at <= %(at)s) AS opened
    GROUP BY code ORDER BY code"""

WAITING = """
    SELECT severity, count(*), min(due_at) FROM reviews_case
    WHERE state = 'open' AND severity >= 2 GROUP BY severity ORDER BY severity"""


LOADS = {"light": gettext_lazy("light"), "moderate": gettext_lazy("moderate"), "heavy": gettext_lazy("heavy")}


@dataclass(frozen=True)
class Figure:
    """The team's minutes with severe text, in all or of one category; too few people: None."""

    code: str
    minutes: int | None
    band: str

    @property
    def load(self) -> str:
        """Return the band in words."""
        return str(LOADS.get(self.band, ""))


@dataclass(frozen=True)
class Waiting:
    """Open severe cases of one severity, whoever may take them."""

    severity: int
    cases: int
    first_due_at: datetime


def figures(*, allowed: int, at: datetime) -> list[Figure]:
    """Return the last DAYS days: the whole first (code ""), then by category. `allowed`: minutes a person and day."""
    with connection.cursor() as cursor:
        cursor.execute(READ, {"at": at, "since": at - timedelta(days=DAYS)})
        rows = cursor.fetchall()
    found = [_figure(code, people, float(seconds), days, allowed) for code, people, seconds, days in rows]
    return found or [Figure("", None, "")]


def waiting() -> list[Waiting]:
    """Return how many severe cases are open, and when the first is due."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [Waiting(*row) for row in cursor.fetchall()]


def _figure(code: str, people: int, seconds: float, days: int, allowed: int) -> Figure:
    if people < LEAST:
        return Figure(code, None, "")
    share = seconds / 60 / days / allowed
    band = "light" if share < LIGHT else "moderate" if share < HEAVY else "heavy"
    return Figure(code, round(seconds / 60 / ROUNDED) * ROUNDED, band)
