from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from audit import ledger
from onboarding import tasks
from onboarding.domain import invitations, order, places, programs, waitlist
from onboarding.models import Week
from onboarding.states import ENTRY_TRANSITIONS, ApplicationState, EntryState
from tests.factories import MONDAY, deliver, give_seats, make_entry, make_manager, make_program, make_rate

pytestmark = pytest.mark.django_db


def make_line(program, length):
    return [make_entry(program, at=MONDAY - timedelta(minutes=length - i)) for i in range(length)]


def test_admit_gives_seats_to_the_first_in_line_and_stops_at_the_limit():
    program = make_program()
    make_rate(program, 2)
    first, second, _ = make_line(program, 3)

    seats = give_seats(program)

    assert [seat.entry for seat in seats] == [first, second]


def test_admitting_again_in_the_same_week_gives_nothing_more():
    program = make_program()
    make_rate(program, 2)
    make_line(program, 3)
    waitlist.admit(program, by="beat", at=MONDAY)

    assert waitlist.admit(program, by="beat", at=MONDAY + timedelta(hours=1)) == 0


def test_the_next_week_seats_who_was_left():
    program = make_program()
    make_rate(program, 2)
    *_, third = make_line(program, 3)
    waitlist.admit(program, by="beat", at=MONDAY)

    seats = give_seats(program, at=MONDAY + timedelta(weeks=1))

    assert [seat.entry for seat in seats] == [third]


def test_three_missed_weeks_admit_one_week_only():
    program = make_program()
    make_rate(program, 1)
    make_line(program, 5)
    waitlist.admit(program, by="beat", at=MONDAY)

    given = waitlist.admit(program, by="beat", at=MONDAY + timedelta(weeks=4))

    assert (given, [week.admitted for week in program.weeks.order_by("starts_at")]) == (
        1,
        [1, 0, 0, 0, 1],
    )


def test_an_invitation_that_runs_out_in_its_own_week_is_invited_again_only_in_the_next():
    program = make_program(invitation_days=2)
    make_rate(program, 5)
    (entry,) = make_line(program, 1)
    waitlist.admit(program, by="beat", at=MONDAY)
    invitations.tell_owed(at=MONDAY)
    deliver()
    later = MONDAY + timedelta(days=3)
    invitations.expire_due(at=later)

    same_week = waitlist.admit(program, by="beat", at=later)
    next_week = give_seats(program, at=MONDAY + timedelta(weeks=1))

    assert (same_week, [seat.entry for seat in next_week]) == (0, [entry])


def test_one_program_that_fails_does_not_hold_up_the_others(monkeypatch):
    first, second = make_program("a-first"), make_program("b-second")
    make_rate(second, 1)
    make_entry(second)
    admit = waitlist.admit

    def fails_for_the_first(program, **kwargs):
        if program == first:
            raise RuntimeError
        return admit(program, **kwargs)

    monkeypatch.setattr(waitlist, "admit", fails_for_the_first)
    tasks.admit_due()

    assert second.weeks.get().admitted == 1


def test_a_paused_program_admits_nobody():
    program = make_program()
    make_rate(program, 2)
    make_line(program, 2)
    programs.pause(program, by=make_manager("pat"), at=MONDAY, reason="Filter is down")

    assert waitlist.admit(program, by="beat", at=MONDAY) == 0


def test_priority_goes_first_and_says_why():
    program = make_program()
    make_rate(program, 1)
    _, second = make_line(program, 2)
    order.put_forward(second, by=make_manager("pat"), at=MONDAY, reason="Helps the flood response")

    seats = give_seats(program)

    assert [seat.entry for seat in seats] == [second]


def test_admitting_forty_takes_as_many_statements_as_admitting_one():
    program = make_program()
    make_rate(program, 41)
    make_line(program, 41)
    waitlist.weeks.open_due(program, by="beat", at=MONDAY)

    with CaptureQueriesContext(connection) as one:
        waitlist.admit(program, by="beat", at=MONDAY, most=1)
    with CaptureQueriesContext(connection) as forty:
        waitlist.admit(program, by="beat", at=MONDAY)

    assert (len(forty), len(one) <= 10) == (len(one), True)


def test_a_place_counts_those_before_it():
    program = make_program()
    entries = make_line(program, 3)

    assert [places.of(entry) for entry in entries] == [places.Place(i, 3) for i in (1, 2, 3)]


def test_the_forecast_names_the_week_the_plan_reaches_the_place():
    program = make_program()
    make_rate(program, 1)
    *_, third = make_line(program, 3)
    waitlist.admit(program, by="beat", at=MONDAY)

    found = places.forecast(third, at=MONDAY)

    week = Week.objects.get(program=program)
    assert found.earliest == week.ends_at + timedelta(weeks=1)


def test_leaving_lapses_the_approval_and_frees_the_place():
    entry = make_entry()

    places.leave(entry, by=entry.application.applicant, at=MONDAY)

    entry.refresh_from_db()
    assert (entry.state, entry.application.state) == (EntryState.LEFT, ApplicationState.LAPSED)


def test_one_live_place_per_owner_and_program():
    entry = make_entry()
    from tests.factories import make_application

    again = make_application(
        entry.program,
        owner=entry.owner,
        applicant=entry.application.applicant,
        state=ApplicationState.APPROVED,
    )

    with pytest.raises(waitlist.AlreadyInLine):
        waitlist.join(again, by="test", at=MONDAY)


def test_every_move_of_an_entry_is_in_the_ledger():
    program = make_program()
    make_rate(program, 1)
    (entry,) = make_line(program, 1)
    (seat,) = give_seats(program)
    invitations.tell_owed(at=MONDAY)

    invitations.accept(seat.invitation, by=entry.application.applicant, at=MONDAY)

    assert list(ledger.of(entry).values_list("event", flat=True)) == [
        "entry.joined",
        "entry.seated",
        "entry.admitted",
    ]


def test_the_database_refuses_a_week_over_its_limit():
    program = make_program()
    make_rate(program, 1)
    waitlist.admit(program, by="beat", at=MONDAY)

    with pytest.raises(IntegrityError, match="week_never_over_limit"), transaction.atomic():
        program.weeks.update(admitted=F("limit") + 1)


MISSING = [(a, b) for a in EntryState for b in EntryState if a != b and b not in ENTRY_TRANSITIONS[a]]
WAY_TO = {
    EntryState.WAITING: [],
    EntryState.HELD: ["held"],
    EntryState.SEATED: ["seated"],
    EntryState.ADMITTED: ["seated", "admitted"],
    EntryState.LEFT: ["left"],
}


@pytest.mark.parametrize(("old", "new"), MISSING)
def test_the_database_refuses_each_step_the_table_does_not_name(old, new):
    entry = make_entry()
    rows = type(entry).objects.filter(pk=entry.pk)
    held = {"held_at": MONDAY, "held_by": entry.application.applicant, "hold_reason": "To be checked"}
    for step in WAY_TO[old]:
        rows.update(
            state=step, left_at=MONDAY if step == "left" else None, **(held if step == "held" else {})
        )

    with pytest.raises(IntegrityError, match="no step from"), transaction.atomic():
        rows.update(state=new, left_at=MONDAY if new == "left" else None)
