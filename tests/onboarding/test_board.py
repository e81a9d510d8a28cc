"""The manager's board: what it shows, what a change would do, and who may change it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from audit import clock
from onboarding.admin import funnel, plan
from onboarding.domain import outlooks, waitlist, weeks
from tests.factories import (
    MONDAY,
    make_entry,
    make_grant,
    make_manager,
    make_program,
    make_rate,
    make_reviewer,
    make_staff,
)

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)


def board(program) -> str:
    return f"{reverse('admin:board')}?program={program.slug}"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_line(length: int, *, per_week: int):
    """Return a program whose week is full and in whose line so many wait, and that week."""
    program = make_program()
    make_rate(program, per_week)
    for _ in range(per_week + length):
        make_entry(program)
    waitlist.admit(program, by="test", at=MONDAY)
    return program, weeks.current(program, MONDAY)


def preview(program, week, *, per_week: int, from_at=MONDAY) -> list[str]:
    return plan.preview(now(program, week), per_week=per_week, from_at=from_at)


def now(program, week, **more) -> plan.Now:
    known = outlooks.known_plan(program, outlooks.in_order(program), MONDAY, week)
    return plan.Now(program, known, program.entries.waiting().count(), week, MONDAY, **more)


def test_a_preview_says_what_a_higher_rate_does_to_this_week_and_to_the_line():
    program, week = make_line(3, per_week=1)

    assert preview(program, week, per_week=4) == [
        "This week's limit becomes 4 instead of 1; the next weeks admit 4.",
        "The line of 3 would be through in the week of 23 November 2026, 3 weeks earlier than planned now.",
    ]


def test_a_preview_says_that_a_frozen_line_stands_still_whatever_the_rate():
    frozen = now(*make_line(3, per_week=1), is_frozen=True)

    assert (plan.through(frozen), plan.preview(frozen, per_week=4, from_at=MONDAY)[-1]) == (
        None, "The line of 3 stands still until the freeze is lifted, whatever the rate.",
    )  # fmt: skip


def test_a_preview_says_that_seats_given_stay_given():
    program, week = make_line(1, per_week=2)

    assert preview(program, week, per_week=0) == [
        "This week's limit stays 2; the next weeks admit 0.",
        "The line of 1 would not be through within ten years.",
    ]


def test_a_preview_of_a_later_rate_leaves_the_running_week_alone():
    program, week = make_line(3, per_week=1)

    assert preview(program, week, per_week=2, from_at=MONDAY + WEEK)[0] == (
        "From 30 November 2026, 12:00 on, new weeks admit 2; the running week stays as it is."
    )


def test_a_preview_changes_nothing():
    program, _ = make_line(1, per_week=1)
    client = signed_in(program.rate_steps.get().set_by)

    answer = client.post(reverse("admin:board_rate", args=[program.slug]), {"per_week": 9, "preview": "1"})

    assert (answer.status_code, program.rate_steps.count()) == (200, 1)


def test_a_rate_without_a_reason_comes_back_with_what_was_typed():
    program = make_program()

    answer = signed_in(make_manager()).post(
        reverse("admin:board_rate", args=[program.slug]), {"per_week": 987}
    )

    assert answer.status_code == 422
    assert 'value="987"' in answer.content.decode()


def test_the_chart_steps_from_what_was_set_to_what_is_planned():
    program = make_program()
    make_rate(program, 1)
    make_rate(program, 2, from_at=MONDAY + 2 * WEEK)
    steps = list(program.rate_steps.order_by("from_at", "id"))

    drawn = plan.chart(program, steps, [], MONDAY)

    assert [value for _, value in drawn.ticks] == [0, 1, 2]
    assert [(line.y1, line.y2, line.to_come) for line in drawn.lines] == [
        (95.0, 95.0, False), (95.0, 95.0, True), (95.0, 14.0, True), (14.0, 14.0, True),
    ]  # fmt: skip


def test_the_chart_shows_a_program_whose_first_rate_is_still_to_come():
    program = make_program()
    make_rate(program, 3, from_at=MONDAY + WEEK)

    drawn = plan.chart(program, list(program.rate_steps.all()), [], MONDAY)

    assert [line.to_come for line in drawn.lines] == [True]


def test_the_funnel_counts_people_once_and_says_how_long_it_took():
    program = make_program()
    application = make_grant(program).application
    type(application).objects.filter(pk=application.pk).update(settled_at=MONDAY + WEEK)

    steps = funnel.reached(program)

    assert steps[1].wait == "7 days"
    assert [(step.name, step.people) for step in steps] == [
        ("Applied", 1), ("Decided", 1), ("Approved", 1), ("Invited", 1), ("Accepted", 1), ("Key opened", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(seconds=20), "under a minute"),
        (timedelta(minutes=59), "1 hour"),
        (timedelta(hours=30), "30 hours"),
        (timedelta(days=17), "17 days"),
        (None, ""),
    ],
)
def test_a_wait_is_said_in_its_largest_fitting_unit(wait, words):
    assert funnel.in_words(wait) == words


def test_the_board_asks_the_database_as_often_for_three_as_for_one(django_assert_num_queries):
    client = signed_in(make_manager())
    first, more = make_line(1, per_week=1)[0], make_line(3, per_week=3)[0]
    client.get(board(first))  # what is asked only once in a process

    with CaptureQueriesContext(connection) as asked:
        client.get(board(first))
    with django_assert_num_queries(len(asked)):
        client.get(board(more))


def test_only_a_manager_may_set_pause_and_resume():
    program = make_program()
    for staff in (make_reviewer(), make_staff("axel", Role.AUDITOR)):
        client = signed_in(staff)
        for verb in ("rate", "pause", "resume"):
            given = {"per_week": 1, "reason": "Why not"}
            assert client.post(reverse(f"admin:board_{verb}", args=[program.slug]), given).status_code == 403


def test_an_auditor_sees_the_board_without_its_buttons():
    program = make_program()
    make_rate(program, 5, from_at=clock.now())

    shown = signed_in(make_staff("axel", Role.AUDITOR)).get(board(program)).content.decode()

    assert "Only an onboarding manager sets rates." in shown
    assert "Pause now" not in shown
