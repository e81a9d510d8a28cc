"""The rate plan: ramp, carry-over, spread, shares; what a week is given when it opens, and what stays."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from audit import ledger
from onboarding.domain import invitations, plans, programs, rates, waitlist, weeks
from onboarding.domain.plans import Rules, Share
from onboarding.models import Program, RatePlan, Week
from tests.factories import MONDAY, deliver, give_seats, make_entry, make_manager, make_program, make_rate

pytestmark = pytest.mark.django_db
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)
WHY = "Support answers within a day"


def dora():
    return User.objects.filter(email="dora@example.org").first() or make_manager()


def planned(rate=10, at=MONDAY - WEEK, **rules):
    """Return a program with a rate and these rules of a plan."""
    program = make_program()
    make_rate(program, rate)
    plans.set_plan(program, Rules(**rules), by=dora(), at=at, reason=WHY)
    return program


def live(program, weeks_ahead):
    """Admit once in each of so many weeks; return their limits."""
    for number in range(weeks_ahead):
        waitlist.admit(program, by="beat", at=MONDAY + number * WEEK)
    return list(program.weeks.order_by("starts_at").values_list("limit", flat=True))


def line(program, *cohorts):
    return [
        make_entry(program, at=MONDAY - timedelta(minutes=len(cohorts) - number))
        for number, _ in enumerate(cohorts)
    ]


def cohort(program, *types):
    """Return entries of these kinds of applicant, in the order of the line."""
    entries = line(program, *types)
    for entry, kind in zip(entries, types, strict=True):
        entry.applicant_type = kind
        entry.save(update_fields=["applicant_type"])
    return entries


def test_a_ramp_raises_the_rate_every_two_weeks_up_to_its_end():
    program = planned(rate=100, ramp_percent=150, ramp_weeks=2, ramp_most=300)

    assert live(program, 8) == [100, 100, 150, 150, 225, 225, 300, 300]


def test_a_ramp_does_not_go_on_in_weeks_that_open_while_the_program_is_paused():
    program, pat = planned(rate=100, ramp_percent=200, ramp_weeks=1, ramp_most=900), dora()
    live(program, 2)
    programs.pause(program, by=pat, at=MONDAY + WEEK, reason="Filter is down")
    waitlist.admit(program, by="beat", at=MONDAY + 2 * WEEK)
    programs.resume(program, by=pat, at=MONDAY + 2 * WEEK, reason="It is up")

    assert live(program, 4) == [100, 200, 200, 400]


def test_a_new_rate_begins_the_ramp_anew():
    program = planned(rate=100, ramp_percent=200, ramp_weeks=1, ramp_most=900)
    live(program, 3)
    rates.set_rate(
        program, per_week=50, from_at=MONDAY + 3 * WEEK - DAY, by=dora(), at=MONDAY + 2 * WEEK,
        reason="Fewer",
    )  # fmt: skip

    assert live(program, 5) == [100, 200, 400, 50, 100]


def test_weeks_that_were_missed_do_not_count_for_the_ramp():
    program = planned(rate=100, ramp_percent=200, ramp_weeks=1, ramp_most=900)
    waitlist.admit(program, by="beat", at=MONDAY)

    waitlist.admit(program, by="beat", at=MONDAY + 4 * WEEK)

    assert list(program.weeks.order_by("starts_at").values_list("limit", flat=True)) == [100] * 4 + [200]


@pytest.mark.parametrize(
    ("rules", "limits"),
    [
        ({}, [4, 4, 4]),
        ({"carry": "capped", "carry_most": 3}, [4, 7, 7]),
        ({"carry": "full"}, [4, 8, 12]),
    ],
)
def test_unused_seats_are_carried_over_as_the_plan_says(rules, limits):
    program = make_program()
    make_rate(program, 4)
    if rules:
        plans.set_plan(program, Rules(**rules), by=dora(), at=MONDAY - WEEK, reason=WHY)

    assert live(program, 3) == limits


def test_a_seat_that_was_declined_comes_back_in_the_next_week_and_not_before():
    program = planned(rate=1, carry="full")
    first, _ = line(program, 1, 2)
    (seat,) = give_seats(program)
    invitations.decline(seat.invitation, by=first.application.applicant, at=MONDAY)

    same, following = (
        give_seats(program, at=MONDAY + DAY),
        weeks.open_due(program, by="beat", at=MONDAY + WEEK),
    )

    seat.invitation.refresh_from_db()
    assert (same, following.limit, following.carried, seat.invitation.counted_in) == ([], 2, 1, following)


def test_a_seat_that_ran_out_comes_back_once():
    program = planned(rate=1, carry="full")
    line(program, 1)
    program.invitation_days = 1
    program.save()
    give_seats(program)
    invitations.tell_owed(at=MONDAY)
    deliver()
    invitations.expire_due(at=MONDAY + 4 * DAY)

    assert live(program, 3) == [1, 2, 2]


def test_a_week_at_rate_zero_takes_nothing_over():
    program = planned(rate=3, carry="full")
    live(program, 1)
    rates.set_rate(program, per_week=0, from_at=MONDAY + DAY, by=dora(), at=MONDAY + DAY, reason="Stop")

    assert live(program, 2) == [0, 0]


def test_the_running_week_stays_as_it_opened_when_the_plan_is_changed():
    program = planned(rate=2, carry="full")
    live(program, 1)
    plans.set_plan(program, Rules(spread="daily"), by=dora(), at=MONDAY + DAY, reason="Calmer")
    line(program, 1, 2)

    assert (len(give_seats(program, at=MONDAY + DAY)), live(program, 2)) == (2, [2, 2])


SPREADS = [("at_once", [7] * 7), ("daily", [1, 2, 3, 4, 5, 6, 7]), ("working_days", [2, 3, 5, 6, 7, 7, 7])]


@pytest.mark.parametrize(("spread", "given"), SPREADS)
def test_seats_are_spread_over_the_week(spread, given):
    program = planned(rate=7, spread=spread, carry="full")
    line(program, *range(8))
    found = []
    for day in range(7):
        give_seats(program, at=MONDAY + day * DAY)
        found.append(Week.objects.get().admitted)

    assert found == given


def test_the_days_of_a_week_with_a_spring_change_begin_at_its_own_hour():
    program = Program(time_zone="America/New_York", week_starts_on=0, week_starts_hour=9)
    starts_at, ends_at = weeks.window(program, datetime(2026, 3, 4, 15, tzinfo=UTC))
    week = Week(program=program, starts_at=starts_at, ends_at=ends_at, plan=RatePlan(spread="daily"))

    before, after = (
        plans.part_of(week, program, datetime(2026, 3, 8, 12, minute, tzinfo=UTC)) for minute in (59, 0)
    )
    begins = datetime(2026, 3, 8, 13, tzinfo=UTC)  # 9:00 on the day the clocks went forward at 2:00
    assert (before, after, plans.part_of(week, program, begins)) == ((6, 7), (6, 7), (7, 7))


def test_a_week_from_sunday_2330_in_kolkata_begins_with_a_monday():
    program = make_program(
        time_zone="Asia/Kolkata", week_starts_on=6, week_starts_hour=23, week_starts_minute=30
    )
    make_rate(program, 5)
    plans.set_plan(program, Rules(spread="working_days"), by=dora(), at=MONDAY - WEEK, reason=WHY)
    starts_at = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    line(program, *range(6))

    given = [len(give_seats(program, at=starts_at + day * DAY)) for day in range(7)]

    assert (Week.objects.get().starts_at, given) == (starts_at, [1, 1, 1, 1, 1, 0, 0])


UNIVERSITIES = (Share("applicant_type", "university", 50),)


def test_a_share_goes_to_its_cohort_and_the_rest_to_who_is_first():
    program = planned(rate=4, shares=UNIVERSITIES)
    a, b, _, d, e, _ = cohort(program, "company", "company", "company", "university", "university", "company")

    seats = give_seats(program)

    assert [seat.entry for seat in seats] == [a, b, d, e]
    assert [seat.share is not None for seat in seats] == [False, False, True, True]


@pytest.mark.parametrize(
    ("unfilled", "given", "limit"), [("others", 4, 4), ("kept", 3, 4), ("carried", 3, 5)]
)
def test_what_a_cohort_does_not_ask_for(unfilled, given, limit):
    program = planned(rate=4, shares=UNIVERSITIES, unfilled=unfilled, carry="full")
    cohort(program, "company", "company", "company", "university", "company", "company")

    seats = give_seats(program)

    assert (len(seats), weeks.open_due(program, by="beat", at=MONDAY + WEEK).limit) == (given, limit)


def test_a_share_that_is_kept_waits_for_its_cohort_within_the_week():
    program = planned(rate=4, shares=UNIVERSITIES, unfilled="kept")
    cohort(program, "company", "company", "company")
    before = len(give_seats(program))
    cohort(program, "university", "company")

    assert (before, [seat.entry.applicant_type for seat in give_seats(program, at=MONDAY + DAY)]) == (
        2,
        ["university"],
    )


def test_a_cut_of_the_running_week_cuts_its_shares_with_it():
    program = planned(rate=10, shares=UNIVERSITIES)
    cohort(program, "university")
    live(program, 1)

    rates.set_rate(program, per_week=4, from_at=MONDAY + DAY, by=dora(), at=MONDAY + DAY, reason="Fewer")

    assert list(program.weeks.get().shares.values_list("limit", "admitted")) == [(2, 1)]


def test_what_the_plan_gave_is_in_the_ledger():
    program = planned(rate=4, carry="full")
    live(program, 2)

    said = ledger.of(program.weeks.first()).get(event="week.opened").details
    assert {name: said[name] for name in ("limit", "rate", "carried", "unused", "came_back")} == {
        "limit": 8, "rate": 4, "carried": 4, "unused": 4, "came_back": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"ramp_percent": 90, "ramp_most": 5}, "more than 1"),
        ({"ramp_percent": 150}, "at how many"),
        ({"ramp_weeks": 0}, "1 to 52 weeks"),
        ({"carry": "capped"}, "how many unused seats"),
        ({"carry_most": 5}, "not chosen"),
        ({"shares": (Share("wave", "first", 60), Share("wave", "second", 60))}, "at most 100"),
        ({"shares": (Share("wave", "", 60),)}, "Say which"),
        ({"shares": (Share("wave", "a", 6), Share("wave", "a", 6))}, "the same people"),
        ({"shares": tuple(Share("wave", str(n), 1) for n in range(9))}, "at most 8"),
        ({}, "says that already"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_with_a_sentence(rules, says):
    program = make_program()

    with pytest.raises(Exception, match=says):
        plans.set_plan(program, Rules(**rules), by=dora(), at=MONDAY, reason=WHY)

    assert not program.plans.exists()


def test_a_plan_needs_a_reason():
    with pytest.raises(programs.SayWhy):
        plans.set_plan(make_program(), Rules(spread="daily"), by=dora(), at=MONDAY, reason=" ")
