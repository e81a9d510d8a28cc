"""A rule stops admission, and a person, or the rule, lets it go on."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from audit import ledger
from audit.events import Event
from onboarding.domain import freezes, guards, places, programs, waitlist, weeks
from onboarding.domain.guards import Reading
from onboarding.domain.programs import AlreadySo, SayWhy
from onboarding.models import Freeze, Seat
from onboarding.states import GuardKind
from outbox.models import Letter
from tests.factories import MONDAY, make_entry, make_manager, make_program, make_rate, make_reviewer
from tests.onboarding.guarding import LATE, MINUTE, lift, make_freeze, make_guard, manager, read

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)


def make_line(length=2, *, per_week=1):
    """Return a program in whose line so many wait."""
    program = make_program()
    make_rate(program, per_week)
    for _ in range(length):
        make_entry(program, at=MONDAY - timedelta(hours=1))
    return program


def admitted(program, *, at):
    return waitlist.admit(program, by="beat", at=at)


def events(freeze):
    return list(ledger.of(freeze).values_list("event", flat=True))


def test_a_figure_at_the_bound_stops_admission_with_its_numbers_in_the_reason():
    program = make_line()

    freeze = make_freeze(program, value=20)

    assert freeze.reason == (
        "Open cases past due: 20 of 100 open cases now (100 open cases); it stops admission from 20 on."
    )
    assert (freeze.value, freeze.sample, freeze.began_at, events(freeze)) == (
        20,
        100,
        MONDAY,
        [Event.FREEZE_BEGAN],
    )


def test_while_it_is_frozen_weeks_open_and_nobody_is_seated():
    program = make_line()
    make_freeze(program)

    given = [admitted(program, at=MONDAY + MINUTE), admitted(program, at=MONDAY + WEEK)]

    assert (given, weeks.current(program, MONDAY + WEEK).admitted) == ([0, 0], 0)


def test_a_freeze_is_apart_from_the_managers_pause():
    program = make_line()
    freeze = make_freeze(program)
    programs.pause(program, by=manager(), at=MONDAY, reason="A holiday.")
    programs.resume(program, by=manager(), at=MONDAY, reason="Over.")
    assert admitted(program, at=MONDAY + MINUTE) == 0

    lift(freeze, at=MONDAY + 2 * MINUTE)
    assert admitted(program, at=MONDAY + 3 * MINUTE) == 1


def test_a_freeze_names_no_date():
    program = make_line()
    entry = program.entries.first()
    assert places.forecast(entry, at=MONDAY) is not None

    make_freeze(program)
    assert places.forecast(entry, at=MONDAY) is None


def test_seats_given_before_stay_and_a_freeze_never_begins_before_one_of_them():
    program = make_line(per_week=1)
    make_guard(program)
    guards.report(LATE, [Reading(program.pk, 1, 30, 100)], at=MONDAY)
    waitlist.admit(program, by="beat", at=MONDAY + MINUTE)

    freezes.settle(program, at=MONDAY)

    assert program.freezes.get().began_at == Seat.objects.get().given_at


def test_who_read_the_clock_before_a_freeze_was_lifted_admits_nobody():
    program = make_line()
    lift(make_freeze(program), at=MONDAY + 2 * MINUTE)

    given = [admitted(program, at=MONDAY + minutes * MINUTE) for minutes in (1, 2)]

    assert given == [0, 1]


def test_settling_twice_freezes_once_and_writes_to_each_manager_once():
    manager(), make_manager("dan")
    program = make_line()
    make_freeze(program)

    changed = freezes.settle(program, at=MONDAY + MINUTE)

    told = Letter.objects.filter(kind="onboarding/frozen")
    assert (changed, Freeze.objects.count(), sorted(told.values_list("recipient", flat=True))) == (
        0,
        1,
        ["dan@example.org", "dora@example.org"],
    )
    assert "20 on" in told.first().text


def test_silence_stops_admission_and_says_since_when():
    program = make_line()
    make_guard(program)
    for minutes in range(0, 20, 4):
        freezes.settle(program, at=MONDAY + minutes * MINUTE)

    assert program.freezes.get().reason == (
        "Open cases past due: no reading since 23 Nov 2026, 12:00; 15 minutes without one stop admission."
    )


def test_too_few_to_tell_neither_stops_admission_nor_lets_it_go_on():
    program = make_line()
    make_guard(program, thaw="rule")

    changed = [
        read(program, 90, sample=4),
        read(program, 90, at=MONDAY + MINUTE),
        read(program, 0, sample=4, at=MONDAY + 2 * MINUTE),
    ]

    assert (changed, program.freezes.open().count()) == ([0, 1, 0], 1)


def test_a_rule_that_watches_stops_nothing():
    program = make_line()
    make_guard(program, mode="watch")

    assert (read(program, 90), program.freezes.count()) == (0, 0)


def test_a_person_lifts_it_with_a_reason():
    program = make_line()
    freeze = lift(make_freeze(program), at=MONDAY + MINUTE)

    assert (freeze.ended_by, freeze.ended_reason, freeze.ended_value, events(freeze)) == (
        manager(),
        "Looked into; it is in hand.",
        30,
        [Event.FREEZE_BEGAN, Event.FREEZE_LIFTED],
    )
    assert freeze.rearmed_at is None


def test_what_was_lifted_does_not_come_back_by_the_same_figure_but_by_a_clearly_worse_one():
    program = make_line()
    lift(make_freeze(program), at=MONDAY + MINUTE)

    changed = [read(program, value, at=MONDAY + n * MINUTE) for n, value in enumerate((30, 39.9, 40), 2)]

    assert changed == [0, 0, 1]


def test_once_it_was_green_the_rule_is_ready_again():
    program = make_line()
    freeze = lift(make_freeze(program), at=MONDAY + MINUTE)

    changed = [read(program, value, at=MONDAY + n * MINUTE) for n, value in enumerate((15, 3, 20), 2)]

    freeze.refresh_from_db()
    assert (changed, freeze.rearmed_at) == ([0, 1, 1], MONDAY + 3 * MINUTE)
    assert events(freeze) == [Event.FREEZE_BEGAN, Event.FREEZE_LIFTED, Event.FREEZE_REARMED]


def test_a_rule_set_anew_after_a_lift_stops_by_its_own_bounds():
    program = make_line()
    lift(make_freeze(program), at=MONDAY + MINUTE)
    make_guard(program, threshold=25, at=MONDAY + 2 * MINUTE)

    assert read(program, 30, at=MONDAY + 3 * MINUTE) == 1


def test_switching_a_rule_off_lifts_nothing():
    program = make_line()
    freeze = make_freeze(program)
    make_guard(program, mode="off", at=MONDAY + MINUTE)
    assert admitted(program, at=MONDAY + 2 * MINUTE) == 0

    lift(freeze, at=MONDAY + 3 * MINUTE)
    assert admitted(program, at=MONDAY + 3 * MINUTE) == 1


def test_a_rule_that_may_thaws_by_itself_and_tells_the_managers():
    program = make_line()
    freeze = make_freeze(program, thaw="rule")

    changed = [read(program, value, at=MONDAY + n * MINUTE) for n, value in enumerate((10, 9), 1)]

    freeze.refresh_from_db()
    assert (changed, freeze.ended_by, freeze.ended_reason) == (
        [0, 1],
        None,
        "Green again: 9 of 100 open cases now (100 open cases).",
    )
    assert (events(freeze)[-1], Letter.objects.filter(kind="onboarding/thawed").count()) == (
        Event.FREEZE_THAWED,
        1,
    )
    assert admitted(program, at=MONDAY + 2 * MINUTE) == 1


@pytest.mark.parametrize("value", [0, 90])
def test_a_rule_that_may_not_thaw_waits_for_a_person(value):
    program = make_line()
    make_freeze(program)

    assert read(program, value, at=MONDAY + MINUTE) == 0


def test_two_rules_freeze_apart_and_the_other_holds():
    program = make_line()
    freeze = make_freeze(program)
    make_guard(program, GuardKind.ERRORS)
    read(program, 50, guard=GuardKind.ERRORS)

    lift(freeze, at=MONDAY + MINUTE)

    assert (admitted(program, at=MONDAY + 2 * MINUTE), program.freezes.open().count()) == (0, 1)
    assert freezes.in_words(program) == [
        "Admission is stopped for now.",
        "The model answers with too many errors.",
        "Places in line are kept.",
    ]


def test_another_program_goes_on():
    frozen, other = make_line(), make_line()
    make_freeze(frozen)

    assert (admitted(other, at=MONDAY), freezes.in_words(other)) == (1, [])


def test_who_has_no_duty_and_who_gives_no_reason_lifts_nothing():
    freeze = make_freeze(make_line())

    with pytest.raises(freezes.NotYoursToLift):
        freezes.lift(freeze, by=make_reviewer(), at=MONDAY, reason="I want to.")
    with pytest.raises(SayWhy):
        lift(freeze, at=MONDAY, reason="  ")
    assert Freeze.objects.open().count() == 1


def test_a_freeze_is_lifted_once():
    freeze = make_freeze(make_line())
    lift(freeze, at=MONDAY + MINUTE)

    with pytest.raises(AlreadySo):
        lift(freeze, at=MONDAY + 2 * MINUTE)


@pytest.mark.parametrize(
    "changes",
    [{"reason": "Nothing was wrong."}, {"value": 1.0}, {"began_at": MONDAY + WEEK}, {"guard": "errors"}],
)
def test_the_database_keeps_why_it_began(changes):
    freeze = make_freeze(make_line())

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Freeze.objects.filter(pk=freeze.pk).update(**changes)


@pytest.mark.parametrize("changes", [{"ended_reason": "Other."}, {"ended_at": None}, {"ended_by": None}])
def test_the_database_keeps_how_it_ended(changes):
    freeze = lift(make_freeze(make_line()), at=MONDAY)

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Freeze.objects.filter(pk=freeze.pk).update(**changes)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"ended_at": MONDAY}, "freeze_ended_at_by_reason"),
        ({"ended_at": MONDAY, "ended_reason": "x"}, "freeze_ended_by_its_rule_is_green"),
        ({"rearmed_at": MONDAY}, "freeze_ended_at_by_reason"),
    ],
)
def test_the_database_refuses_an_end_that_nobody_answers_for(changes, constraint):
    freeze = make_freeze(make_line())

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Freeze.objects.filter(pk=freeze.pk).update(**changes)


def test_the_database_refuses_a_second_open_freeze_of_one_rule():
    freeze = make_freeze(make_line())

    with pytest.raises(IntegrityError, match="one_open_freeze_per_guard"), transaction.atomic():
        Freeze.objects.create(
            program=freeze.program, guard=freeze.guard, rule=freeze.rule, reason="x", began_at=MONDAY
        )
