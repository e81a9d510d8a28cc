"""Promises about to break: one letter a program and day, while it can be helped."""

from datetime import date, timedelta

import pytest

from audit.models import LedgerEntry
from outbox.models import Letter
from reviews.domain import calendars, claims, handing, promises
from reviews.models import PromiseWarning
from tests.factories import MONDAY, make_manager, make_owner, make_program, make_reviewer
from tests.reviews.making import make_case, make_claimed

pytestmark = pytest.mark.django_db
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


def letters():
    return list(Letter.objects.filter(kind="reviews/promise_warning").order_by("pk"))


def test_the_manager_is_warned_before_a_promise_breaks_once_a_day():
    program, dora = make_program("codex"), make_manager()
    make_case(program, lane="notify"), make_case(program, lane="hold")  # due on Wednesday, and in two weeks

    warned = [promises.warn_owed(at=at) for at in (MONDAY, TUESDAY, TUESDAY + timedelta(hours=3))]

    (letter,) = letters()
    assert (warned, letter.recipient, letter.subject) == (
        [0, 1, 0],
        dora.email,
        "1 answer will be late within a working day: Codex",
    )
    assert "1 case of Codex that nobody works on now" in letter.text
    assert PromiseWarning.objects.get().cases == 1
    assert LedgerEntry.objects.filter(event="promise.warned").count() == 1


def test_what_somebody_works_on_is_no_risk_and_what_is_put_aside_is():
    program, dora = make_program(), make_manager()
    bob = make_reviewer()
    claimed, aside = (make_claimed(bob, program=program, at=MONDAY)[0] for _ in range(2))
    claims.renew(claimed, by=bob, at=TUESDAY - timedelta(minutes=1)), make_case(program)
    until = MONDAY + timedelta(days=3)
    claims.renew(aside, by=bob, at=TUESDAY - timedelta(minutes=1))
    handing.hold(aside, by=bob, at=TUESDAY - timedelta(minutes=1), until=until, reason="x")

    found = promises.outlook(program, user=dora, at=TUESDAY, calendar=calendars.of(program))

    assert (found.late, found.soon, found.worked_on, found.at_risk) == (0, 3, 1, 2)


def test_nobody_is_written_to_at_night_or_on_a_day_off():
    program = make_program()
    make_manager()
    make_case(program, lane="notify")
    calendars.add(program, on=date(2026, 11, 25), name="A holiday", by=make_manager("dan"), at=MONDAY)

    at_five = TUESDAY.replace(hour=5)
    assert [promises.warn_owed(at=at) for at in (at_five, WEDNESDAY - timedelta(hours=1))] == [0, 0]


def test_a_case_the_manager_has_a_part_in_is_not_counted_to_them():
    program, dora = make_program(), make_manager()
    make_case(program, lane="notify", applicant=dora, owner=make_owner(dora))

    promises.warn_owed(at=TUESDAY)

    assert letters() == []


def test_the_board_says_what_will_be_late(client, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: TUESDAY)
    make_case(make_program("codex"), lane="notify")
    client.force_login(make_manager())

    shown = client.get("/admin/onboarding/program/board/", {"program": "codex"}).content.decode()

    assert "1 will be late within one working day and is with nobody now." in shown
