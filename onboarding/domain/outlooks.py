"""The forecast of a program: its plan, what was observed, and how long the line is, read and put together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median

from django.db.models import QuerySet, Sum

from onboarding.domain import counts, forecasts, plans, weeks
from onboarding.domain.forecasts import Forecast, Observed, Outcome, Outlook, WeekAhead
from onboarding.domain.plans import Rules
from onboarding.models import OutcomeCount, Program, RateStep, WaitlistEntry, Week
from onboarding.states import Carry

CHUNK = 20_000  # entries read at once
NOT_SET = 0  # stands for the id of a rate that is only asked about
FAR = (26, 104, forecasts.MOST_WEEKS)  # weeks walked for one place, until they reach it


@dataclass(frozen=True)
class Plan:
    """A program's plan as it is known: rules, dated rates, and how far the ramp had gone in the running week."""

    rules: Rules
    steps: list[tuple[int, datetime, int]]  # id, from when, a week
    step: int | None
    green_weeks: int

    def seats(self, starts: Iterable[datetime]) -> Iterator[int]:
        """Yield what each later week gives, in their order. The ramp goes on while its rate does."""
        step, green_weeks = self.step, self.green_weeks
        for starts_at in starts:
            latest = next((each for each in reversed(self.steps) if each[1] <= starts_at), None)
            pk, _, per_week = latest or (None, None, 0)
            green_weeks = green_weeks + 1 if pk == step and self.rules.ramp_most is not None else 0
            step = pk
            yield plans.weekly(self.rules, per_week, green_weeks)


def of(program: Program, *, at: datetime, place: int | None = None) -> Outlook:
    """Return how far the plan moves the line in the weeks from now on; every place is then a bisection away.

    For a single `place` the weeks are walked only as far as it needs.
    """
    free, plan = _now(program, at)
    seen, offered = observed(program, at=at), counts.line(program).seated
    for number in FAR if place is not None else FAR[-1:]:
        found = foreseen(
            program, _walk(program, at, free, plan, number), seen, offered=offered, rules=plan.rules
        )
        if place is not None and found.of(place):
            break
    return found


def foreseen(
    program: Program, ahead: Sequence[WeekAhead], seen: Observed, *, offered: int, rules: Rules
) -> Outlook:
    """Return how far these weeks move the line under the program's rules."""
    return forecasts.outlook(
        ahead,
        seen,
        offered=offered,
        invitation_days=program.invitation_days,
        carry=carry(rules, ahead, seen),
    )


def carry(rules: Rules, ahead: Sequence[WeekAhead], seen: Observed) -> float:
    """Return which part of declined and expired seats comes back: of a usual week's no more than the cap takes."""
    if rules.carry == Carry.NONE:
        return 0.0
    back = seen.share_returned * median([week.seats for week in ahead] or [0])
    return 1.0 if rules.carry_most is None or not back else min(1.0, rules.carry_most / back)


def carried_back(program: Program, ahead: Sequence[WeekAhead], seen: Observed, *, at: datetime) -> float:
    """Return which part of declined and expired seats the plan of now takes over into these weeks."""
    return carry(plans.rules_of(plans.in_force(program, at)), ahead, seen)


@dataclass(frozen=True)
class Reached:
    """The week in which a plan reaches a place; `ahead` counts weeks, the running one is 1."""

    starts_at: datetime
    ends_at: datetime
    ahead: int


def reach(
    program: Program,
    place: int,
    *,
    at: datetime,
    week: Week | None,
    steps: Iterable[RateStep],
    asked: tuple[datetime, int] | None = None,
) -> Reached | None:
    """Return the week in which the plan alone reaches a place, as if nobody let an invitation run out.

    `week` is the running one, `steps` are the program's `in_order`; `asked` is a rate, and from when on, as if it were
    set now. None when the place is not
    reached within the weeks that are looked at: nobody is told a date beyond.
    """
    free, plan = _left(week), _plan(program, steps, at, week)
    if asked is not None:
        from_at, per_week = asked
        plan = replace(plan, steps=sorted([*plan.steps, (NOT_SET, *asked)], key=lambda step: step[1]))
        if from_at <= at:  # a cut never takes what is given
            admitted = week.admitted if week else 0
            free = max(per_week, admitted) - admitted
    for number in FAR:
        room = 0
        for ahead, each in enumerate(_walk(program, at, free, plan, number), start=1):
            room += each.seats
            if room >= place:
                return Reached(each.starts_at, each.ends_at, ahead)
    return None


def weeks_ahead(program: Program, *, at: datetime, number: int) -> list[WeekAhead]:
    """Return so many weeks of the plan as it is set now; the first is the running one, with the seats it has left."""
    return _walk(program, at, *_now(program, at), number)


def then(program: Program, week: Week, *, number: int) -> tuple[list[WeekAhead], Rules]:
    """Return the weeks from the beginning of a past one on by the plan as it was set then, and its rules."""
    plan = _plan(program, in_order(program).filter(set_at__lte=week.starts_at), week.starts_at, week)
    return _walk(program, week.starts_at, week.limit, plan, number), plan.rules


def _now(program: Program, at: datetime) -> tuple[int, Plan]:
    week = weeks.current(program, at)
    return _left(week), _plan(program, in_order(program), at, week)


def _left(week: Week | None) -> int:
    return week.limit - week.admitted if week else 0


def in_order(program: Program) -> QuerySet[RateStep]:
    """Return the rates as they follow each other: of two from the same moment the later set counts."""
    return program.rate_steps.order_by("from_at", "id")


def _plan(program: Program, steps: Iterable[RateStep], at: datetime, week: Week | None) -> Plan:
    plan = plans.in_force(program, at)
    rules = plans.rules_of(plan)
    step, green_weeks = (week.step_id, week.green_weeks) if week else (None, 0)
    if week and week.plan != plan and plans.ramp(plans.rules_of(week.plan)) != plans.ramp(rules):
        step, green_weeks = None, 0  # another ramp begins anew
    dated = [(each.pk, each.from_at, each.per_week) for each in steps]
    return Plan(rules, dated, step, green_weeks)


def _walk(program: Program, at: datetime, free: int, plan: Plan, number: int) -> list[WeekAhead]:
    windows = list(weeks.walk(program, at, number=number))
    seats = [free, *plan.seats(starts_at for starts_at, _ in windows[1:])]
    return [WeekAhead(*window, each) for window, each in zip(windows, seats, strict=True)]


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
