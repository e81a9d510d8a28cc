"""Days off: who keeps them, and what is on record."""

from datetime import date

import pytest

from audit import ledger
from audit.models import LedgerEntry
from onboarding.domain.programs import SayWhy
from reviews.domain import calendars
from reviews.models import DayOff
from tests.factories import MONDAY, make_manager, make_program, make_reviewer, make_senior

pytestmark = pytest.mark.django_db
CHRISTMAS = date(2026, 12, 25)


def add(program, by, on=CHRISTMAS, name="Christmas"):
    return calendars.add(program, on=on, name=name, by=by, at=MONDAY)


@pytest.mark.parametrize("make", [make_senior, make_manager])
def test_who_keeps_the_queue_adds_and_drops_days_off_on_record(make):
    keeper, program = make("keeper"), make_program()

    day = add(program, keeper)
    told = [calendars.of(program).off]
    rows = ledger.of(day)
    calendars.drop(day, by=keeper, at=MONDAY)
    calendars.drop(day, by=keeper, at=MONDAY)

    assert [*told, calendars.of(program).off] == [{CHRISTMAS}, frozenset()]
    assert [row.event for row in rows.all()] == ["day_off.added", "day_off.dropped"]


def test_a_reviewer_does_not():
    bob, program = make_reviewer(), make_program()
    day = add(program, make_manager())

    with pytest.raises(calendars.NotYoursToKeep):
        add(program, bob, on=date(2027, 1, 1))
    with pytest.raises(calendars.NotYoursToKeep):
        calendars.drop(day, by=bob, at=MONDAY)


def test_a_day_off_has_a_name_and_is_one_once():
    dora, program = make_manager(), make_program()
    add(program, dora)

    with pytest.raises(calendars.AlreadyOff, match="25 December 2026 is a day off there already"):
        add(program, dora, name="Again")
    with pytest.raises(SayWhy):
        add(program, dora, on=date(2027, 1, 1), name=" ")
    assert (DayOff.objects.count(), LedgerEntry.objects.filter(event="day_off.added").count()) == (1, 1)


def test_each_program_has_its_own_days():
    first, second = make_program(), make_program()
    add(first, make_manager())

    found = calendars.of_many([first, second])

    assert (found[first.pk].off, found[second.pk].off) == ({CHRISTMAS}, frozenset())
