"""The forecast of a program: its plan, what was observed, and how long the line is, read and put together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median

from django.db.models import QuerySet, Sum

from onboarding.domain import cohorts, counts, forecasts, plans, weeks
from onboarding.domain.cohorts import Segment, Waits
from onboarding.domain.forecasts import Forecast, Observed, Outcome, Outlook, WeekAhead
from onboarding.domain.plans import Rules, Share
from onboarding.models import OutcomeCount, Program, RateStep, WaitlistEntry, Week
from onboarding.states import Carry

CHUNK = 20_000  # entries read at once
NOT_SET = 0  # stands for the id of a rate that is only asked about
COHORT = ("applicant_type", "country", "wave", "hand_picked")  # what shares go by
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
    plan: Plan,
    asked: tuple[datetime, int] | None = None,
) -> Reached | None:
    """Return the week in which the plan alone reaches a place, as if nobody let an invitation run out.

    `week` is the running one; `asked` is a rate, and from when on, as if it were set now. None when the place is not
    reached within the weeks that are looked at: nobody is told a date beyond.
    """
    free = _left(week)
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
    steps = in_order(program).filter(set_at__lte=week.starts_at)
    plan = known_plan(program, steps, week.starts_at, week)
    return _walk(program, week.starts_at, week.limit, plan, number), plan.rules


def _now(program: Program, at: datetime) -> tuple[int, Plan]:
    week = weeks.current(program, at)
    return _left(week), known_plan(program, in_order(program), at, week)


def _left(week: Week | None) -> int:
    return week.limit - week.admitted if week else 0


def in_order(program: Program) -> QuerySet[RateStep]:
    """Return the rates as they follow each other: of two from the same moment the later set counts."""
    return program.rate_steps.order_by("from_at", "id")


def known_plan(program: Program, steps: Iterable[RateStep], at: datetime, week: Week | None) -> Plan:
    """Return the plan in force at a moment with these rates, which are `in_order`; `week` is the one that runs then."""
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


@dataclass
class Teller:
    """Tells one after the other, in the order of the line, when they are reached; nothing is kept for each."""

    shares: Sequence[Share]
    outlooks: Sequence[Outlook]
    before: Sequence[int]  # of each cohort, people before the first who is told

    def __post_init__(self) -> None:
        told = zip(self.outlooks, self.before, strict=True)
        self._dates = [stretches(outlook, after=after) for outlook, after in told]

    def tell(self, entry: Waits) -> Forecast | None:
        """Return the forecast of whoever is next in line."""
        return next(self._dates[cohorts.of(self.shares, entry)])


def teller(
    program: Program,
    *,
    at: datetime,
    first: WaitlistEntry | None = None,
    before: int = 0,
    people: int | None = None,
) -> Teller:
    """Return what tells people in line when they are reached, from `first` on, `before` whom so many wait.

    Where only the next `people` are told, the weeks are walked no farther than they need.
    """
    week = weeks.current(program, at)
    free, plan = _left(week), known_plan(program, in_order(program), at, week)
    seen, offered, shares = observed(program, at=at), counts.line(program).seated, plan.rules.shares
    ahead = cohorts.before(first, shares) if first and shares else [before] + [0] * len(shares)
    line = cohorts.line(program, shares) if shares else []
    for number in FAR if people is not None else FAR[-1:]:
        walked = _walk(program, at, free, plan, number)
        found = [foreseen(program, walked, seen, offered=offered, rules=plan.rules)]
        if shares:
            split = cohorts.splits(shares, [each.seats for each in walked], running=week)
            found = cohorts.outlooks(found[0], line, split, plan.rules)
        if people is not None and _reach(found, ahead, people, line):
            break
    return Teller(shares, found, ahead)


def _reach(found: Sequence[Outlook], ahead: Sequence[int], people: int, line: Sequence[Segment]) -> bool:
    """Tell whether the next so many of each cohort, or all of it, are surely reached."""
    if not line:
        return found[0].of(ahead[0] + people) is not None
    lasts = [
        min(after + people, of_all)
        for after, of_all in zip(ahead, map(sum, zip(*line, strict=True)), strict=True)
    ]
    return all(outlook.of(last) for outlook, last in zip(found, lasts, strict=True) if last)


def everybody(program: Program, *, at: datetime) -> Iterator[tuple[int, int, Forecast | None]]:
    """Yield entry, place and forecast of everybody who waits, in order. The weeks are walked once, nothing is kept."""
    waiting = WaitlistEntry.objects.waiting().filter(program=program).in_order()
    rows = waiting.values_list("pk", *COHORT, named=True)
    told = teller(program, at=at)
    for place, row in enumerate(rows.iterator(chunk_size=CHUNK), start=1):
        yield row.pk, place, told.tell(row)


def stretches(outlook: Outlook, *, after: int = 0) -> Iterator[Forecast | None]:
    """Yield the forecast of each place after one, without end: looked up once for all that share it."""
    place = after + 1
    while True:
        forecast, last = outlook.of(place), outlook.same_until(place)
        while place <= last:
            yield forecast
            place += 1
