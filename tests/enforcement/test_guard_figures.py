"""What freeze rules look at of flags, appeals and use: what counts, for whom, in one statement for all programs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from enforcement import tasks
from enforcement.domain import appeals, guard_figures, hours
from enforcement.domain.hours import Counted, hour_of
from onboarding.domain import guards
from onboarding.models import GuardReading
from onboarding.states import GuardKind
from tests.enforcement.appealing import UPHELD, known, make_ended
from tests.enforcement.flagging import (
    NOTHING,
    TUESDAY,
    make_case,
    make_confirmed,
    make_sanction,
    make_taken_appeal,
)
from tests.factories import make_grant, make_key, make_program, make_reviewer
from tests.onboarding.guarding import make_guard

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LATER = TUESDAY + 10 * DAY


def measured(measure, *programs, days=28, at=LATER):
    """Return value and sample for each of these programs."""
    found = measure([(program.pk, days) for program in programs], at=at)
    by_program = {each.program: (each.value, each.sample) for each in found}
    return [by_program[program.pk] for program in programs]


def test_confirmed_violations_are_cases_for_each_thousand_active_grants():
    program, other = make_program(), make_program()
    first, second = make_grant(program), make_grant(program)
    make_grant(program), make_grant(program), make_grant(other)
    make_confirmed(first)
    make_confirmed(second)

    assert measured(guard_figures.violations, program, other) == [(500.0, 4), (0.0, 1)]


def test_open_flags_and_those_that_were_nothing_are_no_violations():
    from enforcement.domain import flag_cases

    program = make_program()
    make_case(make_grant(program))
    flag_cases.decide(make_case(make_grant(program)), by=known("bob", make_reviewer), at=TUESDAY, **NOTHING)

    assert measured(guard_figures.violations, program) == [(0.0, 2)]


def test_a_violation_counts_for_as_many_days_as_the_rule_looks_back():
    program = make_program()
    make_confirmed(make_grant(program), at=TUESDAY)

    values = [
        measured(guard_figures.violations, program, days=7, at=at)[0][0]
        for at in (TUESDAY, TUESDAY + 7 * DAY - timedelta(seconds=1), TUESDAY + 7 * DAY, TUESDAY - DAY)
    ]

    assert values == [1000.0, 1000.0, 0.0, 0.0]


def test_a_violation_that_an_appeal_set_aside_is_none():
    program = make_program()
    sanction = make_sanction(make_grant(program), kind="limit", per_minute=1, per_day=1)
    appeal, third = make_taken_appeal(sanction)
    says = {key: value for key, value in UPHELD.items() if key != "look_again"}
    appeals.uphold(appeal, by=third, at=TUESDAY + 2 * DAY, **says)

    assert measured(guard_figures.violations, program) == [(0.0, 1)]
    assert measured(guard_figures.overturned, program) == [(100.0, 1)]


def test_overturned_is_the_share_of_decided_appeals_that_were_upheld():
    program, other = make_program(), make_program()
    for state in ("upheld", "denied", "denied", "denied", "filed"):
        make_ended(state, program=program)

    assert measured(guard_figures.overturned, program, other) == [(25.0, 4), (0.0, 0)]


def test_errors_are_those_of_the_models_side_among_reported_calls():
    program = make_program()
    key, other = make_key(program), make_key()
    at = TUESDAY + timedelta(hours=1)
    for hour, ok, error in ((hour_of(at), 80, 20), (hour_of(at) - 23, 100, 0), (hour_of(at) - 24, 0, 500)):
        hours.keep(
            [Counted(key.key_id, hour, 1, {"ok": 300, "upstream_ok": ok, "upstream_error": error})], at=at
        )
    hours.keep([Counted(other.key_id, hour_of(at), 1, {"upstream_error": 9})], at=at)

    assert measured(guard_figures.errors, program, other.grant.program, days=1, at=at) == [
        (10.0, 200),
        (100.0, 9),
    ]


@pytest.mark.parametrize("measure", guard_figures.MEASURES.values(), ids=list(guard_figures.MEASURES))
def test_one_program_and_three_are_one_statement(measure):
    programs = [make_program() for _ in range(3)]
    counts = []
    for some in (programs[:1], programs, []):
        with CaptureQueriesContext(connection) as asked:
            measure([(program.pk, 28) for program in some], at=LATER)
        counts.append(len(asked))

    assert counts == [1, 1, 0]


def test_the_payer_reports_what_rules_ask_for_and_may_run_twice():
    asking, silent = make_program(), make_program()
    make_guard(asking, GuardKind.VIOLATIONS, window_days=28)
    make_guard(asking, GuardKind.ERRORS)
    make_guard(silent, GuardKind.OVERTURNED, mode="off")

    reported = [guard_figures.report_owed(at=LATER) for _ in range(2)]

    found = GuardReading.objects.order_by("guard").values_list("program", "guard", "window_days", "read_at")
    assert (reported, list(found)) == (
        [2, 2],
        [(asking.pk, "errors", 1, LATER), (asking.pk, "violations", 28, LATER)],
    )


def test_a_guard_that_cannot_be_measured_does_not_keep_the_others_from_it(monkeypatch, caplog):
    program = make_program()
    make_guard(program, GuardKind.ERRORS)
    make_guard(program, GuardKind.VIOLATIONS, window_days=28)
    monkeypatch.setattr(guard_figures, "MEASURES", {GuardKind.ERRORS: None} | guard_figures.MEASURES)
    monkeypatch.setitem(guard_figures.MEASURES, GuardKind.ERRORS, lambda wanted, *, at: 1 / 0)

    tasks.measure_guards()

    assert list(GuardReading.objects.values_list("guard", flat=True)) == ["violations"]
    assert "The guard errors was not measured" in caplog.text


def test_the_words_of_every_guard_are_there():
    assert set(guards.UNITS) == set(GuardKind)
