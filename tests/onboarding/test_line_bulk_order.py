"""Many places moved ahead and put back at once, by cohort or by when they joined; undone; published."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit import ledger
from onboarding import jobs
from onboarding.domain import line_bulks, order
from onboarding.models import LineBulk, Move, WaitlistEntry
from onboarding.states import LineVerb, ShareKind
from outbox.models import Letter
from tests.audit.test_invariants import breaking
from tests.factories import MONDAY, make_entry, make_long_line, make_manager, make_program
from tests.onboarding.test_line_bulks import HOUR, asked, run

pytestmark = pytest.mark.django_db
WHY = "Hospitals go first this month."


@pytest.fixture
def dora():
    return make_manager()


@pytest.fixture
def line():
    program = make_program()
    make_long_line(program, 5)
    return program


def moved(program, dora, verb=LineVerb.FORWARD, **more):
    return run(asked(program, dora, verb, **{"reason": WHY} | more))


def priorities(program):
    return list(program.entries.order_by("pk").values_list("priority", flat=True))


def test_a_bulk_moves_ahead_in_chunks_with_a_move_and_a_ledger_row_each(dora, line, monkeypatch):
    monkeypatch.setattr(line_bulks, "CHUNK", 2)

    bulk = moved(line, dora)

    assert (priorities(line), bulk.changed) == ([-1] * 5, 5)
    first = line.entries.order_by("pk").first()
    move, row = first.moves.get(), ledger.of(first).last()
    assert (move.was, move.now, move.moved_by, move.reason, first.priority_reason) == (0, -1, dora, WHY, WHY)
    assert (row.event, row.actor, row.details) == (
        "entry.moved",
        f"user:{dora.pk}",
        {"was": 0, "now": -1, "move": move.pk, "bulk": bulk.pk},
    )
    assert ledger.is_digest_of(WHY, row.reason)
    assert not Letter.objects.filter(kind__in=["onboarding/held", "onboarding/unheld"]).exists()


def test_a_move_of_a_bulk_is_the_move_of_one(dora, line):
    first, second = line.entries.order_by("pk")[:2]
    order.put_forward(first, by=dora, at=MONDAY + 2 * HOUR, reason=WHY)

    moved(line, dora)

    kept = [
        WaitlistEntry.objects.filter(pk=entry.pk).values("state", "priority", "priority_reason").get()
        | entry.moves.values("was", "now", "moved_at", "moved_by", "reason", "note").get()
        for entry in (first, second)
    ]
    assert kept[0] == kept[1]


def test_undoing_puts_back_whom_it_moved_and_nobody_moved_by_hand(dora, line):
    by_hand, *_ = line.entries.order_by("pk")
    order.put_forward(by_hand, by=dora, at=MONDAY + HOUR, reason="Another matter")
    bulk = moved(line, dora)

    back = run(line_bulks.undo(bulk, by=dora, at=MONDAY + 3 * HOUR, reason="Not so"))

    assert (priorities(line), bulk.changed, back.verb) == ([-1, 0, 0, 0, 0], 4, "back")
    with pytest.raises(line_bulks.CannotUndo):
        line_bulks.undo(bulk, by=dora, at=MONDAY + 3 * HOUR, reason="Again")


def test_whoever_was_moved_by_hand_since_keeps_that(dora, line):
    bulk = moved(line, dora)
    first = line.entries.order_by("pk").first()
    order.put_forward(first, priority=0, by=dora, at=MONDAY + 3 * HOUR, reason="By hand")
    order.put_forward(first, by=dora, at=MONDAY + 3 * HOUR, reason="By hand")

    run(line_bulks.undo(bulk, by=dora, at=MONDAY + 4 * HOUR, reason="Not so"))

    assert priorities(line) == [-1, 0, 0, 0, 0]


def test_undoing_a_putting_back_moves_ahead_again(dora, line):
    moved(line, dora)
    back = moved(line, dora, LineVerb.BACK)
    assert priorities(line) == [0] * 5

    run(line_bulks.undo(back, by=dora, at=MONDAY + 3 * HOUR, reason="After all"))

    assert priorities(line) == [-1] * 5


def test_a_held_place_is_moved_too_and_ones_own_is_not(dora, line):
    held = line.entries.order_by("pk").first()
    order.hold(held, by=dora, at=MONDAY + HOUR, reason="A question")
    mine = make_entry(line, applicant=dora)

    moved(line, dora)

    held.refresh_from_db(), mine.refresh_from_db()
    assert (held.state, held.priority, mine.priority) == ("held", -1, 0)


@pytest.mark.parametrize(
    ("cohort", "among", "found"),
    [
        (ShareKind.HAND_PICKED, "", 1),
        (ShareKind.COUNTRY, "ES,PT", 2),
        (ShareKind.WAVE, "first", 1),
        (ShareKind.APPLICANT_TYPE, "university", 0),
        ("", "", 5),
    ],
)
def test_a_cohort_says_who_is_in_it(dora, line, cohort, among, found):
    one, two, three, *_ = line.entries.order_by("pk")
    for entry, said in (
        (one, {"hand_picked": True}),
        (two, {"country": "ES"}),
        (three, {"country": "PT", "wave": "first"}),
    ):
        WaitlistEntry.objects.filter(pk=entry.pk).update(**said)

    drafted = line_bulks.draft(
        line, verb=LineVerb.FORWARD, by=dora, at=MONDAY + HOUR, cohort=cohort, among=among, reason=WHY
    )

    assert drafted.found == found


@pytest.mark.parametrize(("cohort", "among"), [("country", ""), ("hand_picked", "x"), ("wave", "x" * 201)])
def test_a_cohort_that_names_nobody_is_refused(dora, line, cohort, among):
    with pytest.raises(line_bulks.BadBounds):
        line_bulks.draft(
            line, verb=LineVerb.FORWARD, by=dora, at=MONDAY + HOUR, cohort=cohort, among=among, reason=WHY
        )


def test_what_was_moved_together_is_published_as_one_sentence(client, dora, line):
    moved(line, dora, LineVerb.FORWARD, joined_from=MONDAY + timedelta(seconds=2))
    last = line.entries.order_by("pk").last()
    order.put_forward(last, priority=0, by=dora, at=MONDAY + 3 * HOUR, reason="By hand")
    order.put_forward(last, by=dora, at=MONDAY + 4 * HOUR, reason="A clinic")

    told = order.moved_ahead(line)

    assert [(each.reason, each.places) for each in told] == [("A clinic", 1), (WHY, 3)]
    page = " ".join(client.get(reverse("program", args=[line.slug])).content.decode().split())
    assert ("3 applications were moved ahead" in page, "One application was moved ahead" in page) == (
        True,
        True,
    )


RULE = "A bulk changed the places it counts, each with its ledger row, and none of its manager's own."


def test_a_bulk_of_moves_without_their_ledger_rows_is_found(dora, line):
    bulk = moved(line, dora)
    assert breaking(RULE) == []

    LineBulk.objects.filter(pk=bulk.pk).update(changed=4)

    assert (len(breaking(RULE)), Move.objects.count()) == (1, 5)


# --- the page


@pytest.fixture
def desk(client, dora, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY + HOUR)
    monkeypatch.setattr(
        jobs, "enqueue_line_bulk", lambda bulk: jobs.run_line_bulk(bulk.pk)
    )  # at once, not by rq
    client.force_login(dora)
    return client


def test_the_page_moves_a_cohort_after_a_preview(desk, line):
    WaitlistEntry.objects.filter(pk=line.entries.first().pk).update(country="ES")
    address = reverse("admin:line_bulks", args=[line.slug])
    typed = {"verb": "forward", "cohort": "country: es, pt", "reason": WHY}

    preview = desk.post(address, typed | {"preview": "1"}).content.decode()
    desk.post(address, typed)

    assert "1 place would go ahead of the rule" in preview
    assert (sorted(priorities(line)), LineBulk.objects.get().among) == ([-1, 0, 0, 0, 0], "ES,PT")
    assert "Move ahead, region (countries): ES,PT." in desk.get(address).content.decode()


@pytest.mark.parametrize(
    ("cohort", "says"),
    [
        ("everybody", "is no cohort"),
        ("country: XX", "is not known"),
        ("country", "Say which"),
        ("hand-picked: a", "Say"),
    ],
)
def test_the_page_says_what_is_wrong_with_a_cohort(desk, line, cohort, says):
    answer = desk.post(
        reverse("admin:line_bulks", args=[line.slug]), {"verb": "forward", "cohort": cohort, "reason": WHY}
    )

    assert (answer.status_code, says in answer.content.decode(), LineBulk.objects.count()) == (422, True, 0)
