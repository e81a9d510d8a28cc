"""People asked by hand: what a list would do, asking them, taking it up once, and what becomes of the address."""

import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.domain import erasure, owners
from audit import ledger
from onboarding import jobs, tasks
from onboarding.domain import applications, grants, pick_rows, picks, programs, stages, waitlist
from onboarding.domain.erasure import erase_owed
from onboarding.domain.records import UnreadableFile
from onboarding.models import Application, Pick, PickList
from onboarding.states import PICK_TRANSITIONS, PickState, Stage
from outbox import letters
from outbox.models import Letter
from tests.audit.test_invariants import breaking
from tests.factories import (
    MONDAY,
    make_application,
    make_grant,
    make_manager,
    make_organisation,
    make_owner,
    make_user,
    verified,
)
from tests.onboarding.picking import WHY, look, make_list, make_pick, make_picky, run

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def dora():
    return verified(make_manager())


@pytest.fixture
def program():
    return make_picky()


@pytest.fixture
def ana():
    return verified(make_user("ana"))


def why(looked):
    return {each.email: each.why.value for each in looked.left_out}


# --- what a list would do


def test_a_list_says_of_each_row_what_it_would_do_and_changes_nothing(dora, program, ana):
    make_pick(program, "asked@example.org", by=dora)
    make_grant(program, applicant=verified(make_user("has")))
    make_application(program, applicant=verified(make_user("applied")))
    grants.suspend(
        make_grant(make_picky(), applicant=verified(make_user("stopped"))), by=dora, at=MONDAY, reason="Leak"
    )
    make_organisation(dora, verified(make_user("mate")))
    before = Pick.objects.count(), PickList.objects.count(), Letter.objects.count()

    looked = look(
        program, "new@example.org", "ANA@example.org", "asked@example.org", "has@example.org", "applied@example.org",
        "stopped@example.org", "dora@example.org", "mate@example.org", "new@example.org", "no address", by=dora,
    )  # fmt: skip

    assert [(row.line, row.email) for row in looked.new] == [(2, "new@example.org"), (3, "ana@example.org")]
    assert why(looked) == {
        "asked@example.org": "asked",
        "has@example.org": "access",
        "applied@example.org": "applied",
        "stopped@example.org": "suspended",
        "dora@example.org": "own",
        "mate@example.org": "own",
        "new@example.org": "twice",
        "no address": "malformed",
    }
    assert before == (Pick.objects.count(), PickList.objects.count(), Letter.objects.count())


def test_an_address_that_was_only_typed_in_says_nothing_of_who_has_access(dora, program):
    make_grant(program, applicant=make_user("has"))

    assert why(look(program, "has@example.org", by=dora)) == {}


def test_access_of_ones_organisation_counts(dora, program):
    mate = verified(make_user("mate"))
    organisation = make_organisation(make_user("head"), mate)
    make_application(program, owner=owners.of_organisation(organisation), applicant=make_user("third"))

    assert why(look(program, "mate@example.org", by=dora)) == {"mate@example.org": "applied"}


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"", "The file is empty"),
        (b"name\nAna\n", "must name the columns"),
        (b"ana@example.org\nben@example.org\n", "must name the columns"),
        (b'{"email": "ana@example.org"}', "Save it as CSV"),
        (b"PK\x03\x04", "a spreadsheet or zip file"),
        (b"email\n", "no row"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(dora, program, file, says):
    with pytest.raises(UnreadableFile, match=re.escape(says)):
        pick_rows.look(program, io.BytesIO(file), name="a", by=dora)


def test_a_list_of_more_rows_than_a_page_can_carry_is_refused(dora, program, monkeypatch):
    monkeypatch.setattr(pick_rows, "MOST_ROWS", 2)

    with pytest.raises(UnreadableFile, match="more than 2 rows"):
        look(program, "a@x.org", "b@x.org", "c@x.org", by=dora)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (",Ana,", "no e-mail address"),
        ("a@b@c,,", "This is no e-mail address."),
        (f"a@x.org,{'n' * 121},", "The name is longer than 120"),
        (f"a@x.org,,{'n' * 201}", "The note is longer than 200"),
        ("a@x.org", "The row has 1 cell"),
        ("a@x.org,\0,", "NUL"),
        ("a@x.org,\xff,", "not UTF-8"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(dora, program, row, says):
    file = b"E-Mail;Name;Notes\n".replace(b";", b",") + row.encode("latin-1") + b"\nok@x.org,Ok,\n"

    looked = look(program, by=dora, file=file)

    assert ([each.line for each in looked.left_out], says in looked.left_out[0].says) == ([2], True)
    assert [row.email for row in looked.new] == ["ok@x.org"]


# --- asking


def test_asking_makes_one_hashed_link_and_one_letter_a_row(dora, program, monkeypatch):
    monkeypatch.setattr(picks, "CHUNK", 2)

    asked = run(make_list(program, *(f"p{n}@x.org" for n in range(5)), by=dora), at=LATER)

    made = list(Pick.objects.order_by("pk"))
    assert [(p.email, p.state, p.line, p.asked_by) for p in made] == [
        (f"p{n}@x.org", "asked", n + 2, dora) for n in range(5)
    ]
    assert (asked.made, asked.rows, asked.finished_at) == (5, [], LATER)
    written = Letter.objects.filter(kind=picks.LETTER)
    links = [re.search(r"/asked/([\w-]+)/", letter.text)[1] for letter in written]
    assert ({letter.recipient for letter in written}, len(set(links))) == ({p.email for p in made}, 5)
    assert not Pick.objects.filter(token_hash__in=links).exists()
    assert [picks.find(link).email for link in links] == [letter.recipient for letter in written]
    row = ledger.of(made[0]).get()
    assert (row.event, row.actor, row.details) == ("pick.asked", f"user:{dora.pk}", {"list": asked.pk})
    assert ledger.is_digest_of(WHY, row.reason)
    assert [e.event for e in ledger.of(asked)] == ["pick_list.asked", "pick_list.finished"]


def test_the_letter_says_what_is_asked_and_is_blanked_once_it_is_sent(dora, program):
    make_pick(program, "ana@example.org", by=dora)

    letters.send_owed(at=LATER)

    (sent,) = mail.outbox
    assert (sent.to, program.name in sent.subject) == (["ana@example.org"], True)
    for said in ("Hello Ana Silva,", "works once", "14 December 2026", "no approval", "/asked/"):
        assert said in sent.body.replace("\n", " "), sent.body
    assert "Met in Porto" not in sent.body + sent.alternatives[0][0]
    assert Letter.objects.get().text == letters.BLANKED


def test_a_page_confirmed_twice_is_one_list_and_a_second_list_asks_nobody_again(dora, program):
    once = uuid4()
    first = make_list(program, "ana@example.org", by=dora, once=once)
    again = picks.ask(program, [], file_name="x", once=once, by=dora, at=LATER, reason="x")
    assert again == first
    run(first)

    with pytest.raises(picks.NobodyNew):
        make_list(program, "ana@example.org", by=dora)


def test_two_lists_confirmed_before_either_was_run_ask_everybody_once(dora, program):
    first, second = (make_list(program, "ana@example.org", by=dora) for _ in range(2))

    run(first), run(second)

    assert (Pick.objects.count(), Letter.objects.count(), second.made) == (1, 1, 0)
    assert second.left_out == [{"line": 2, "why": "asked"}]


def test_the_worker_may_get_a_list_twice(dora, program, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: LATER)
    asked = make_list(program, "ana@example.org", by=dora)

    for _ in range(2):
        jobs.run_pick_list(asked.pk)

    assert (Pick.objects.count(), Letter.objects.count()) == (1, 1)


def test_a_list_is_only_for_a_program_by_invitation_only_and_needs_a_reason(dora, program):
    open_program = make_picky()
    asked = make_list(open_program, "ana@example.org", by=dora)
    stages.plan(open_program, to=Stage.LIMITED, from_at=LATER, by=dora, at=LATER, reason="Now all")
    row = pick_rows.Row(2, "x@x.org", "", "")

    run(asked, at=LATER)

    assert (asked.made, asked.left_out) == (0, [{"line": 2, "why": "other_stage"}])
    with pytest.raises(picks.NotByInvitation):
        picks.ask(open_program, [row], file_name="x", once=uuid4(), by=dora, at=LATER, reason="x")
    with pytest.raises(programs.SayWhy):
        picks.ask(program, [row], file_name="x", once=uuid4(), by=dora, at=LATER, reason=" ")


def test_a_chunk_costs_the_same_for_many_as_for_few(dora):
    counted = []
    for number in (2, 40):
        asked = make_list(make_picky(), *(f"q{n}@x.org" for n in range(number)), by=dora)
        with CaptureQueriesContext(connection) as statements:
            picks.ask_chunk(asked.pk, at=LATER)
        counted.append(len(statements))

    assert counted[0] == counted[1] <= 14


# --- taking it up


def test_whoever_proved_the_address_takes_it_up_once_and_may_apply(dora, program, ana):
    pick, token = make_pick(program, ana.email, by=dora)
    with pytest.raises(applications.ProgramIsClosed):
        applications.start(program, owner=make_owner(ana), by=ana, at=LATER)

    for _ in range(2):
        picks.take(picks.find(token), by=ana, at=LATER)

    draft = applications.start(program, owner=make_owner(ana), by=ana, at=LATER)
    pick.refresh_from_db()
    assert (pick.state, pick.taken_by, pick.taken_at, draft.pick) == ("taken", ana, LATER, pick)
    assert [e.event for e in ledger.of(pick)] == ["pick.asked", "pick.taken"]
    assert ledger.of(draft).get().details == {"program": program.slug, "pick": pick.pk}


def test_an_organisation_of_who_was_asked_may_be_applied_for_too(dora, program, ana):
    picks.take(make_pick(program, ana.email, by=dora)[0], by=ana, at=LATER)
    organisation = make_organisation(ana)

    assert applications.start(
        program, owner=owners.of_organisation(organisation), by=ana, at=LATER
    ).is_taken_in


def test_somebody_else_is_refused_without_being_told_whose_it_is(dora, program):
    pick, _ = make_pick(program, "ana@example.org", by=dora)

    for other in (verified(make_user("ben")), make_user("ana")):  # the second one never proved it
        with pytest.raises(picks.ForAnotherAddress) as refusal:
            picks.take(pick, by=other, at=LATER)
        assert "ana" not in str(refusal.value)


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (lambda pick, dora: picks.withdraw(pick, by=dora, at=LATER, reason="A slip"), "was taken back"),
        (lambda pick, dora: picks.expire_due(at=MONDAY + picks.LASTS), "has run out"),
        (lambda pick, dora: None, "has run out"),  # the payer has not come by yet
    ],
)
def test_what_is_over_says_so(dora, program, ana, end, says):
    pick, _ = make_pick(program, ana.email, by=dora)
    end(pick, dora)

    with pytest.raises(picks.IsOver, match=says):
        picks.take(pick, by=ana, at=MONDAY + picks.LASTS)


def test_after_the_program_was_opened_the_link_does_no_harm_and_counts(dora, program, ana):
    pick, _ = make_pick(program, ana.email, by=dora)
    stages.plan(program, to=Stage.LIMITED, from_at=LATER, by=dora, at=LATER, reason="Now all")

    picks.take(pick, by=ana, at=LATER)

    draft = applications.start(program, owner=make_owner(ana), by=ana, at=LATER)
    assert draft.pick == pick


def test_a_closed_program_is_taken_up_by_nobody(dora, program, ana):
    pick, _ = make_pick(program, ana.email, by=dora)
    stages.plan(program, to=Stage.CLOSED, from_at=LATER, by=dora, at=LATER, reason="Over")

    with pytest.raises(picks.ProgramHasEnded):
        picks.take(pick, by=ana, at=LATER)


def test_who_was_asked_counts_as_hand_picked_also_after_the_program_was_opened(dora, program, ana):
    pick, _ = make_pick(program, ana.email, by=dora)
    picks.take(pick, by=ana, at=LATER)
    stages.plan(program, to=Stage.LIMITED, from_at=LATER, by=dora, at=LATER, reason="Now all")
    program.refresh_from_db()

    entries = []
    for who, taken in ((ana, pick), (make_user(), None)):
        sent = make_application(program, applicant=who, state="approved")
        sent.pick = taken
        entries.append(waitlist.join(sent, by="test", at=LATER))

    assert [entry.hand_picked for entry in entries] == [True, False]


# --- taking it back, running out, forgetting


def test_taking_back_recalls_the_letter_and_needs_a_reason(dora, program):
    pick, _ = make_pick(program, "ana@example.org", by=dora)
    with pytest.raises(programs.SayWhy):
        picks.withdraw(pick, by=dora, at=LATER, reason=" ")

    picks.withdraw(pick, by=dora, at=LATER, reason="A slip")

    pick.refresh_from_db()
    assert (pick.state, pick.withdrawn_by, pick.withdraw_reason) == ("withdrawn", dora, "A slip")
    assert (letters.send_owed(at=LATER), ledger.of(pick).last().event) == (0, "pick.withdrawn")
    with pytest.raises(picks.CannotWithdraw):
        picks.withdraw(pick, by=dora, at=LATER, reason="Again")


def test_a_whole_list_is_taken_back_but_for_those_who_took_it_up(dora, program, ana):
    asked = run(make_list(program, ana.email, "b@x.org", "c@x.org", by=dora))
    picks.take(Pick.objects.get(email=ana.email), by=ana, at=LATER)

    assert picks.withdraw_list(asked, by=dora, at=LATER, reason="The wrong file") == 2
    assert list(Pick.objects.order_by("pk").values_list("state", flat=True)) == [
        "taken",
        "withdrawn",
        "withdrawn",
    ]


def test_who_let_it_run_out_may_be_asked_again_and_is_forgotten_after_a_month(dora, program, monkeypatch):
    pick, _ = make_pick(program, "ana@example.org", by=dora)
    end = MONDAY + picks.LASTS
    monkeypatch.setattr("audit.clock.now", lambda: end)

    tasks.expire_due()

    pick.refresh_from_db()
    assert (pick.state, pick.email, ledger.of(pick).last().event) == (
        "expired",
        "ana@example.org",
        "pick.expired",
    )
    assert why(look(program, "ana@example.org", by=dora)) == {}
    monkeypatch.setattr("audit.clock.now", lambda: end + picks.KEPT)
    tasks.expire_due()
    pick.refresh_from_db()
    assert (pick.email, pick.name, pick.note) == ("", "", "")
    assert not Letter.objects.filter(recipient="ana@example.org").exists()


def test_whoever_deletes_their_account_is_taken_off_lists_that_still_wait(dora, program, ana):
    asked = make_list(program, ana.email, "b@x.org", by=dora)
    pick, _ = make_pick(make_picky(), ana.email, by=dora)
    erasure.ask(ana, by=ana, at=LATER)
    erase_owed(at=LATER + timedelta(minutes=2))

    run(asked, at=LATER)
    pick.refresh_from_db()
    assert (pick.state, pick.email) == ("withdrawn", "")
    assert list(Pick.objects.exclude(pk=pick.pk).values_list("email", flat=True)) == ["b@x.org"]


# --- what the database refuses, and what is found


@pytest.mark.parametrize(
    ("state", "to"),
    [(s, t) for s in PickState for t in PickState if t != s and t not in PICK_TRANSITIONS[s]],
)
def test_no_step_that_is_not_in_the_table(dora, program, ana, state, to):
    pick, _ = make_pick(program, ana.email, by=dora)
    _to = {
        PickState.ASKED: lambda: None,
        PickState.TAKEN: lambda: picks.take(pick, by=ana, at=LATER),
        PickState.WITHDRAWN: lambda: picks.withdraw(pick, by=dora, at=LATER, reason="x"),
        PickState.EXPIRED: lambda: picks.expire_due(at=MONDAY + picks.LASTS),
    }
    _to[state]()
    blank = {
        "taken_at": None,
        "taken_by": None,
        "withdrawn_at": None,
        "withdrawn_by": None,
        "withdraw_reason": "",
    }
    filled = {
        PickState.TAKEN: {"taken_at": LATER, "taken_by": ana},
        PickState.WITHDRAWN: {"withdrawn_at": LATER, "withdrawn_by": dora, "withdraw_reason": "x"},
    }

    with pytest.raises(DatabaseError, match="no step from state"), transaction.atomic():
        Pick.objects.filter(pk=pick.pk).update(state=to, **(blank | filled.get(to, {})))


def test_the_database_asks_no_address_twice_and_keeps_a_list_as_it_was_confirmed(dora, program):
    pick, _ = make_pick(program, "ana@example.org", by=dora)

    for wrong in (
        lambda: PickList.objects.update(reason="Another"),
        lambda: PickList.objects.update(found=7),
        lambda: PickList.objects.all().delete(),
        lambda: Pick.objects.create(
            pick_list=pick.pick_list, program=program, line=9, email=pick.email, token_hash="x", asked_at=MONDAY,
            asked_by=dora, expires_at=LATER,
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            wrong()


STATE = "The ledger agrees with the state of everybody who was asked by hand."
LIST = "A list was handed in by whom it says, and asked the people it counts, for its own program."
APPLIED = "Whoever applied as asked by hand had taken that up themselves, for that program."


def test_a_state_the_ledger_does_not_know_is_found(dora, program):
    make_pick(program, "ana@example.org", by=dora)
    assert breaking(STATE) == []

    Pick.objects.update(state="expired")

    assert len(breaking(STATE)) == 1


def test_a_list_that_counts_others_than_it_asked_is_found(dora, program):
    make_pick(program, "ana@example.org", by=dora)
    assert breaking(LIST) == []

    PickList.objects.update(made=0)

    assert len(breaking(LIST)) == 1


def test_an_application_on_somebody_elses_being_asked_is_found(dora, program, ana):
    pick, _ = make_pick(program, ana.email, by=dora)
    picks.take(pick, by=ana, at=LATER)
    applications.start(program, owner=make_owner(ana), by=ana, at=LATER)
    assert breaking(APPLIED) == []

    others = make_application(program, state="draft")
    Application.objects.filter(pk=others.pk).update(pick=pick)

    assert (len(breaking(APPLIED)), Application.objects.count()) == (1, 2)
