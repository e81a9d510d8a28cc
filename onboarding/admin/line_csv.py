"""What the files of a program's line and of its weeks hold: rows of text, the first names the columns."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Sum
from django.db.models.functions import Coalesce

from onboarding.domain import counts, outlooks
from onboarding.domain.forecasts import Forecast
from onboarding.models import Program, WaitlistEntry

CHUNK = 5_000
Row = list[str]
LINE = ("place", "number", "priority", "joined_at", "second_time", "earliest", "likely", "latest")
WEEKS = ("starts_at", "ends_at", "limit", "admitted", "accepted", "declined", "ran_out")


def line(program: Program, *, at: datetime) -> tuple[int, Iterator[Row]]:
    """Return how many wait, and a row for each in order, with the dates they would be told; no names."""
    return counts.line(program).waiting, _line(program, at)


def _line(program: Program, at: datetime) -> Iterator[Row]:
    yield list(LINE)
    waiting = WaitlistEntry.objects.waiting().filter(program=program).in_order()
    rows = waiting.values_list(
        "application__number", "priority", "joined_at", "returned", *outlooks.COHORT, named=True
    )
    told = outlooks.teller(program, at=at)
    for place, row in enumerate(rows.iterator(chunk_size=CHUNK), start=1):
        yield [
            str(place), row.application__number, str(row.priority), row.joined_at.isoformat(),
            "yes" if row.returned else "", *_dates(told.tell(row)),
        ]  # fmt: skip


def _dates(forecast: Forecast | None) -> Row:
    if forecast is None:
        return ["", "", ""]
    return [forecast.earliest.isoformat(), forecast.likely.isoformat(), forecast.latest.isoformat()]


def weeks(program: Program, *, at: datetime) -> tuple[int, Iterator[Row]]:
    """Return how many weeks there are, and a row for each, the oldest first."""
    return program.weeks.count(), _weeks(program)


def _weeks(program: Program) -> Iterator[Row]:
    yield list(WEEKS)
    ended = {
        name: Coalesce(Sum(f"outcome_counts__{name}"), 0) for name in ("accepted", "declined", "expired")
    }
    for week in program.weeks.order_by("starts_at").annotate(**ended):
        figures = (week.limit, week.admitted, week.accepted, week.declined, week.expired)
        yield [week.starts_at.isoformat(), week.ends_at.isoformat(), *map(str, figures)]
