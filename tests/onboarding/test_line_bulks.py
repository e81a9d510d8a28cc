"""Many places in line at once: asked for, run in chunks, undone."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import ledger
from onboarding import jobs
from onboarding.domain import line_bulks, order, programs
from onboarding.models import LineBulk, LineBulkItem, WaitlistEntry
from onboarding.states import LineVerb
from outbox.models import Letter
from tests.audit.test_invariants import breaking
from tests.factories import (
    MONDAY,
    make_entry,
    make_long_line,
    make_manager,
    make_program,
    make_senior,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
WHY = "We ask the register of companies."


@pytest.fixture
def dora():
    return make_manager()


@pytest.fixture
def line():
    program = make_program()
    make_long_line(program, 5)  # a second apart
    return program


def asked(program, dora, verb=LineVerb.HOLD, **more):
    return line_bulks.ask(
        line_bulks.draft(program, **{"verb": verb, "by": dora, "at": MONDAY + HOUR, "reason": WHY} | more)
    )


def run(bulk):
    while line_bulks.change_chunk(bulk.pk, at=MONDAY + 2 * HOUR):
        pass
    bulk.refresh_from_db()
    return bulk


def states(program):
    return list(program.entries.order_by("pk").values_list("state", flat=True))


def test_a_bulk_holds_in_chunks_with_a_row_and_a_letter_each(dora, line, monkeypatch):
    monkeypatch.setattr(line_bulks, "CHUNK", 2)

    bulk = run(asked(line, dora))

    assert (states(line), bulk.changed, bulk.finished_at) == (["held"] * 5, 5, MONDAY + 2 * HOUR)
    held = line.entries.first()
    row = ledger.of(held).last()
    assert (held.held_by, held.hold_reason, row.actor, row.details) == (
        dora,
        WHY,
        f"user:{dora.pk}",
        {"bulk": bulk.pk},
    )
    assert ledger.is_digest_of(WHY, row.reason)
    letters = Letter.objects.filter(kind="onboarding/held")
    assert ({letter.recipient for letter in letters}, all(WHY in letter.text for letter in letters)) == (
        {entry.application.applicant.email for entry in line.entries.all()},
        True,
    )
    assert list(ledger.of(bulk).values_list("event", flat=True)) == ["line_bulk.asked", "line_bulk.finished"]


def test_a_letter_of_a_bulk_is_the_letter_of_one_hold(dora, line):
    first, second = line.entries.order_by("pk")[:2]
    order.hold(first, by=dora, at=MONDAY + HOUR, reason=WHY)

    run(asked(line, dora))

    by_hand, in_bulk = (
        Letter.objects.get(kind="onboarding/held", about_id=str(each.application_id))
        for each in (first, second)
    )
    said = by_hand.text.replace(first.application.number, second.application.number)
    said = said.replace(str(first.application.applicant), str(second.application.applicant))
    assert in_bulk.text == said.replace(first.application.title, second.application.title)


def test_undoing_a_hold_ends_those_holds_and_no_other(dora, line):
    by_hand = line.entries.order_by("pk").first()
    order.hold(by_hand, by=dora, at=MONDAY + HOUR, reason="Another matter")
    bulk = run(asked(line, dora))

    run(line_bulks.undo(bulk, by=dora, at=MONDAY + 3 * HOUR, reason="Answered"))

    assert states(line) == ["held", "waiting", "waiting", "waiting", "waiting"]
    with pytest.raises(line_bulks.CannotUndo, match="was undone already"):
        line_bulks.undo(bulk, by=dora, at=MONDAY + 3 * HOUR, reason="Again")


def test_undoing_the_end_of_a_hold_holds_again(dora, line):
    run(asked(line, dora))
    ended = run(asked(line, dora, LineVerb.UNHOLD))

    run(line_bulks.undo(ended, by=dora, at=MONDAY + 3 * HOUR, reason="Not yet"))

    assert set(states(line)) == {"held"}


def test_what_is_not_finished_is_not_undone(dora, line):
    with pytest.raises(line_bulks.CannotUndo, match="not finished"):
        line_bulks.undo(asked(line, dora), by=dora, at=MONDAY, reason="x")


def test_the_filter_and_the_moment_say_who_is_in_it(dora, line):
    start = line.entries.order_by("pk").first().joined_at
    second = timedelta(seconds=1)

    found = [
        line_bulks.draft(line, verb=LineVerb.HOLD, by=dora, at=at, **bounds).found
        for at, bounds in [
            (MONDAY + HOUR, {}),
            (start + second, {}),
            (MONDAY + HOUR, {"joined_from": start + second}),
            (MONDAY + HOUR, {"joined_from": start + second, "joined_until": start + 3 * second}),
        ]
    ]

    assert found == [5, 2, 4, 2]


def test_a_manager_changes_no_place_of_their_own(dora, line):
    mine = make_entry(line, applicant=dora)

    bulk = run(asked(line, dora))

    mine.refresh_from_db()
    assert (mine.state, bulk.changed) == ("waiting", 5)


def test_who_moved_on_meanwhile_is_left_as_they_are(dora, line):
    bulk = asked(line, dora)
    first = line.entries.order_by("pk").first()
    WaitlistEntry.objects.filter(pk=first.pk).update(state="left", left_at=MONDAY)

    run(bulk)

    first.refresh_from_db()
    assert (first.state, bulk.changed, bulk.found) == ("left", 4, 5)


@pytest.mark.parametrize(
    ("more", "refusal"),
    [({"reason": " "}, programs.SayWhy), ({"verb": LineVerb.UNHOLD}, line_bulks.NobodyFound)],
)
def test_a_bulk_without_a_reason_or_about_nobody_is_not_asked_for(dora, line, more, refusal):
    with pytest.raises(refusal):
        asked(line, dora, **more)

    assert not LineBulk.objects.exists()


def test_a_chunk_costs_the_same_for_many_as_for_few(dora):
    counted = []
    for length in (2, 20):
        program = make_program()
        make_long_line(program, length)
        bulk = asked(program, dora)
        with CaptureQueriesContext(connection) as statements:
            line_bulks.change_chunk(bulk.pk, at=MONDAY + 2 * HOUR)
        counted.append(len(statements))

    assert counted[0] == counted[1] <= 20


def test_the_worker_runs_it_and_a_second_delivery_changes_nothing(dora, line, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY + 2 * HOUR)
    bulk = asked(line, dora)

    for _ in range(2):
        jobs.run_line_bulk(bulk.pk)

    assert (set(states(line)), LineBulkItem.objects.count()) == ({"held"}, 5)


@pytest.mark.parametrize("changes", [{"reason": "Another"}, {"verb": "unhold"}, {"found": 1}])
def test_the_database_keeps_a_bulk_as_it_was_asked(dora, line, changes):
    bulk = asked(line, dora)

    with pytest.raises(DatabaseError), transaction.atomic():
        LineBulk.objects.filter(pk=bulk.pk).update(**changes)


RULE = "A bulk changed the places it counts, each with its ledger row, and none of its manager's own."


def test_a_bulk_that_counts_what_it_did_not_change_is_found(dora, line):
    bulk = run(asked(line, dora))
    assert len(breaking(RULE)) == 0

    LineBulk.objects.filter(pk=bulk.pk).update(changed=4)

    assert len(breaking(RULE)) == 1


def test_a_bulk_nobody_asked_for_is_found(dora, line):
    LineBulk.objects.create(program=line, verb="hold", asked_at=MONDAY, asked_by=dora, reason="x", found=1)

    assert len(breaking(RULE)) == 1


# --- the page


@pytest.fixture
def desk(client, dora, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY + HOUR)
    monkeypatch.setattr(
        jobs, "enqueue_line_bulk", lambda bulk: jobs.run_line_bulk(bulk.pk)
    )  # at once, not by rq
    client.force_login(dora)
    return client


def address(program):
    return reverse("admin:line_bulks", args=[program.slug])


def test_the_page_counts_first_and_changes_nothing(desk, line):
    answer = desk.post(address(line), {"verb": "hold", "preview": "1"})

    assert "5 places would be held" in answer.content.decode()
    assert (set(states(line)), LineBulk.objects.count()) == ({"waiting"}, 0)


def test_the_page_holds_and_undoes_with_a_reason(desk, line):
    desk.post(address(line), {"verb": "hold", "reason": WHY})
    after = states(line)
    page = desk.get(address(line)).content.decode()
    bulk = LineBulk.objects.get()

    desk.post(reverse("admin:line_bulk_act", args=[line.slug, bulk.pk, "undo"]), {"reason": "Answered"})

    assert (set(after), set(states(line))) == ({"held"}, {"waiting"})
    assert ("5 of 5 changed." in page, WHY in page) == (True, True)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"verb": "hold"}, "This field is required."),
        ({"verb": "shuffle", "reason": WHY}, "Select a valid choice"),
        ({"verb": "unhold", "reason": WHY}, "No place in line fits"),
        (
            {
                "verb": "hold",
                "reason": WHY,
                "joined_from": "2026-12-02T00:00",
                "joined_until": "2026-12-01T00:00",
            },
            "It ends before it begins.",
        ),
    ],
)
def test_the_page_says_what_is_wrong(desk, line, typed, says):
    answer = desk.post(address(line), typed)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)


def test_a_bulk_that_waits_says_how_far_it_is(desk, dora, line):
    bulk = asked(line, dora)

    answer = desk.get(reverse("admin:line_bulk_progress", args=[line.slug, bulk.pk]))

    assert answer.json() == {
        "done": 0,
        "total": 5,
        "says": "Waiting for a worker.",
        "finished": False,
        "url": None,
    }
    desk.post(reverse("admin:line_bulk_act", args=[line.slug, bulk.pk, "again"]))
    assert set(states(line)) == {"held"}


def test_who_may_not_set_rates_changes_no_line(client, line):
    client.force_login(make_senior())

    assert client.post(address(line), {"verb": "hold", "reason": WHY}).status_code == 403
