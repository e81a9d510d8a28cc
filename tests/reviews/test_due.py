"""Due times: working days in the program's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.states import Lane
from reviews.domain import due

MADRID = ZoneInfo("Europe/Madrid")
ZONES = st.sampled_from([ZoneInfo("UTC"), MADRID, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")])
START = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=5500)).map(lambda passed: START + passed)
DAYS = st.integers(0, 40)


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def working_time(start: datetime, end: datetime) -> timedelta:
    """Count the weekday time between two local wall-clock times, day by day."""
    total, day = timedelta(), start
    while day < end:
        midnight = datetime.combine(day.date() + timedelta(days=1), datetime.min.time())
        total += (min(midnight, end) - day) if day.weekday() < 5 else timedelta()
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

    assert local(due.due_at(lane, since=since, zone=MADRID), MADRID).isoformat()[:16] == expected


@given(start=MOMENTS, days=DAYS, zone=ZONES)
def test_exactly_that_much_working_time_lies_between(start, days, zone):
    end = due.working_days_after(start, days=days, zone=zone)

    assert abs(working_time(local(start, zone), local(end, zone)) - timedelta(days=days)) <= timedelta(
        hours=1
    )


@given(start=MOMENTS, days=st.integers(1, 40), zone=ZONES)
def test_nothing_is_due_at_a_weekend(start, days, zone):
    assert local(due.working_days_after(start, days=days, zone=zone), zone).weekday() < 5


@given(start=MOMENTS, later=st.timedeltas(timedelta(0), timedelta(days=30)), days=DAYS)
def test_who_comes_later_is_never_due_earlier(start, later, days):
    first = due.working_days_after(start, days=days, zone=MADRID)

    assert due.working_days_after(start + later, days=days, zone=MADRID) >= first


@given(start=MOMENTS, waited=st.timedeltas(timedelta(0), timedelta(days=60)), zone=ZONES)
def test_waiting_for_the_applicant_is_added_and_never_ends_at_a_weekend(start, waited, zone):
    stretched = due.stretched(start, waited=waited, zone=zone)

    assert timedelta(0) <= stretched - (start + waited) <= timedelta(days=2, hours=1)
    assert local(stretched, zone).weekday() < 5


@given(start=MOMENTS, days=st.integers(1, 40), zone=ZONES)
def test_the_last_day_is_a_working_day_that_is_not_after_the_due_time(start, days, zone):
    end = due.working_days_after(start, days=days, zone=zone)
    day = due.last_day(end, zone=zone)

    assert day.weekday() < 5
    assert day <= local(end, zone).date() <= day + timedelta(days=3)
