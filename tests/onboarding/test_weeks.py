from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import ledger
from onboarding.domain import rates, weeks
from onboarding.models import Program
from tests.factories import MONDAY, make_manager, make_program, make_rate

moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
programs = st.builds(
    Program,
    time_zone=st.sampled_from(["UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
    week_starts_on=st.integers(0, 6),
    week_starts_hour=st.integers(0, 23),
)


@given(programs, moments)
def test_every_moment_lies_in_exactly_one_window(program, at):
    starts_at, ends_at = weeks.window(program, at)

    assert (starts_at <= at < ends_at, weeks.window(program, ends_at)[0]) == (True, ends_at)


@given(programs, moments)
def test_a_window_starts_at_the_local_hour_and_is_a_week_long_but_for_dst(program, at):
    starts_at, ends_at = weeks.window(program, at)

    assert abs((ends_at - starts_at) - timedelta(days=7)) <= timedelta(hours=1)


def test_the_week_of_the_spring_change_has_167_hours():
    program = Program(time_zone="Europe/Madrid", week_starts_on=0, week_starts_hour=9)

    starts_at, ends_at = weeks.window(program, datetime(2026, 3, 28, 12, tzinfo=UTC))

    assert (ends_at - starts_at).total_seconds() / 3600 == 167


@pytest.mark.django_db
def test_opening_twice_opens_one_week():
    program = make_program()
    make_rate(program, 10)

    first, second = (weeks.open_due(program, by="beat", at=MONDAY) for _ in range(2))

    assert (first, program.weeks.count()) == (second, 1)


@pytest.mark.django_db
def test_missed_weeks_open_empty_and_in_order():
    program = make_program()
    make_rate(program, 10)
    weeks.open_due(program, by="beat", at=MONDAY - timedelta(weeks=3))

    weeks.open_due(program, by="beat", at=MONDAY)

    found = list(program.weeks.order_by("starts_at").values_list("starts_at", "ends_at", "limit", "admitted"))
    assert [ends for _, ends, *_ in found[:-1]] == [starts for starts, *_ in found[1:]]
    assert [(limit, admitted) for *_, limit, admitted in found] == [(10, 0)] * 4


@pytest.mark.django_db
def test_no_week_opens_before_the_first_rate():
    assert weeks.open_due(make_program(), by="beat", at=MONDAY) is None


@pytest.mark.django_db
def test_changing_the_start_of_the_week_never_makes_weeks_overlap():
    program = make_program()
    make_rate(program, 10)
    weeks.open_due(program, by="beat", at=MONDAY)
    Program.objects.filter(pk=program.pk).update(week_starts_on=3, week_starts_hour=20)
    program.refresh_from_db()

    weeks.open_due(program, by="beat", at=MONDAY + timedelta(days=8))

    found = list(program.weeks.order_by("starts_at").values_list("starts_at", "ends_at"))
    assert [ends for _, ends in found[:-1]] == [starts for starts, _ in found[1:]]


@pytest.mark.django_db
def test_a_lower_rate_cuts_the_running_week_to_what_it_has_admitted():
    program = make_program()
    make_rate(program, 10)
    week = weeks.open_due(program, by="beat", at=MONDAY)
    week.admitted = 4
    week.save()

    rates.set_rate(
        program, per_week=2, from_at=MONDAY, by=make_manager("dora2"), at=MONDAY, reason="Too fast"
    )

    week.refresh_from_db()
    assert (week.limit, week.admitted) == (4, 4)
    assert list(ledger.of(week).values_list("event", flat=True)) == ["week.opened", "week.cut"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"reason": " "}, "Say why"),
        ({"per_week": -1}, "whole number"),
        ({"from_at": MONDAY - timedelta(seconds=1)}, "now or later"),
    ],
)
def test_a_bad_rate_is_refused_with_a_sentence_and_changes_nothing(change, error):
    program = make_program()
    asked = {
        "per_week": 5,
        "from_at": MONDAY,
        "by": make_manager(),
        "at": MONDAY,
        "reason": "Because",
    } | change

    with pytest.raises(Exception, match=error):
        rates.set_rate(program, **asked)

    assert program.rate_steps.count() == 0


@given(programs, moments)
def test_weeks_walked_are_those_the_window_names(program, at):
    windows = [weeks.window(program, at)]
    for _ in range(29):
        windows.append(weeks.window(program, windows[-1][1]))

    assert list(weeks.walk(program, at, number=30)) == windows
