"""Deadlines in working hours of a person's own zone: never early, for any zone, any moment, across clock changes."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain import deadlines

ZONES = st.sampled_from(
    sorted(zone for zone in available_timezones() if not zone.startswith(("posix", "right", "localtime")))
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MADRID = ZoneInfo("Europe/Madrid")


@given(sent_at=MOMENTS, days=st.integers(1, 60), zone=ZONES)
def test_a_deadline_is_in_working_hours_and_never_before_the_promised_days(sent_at, days, zone):
    found = deadlines.runs_out(sent_at, days=days, zone=zone)

    local = found.astimezone(zone)
    assert found >= sent_at + timedelta(days=days)
    assert (local.weekday() < 5, time(9) <= local.time() <= time(17)) == (True, True)


@given(sent_at=MOMENTS, days=st.integers(1, 60), zone=ZONES)
def test_a_deadline_moves_by_a_weekend_and_an_evening_at_most(sent_at, days, zone):
    moved = deadlines.runs_out(sent_at, days=days, zone=zone) - (sent_at + timedelta(days=days))

    assert moved <= timedelta(
        days=3, hours=2
    )  # Friday 17:01 to Monday 17:00; a zone may put its clocks on or back


@given(sent_at=MOMENTS, days=st.integers(3, 60), zone=ZONES)
def test_a_reminder_comes_in_working_hours_between_half_of_the_time_and_its_end(sent_at, days, zone):
    remind_at = deadlines.reminds(sent_at, days=days, zone=zone)

    assert remind_at is not None
    assert remind_at >= sent_at + timedelta(days=days) / 2
    assert deadlines.is_working(remind_at, zone)


@given(sent_at=MOMENTS, days=st.integers(3, 30), zone=ZONES, late=st.timedeltas(timedelta(0), timedelta(60)))
def test_the_end_is_never_within_a_day_of_the_reminder_nor_earlier_than_it_was(sent_at, days, zone, late):
    expires_at = deadlines.runs_out(sent_at, days=days, zone=zone)
    reminded_at = sent_at + timedelta(days=days) / 2 + late

    found = deadlines.after_reminder(expires_at, reminded_at=reminded_at, zone=zone)

    assert found >= max(expires_at, reminded_at + timedelta(hours=24))
    assert deadlines.is_working(found, zone)


def test_what_is_open_for_two_days_is_told_of_once():
    assert deadlines.reminds(datetime(2026, 11, 23, 12, tzinfo=UTC), days=2, zone=MADRID) is None


@pytest.mark.parametrize(
    ("moment", "deadline"),
    [
        ((2026, 11, 27, 16, 59), (2026, 11, 27, 16, 59)),  # Friday afternoon: as promised
        ((2026, 11, 27, 17, 0), (2026, 11, 27, 17, 0)),
        ((2026, 11, 27, 17, 1), (2026, 11, 30, 17, 0)),  # Friday evening: Monday, a whole day to answer in
        ((2026, 11, 24, 3, 0), (2026, 11, 24, 17, 0)),  # at night: the end of the day that follows
        ((2026, 11, 29, 12, 0), (2026, 11, 30, 17, 0)),  # Sunday
        ((2026, 3, 29, 2, 30), (2026, 3, 30, 17, 0)),  # an hour that does not exist
        ((2026, 10, 25, 2, 30), (2026, 10, 26, 17, 0)),  # an hour that comes twice
    ],
)
def test_where_a_deadline_moves_to(moment, deadline):
    promised = datetime(*moment, tzinfo=MADRID)

    found = deadlines.in_working_hours(promised, zone=MADRID, at=deadlines.CLOSES)

    assert found.astimezone(MADRID) == datetime(*deadline, tzinfo=MADRID)


def test_a_day_a_zone_skipped_is_passed_over():
    """Samoa had no Friday 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")

    found = deadlines.in_working_hours(datetime(2011, 12, 30, 5, tzinfo=UTC), zone=apia, at=deadlines.CLOSES)

    assert found.astimezone(apia).strftime("%a %d %H:%M") == "Mon 02 17:00"
