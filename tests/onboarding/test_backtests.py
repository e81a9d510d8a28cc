"""What the forecast said in past weeks, held against what came true."""

from datetime import timedelta
from io import StringIO
from json import loads

import pytest
from django.core.management import CommandError, call_command

from onboarding import tasks
from onboarding.domain import backtests, forecasts, outlooks, plans, waitlist
from onboarding.domain.backtests import HitRate
from onboarding.domain.plans import Rules
from onboarding.models import BackTest
from onboarding.states import Carry
from tests.factories import MONDAY, make_entry, make_manager, make_program, make_rate
from tests.onboarding.test_places import live_through

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)


@pytest.fixture
def program():
    program = make_program()
    make_rate(program, 4)
    return program


def with_line(program):
    """Return the moment after nine weeks of history at which eight people stand in line."""
    at = live_through(program, 9)
    for _ in range(8):
        make_entry(program, at=at - timedelta(hours=5))
    return at


def test_dates_that_held_are_told_from_those_that_did_not(program):
    at = with_line(program)
    for week in range(6):  # of eight people two weeks take all, and the one who came back before them
        waitlist.admit(program, by="beat", at=at + week * WEEK)
    backtests.check(program, at=at + 6 * WEEK)

    assert backtests.hit_rate(program) == HitRate(judged=31, inside=31, early=0, late=0)


def test_who_was_not_invited_though_the_last_date_is_over_is_a_miss(program):
    at = with_line(program)
    for week in (4, 5):  # nobody came to admit for weeks
        waitlist.admit(program, by="beat", at=at + week * WEEK)
    backtests.check(program, at=at + 6 * WEEK)

    found = backtests.hit_rate(program)
    assert found.late > 0
    assert found.judged == found.inside + found.early + found.late


def test_nothing_is_judged_before_there_is_a_history(program):
    at = live_through(program, 5)
    make_entry(program, at=at)

    assert (backtests.check(program, at=at + WEEK), backtests.hit_rate(program)) == (0, None)


def test_a_forecast_of_the_past_knows_only_what_was_known_then(program):
    at = live_through(program, 9)
    week = program.weeks.order_by("starts_at").first()
    make_rate(program, 400, from_at=at + WEEK)

    ahead, _ = outlooks.then(program, week, number=3)

    assert [each.seats for each in ahead] == [4, 4, 4]
    assert backtests.known(program, at=at) == outlooks.observed(program, at=at)
    assert backtests.known(program, at=MONDAY + WEEK).weeks < outlooks.observed(program, at=at).weeks


def test_forecasts_are_judged_once_for_each_week_that_begins(program):
    at = with_line(program)
    for week in range(6):
        waitlist.admit(program, by="beat", at=at + week * WEEK)

    assert [backtests.check_owed(at=at + 5 * WEEK + timedelta(hours=hour)) > 0 for hour in (1, 2)] == [
        True,
        False,
    ]
    assert BackTest.objects.filter(week__program=program).count() > 0
    tasks.check_forecasts()


def simulated(*options: str) -> str:
    out = StringIO()
    call_command("simulate_onboarding", *options, stdout=out)
    return out.getvalue()


def test_weeks_to_come_are_printed_as_planned_changed_and_frozen():
    program = make_program("code")
    make_rate(program, 2)
    for _ in range(5):
        make_entry(program)

    said = loads(
        simulated(
            "--program", "code", "--weeks", "4", "--per-week", "1", "--freeze-from", "2", "--freeze-weeks", "1",
            "--json",
        )
    )  # fmt: skip

    assert {name: [week["invited"] for week in said[name]] for name in ("as_planned", "changed", "frozen")} == {
        "as_planned": [0, 2, 2, 1], "changed": [0, 1, 1, 1], "frozen": [0, 0, 1, 1],
    }  # fmt: skip
    assert "The line is through in the week of" in simulated("--program", "code", "--weeks", "9")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--program", "nowhere"], "There is no program “nowhere”"),
        (["--program", "code", "--weeks", "0"], "--weeks is a number from 1 to 520, not 0."),
        (["--program", "code", "--per-week", "-1"], "--per-week is a number from 0"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(options, says):
    make_program("code")

    with pytest.raises(CommandError, match=says):
        simulated(*options)


def test_everybody_who_waits_has_the_forecast_of_their_place(program):
    at = with_line(program)
    (outlook,) = outlooks.teller(program, at=at).outlooks

    found = list(outlooks.everybody(program, at=at))

    assert [(place, forecast) for _, place, forecast in found] == [
        (place, outlook.of(place)) for place in range(1, len(found) + 1)
    ]
    assert forecasts.ENOUGH_WEEKS == 8


def test_the_weeks_ahead_follow_the_ramp_and_what_is_carried_over():
    program = make_program("code")
    make_rate(program, 10)
    rules = Rules(ramp_percent=150, ramp_weeks=2, ramp_most=20, carry=Carry.FULL)
    plans.set_plan(program, rules, by=make_manager("mia"), at=MONDAY - WEEK, reason="Grow with care")
    waitlist.admit(program, by="beat", at=MONDAY)

    ahead = outlooks.weeks_ahead(program, at=MONDAY, number=8)

    assert [each.seats for each in ahead[1:]] == [10, 15, 15, 20, 20, 20, 20]
