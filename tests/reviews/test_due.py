"""Due times: working days in the program's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.states import Lane
from reviews.domain import due
from reviews.domain.due import Calendar

MADRID = ZoneInfo("Europe/Madrid")
ZONES = st.sampled_from([ZoneInfo("UTC"), MADRID, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")])
START = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=5500)).map(lambda passed: START + passed)
DAYS = st.integers(0, 40)
DATES = st.dates(date(2020, 1, 1), date(2035, 1, 1))
# Some years have a week of days off at a place anywhere, and single ones.
OFF = st.builds(
    lambda single, weeks: (
        frozenset(single) | {start + timedelta(days=day) for start in weeks for day in range(7)}
    ),
    st.lists(DATES, max_size=5),
    st.lists(DATES, max_size=5),
)
CALENDARS = st.builds(Calendar, ZONES, OFF)


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def working_time(start: datetime, end: datetime, off: frozenset[date]) -> timedelta:
    """Count the working time between two local wall-clock times, day by day."""
    total, day = timedelta(), start
    while day < end:
        midnight = datetime.combine(day.date() + timedelta(days=1), datetime.min.time())
        total += (min(midnight, end) - day) if day.weekday() < 5 and day.date() not in off else timedelta()
        day = midnight
    return total


@pytest.mark.parametrize(
    ("lane", "since", "expected"),
    [
        (Lane.NOTIFY, "2026-11-23T12:00", "2026-11-25T12:00"),  # Monday -> Wednesday
        (Lane.MONITOR, "2026-11-26T12:00", "2026-11-30T12:00"),  # Thursday -> Monday
        (Lane.NOTIFY, "2026-11-27T23:30", "2026-12-01T23:30"),  # Friday -> Tuesday
        (Lane.NOTIFY, "2026-11-28T15:00", "2026-12-02T00:00"),  # Saturday counts from Monday, 0:00
        (Lane.HOLD, "2026-11-23T12:00", "2026-12-07T12:00"),
        (
            Lane.REFUSE,
            "2026-03-25T09:00",
            "2026-04-08T09:00",
        ),  # over the change to summer time: the same hour
    ],
)
def test_each_lane_has_its_working_days(lane, since, expected):
    since = datetime.fromisoformat(since).replace(tzinfo=MADRID)

    assert (
        local(due.due_at(lane, since=since, calendar=Calendar(MADRID)), MADRID).isoformat()[:16] == expected
    )


@given(start=MOMENTS, days=DAYS, calendar=CALENDARS)
def test_exactly_that_much_working_time_lies_between(start, days, calendar):
    end = due.working_days_after(start, days=days, calendar=calendar)

    there = calendar.zone
    between = working_time(local(start, there), local(end, there), calendar.off)
    assert abs(between - timedelta(days=days)) <= timedelta(hours=1)


@given(start=MOMENTS, days=st.integers(1, 40), calendar=CALENDARS)
def test_nothing_is_due_at_a_weekend_or_on_a_day_off(start, days, calendar):
    end = due.working_days_after(start, days=days, calendar=calendar)

    assert calendar.works_on(local(end, calendar.zone).date())


@given(start=MOMENTS, later=st.timedeltas(timedelta(0), timedelta(days=30)), days=DAYS, calendar=CALENDARS)
def test_who_comes_later_is_never_due_earlier(start, later, days, calendar):
    first = due.working_days_after(start, days=days, calendar=calendar)

    assert due.working_days_after(start + later, days=days, calendar=calendar) >= first


@given(
    start=MOMENTS,
    days=st.integers(1, 12),
    asked=st.floats(0, 1),
    waited=st.timedeltas(timedelta(0), timedelta(days=60)),
    calendar=CALENDARS,
)
def test_the_working_time_that_was_left_is_left_when_the_applicant_has_answered(
    start, days, asked, waited, calendar
):
    end = due.working_days_after(start, days=days, calendar=calendar)
    stopped_at = start + (end - start) * asked
    at = stopped_at + waited

    resumed = due.resumed(end, stopped_at=stopped_at, at=at, calendar=calendar)

    left = [
        due.working_time_between(stopped_at, end, calendar=calendar),
        due.working_time_between(at, resumed, calendar=calendar),
    ]
    assert abs(left[0] - left[1]) <= timedelta(hours=1)  # an hour that is there twice, or not at all
    assert resumed >= end - timedelta(hours=1)


def test_what_was_late_when_it_was_asked_is_as_late_afterwards():
    late = due.resumed(
        START, stopped_at=START + timedelta(hours=5), at=START + timedelta(days=9), calendar=Calendar(MADRID)
    )

    assert late == START + timedelta(days=9) - timedelta(hours=5)


@given(start=MOMENTS, days=st.integers(1, 40), calendar=CALENDARS)
def test_the_last_day_is_a_working_day_that_is_not_after_the_due_time(start, days, calendar):
    end = due.working_days_after(start, days=days, calendar=calendar)
    day = due.last_day(end, calendar=calendar)

    assert calendar.works_on(day)
    assert day <= local(end, calendar.zone).date()
    assert not any(
        calendar.works_on(day + timedelta(days=more))
        for more in range(1, (local(end, calendar.zone).date() - day).days)
    )


def test_a_day_off_is_no_working_day():
    christmas = frozenset({date(2026, 12, 25), date(2027, 1, 1)})
    since = datetime(2026, 12, 24, 10, tzinfo=MADRID)

    ordinary, with_days_off = (
        due.due_at(Lane.NOTIFY, since=since, calendar=Calendar(MADRID, off))
        for off in (frozenset(), christmas)
    )

    assert (local(ordinary, MADRID).isoformat(), local(with_days_off, MADRID).isoformat()) == (
        "2026-12-28T10:00:00",
        "2026-12-29T10:00:00",
    )
