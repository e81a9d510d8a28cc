"""Freeze rules: where figures stand, when silence counts, who sets the rules."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import freezes, guard_rules, guards
from onboarding.domain.guards import Act, Bounds, Memory, Reading, act
from onboarding.domain.programs import AlreadySo, SayWhy
from onboarding.models import GuardReading, GuardRule
from onboarding.states import GuardKind, GuardMode, GuardState
from tests.factories import MONDAY, make_manager, make_program, make_reviewer
from tests.onboarding.guarding import LATE, MINUTE, STRICT, lift, make_freeze, make_guard, manager, read

pytestmark = pytest.mark.django_db
BOUNDS = Bounds(trip=20, clear=10, minimum=5)
figures = st.floats(0, 60, allow_nan=False)
samples = st.integers(0, 12)


def state_of(program, *, at):
    return guards.standings(program, at=at)[0].state


@pytest.mark.parametrize(
    ("value", "sample", "state"),
    [
        (0, 5, "green"),
        (9.99, 5, "green"),
        (10, 5, "between"),
        (19.99, 5, "between"),
        (20, 5, "tripped"),
        (1000, 5, "tripped"),
        (1000, 4, "too_few"),
        (0, 0, "too_few"),
    ],
)
def test_a_figure_stands_by_its_bounds_and_its_sample(value, sample, state):
    assert BOUNDS.look(value, sample) == state


def walk(readings, *, thaws):
    """Let one rule see these figures, one after the other; return what it did at each."""
    memory, done = Memory(), []
    for value, sample in readings:
        does = act(BOUNDS.look(value, sample), value, bounds=BOUNDS, memory=memory, thaws=thaws)
        memory = {Act.FREEZE: Memory(is_frozen=True), Act.THAW: Memory()}.get(does, memory)
        done.append(does)
    return done


@given(st.lists(st.tuples(figures, samples), max_size=40))
def test_between_its_bounds_and_over_too_few_a_rule_never_moves(readings):
    moved = [
        reading
        for reading, does in zip(readings, walk(readings, thaws=True), strict=True)
        if does != Act.NOTHING
    ]

    assert [(v, n) for v, n in moved if 10 <= v < 20 or n < 5] == []


@given(st.lists(st.tuples(figures, samples), max_size=40))
def test_from_one_freeze_to_its_thaw_the_figure_crossed_the_whole_band(readings):
    moved = [
        (does, value)
        for (value, _), does in zip(readings, walk(readings, thaws=True), strict=True)
        if does != Act.NOTHING
    ]

    assert all(abs(one - other) > 10 for (_, one), (_, other) in pairwise(moved))
    assert all(one != other for (one, _), (other, _) in pairwise(moved))


@given(st.lists(st.tuples(figures, samples), max_size=40))
def test_without_a_person_such_a_rule_freezes_once_and_never_thaws(readings):
    assert set(walk(readings, thaws=False)) <= {Act.NOTHING, Act.FREEZE}
    assert walk(readings, thaws=False).count(Act.FREEZE) <= 1


@given(figures, figures, samples)
def test_what_a_person_lifted_comes_back_only_clearly_worse(lifted_at, value, sample):
    memory = Memory(is_lifted=True, lifted_at=lifted_at)

    does = act(BOUNDS.look(value, sample), value, bounds=BOUNDS, memory=memory, thaws=False)

    assert (does == Act.FREEZE) == (sample >= 5 and value >= 20 and value >= lifted_at + 10)


@pytest.mark.parametrize(
    ("state", "memory", "does"),
    [
        ("silent", Memory(), "freeze"),
        ("waiting", Memory(), "nothing"),
        ("silent", Memory(is_frozen=True), "nothing"),
        ("silent", Memory(is_lifted=True, lifted_at=30), "freeze"),
        ("silent", Memory(is_lifted=True), "nothing"),
        ("tripped", Memory(is_lifted=True), "freeze"),
        ("between", Memory(is_lifted=True), "nothing"),
        ("green", Memory(is_lifted=True), "rearm"),
        ("green", Memory(is_lifted=True, lifted_at=30), "rearm"),
    ],
)
def test_silence_and_what_was_lifted_in_it(state, memory, does):
    assert act(GuardState(state), 25, bounds=BOUNDS, memory=memory, thaws=False) == does


def test_a_rule_waits_a_quarter_of_an_hour_for_its_first_reading_and_then_counts_as_tripped():
    program = make_program()
    make_guard(program, at=MONDAY)
    moments = [MONDAY + minutes * MINUTE for minutes in (0, 15, 16)]
    guards.keep_watch(program, at=MONDAY)

    assert [state_of(program, at=at) for at in moments] == ["waiting", "waiting", "silent"]


def test_a_reading_counts_for_a_quarter_of_an_hour():
    program = make_program()
    make_guard(program)
    read(program, 3)

    assert [state_of(program, at=MONDAY + minutes * MINUTE) for minutes in (15, 16)] == ["green", "silent"]


def test_a_site_that_was_off_for_a_night_is_not_silent_at_once():
    program = make_program()
    make_guard(program)
    read(program, 3)
    morning = MONDAY + timedelta(hours=12)

    freezes.settle(program, at=morning)

    assert (state_of(program, at=morning), program.freezes.count()) == ("waiting", 0)


def test_looking_without_a_gap_keeps_the_moment_it_began():
    program = make_program()
    make_guard(program)
    for minutes in range(20):
        freezes.settle(program, at=MONDAY + minutes * MINUTE)

    assert program.freezes.get().is_silent


def test_a_reading_over_other_days_is_none_of_this_rule():
    program = make_program()
    make_guard(program, GuardKind.OVERTURNED, window_days=28)
    guards.report(GuardKind.OVERTURNED, [Reading(program.pk, 90, 3, 50)], at=MONDAY)

    assert state_of(program, at=MONDAY) == "waiting"


def test_the_same_report_twice_is_once():
    program = make_program()
    for _ in range(2):
        guards.report(LATE, [Reading(program.pk, 1, 3, 50)], at=MONDAY)

    assert GuardReading.objects.count() == 1


def test_rules_that_are_on_or_watching_are_asked_for():
    on, watching, off = make_program(), make_program(), make_program()
    make_guard(on)
    make_guard(watching, mode="watch")
    make_guard(off)
    make_guard(off, mode="off", at=MONDAY)

    assert sorted(guards.asked(LATE)) == [(on.pk, 1), (watching.pk, 1)]


@pytest.mark.parametrize(
    ("value", "sample", "green"),
    [(3, 100, True), (15, 100, True), (30, 100, False), (30, 2, True)],
)
def test_the_ramp_goes_on_unless_something_is_known_to_be_wrong(value, sample, green):
    program = make_program()
    make_guard(program)
    read(program, value, sample=sample)

    assert guards.all_green(program, at=MONDAY) is green


def test_the_ramp_waits_for_a_first_reading_and_after_a_lift_for_green():
    program = make_program()
    assert guards.all_green(program, at=MONDAY)

    make_guard(program)
    assert not guards.all_green(program, at=MONDAY)

    freeze = make_freeze(program, clear_below=9)
    lift(freeze, at=MONDAY + MINUTE)
    read(program, 15, at=MONDAY + 2 * MINUTE)
    assert not guards.all_green(program, at=MONDAY + 2 * MINUTE)

    read(program, 3, at=MONDAY + 3 * MINUTE)
    assert guards.all_green(program, at=MONDAY + 3 * MINUTE)


def test_a_rule_that_watches_or_is_off_holds_no_ramp_back():
    program = make_program()
    make_guard(program, mode="watch")
    make_guard(program, GuardKind.ERRORS, mode="off")
    read(program, 30)

    assert guards.all_green(program, at=MONDAY)


def test_where_rules_stand_is_four_questions_however_many_there_are():
    few, many = make_program(), make_program()
    make_guard(few)
    for kind in GuardKind:
        make_guard(many, kind)
        read(many, 3, guard=kind)
    counts = []
    for program in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            guards.standings(program, at=MONDAY)
        counts.append(len(asked))

    assert counts == [4, 4]


def test_a_rule_that_is_set_is_in_the_ledger_by_whom():
    program = make_program()
    rule = make_guard(program, at=MONDAY)

    row = LedgerEntry.objects.get(event=Event.GUARD_RULE_SET)
    assert (row.subject_id, row.actor, row.details["threshold"]) == (
        str(rule.pk),
        f"user:{manager().pk}",
        20,
    )


def test_a_change_of_a_rule_is_another_version():
    program = make_program()
    make_guard(program)
    make_guard(program, threshold=40, at=MONDAY)

    held = GuardRule.objects.filter(program=program).in_force().get()
    assert (program.guard_rules.count(), held.threshold) == (2, 40)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"threshold": 10}, guard_rules.BadRule),
        ({"clear_below": 0}, guard_rules.BadRule),
        ({"threshold": 1001}, guard_rules.BadRule),
        ({"threshold": float("nan")}, guard_rules.BadRule),
        ({"window_days": 0}, guard_rules.BadRule),
        ({"window_days": 28}, guard_rules.BadRule),
        ({"minimum_sample": 0}, guard_rules.BadRule),
        ({"mode": "maybe"}, guard_rules.BadRule),
        ({"thaw": "never"}, guard_rules.BadRule),
        ({}, AlreadySo),
    ],
)
def test_what_no_rule_could_say_is_refused_with_a_sentence(said, error):
    program = make_program()
    make_guard(program)

    with pytest.raises(error):
        make_guard(program, **said)


def test_a_rule_needs_a_reason_and_somebody_whose_it_is_to_set():
    program = make_program()

    with pytest.raises(SayWhy):
        guard_rules.set_rule(program, LATE, STRICT, by=make_manager(), at=MONDAY, reason=" ")
    with pytest.raises(guard_rules.NotYoursToSet):
        guard_rules.set_rule(program, LATE, STRICT, by=make_reviewer(), at=MONDAY, reason="Because.")


@pytest.mark.parametrize("kind", GuardKind)
def test_what_is_proposed_can_be_set(kind):
    proposed = replace(guard_rules.FIRST[kind], mode=GuardMode.WATCH)

    made = guard_rules.set_rule(
        make_program(), kind, proposed, by=make_manager(), at=MONDAY, reason="As proposed."
    )

    assert made.threshold == proposed.threshold


def test_the_database_keeps_every_version_and_refuses_a_rule_without_a_band():
    rule = make_guard(make_program())

    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        GuardRule.objects.filter(pk=rule.pk).update(threshold=50)
    with pytest.raises(IntegrityError, match="guard_rule_leaves_a_band"), transaction.atomic():
        GuardRule.objects.create(
            program=rule.program, guard=LATE, mode="on", threshold=5, clear_below=5, window_days=1,
            minimum_sample=1, set_at=MONDAY, set_by=rule.set_by, reason="x",
        )  # fmt: skip


def test_old_readings_go_and_young_ones_stay():
    program = make_program()
    make_guard(program)
    for days in (0, 13, 15):
        guards.report(LATE, [Reading(program.pk, 1, 3, 50)], at=MONDAY - timedelta(days=days))

    assert (guards.drop_old(at=MONDAY), GuardReading.objects.count()) == (1, 2)
