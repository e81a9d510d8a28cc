"""What people change in the line by hand: with a reason, never their own, and read by those behind."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import ledger
from onboarding.domain import order, places, programs, waitlist
from onboarding.models import Move, WaitlistEntry
from onboarding.states import EntryState
from outbox.models import Letter
from tests.factories import (
    MONDAY,
    give_seats,
    make_entry,
    make_manager,
    make_organisation,
    make_program,
    make_rate,
    make_user,
)
from tests.onboarding import standings

pytestmark = pytest.mark.django_db
WHY = "Helps the flood response"


@pytest.fixture
def program():
    program = make_program()
    make_rate(program, 1)
    return program


@pytest.fixture
def dora():
    return make_manager("dorothy")


def line(program, length, **fields):
    return [make_entry(program, at=MONDAY + timedelta(minutes=i), **fields) for i in range(length)]


def page(client, name, *args):
    return client.get(reverse(name, args=args)).content.decode()


def test_a_move_keeps_the_published_reason_and_the_note_apart(program, dora):
    _, second = line(program, 2)

    order.put_forward(second, by=dora, at=MONDAY, reason=f" {WHY} ", note="Asked for by the Red Cross")

    move = Move.objects.get()
    assert (move.reason, move.note, move.was, move.now) == (WHY, "Asked for by the Red Cross", 0, -1)
    (event,) = ledger.of(second).filter(event="entry.moved")
    assert ledger.is_digest_of(WHY, event.reason)
    assert "Red Cross" not in str(event.details)


def test_those_behind_are_those_who_joined_before(program, dora):
    first, second, third = line(program, 3)

    order.put_forward(second, by=dora, at=MONDAY, reason=WHY)

    assert [len(order.moved_ahead(program, of=entry)) for entry in (first, second, third)] == [1, 0, 0]


def test_what_was_put_back_stays_published(program, dora):
    first, second = line(program, 2)
    order.put_forward(second, by=dora, at=MONDAY, reason=WHY)
    order.put_forward(second, priority=order.BY_THE_RULE, by=dora, at=MONDAY, reason="It was a mistake")

    assert [move.reason for move in order.moved_ahead(program, of=first)] == [WHY]
    assert places.of(first).position == 1


def test_those_behind_read_when_and_why_and_nobodys_name(client, program, dora):
    alice = make_user("alice")
    first = make_entry(program, applicant=alice, at=MONDAY)
    second = make_entry(
        program, applicant=make_user("zoe"), title="Secret plan", at=MONDAY + timedelta(minutes=1)
    )
    order.put_forward(second, by=dora, at=MONDAY, reason="<b>Flood</b>", note="Only for us")
    client.force_login(alice)

    for said in (
        page(client, "application", first.application.number),
        page(client, "program", program.slug),
    ):
        assert "One application was moved ahead on" in said
        assert "23 Nov 2026" in said
        assert "&lt;b&gt;Flood&lt;/b&gt;" in said
        assert not [
            word
            for word in ("Zoe", "Secret plan", second.application.number, "Dorothy", "Only for us")
            if word in said
        ]


def test_the_program_page_asks_as_much_with_one_move_as_with_ten(client, program, dora):
    for entry in line(program, 10):
        order.put_forward(entry, by=dora, at=MONDAY, reason=WHY)
        if Move.objects.count() == 1:
            with CaptureQueriesContext(transaction.get_connection()) as one:
                page(client, "program", program.slug)
    with CaptureQueriesContext(transaction.get_connection()) as ten:
        page(client, "program", program.slug)

    assert len(one) == len(ten)


def test_a_move_without_a_reason_is_refused(program, dora):
    (entry,) = line(program, 1)

    with pytest.raises(programs.SayWhy):
        order.put_forward(entry, by=dora, at=MONDAY, reason=" ")


def test_nobody_moves_or_holds_their_own_or_their_organisations(program, dora):
    colleague = make_user("alice")
    ours = make_organisation(dora, colleague)
    entries = [
        make_entry(program, applicant=dora),
        make_entry(program, applicant=make_user("zoe"), owner=standings.owner_of(ours)),
        make_entry(program, applicant=colleague),
    ]

    for entry in entries:
        for verb in (order.put_forward, order.hold):
            with pytest.raises(order.OwnPlace):
                verb(entry, by=dora, at=MONDAY, reason=WHY)

    assert Move.objects.count() == 0


def test_who_is_invited_is_not_moved_any_more(program, dora):
    (entry,) = line(program, 1)
    waitlist.admit(program, by="beat", at=MONDAY + timedelta(hours=1))

    with pytest.raises(order.NotWaiting, match="invited"):
        order.put_forward(entry, by=dora, at=MONDAY, reason=WHY)


def test_moving_to_where_it_stands_is_refused(program, dora):
    (entry,) = line(program, 1)

    with pytest.raises(order.NothingToMove):
        order.put_forward(entry, priority=0, by=dora, at=MONDAY, reason=WHY)


def test_a_held_place_is_passed_over_and_comes_back_as_it_was(program, dora):
    first, second = line(program, 2)
    order.hold(first, by=dora, at=MONDAY, reason="Your company is being checked.")
    held = give_seats(program, at=MONDAY + timedelta(hours=1))
    order.unhold(WaitlistEntry.objects.get(pk=first.pk), by=dora, at=MONDAY, reason="It was.")
    freed = give_seats(program, at=MONDAY + timedelta(weeks=1))

    assert ([seat.entry for seat in held], [seat.entry for seat in freed]) == ([second], [first])
    assert list(ledger.of(first).values_list("event", flat=True)) == [
        "entry.joined", "entry.held", "entry.unheld", "entry.seated",
    ]  # fmt: skip


def test_a_hold_is_told_with_its_reason_by_letter_and_page(client, program, dora):
    alice = make_user("alice")
    entry = make_entry(program, applicant=alice)
    client.force_login(alice)

    order.hold(entry, by=dora, at=MONDAY, reason="Your company is being checked.")

    assert "Your company is being checked." in Letter.objects.get(kind="onboarding/held").text
    assert "Your company is being checked." in page(client, "application", entry.application.number)


def test_only_what_is_held_is_freed(program, dora):
    (entry,) = line(program, 1)

    with pytest.raises(waitlist.IllegalMove):
        order.unhold(entry, by=dora, at=MONDAY, reason=WHY)


def test_the_database_refuses_a_hold_without_reason_and_a_move_changed_afterwards(program, dora):
    entry, other = line(program, 2)
    order.put_forward(other, by=dora, at=MONDAY, reason=WHY)

    with pytest.raises(IntegrityError, match="entry_held_at_by_reason"), transaction.atomic():
        WaitlistEntry.objects.filter(pk=entry.pk).update(state=EntryState.HELD)
    for change in ({"reason": "Other"}, {"now": 5}, {"moved_by": None}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Move.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Move.objects.all().delete()


# --- the admin


def act(client, entry, verb, **data):
    return client.post(reverse("admin:entry_act", args=[entry.pk, verb]), data, follow=True).content.decode()


def test_a_manager_moves_holds_and_frees_in_the_admin(client, program, dora):
    entry, _ = line(program, 2)
    client.force_login(dora)

    said = [
        act(client, entry, "forward", reason=WHY, note="Red Cross"),
        act(client, entry, "hold", reason="To be checked"),
        act(client, entry, "unhold", reason="Was checked"),
        act(client, entry, "back", reason="Flood is over"),
    ]

    entry.refresh_from_db()
    assert (entry.state, entry.priority) == (EntryState.WAITING, 0)
    assert "Moved ahead; those behind read why." in said[0]
    assert "To be checked" in said[1]
    assert "Red Cross" in said[3]


@pytest.mark.parametrize("verb", ["forward", "hold"])
def test_the_admin_refuses_in_words(client, program, dora, verb):
    (entry,) = line(program, 1)
    client.force_login(dora)

    assert "Say why" in act(client, entry, verb, reason=" ")
    entry.refresh_from_db()
    assert (entry.state, entry.priority) == (EntryState.WAITING, 0)


def test_ones_own_place_has_no_buttons_and_no_way_around(client, program, dora):
    entry = make_entry(program, applicant=dora)
    client.force_login(dora)

    shown = client.get(reverse("admin:onboarding_waitlistentry_change", args=[entry.pk])).content.decode()
    posted = client.post(reverse("admin:entry_act", args=[entry.pk, "forward"]), {"reason": WHY})

    assert ("Move ahead now" in shown, posted.status_code) == (False, 403)
