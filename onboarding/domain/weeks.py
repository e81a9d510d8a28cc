"""Admission windows: when a week starts in the program's own zone, and opening it once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from audit import ledger
from audit.events import Event
from onboarding.domain import plans, rates
from onboarding.models import Invitation, Program, RateStep, Week, WeekShare
from onboarding.states import GIVEN_BACK, Unfilled


def window(program: Program, at: datetime) -> tuple[datetime, datetime]:
    """Return start and end (UTC) of the week that holds `at`: local wall-clock times, so DST weeks are 167 or 169 h."""
    local = at.astimezone(program.zone)
    day = local.date() - timedelta(days=(local.weekday() - program.week_starts_on) % 7)
    start = _local(program, day)
    if start > at:  # the week's first day, before its hour
        day -= timedelta(days=7)
        start = _local(program, day)
    return start, _local(program, day + timedelta(days=7))


def walk(program: Program, at: datetime, *, number: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield start and end of so many weeks from the one that holds `at` on: the same as asking `window` for each."""
    start, end = window(program, at)
    day = end.astimezone(program.zone).date()
    day -= timedelta(
        days=(day.weekday() - program.week_starts_on) % 7
    )  # DST may push 23:30 into the next day
    for _ in range(number):
        yield start, end
        day += timedelta(days=7)
        start, end = end, _local(program, day)


def current(program: Program, at: datetime) -> Week | None:
    """Return the open week that holds this moment."""
    return program.weeks.filter(starts_at__lte=at, ends_at__gt=at).first()


def open_due(program: Program, *, by: ledger.Actor, at: datetime) -> Week | None:
    """Open the week that holds `at`, and empty ones for each week missed since the last; return the current one.

    What the plan in force gives is copied into the week: a later plan never changes it. Without any rate no week
    opens. May run twice and beside itself. Missed weeks are opened in order and stay empty: nothing is admitted
    backwards, nor where the clock ran back behind a week that is open already.
    """
    if week := _newest(program, at):
        return week if week.starts_at <= at else None
    return _open_all(program, by=by, at=at)


@transaction.atomic
def _open_all(program: Program, *, by: ledger.Actor, at: datetime) -> Week | None:
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    if week := _newest(program, at):  # somebody else was faster while we waited for the lock
        return week if week.starts_at <= at else None
    if rates.in_force(program, at) is None:
        return None
    # The lock waits for an admission under way there: what it gives is not unused.
    last = program.weeks.select_for_update(no_key=True).order_by("-starts_at").first()
    moment, week = (min(last.ends_at, at) if last else at), last
    while week is None or week.ends_at <= at:
        week = _open(program, moment, after=week, by=by, at=at)
        moment = week.ends_at
    return week


def _newest(program: Program, at: datetime) -> Week | None:
    """Return the latest week, unless it is over."""
    return program.weeks.filter(ends_at__gt=at).order_by("-starts_at").first()


def _open(program: Program, moment: datetime, *, after: Week | None, by: ledger.Actor, at: datetime) -> Week:
    starts_at, ends_at = window(program, moment)
    # A change of the week's start makes one short or long week; it never makes two weeks overlap.
    if after is not None and after.ends_at > starts_at:
        starts_at = max(starts_at, min(moment, ends_at))
    is_missed = ends_at <= at
    when = ends_at if is_missed else at
    step, plan = rates.in_force(program, when), plans.in_force(program, when)
    rules = plans.rules_of(plan)
    green_weeks = _green_weeks(program, step, rules, after, is_missed=is_missed, at=at)
    rate = plans.weekly(rules, step.per_week, green_weeks) if step else 0
    week = Week(program=program, starts_at=starts_at, ends_at=ends_at, opened_at=at, plan=plan, step=step)
    unused = _unused(after)
    week.limit, week.green_weeks = rate, green_weeks
    week.save()
    came_back = _came_back(week)
    week.carried = plans.carried(rules, unused + came_back, rate=rate)
    week.limit += week.carried
    week.save(update_fields=["limit", "carried"])
    _copy_shares(week)
    ledger.record(
        Event.WEEK_OPENED, subject=week, actor=by, at=at, limit=week.limit, starts_at=starts_at.isoformat(),
        rate=rate, carried=week.carried, unused=unused, came_back=came_back, plan=plan.pk if plan else None,
    )  # fmt: skip
    return week


def _green_weeks(
    program: Program,
    step: RateStep | None,
    rules: plans.Rules,
    after: Week | None,
    *,
    is_missed: bool,
    at: datetime,
) -> int:
    """Return how many weeks the ramp has gone on: a new rate or ramp begins anew; red and missed weeks do not count."""
    if after is None or step is None or after.step_id != step.pk or rules.ramp_most is None:
        return 0
    before = plans.rules_of(after.plan)
    if plans.ramp(before) != plans.ramp(rules):
        return 0
    return after.green_weeks + (not is_missed and rates.is_green(program, at))


def _unused(week: Week | None) -> int:
    """Return how many seats a week that is over never gave, but for those its plan keeps empty."""
    if week is None:
        return 0
    kept = 0
    if week.plan and week.plan.unfilled == Unfilled.KEPT:
        kept = sum(each.limit - each.admitted for each in week.shares.all())
    return max(0, week.limit - week.admitted - kept)


def _came_back(week: Week) -> int:
    """Count the seats of earlier weeks that were declined or ran out since the week before opened, once each."""
    given_back = Invitation.objects.filter(
        state__in=GIVEN_BACK, counted_in=None, seat__week__program=week.program_id
    )
    return given_back.update(counted_in=week)


def _copy_shares(week: Week) -> None:
    if week.plan is None:
        return
    WeekShare.objects.bulk_create(
        WeekShare(week=week, share=share, limit=plans.of_share(week.limit, share.percent))
        for share in week.plan.shares.order_by("place")
    )


def _local(program: Program, day: date) -> datetime:
    """Return this local date at the week's hour and minute, in UTC; an hour that DST skips moves on by the gap."""
    wall = datetime.combine(
        day, time(program.week_starts_hour, program.week_starts_minute), tzinfo=program.zone
    )
    return wall.astimezone(UTC)
