"""The date range: what it assumes, and what was observed."""

from datetime import timedelta

import pytest
from django.urls import reverse

from onboarding.domain import clocks, invitations, order, outlooks, places, programs
from tests.factories import (
    MONDAY,
    deliver,
    give_seats,
    make_entry,
    make_manager,
    make_program,
    make_rate,
    make_user,
)

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)


@pytest.fixture
def program():
    program = make_program()
    make_rate(program, 4)
    return program


def live_through(program, weeks):
    """Let the line run: of four invited each week one lets it run out, three decline."""
    for number in range(weeks):
        at = MONDAY + number * WEEK
        for _ in range(4):
            make_entry(program, at=at)
        seats = give_seats(program, at=at)
        invitations.tell_owed(at=at)
        deliver(at=at)
        for seat in seats[1:]:
            invitations.decline(seat.invitation, by=seat.entry.application.applicant, at=at)
        clocks.remind_owed(at=at + timedelta(days=4))
        deliver(at=at + timedelta(days=4))
        invitations.expire_due(at=at + timedelta(days=7))
    return MONDAY + weeks * WEEK


def test_under_eight_weeks_there_is_no_history(program):
    at = live_through(program, 7)

    assert (
        outlooks.observed(program, at=at).is_enough,
        places.forecast(make_entry(program, at=at), at=at).history,
    ) == (
        False,
        None,
    )


def test_from_eight_weeks_on_what_was_observed_makes_the_range_wider(program):
    at = live_through(program, 9)
    entries = [make_entry(program, at=at) for _ in range(40)]

    found = places.forecast(entries[-1], at=at)

    seen = found.history
    assert (seen.weeks, seen.accepted, seen.declined, seen.expired) == (9, 0, 75, 25)
    plan = outlooks.known_plan(program, outlooks.in_order(program), at, None)
    by_plan = outlooks.reach(program, places.of(entries[-1]).position, at=at, week=None, plan=plan)
    assert found.earliest >= by_plan.starts_at
    assert found.latest > by_plan.ends_at


def test_no_date_while_paused_held_closed_or_without_a_rate(program):
    dora = make_manager("pat")
    entry = make_entry(program)
    bare = make_entry(make_program())
    assert places.forecast(entry, at=MONDAY) is not None
    assert places.forecast(bare, at=MONDAY) is None

    held = order.hold(make_entry(program), by=dora, at=MONDAY, reason="To be checked")
    assert places.forecast(held, at=MONDAY) is None
    entry.program = programs.pause(program, by=dora, at=MONDAY, reason="Filter is down")
    assert places.forecast(entry, at=MONDAY) is None


def test_the_page_says_what_the_dates_assume(client, program):
    alice = make_user("alice")
    client.force_login(alice)
    at = live_through(program, 9)
    entry = make_entry(program, applicant=alice, at=at)
    young = make_program()
    make_rate(young, 4)
    other = make_entry(young, applicant=alice, at=at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.clock.now", lambda: at)
        old, new = (
            client.get(reverse("application", args=[one.application.number])).content.decode()
            for one in (entry, other)
        )

    assert "in the last 9 weeks 0 of 100 invitations were accepted, 75 declined, and 25 ran out" in old
    assert "There is no history yet" in new
