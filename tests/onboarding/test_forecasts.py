"""The forecast as a function: the plan alone, the interval, places as bisections, weeks played through."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain import forecasts, simulation
from onboarding.domain.counts import Line
from onboarding.domain.forecasts import Observed, Outcome, WeekAhead
from tests.factories import MONDAY

WEEK = timedelta(weeks=1)


def weeks(*seats: int) -> list[WeekAhead]:
    return [WeekAhead(MONDAY + n * WEEK, MONDAY + (n + 1) * WEEK, each) for n, each in enumerate(seats)]


def seen(*ran_out: int, of: int = 100) -> Observed:
    return Observed(tuple(Outcome(of - each, 0, each, each) for each in ran_out))


def test_without_history_a_place_has_the_week_of_the_plan():
    outlook = forecasts.outlook(weeks(2, 0, 3), seen(*[50] * 7))

    found = [outlook.of(place) for place in (1, 2, 3, 5, 6)]

    assert [each and (each.earliest - MONDAY) // WEEK for each in found] == [0, 0, 2, 2, None]
    assert [each and (each.latest - MONDAY) // WEEK for each in found] == [1, 1, 3, 3, None]
    assert found[0].history is None


def test_seats_that_go_again_make_the_dates_later():
    outlook = forecasts.outlook(weeks(*[100] * 60), seen(*[20] * 10, of=10_000))

    sure = outlook.of(2_000)

    assert (sure.likely - MONDAY) // WEEK == 20  # 2,000 places and 0.2 % of them again
    assert sure.earliest <= sure.likely < sure.latest


def test_the_more_weeks_differ_the_wider_the_range_is():
    plan = weeks(*[100] * 80)
    calm, wild = seen(*[20] * 10), seen(*[5, 35] * 5)

    def width(observed):
        found = forecasts.outlook(plan, observed).of(4_000)
        return found.latest - found.earliest

    assert calm.share_again == wild.share_again
    assert width(wild) > width(calm)


def test_seats_that_are_carried_over_make_the_dates_earlier():
    plan, observed = weeks(*[100] * 60), Observed(tuple(Outcome(70, 10, 20, 10) for _ in range(10)))

    without, with_all = (forecasts.outlook(plan, observed, carry=carry).of(3_000) for carry in (0.0, 1.0))

    assert [round(observed.lost(carry)[0], 6) for carry in (0.0, 0.5, 1.0)] == [0.1, -0.05, -0.2]
    assert with_all.likely < without.likely


def test_open_invitations_count_as_seats_that_may_go_again():
    observed = seen(*[50] * 10)

    free, busy = (forecasts.outlook(weeks(*[10] * 30), observed, offered=n).of(20) for n in (0, 40))

    assert free.likely < busy.likely


def test_the_interval_holds_eight_times_of_ten():
    """Draw the share of each week around one mean, forecast from ten of them, and see where the line really is."""
    random, inside, rounds = Random(4711), 0, 400
    for _ in range(rounds):
        shares = [min(max(random.gauss(0.2, 0.05), 0), 1) for _ in range(40)]
        observed = seen(*[round(1000 * share) for share in shares[:10]], of=1000)
        outlook = forecasts.outlook(weeks(*[1000] * 30), observed, invitation_days=7)
        moved = 30_000 - sum(1000 * share for share in shares[10:39])
        inside += outlook.least[-1] <= moved <= outlook.most[-1]

    assert 0.74 <= inside / rounds <= 0.86


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=40),
    st.lists(st.integers(0, 100), min_size=0, max_size=26),
    st.integers(0, 500),
    st.integers(1, 30),
)
def test_a_later_place_is_never_reached_earlier(seats, ran_out, offered, days):
    outlook = forecasts.outlook(weeks(*seats), seen(*ran_out), offered=offered, invitation_days=days)

    found = [each for place in range(1, sum(seats) + 2) if (each := outlook.of(place))]

    assert [each.earliest for each in found] == sorted(each.earliest for each in found)
    assert [each.latest for each in found] == sorted(each.latest for each in found)
    assert all(each.earliest <= each.likely < each.latest for each in found)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=20), st.lists(st.integers(0, 100), max_size=26))
def test_places_of_one_forecast_are_told_as_a_stretch(seats, ran_out):
    outlook = forecasts.outlook(weeks(*seats), seen(*ran_out))
    place, by_stretch = 1, []
    while place <= sum(seats):
        last = min(outlook.same_until(place), sum(seats))
        by_stretch += [outlook.of(place)] * (last - place + 1)
        place = last + 1

    assert by_stretch == [outlook.of(place) for place in range(1, sum(seats) + 1)]


@pytest.mark.parametrize("unseen", [Observed(), seen(*[20] * 3)])
def test_weeks_are_played_through_by_the_plan_alone_without_history(unseen):
    played = simulation.play(Line(waiting=5, held=0, seated=9), weeks(2, 2, 2), unseen, invitation_days=7)

    assert [(week.invited, week.accepted, week.again, week.waiting) for week in played] == [
        (2, None, 0, 3), (2, None, 0, 1), (1, None, 0, 0),
    ]  # fmt: skip


def test_who_lets_it_run_out_comes_once_more():
    played = simulation.play(
        Line(waiting=100, held=0, seated=50), weeks(100, 100, 100), seen(*[20] * 8), invitation_days=7
    )

    assert [(week.invited, week.accepted, week.again, week.waiting) for week in played] == [
        (100, 40, 10, 10), (10, 80, 20, 20), (20, 8, 2, 2),
    ]  # fmt: skip


def test_another_rate_and_a_freeze_leave_the_other_weeks_alone():
    plan = weeks(1, 1, 1, 1)

    assert [week.seats for week in simulation.changed(plan, per_week=9, from_week=3)] == [1, 1, 9, 9]
    assert [week.seats for week in simulation.frozen(plan, from_week=2, number=2)] == [1, 0, 0, 1]


def test_the_line_is_through_when_nobody_comes_once_more():
    line, observed = Line(waiting=100, held=0, seated=0), seen(*[20] * 8)

    played = simulation.play(line, weeks(*[100] * 8), observed, invitation_days=7)

    assert [week.waiting for week in played] == [0, 20, 0, 4, 0, 1, 0, 0]
    assert simulation.through(played) == played[6]
