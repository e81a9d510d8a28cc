"""The forecast of a program: its plan, what was observed, and how long the line is, read and put together."""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.db.models import Sum

from onboarding.domain import counts, forecasts, weeks
from onboarding.domain.forecasts import Forecast, Observed, Outcome, Outlook, WeekAhead
from onboarding.models import OutcomeCount, Program, WaitlistEntry

CHUNK = 20_000  # entries read at once
FAR = (26, 104, forecasts.MOST_WEEKS)  # weeks walked for one place, until they reach it


def of(program: Program, *, at: datetime, place: int | None = None) -> Outlook:
    """Return how far the plan moves the line in the weeks from now on; every place is then a bisection away.

    For a single `place` the weeks are walked only as far as it needs.
    """
    free, seats = _free(program, at), _seats(program)
    seen, offered = observed(program, at=at), counts.line(program).seated
    for number in FAR if place is not None else FAR[-1:]:
        ahead = _walk(program, at, free, seats, number)
        found = forecasts.outlook(ahead, seen, offered=offered, invitation_days=program.invitation_days)
        if place is not None and found.of(place):
            break
    return found


def weeks_ahead(program: Program, *, at: datetime, number: int) -> list[WeekAhead]:
    """Return so many weeks of the plan as it is set now; the first is the running one, with the seats it has left."""
    return _walk(program, at, _free(program, at), _seats(program), number)


def planned(
    program: Program, *, at: datetime, free: int, number: int, known: datetime | None = None
) -> list[WeekAhead]:
    """Return the weeks of the plan from `at` on, the first with `free` seats; `known`: the plan as it was set then."""
    return _walk(program, at, free, _seats(program, known), number)


def _free(program: Program, at: datetime) -> int:
    week = weeks.current(program, at)
    return week.limit - week.admitted if week else 0


def _seats(program: Program, known: datetime | None = None) -> Callable[[datetime], int]:
    steps = program.rate_steps.order_by("from_at", "id")
    if known is not None:
        steps = steps.filter(set_at__lte=known)
    dated = list(steps.values_list("from_at", "per_week"))
    return lambda starts_at: next((rate for from_at, rate in reversed(dated) if from_at <= starts_at), 0)


def _walk(
    program: Program, at: datetime, free: int, seats: Callable[[datetime], int], number: int
) -> list[WeekAhead]:
    return forecasts.ahead(weeks.walk(program, at, number=number), free=free, seats=seats)


def observed(program: Program, *, at: datetime) -> Observed:
    """Return what became of the invitations of the weeks of the last half-year that are over, in one statement."""
    rows = (
        OutcomeCount.objects.filter(
            week__program=program, week__ends_at__lte=at, week__starts_at__gte=at - forecasts.LOOKED_BACK
        )
        .values("week")
        .annotate(a=Sum("accepted"), d=Sum("declined"), e=Sum("expired"), g=Sum("again"))
        .order_by("week__starts_at")
    )
    outcomes = (Outcome(row["a"], row["d"], row["e"], row["g"]) for row in rows)
    return Observed(tuple(outcome for outcome in outcomes if outcome.settled))


def everybody(program: Program, *, at: datetime) -> Iterator[tuple[int, int, Forecast | None]]:
    """Yield entry, place and forecast of everybody who waits, in order. The weeks are walked once, nothing is kept."""
    waiting = WaitlistEntry.objects.waiting().filter(program=program).in_order().values_list("pk", flat=True)
    told = stretches(of(program, at=at))
    for entry, (place, forecast) in zip(waiting.iterator(chunk_size=CHUNK), told, strict=False):
        yield entry, place, forecast


def stretches(outlook: Outlook) -> Iterator[tuple[int, Forecast | None]]:
    """Yield each place from the first on, without end, with its forecast: looked up once for all that share it."""
    place = 1
    while True:
        forecast, last = outlook.of(place), outlook.same_until(place)
        while place <= last:
            yield place, forecast
            place += 1
