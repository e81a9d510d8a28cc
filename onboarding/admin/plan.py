"""The rate plan as a manager reads it: a step chart, when the line is through, and what a change would do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.languages import grouped
from onboarding import charts
from onboarding.charts import FLOOR, HEIGHT
from onboarding.domain import outlooks
from onboarding.domain.outlooks import Plan, Reached
from onboarding.models import Program, RateStep, Week

BACK, AHEAD = timedelta(weeks=10), timedelta(weeks=6)  # what the chart shows at least, where there is a plan
LEAST_MONTH = 7.0  # a month's name needs so many per cent of the width

Steps = list[tuple[datetime, int]]


@dataclass(frozen=True)
class Line:
    """A piece of the step line: across in per cent of the width, down in pixels."""

    x1: float
    x2: float
    y1: float
    y2: float
    to_come: bool


@dataclass(frozen=True)
class Bar:
    """Seats given in one week."""

    x: float
    width: float
    y: float
    height: float
    says: str


@dataclass(frozen=True)
class Chart:
    """What the template draws. The table of steps says the same in words."""

    lines: list[Line]
    bars: list[Bar]
    ticks: list[tuple[float, int]]
    months: list[tuple[float, str]]
    today: float
    floor: int = FLOOR
    height: int = HEIGHT


def chart(program: Program, steps: list[RateStep], weeks: Iterable[Week], at: datetime) -> Chart | None:
    """Return the chart of steps in the order of `from_at`, id; None where no rate was ever set."""
    if not steps:
        return None
    shown = list(weeks)
    start = max(steps[0].from_at, at - BACK)
    end = max(steps[-1].from_at, at) + AHEAD
    across = _Across(start, end)
    most = charts.round_up(max([step.per_week for step in steps] + [week.admitted for week in shown]))
    return Chart(
        lines=_lines([(step.from_at, step.per_week) for step in steps], across, most, at),
        bars=[_bar(week, across, most) for week in shown if week.admitted and week.ends_at > start],
        ticks=charts.ticks(most),
        months=_months(program, across),
        today=across.per_cent(at),
    )


@dataclass(frozen=True)
class _Across:
    start: datetime
    end: datetime

    def per_cent(self, moment: datetime) -> float:
        share = (moment - self.start) / (self.end - self.start)
        return round(100 * min(max(share, 0.0), 1.0), 2)


def _lines(steps: Steps, across: _Across, most: int, at: datetime) -> list[Line]:
    corners = [(max(from_at, across.start), rate) for from_at, rate in steps if from_at < across.end]
    now = next((rate for from_at, rate in reversed(corners) if from_at <= at), None)
    if now is not None:
        corners = sorted(
            [*corners, (at, now)], key=lambda corner: corner[0]
        )  # the line changes its look today
    found: list[Line] = []
    for (from_at, rate), (until, following) in pairwise([*corners, (across.end, corners[-1][1])]):
        x1, x2, y = across.per_cent(from_at), across.per_cent(until), charts.y(rate, most)
        found.append(Line(x1, x2, y, y, to_come=from_at >= at))
        if following != rate:
            found.append(Line(x2, x2, y, charts.y(following, most), to_come=until > at))
    return found


def _bar(week: Week, across: _Across, most: int) -> Bar:
    x, y = across.per_cent(week.starts_at), charts.y(week.admitted, most)
    width = max(across.per_cent(week.ends_at) - x - 0.4, 0.4)
    return Bar(
        x,
        round(width, 2),
        y,
        FLOOR - y,
        _("%(given)s of %(limit)s") % {"given": grouped(week.admitted), "limit": grouped(week.limit)},
    )


def _months(program: Program, across: _Across) -> list[tuple[float, str]]:
    """Return where each month of the program's calendar begins, leaving out what would run into each other."""
    day = across.start.astimezone(program.zone).date().replace(day=1)
    found: list[tuple[float, str]] = []
    while True:
        day = (day + timedelta(days=32)).replace(day=1)
        moment = datetime(day.year, day.month, 1, tzinfo=program.zone)
        x = across.per_cent(moment)
        if x > 100 - LEAST_MONTH:
            return found
        if not found or x - found[-1][0] >= LEAST_MONTH:
            found.append((x, date_format(day, "M" if day.month > 1 else "M Y")))


@dataclass(frozen=True)
class Now:
    """What a change of the rate is held against: the plan as it is known, who waits, the running week."""

    program: Program
    plan: Plan
    waiting: int
    week: Week | None
    at: datetime
    is_frozen: bool = False


def through(now: Now) -> Reached | None:
    """Return the week in which the plan as it stands invites the last who waits now; None while nobody is invited."""
    if not now.waiting or now.program.paused_at or now.is_frozen:
        return None
    return outlooks.reach(now.program, now.waiting, at=now.at, week=now.week, plan=now.plan)


def preview(now: Now, *, per_week: int, from_at: datetime) -> list[str]:
    """Return sentences on what this rate would do, before it is set."""
    says = [_on_the_week(now.program, per_week, from_at, now.week, now.at)]
    if not now.waiting:
        return [*says, _("Nobody waits in line now.")]
    asked = (from_at, per_week)
    after = outlooks.reach(now.program, now.waiting, at=now.at, week=now.week, plan=now.plan, asked=asked)
    return [*says, _on_the_line(now, through(now), after)]


def _on_the_week(program: Program, per_week: int, from_at: datetime, week: Week | None, at: datetime) -> str:
    if from_at > at:
        local = from_at.astimezone(program.zone)
        return _("From %(since)s on, new weeks admit %(number)s; the running week stays as it is.") % {
            "since": f"{_day(local.date())}, {local:%H:%M}",
            "number": grouped(per_week),
        }
    if week is None:
        return _("The first week opens at once and admits %(number)s.") % {"number": grouped(per_week)}
    limit = max(per_week, week.admitted)
    figures = {
        "limit": grouped(limit),
        "was": grouped(week.limit),
        "given": grouped(week.admitted),
        "number": grouped(per_week),
    }
    if limit == week.limit:
        return _("This week's limit stays %(limit)s; the next weeks admit %(number)s.") % figures
    if limit > per_week:
        return (
            _(
                "This week's limit becomes %(limit)s instead of %(was)s, because %(given)s seats are given already; "
                "the next weeks admit %(number)s."
            )
            % figures
        )
    return (
        _("This week's limit becomes %(limit)s instead of %(was)s; the next weeks admit %(number)s.")
        % figures
    )


def _on_the_line(now: Now, before: Reached | None, after: Reached | None) -> str:
    program, figures = now.program, {"number": grouped(now.waiting)}
    if program.paused_at:
        return _("The line of %(number)s stands still until the program is resumed.") % figures
    if now.is_frozen:
        return (
            _("The line of %(number)s stands still until the freeze is lifted, whatever the rate.") % figures
        )
    if after is None:
        return _("The line of %(number)s would not be through within ten years.") % figures
    figures["week"] = _week(program, after)
    if before is None:
        return (
            _(
                "The line of %(number)s would be through in the week of %(week)s; as planned now it would not be."
            )
            % figures
        )
    moved = before.ahead - after.ahead
    return _moved(moved) % (figures | {"weeks": abs(moved)})


def _moved(weeks: int) -> str:
    """Return the sentence for a line that is through so many weeks earlier, with holes for its figures."""
    if not weeks:
        return _("The line of %(number)s would be through in the week of %(week)s, as planned now.")
    if weeks > 0:
        return ngettext(
            "The line of %(number)s would be through in the week of %(week)s, "
            "%(weeks)d week earlier than planned now.",
            "The line of %(number)s would be through in the week of %(week)s, "
            "%(weeks)d weeks earlier than planned now.",
            weeks,
        )
    return ngettext(
        "The line of %(number)s would be through in the week of %(week)s, "
        "%(weeks)d week later than planned now.",
        "The line of %(number)s would be through in the week of %(week)s, "
        "%(weeks)d weeks later than planned now.",
        -weeks,
    )


def _week(program: Program, reached: Reached) -> str:
    return _day(reached.starts_at.astimezone(program.zone).date())


def _day(day: date) -> str:
    return date_format(day, _("j F Y"))
