"""Weeks in which the clocks change, in three zones (one of them by half an hour), and starts that a change skips."""

from datetime import UTC, datetime, timedelta

import pytest

from onboarding.domain import waitlist, weeks
from onboarding.models import Program
from tests.factories import MONDAY, make_program, make_rate

HOUR = timedelta(hours=1)
# zone, a moment in the week whose clocks go forward, its hours; the same for back
CHANGES = [
    ("Europe/Madrid", datetime(2026, 3, 28, 12, tzinfo=UTC), 167),
    ("Europe/Madrid", datetime(2026, 10, 24, 12, tzinfo=UTC), 169),
    ("America/New_York", datetime(2026, 3, 7, 12, tzinfo=UTC), 167),
    ("America/New_York", datetime(2026, 10, 31, 12, tzinfo=UTC), 169),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 12, tzinfo=UTC), 167.5),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 12, tzinfo=UTC), 168.5),
]


@pytest.mark.parametrize(("zone", "moment", "hours"), CHANGES)
def test_a_week_in_which_the_clocks_change_starts_and_ends_at_its_hour(zone, moment, hours):
    program = Program(time_zone=zone, week_starts_on=0, week_starts_hour=9, week_starts_minute=15)

    starts_at, ends_at = weeks.window(program, moment)

    walls = [f"{each.astimezone(program.zone):%a %H:%M}" for each in (starts_at, ends_at)]
    assert (walls, (ends_at - starts_at) / HOUR) == (["Mon 09:15"] * 2, hours)


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("Europe/Madrid", datetime(2026, 3, 29, 12, tzinfo=UTC), "Sun 29 03:30"),  # 2:30 was skipped
        ("Europe/Madrid", datetime(2026, 10, 25, 12, tzinfo=UTC), "Sun 25 02:30"),  # the first of two
        ("America/New_York", datetime(2026, 3, 8, 12, tzinfo=UTC), "Sun 08 03:30"),
    ],
)
def test_a_start_that_the_clocks_skip_moves_on_by_the_gap(zone, day, starts):
    program = Program(time_zone=zone, week_starts_on=6, week_starts_hour=2, week_starts_minute=30)

    starts_at, _ = weeks.window(program, day)

    assert f"{starts_at.astimezone(program.zone):%a %d %H:%M}" == starts
    assert weeks.window(program, starts_at)[0] == starts_at


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe"])
def test_half_a_year_over_a_change_opens_each_week_once_without_a_gap(zone):
    program = make_program(time_zone=zone, week_starts_on=6, week_starts_hour=2, week_starts_minute=30)
    make_rate(program, 3)
    at = MONDAY
    while at < MONDAY + timedelta(weeks=26):
        waitlist.admit(program, by="beat", at=at)
        at += timedelta(hours=60)

    found = list(program.weeks.order_by("starts_at").values_list("starts_at", "ends_at"))
    assert ([ends for _, ends in found[:-1]], len(found)) == ([starts for starts, _ in found[1:]], 26)


@pytest.mark.django_db
def test_a_clock_that_runs_back_behind_an_open_week_admits_nobody_and_opens_nothing():
    program = make_program()
    make_rate(program, 3)
    waitlist.admit(program, by="beat", at=MONDAY + timedelta(weeks=1))

    back = [waitlist.admit(program, by="beat", at=MONDAY - timedelta(days=days)) for days in (0, 5)]

    assert (back, program.weeks.count()) == ([0, 0], 1)
