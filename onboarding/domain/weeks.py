"""Admission windows: when a week starts in the program's own zone, and opening it once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from audit import ledger
from audit.events import Event
from onboarding.domain import rates
from onboarding.models import Program, Week


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


@transaction.atomic
def open_due(program: Program, *, by: ledger.Actor, at: datetime) -> Week | None:
    """Open the week that holds `at`, and empty ones for each week missed since the last; return the current one.

    Its limit is copied from the rate in force; without any rate no week opens. May run twice and beside itself.
    Missed weeks are opened in order and stay empty: nothing is admitted backwards.
    """
    if week := current(program, at):
        return week
    program = Program.objects.select_for_update().get(pk=program.pk)
    if week := current(program, at):  # somebody else was faster while we waited for the lock
        return week
    if rates.in_force(program, at) is None:
        return None
    last = program.weeks.order_by("-starts_at").first()
    moment, week = (min(last.ends_at, at) if last else at), None
    while week is None or week.ends_at <= at:
        week = _open(program, moment, by, at)
        moment = week.ends_at
    return week


def _open(program: Program, moment: datetime, by: ledger.Actor, at: datetime) -> Week:
    starts_at, ends_at = window(program, moment)
    # A change of the week's start makes one short or long week; it never makes two weeks overlap.
    starts_at = (
        max(starts_at, min(moment, ends_at))
        if program.weeks.filter(ends_at__gt=starts_at).exists()
        else starts_at
    )
    step = rates.in_force(program, at if starts_at <= at < ends_at else ends_at)
    week = Week.objects.create(
        program=program,
        starts_at=starts_at,
        ends_at=ends_at,
        limit=step.per_week if step else 0,
        opened_at=at,
    )
    ledger.record(
        Event.WEEK_OPENED, subject=week, actor=by, at=at, limit=week.limit, starts_at=starts_at.isoformat()
    )
    return week


def _local(program: Program, day: date) -> datetime:
    """Return this local date at the week's hour, in UTC; an hour that DST skips moves on by the gap."""
    wall = datetime.combine(day, time(program.week_starts_hour), tzinfo=program.zone)
    return wall.astimezone(UTC)
