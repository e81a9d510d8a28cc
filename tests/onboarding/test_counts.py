"""The counts of the line and of the steps to a key: right after every change, also by hand and in a race."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from onboarding import tasks
from onboarding.counted import COUNTS
from onboarding.domain import clocks, counts, invitations, order, outlooks, places, waitlist
from onboarding.domain.counts import Group, Line
from onboarding.models import CohortCount, LineCount, StepCount, WaitlistEntry
from tests.factories import (
    MONDAY,
    deliver,
    give_seats,
    make_application,
    make_entry,
    make_grant,
    make_manager,
    make_program,
    make_rate,
    make_roles,
    make_secret,
)
from tests.processes import race

pytestmark = pytest.mark.django_db
LINE, COHORTS, STEPS, OUTCOMES = COUNTS


def wrong(sentence: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(COUNTS[sentence])
        return cursor.fetchall()


@pytest.fixture
def program():
    program = make_program()
    make_rate(program, 2)
    return program


def test_joining_seating_holding_and_leaving_are_counted(program):
    _, _, third, fourth, _ = (make_entry(program) for _ in range(5))
    waitlist.admit(program, by="beat", at=MONDAY)
    order.hold(third, by=make_manager("mia"), at=MONDAY, reason="To be checked")
    places.leave(fourth, by=fourth.application.applicant, at=MONDAY)

    assert (counts.line(program), wrong(LINE), wrong(COHORTS)) == (Line(waiting=1, held=1, seated=2), [], [])


def test_an_answer_and_a_return_are_counted(program):
    for _ in range(3):
        make_entry(program)
    seats = give_seats(program)
    invitations.tell_owed(at=MONDAY)
    deliver(at=MONDAY)
    invitations.accept(seats[0].invitation, by=seats[0].entry.application.applicant, at=MONDAY)
    clocks.remind_owed(at=MONDAY + timedelta(days=4))
    deliver(at=MONDAY + timedelta(days=4))
    later = MONDAY + timedelta(days=8)
    invitations.expire_due(at=later)

    assert (counts.line(program), [wrong(each) for each in COUNTS]) == (
        Line(waiting=2, held=0, seated=0),
        [[], [], [], []],
    )
    assert [
        (each.accepted, each.expired, each.again) for each in outlooks.observed(program, at=later).outcomes
    ] == [(1, 1, 1)]


def test_whoever_is_put_forward_is_counted_ahead(program):
    old = make_entry(program, at=MONDAY - timedelta(weeks=3))
    young = make_entry(program)
    order.put_forward(young, by=make_manager("mia"), at=MONDAY, reason="Flood response")

    week = MONDAY.replace(hour=0)
    assert counts.groups(program) == [
        Group(week, order.AHEAD, waiting=1, held=0),
        Group(week - timedelta(weeks=3), order.BY_THE_RULE, waiting=1, held=0),
    ]
    assert [places.of(WaitlistEntry.objects.get(pk=entry.pk)).position for entry in (young, old)] == [1, 2]


def test_whoever_is_invited_twice_is_counted_once(program):
    make_entry(program)
    for week in range(2):
        at = MONDAY + week * timedelta(weeks=2)
        waitlist.admit(program, by="beat", at=at)
        invitations.tell_owed(at=at)
        deliver(at=at)
        clocks.remind_owed(at=at + timedelta(days=4))
        deliver(at=at + timedelta(days=4))
        invitations.expire_due(at=at + timedelta(days=8))

    assert (counts.steps(program)["invited"], counts.line(program), wrong(STEPS)) == (1, Line(0, 0, 0), [])


def test_the_first_key_that_is_opened_is_counted(program):
    make_secret(program)

    assert (counts.steps(program)["opened"], wrong(STEPS)) == (1, [])


def test_what_is_written_by_sql_is_counted_too(program):
    for _ in range(3):
        make_entry(program)

    with connection.cursor() as cursor:
        cursor.execute("UPDATE onboarding_waitlistentry SET state = 'seated'")

    assert (counts.line(program), wrong(LINE), wrong(COHORTS)) == (Line(waiting=0, held=0, seated=3), [], [])


def test_one_statement_appends_one_row_for_a_group_however_many_it_moves(program):
    for _ in range(3):
        make_entry(program)
    before = LineCount.objects.count()

    WaitlistEntry.objects.filter(program=program).update(state="seated")

    assert LineCount.objects.count() == before + 1


def test_what_is_taken_back_is_not_counted(program):
    with transaction.atomic():
        make_entry(program)
        transaction.set_rollback(True)

    assert counts.line(program) == Line(0, 0, 0)


def test_the_place_of_each_of_one_hour_is_counted_and_looked_at():
    program, hour = make_program(), MONDAY.replace(minute=0)
    times = [hour - timedelta(hours=1), hour - timedelta(seconds=1), hour, hour, hour + timedelta(minutes=59)]
    entries = [make_entry(program, at=at) for at in times]

    assert [places.of(entry).position for entry in entries] == [1, 2, 3, 4, 5]


def test_folding_leaves_one_row_for_a_group_and_the_same_sums(program):
    for _ in range(3):
        make_entry(program)
    waitlist.admit(program, by="beat", at=MONDAY)
    was, steps = counts.line(program), counts.steps(program)

    tasks.fold_counts()

    kept = LineCount.objects.count(), CohortCount.objects.count()
    assert (counts.line(program), counts.steps(program), kept, counts.fold_owed()) == (was, steps, (1, 1), 0)


def test_a_group_of_which_nobody_is_left_goes(program):
    entry = make_entry(program)
    places.leave(entry, by=entry.application.applicant, at=MONDAY)

    counts.fold_owed()

    assert (LineCount.objects.count(), CohortCount.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE onboarding_linecount SET waiting = waiting + 1", LINE),
        ("DELETE FROM onboarding_linecount", LINE),
        ("UPDATE onboarding_cohortcount SET wave = 'second'", COHORTS),
        ("DELETE FROM onboarding_cohortcount", COHORTS),
        ("UPDATE onboarding_stepcount SET people = people - 1 WHERE step = 'invited'", STEPS),
        ("DELETE FROM onboarding_stepcount WHERE step = 'applied'", STEPS),
        ("UPDATE onboarding_outcomecount SET again = again + 1", OUTCOMES),
    ],
)
def test_a_wrong_count_is_found_and_mended(program, sql, sentence):
    make_grant(program)
    make_entry(program)
    assert wrong(sentence) == []

    with connection.cursor() as cursor:
        cursor.execute(sql)
    found = bool(wrong(sentence))
    counts.recount()

    assert (found, wrong(sentence)) == (True, [])


def test_counting_anew_waits_for_whoever_folds(program):
    with CaptureQueriesContext(connection) as asked:
        counts.recount()

    assert f"pg_advisory_xact_lock({counts.FOLDING})" in asked.captured_queries[1]["sql"]


@pytest.mark.django_db(transaction=True)
def test_many_who_join_while_counts_are_folded_are_all_counted():
    make_roles()
    program = make_program()
    approved = [make_application(program, state="approved") for _ in range(12)]

    race(*[["join", str(each.pk), MONDAY.isoformat()] for each in approved], *[["fold"]] * 4)

    assert (counts.line(program), [wrong(each) for each in COUNTS]) == (Line(12, 0, 0), [[], [], [], []])
    tasks.fold_counts()
    assert [row.waiting for row in LineCount.objects.all()] == [12]
    assert StepCount.objects.aggregate(n=Sum("people", default=0))["n"] == sum(counts.steps(program).values())
