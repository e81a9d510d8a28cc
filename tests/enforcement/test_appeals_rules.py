"""The rules of appeals, each tried at its edge: the window, the third person, the table, what is won and what stays."""

import itertools
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

import audit.invariants
import enforcement.invariants
import reviews.invariants
from audit.events import Event
from audit.models import LedgerEntry
from enforcement.domain import appeals, notices, remedies
from enforcement.models import Appeal
from enforcement.states import APPEAL_TRANSITIONS, AppealState
from onboarding.domain import applications
from onboarding.models import Application
from outbox import letters
from outbox.models import Letter
from reviews.domain import cases, claims, decisions, rejections, reversals, telling
from reviews.models import Case, Decision
from tests.audit.test_invariants import broken
from tests.enforcement.appealing import (
    DENIED,
    MENDED,
    UPHELD,
    WILL_NOT,
    WRONG,
    known,
    make_appeal,
    make_ended,
    make_rejection,
    make_taken,
    owner_of,
)
from tests.factories import (
    MONDAY,
    make_organisation,
    make_program,
    make_reviewer,
    make_senior,
    make_user,
)
from tests.processes import race
from tests.reviews.making import make_decision

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NEXT = MONDAY + DAY
# What the factories leave out (receipts, the first steps of an application) is not looked at here.
OURS = {*enforcement.invariants.INVARIANTS, *reviews.invariants.INVARIANTS, *audit.invariants.INVARIANTS}


# --- The window


def test_the_window_opens_with_the_letter_and_not_with_the_telling():
    decision = make_rejection(sent=False)
    letters.send_owed(at=MONDAY + 3 * DAY)

    assert remedies.window(decision) == remedies.Window(MONDAY + 3 * DAY, MONDAY + 186 * DAY)


def test_without_a_notice_no_clock_runs():
    """As in codex#30662 it did: suspended without notice, and the time to appeal over before the notice came."""
    decision = make_rejection(sent=False)

    appeal = make_appeal(decision, at=MONDAY + 400 * DAY)

    assert (appeal.notice_at, appeal.closes_at) == (None, None)


@pytest.mark.parametrize(("after", "is_open"), [(-1, True), (0, False), (1, False)])
def test_the_window_ends_to_the_second(after, is_open):
    decision = make_rejection()
    at = MONDAY + 183 * DAY + timedelta(seconds=after)

    way = remedies.of(decision, at=at).appeal

    assert (way.is_open, getattr(way.obstacle, "code", "")) == (is_open, "" if is_open else "window_closed")
    if is_open:
        appeals.file(decision, kind="appeal", statement=WRONG, by=owner_of(decision), at=at)
    else:
        with pytest.raises(remedies.WindowClosed):
            appeals.file(decision, kind="appeal", statement=WRONG, by=owner_of(decision), at=at)


def test_a_program_sets_its_own_number_of_days():
    decision = make_rejection(program=make_program(appeal_days=10))

    assert remedies.window(decision).closes_at == MONDAY + 10 * DAY


@given(
    start=st.integers(0, 4 * 365 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes)),
    days=st.integers(1, 400),
    zone=st.sampled_from(["Europe/Madrid", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
@fuzz(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_day_is_a_day_however_the_clocks_are_changed(start, days, zone):
    zone = ZoneInfo(zone)

    end = remedies.days_after(start, days=days, zone=zone)

    was, then = start.astimezone(zone), end.astimezone(zone)
    assert (then.date() - was.date()).days == days
    assert abs(end - start - days * DAY) <= timedelta(hours=1)


def test_over_the_change_of_the_clocks_the_local_hour_stays():
    before = datetime(2026, 10, 20, 9, 30, tzinfo=ZoneInfo("Europe/Madrid"))

    assert remedies.days_after(before, days=14, zone=ZoneInfo("Europe/Madrid")) == datetime(
        2026, 11, 3, 8, 30, tzinfo=UTC
    )


# --- Which way, and how often


def obstacles(decision, at=NEXT):
    known_ways = remedies.of(Decision.objects.get(pk=decision.pk), at=at)
    return [getattr(way.obstacle, "code", "") for way in (known_ways.appeal, known_ways.reinstatement)]


def test_one_open_at_a_time_whichever_way():
    decision = make_rejection()
    make_appeal(decision)

    assert obstacles(decision) == ["already_open"] * 2
    with pytest.raises(remedies.AlreadyOpen):
        make_appeal(decision, kind="reinstatement")
    with pytest.raises(DatabaseError), transaction.atomic():
        Appeal.objects.create(
            kind="reinstatement",
            decision=decision,
            statement=MENDED,
            filed_by=owner_of(decision),
            filed_at=NEXT,
            due_at=NEXT,
        )


def test_a_decision_is_appealed_once_and_reinstatement_stays_possible():
    decision = make_ended("denied").decision

    assert obstacles(decision) == ["appealed_before", ""]


def test_what_was_withdrawn_may_be_sent_again():
    decision = make_ended("withdrawn").decision

    assert obstacles(decision) == ["", ""]
    make_appeal(decision, at=NEXT + DAY)


def test_after_a_denied_reinstatement_another_waits_30_days():
    decision, sam = make_rejection(), make_senior()
    taken = appeals.take(make_appeal(decision, kind="reinstatement", at=NEXT), by=sam, at=NEXT)
    appeals.deny(taken, by=sam, at=NEXT, **WILL_NOT)

    assert [obstacles(decision, NEXT + 30 * DAY + timedelta(seconds=s)) for s in (-1, 0)] == [
        ["", "too_soon"],
        ["", ""],
    ]


def test_who_may_never_apply_again_can_appeal_and_not_be_reinstated():
    says = {"reapply_after_days": None, "reapply_never": True}
    decision = make_rejection(says=says)

    assert obstacles(decision) == ["", "never_again"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(
            reapply_allowed_at=NEXT, reapply_allowed_by=make_senior()
        )


def test_who_may_apply_already_need_not_ask():
    decision = make_rejection(says={"reapply_after_days": 0})

    assert obstacles(decision) == ["", "may_apply_already"]


@pytest.mark.parametrize("outcome", ["approved", "needs_information"])
def test_only_a_rejection_is_appealed(outcome):
    decision = make_decision(outcome)
    telling.tell_owed(at=MONDAY)

    with pytest.raises(remedies.NothingToAppeal):
        make_appeal(Decision.objects.get(pk=decision.pk))


def test_what_was_not_told_is_not_appealed():
    with pytest.raises(remedies.NothingToAppeal):
        make_appeal(make_decision("rejected"))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("", "at least 40"),
        ("x" * 39, "this has 39"),
        ("x" * 5001, "this has 5,001"),
        (" \n" * 50, "this has 0"),
    ],
)
def test_too_little_and_too_much_is_said(statement, problem):
    decision = make_rejection()

    with pytest.raises(appeals.BadStatement, match=problem):
        appeals.file(decision, kind="appeal", statement=statement, by=owner_of(decision), at=NEXT)

    assert Appeal.objects.count() == 0


def test_nul_is_left_out_and_line_ends_are_plain():
    decision, statement = make_rejection(), WRONG + "\0\r\nMore."

    appeal = appeals.file(decision, kind="appeal", statement=statement, by=owner_of(decision), at=NEXT)

    assert appeal.statement == f"{WRONG}\nMore."


def test_a_double_click_files_once():
    decision = make_rejection()

    first, second = make_appeal(decision), make_appeal(decision)

    assert (first == second, Letter.objects.filter(kind="enforcement/appeal_received").count()) == (True, 1)


# --- Who


def test_the_applicants_side_files_and_nobody_else():
    alice, ana = make_user("alice"), make_user("ana")
    from accounts.domain import owners

    decision = make_rejection(applicant=alice, owner=owners.of_organisation(make_organisation(alice, ana)))
    for stranger in (make_user("charlie"), make_senior(), decision.decided_by):
        with pytest.raises(appeals.NotYours):
            appeals.file(decision, kind="appeal", statement=WRONG, by=stranger, at=NEXT)

    appeals.file(decision, kind="appeal", statement=WRONG, by=ana, at=NEXT)

    told = Letter.objects.filter(kind="enforcement/appeal_received").values_list("recipient", flat=True)
    assert sorted(told) == ["alice@example.org", "ana@example.org"]


def test_a_third_person_decides():
    bob, bea, alice = make_senior("bob"), make_senior("bea"), make_user("alice")
    decision = make_rejection(by=bob, applicant=alice, domains=["health"])
    appeal = make_appeal(decision)
    colleague = make_senior("cleo")
    make_organisation(alice, colleague)
    others = [bob, decision.signed_by, colleague, make_reviewer("ben"), alice, make_user("charlie")]

    for person in others:
        with pytest.raises(appeals.NotForYou):
            appeals.take(appeal, by=person, at=NEXT)

    assert appeals.take(appeal, by=bea, at=NEXT).taken_by == bea


def test_where_a_senior_had_to_sign_a_senior_decides():
    decision = make_rejection(risk_level=4, domains=["health"])
    appeal, deputy = make_appeal(decision), make_reviewer("dee")
    from django.contrib.auth.models import Permission

    deputy.user_permissions.add(Permission.objects.get(codename="decide_appeals"))

    with pytest.raises(appeals.NotForYou):
        appeals.take(appeal, by=deputy, at=NEXT)
    assert appeals.take(make_appeal(), by=deputy, at=NEXT).taken_by == deputy


@pytest.mark.parametrize("field", ["decided_by", "signed_by"])
def test_the_database_refuses_whoever_made_the_decision(field):
    decision = make_rejection(domains=["health"])
    appeal, person = make_appeal(decision), getattr(decision, field)
    mine = {"taken_by": person, "taken_at": NEXT, "taken_until": NEXT + DAY, "state": "in_review"}

    with pytest.raises(DatabaseError, match="does not decide the appeal"), transaction.atomic():
        Appeal.objects.filter(pk=appeal.pk).update(**mine)


def test_the_database_refuses_the_next_decision_by_whoever_was_overturned():
    decision, sam = make_rejection(), make_senior()
    appeals.uphold(appeals.take(make_appeal(decision), by=sam, at=NEXT), by=sam, at=NEXT, **UPHELD)
    ben, case = make_reviewer("ben"), Case.objects.get()
    claims.claim(case, by=ben, at=NEXT)
    made = decisions.decide(case, by=ben, at=NEXT, outcome="approved", reason_code="A1_notify_list")

    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(pk=made.pk).update(signed_by=decision.decided_by, signed_at=NEXT)


# --- Taken, given back, run out


def test_what_one_has_another_cannot_take_or_decide():
    appeal, _ = make_taken()
    sol = make_senior("sol")

    with pytest.raises(appeals.HeldBy, match="Sam has this until"):
        appeals.take(appeal, by=sol, at=NEXT)
    with pytest.raises(appeals.HeldBy):
        appeals.deny(appeal, by=sol, at=NEXT, **DENIED)
    with pytest.raises(appeals.NotHeld):
        appeals.release(appeal, by=sol, at=NEXT)


def test_what_was_kept_too_long_goes_back_and_may_be_taken_over():
    appeal, sam = make_taken()
    later = NEXT + appeals.KEPT_FOR

    assert [appeals.release_run_out(at=at) for at in (later - timedelta(seconds=1), later, later)] == [
        0,
        1,
        0,
    ]
    appeals.take(appeal, by=sam, at=later)
    taken = appeals.take(appeal, by=make_senior("sol"), at=later + appeals.KEPT_FOR)

    assert taken.taken_by.full_name == "Sol"
    said = list(
        LedgerEntry.objects.filter(event__startswith="appeal.").order_by("id").values_list("event", flat=True)
    )
    assert said == [f"appeal.{e}" for e in ("filed", "taken", "released", "taken", "released", "taken")]


def test_taking_again_keeps_it_longer():
    appeal, sam = make_taken()

    assert appeals.take(appeal, by=sam, at=NEXT + timedelta(hours=1)).taken_until == NEXT + timedelta(hours=3)


def test_nothing_is_decided_that_was_not_taken():
    with pytest.raises(appeals.NotHeld):
        appeals.deny(make_appeal(), by=make_senior(), at=NEXT, **DENIED)


# --- What comes of it


def test_the_next_page_after_a_won_appeal_says_in_review_and_never_not_approved(client):
    appeal, sam = make_taken()
    application, alice = appeal.decision.case.application, appeal.filed_by
    client.force_login(alice)
    before = client.get(f"/applications/{application.number}/").content.decode()

    appeals.uphold(appeal, by=sam, at=NEXT, **UPHELD)

    after = client.get(f"/applications/{application.number}/").content.decode()
    listed = client.get("/applications/").content.decode()
    assert ("Not approved" in before, "Not approved" in after, "not approved" in listed) == (
        True,
        False,
        False,
    )
    assert ("Your appeal was upheld" in after, "received" in listed or "with a reviewer" in listed) == (
        True,
        True,
    )


def test_all_of_it_or_nothing(monkeypatch):
    """The letter is the last thing written: when it fails, nothing before it has happened."""
    appeal, sam = make_taken()

    def fails(*args, **kwargs):
        raise RuntimeError("power cut")

    monkeypatch.setattr(notices, "write", fails)
    with pytest.raises(RuntimeError):
        appeals.uphold(appeal, by=sam, at=NEXT, **UPHELD)

    decision, application = Decision.objects.get(), Application.objects.get()
    assert (Appeal.objects.get().state, decision.overturned_at) == ("in_review", None)
    assert (application.state, Case.objects.get().state) == ("rejected", "decided")
    assert LedgerEntry.objects.filter(event__in=[Event.APPEAL_UPHELD, Event.DECISION_OVERTURNED]).count() == 0


def test_an_upheld_reinstatement_lets_apply_again_at_once_and_leaves_the_decision():
    decision, sam = make_rejection(), make_senior()
    owner, program = decision.case.application.owner, decision.case.program
    taken = appeals.take(make_appeal(decision, kind="reinstatement"), by=sam, at=NEXT)
    waits = rejections.reapply_from(owner, program)

    appeals.uphold(taken, by=sam, at=NEXT, reason_code="mended", explanation="The register is right now.")

    assert (waits, rejections.reapply_from(owner, program)) == (MONDAY + 90 * DAY, NEXT)
    assert Application.objects.get().state == "rejected"
    applications.start(
        program,
        owner=owner,
        by=owner_of(decision),
        at=NEXT,
        not_before=rejections.reapply_from(owner, program),
    )


def test_a_second_rejection_counts_and_can_be_appealed_in_its_turn():
    decision, sam = make_rejection(), make_senior()
    appeals.uphold(appeals.take(make_appeal(decision), by=sam, at=NEXT), by=sam, at=NEXT, **UPHELD)
    ben, case = make_reviewer("ben"), Case.objects.get()
    claims.claim(case, by=ben, at=NEXT)
    again = decisions.decide(
        case, by=ben, at=NEXT, outcome="rejected", reason_code="R4_identity", categories=["fraud_spam"],
        facts="Still.", what_would_change="A site.", reapply_after_days=20,
    )  # fmt: skip
    telling.tell_owed(at=NEXT), letters.send_owed(at=NEXT)

    assert rejections.reapply_from(case.application.owner, case.program) == NEXT + 20 * DAY
    make_appeal(Decision.objects.get(pk=again.pk), at=NEXT + DAY)
    assert broken() & OURS == set()


def test_a_withdrawn_reopened_application_breaks_nothing():
    appeal = make_ended("upheld")
    applications.withdraw(appeal.decision.case.application, by=appeal.filed_by, at=NEXT)
    cases.close_withdrawn(at=NEXT)

    assert broken() & OURS == set()


def test_a_denied_appeal_says_why_and_what_remains():
    make_ended("denied")

    text = Letter.objects.get(kind="enforcement/appeal_denied").text
    for words in (
        DENIED["explanation"],
        "The decision follows the guidelines",
        "/reinstatement/",
        "You may apply again from",
    ):
        assert words in text


@pytest.mark.parametrize("state", ["upheld", "denied"])
def test_deciding_twice_is_once_and_deciding_otherwise_is_refused(state):
    appeal = make_ended(state)
    sam = appeal.decided_by
    same, other = (appeals.uphold, appeals.deny) if state == "upheld" else (appeals.deny, appeals.uphold)
    says = {appeals.uphold: UPHELD, appeals.deny: DENIED}

    assert same(appeal, by=sam, at=NEXT, **says[same]) == appeal
    with pytest.raises(appeals.AlreadyDecided):
        other(appeal, by=sam, at=NEXT, **says[other])
    with pytest.raises(appeals.AppealIsOver):
        appeals.withdraw(appeal, by=appeal.filed_by, at=NEXT)
    with pytest.raises(appeals.AppealIsOver):
        appeals.take(appeal, by=sam, at=NEXT)


def test_a_decision_is_not_overturned_by_hand():
    decision = make_rejection()

    with pytest.raises(reversals.NotYoursToOverturn):
        reversals.overturn(decision, by=decision.decided_by, at=NEXT, reason="facts_wrong")
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(overturned_at=NEXT, overturned_by=decision.decided_by)


# --- The table


MISSING = [(a, b) for a, b in itertools.permutations(AppealState, 2) if b not in APPEAL_TRANSITIONS[a]]


@pytest.mark.parametrize(("state", "to"), MISSING)
def test_the_database_refuses_every_step_the_table_has_not(state, to):
    appeal = make_ended(state)

    with pytest.raises(DatabaseError, match="no step from state"), transaction.atomic():
        Appeal.objects.filter(pk=appeal.pk).update(state=to)


@pytest.mark.parametrize("state", [state for state in AppealState if state != AppealState.FILED])
def test_nothing_begins_but_as_filed(state):
    decision = make_rejection()

    with pytest.raises(DatabaseError, match="cannot start in state"), transaction.atomic():
        Appeal.objects.create(
            kind="appeal",
            decision=decision,
            state=state,
            statement=WRONG,
            filed_by=owner_of(decision),
            filed_at=NEXT,
            due_at=NEXT,
        )


@pytest.mark.parametrize(
    "changes", [{"kind": "reinstatement"}, {"due_at": NEXT}, {"closes_at": None}, {"filed_at": MONDAY}]
)
def test_what_was_filed_never_changes(changes):
    make_appeal()

    with pytest.raises(DatabaseError), transaction.atomic():
        Appeal.objects.update(**changes)


def test_nothing_is_deleted():
    with pytest.raises(DatabaseError), transaction.atomic():
        make_appeal().delete()


VERBS = {
    "take": lambda appeal, sam, at: appeals.take(appeal, by=sam, at=at),
    "release": lambda appeal, sam, at: appeals.release(appeal, by=sam, at=at),
    "uphold": lambda appeal, sam, at: appeals.uphold(appeal, by=sam, at=at, **UPHELD),
    "deny": lambda appeal, sam, at: appeals.deny(appeal, by=sam, at=at, **DENIED),
    "withdraw": lambda appeal, sam, at: appeals.withdraw(appeal, by=appeal.filed_by, at=at),
    "file": lambda appeal, sam, at: make_appeal(appeal.decision, at=at),
    "sweep": lambda appeal, sam, at: appeals.release_run_out(at=at),
}
REFUSALS = (
    appeals.NotForYou, appeals.HeldBy, appeals.NotHeld, appeals.AppealIsOver, appeals.AlreadyDecided,
    remedies.CannotFile, reversals.NothingToOverturn,
)  # fmt: skip


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(sorted(VERBS)), st.sampled_from(["sam", "sol"]), st.integers(0, 5)),
        max_size=9,
    )
)
@fuzz(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
def test_whatever_is_done_in_whatever_order_breaks_no_invariant(steps):
    with transaction.atomic():
        make_appeal()
        at = NEXT
        people = {name: known(name, make_senior) for name in ("sam", "sol")}
        for verb, who, hours in steps:
            at += timedelta(hours=hours)
            with suppress(*REFUSALS):
                VERBS[verb](Appeal.objects.latest("pk"), people[who], at)
        letters.send_owed(at=at)
        found = broken() & OURS
        transaction.set_rollback(True)

    assert found == set()


# --- At once, with real processes


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_and_a_double_click_make_one_outcome():
    appeal, sam = make_taken()
    sol, at = make_senior("sol"), NEXT.isoformat()
    up, down = (
        ["uphold_appeal", str(appeal.pk), str(sam.pk), at],
        ["deny_appeal", str(appeal.pk), str(sam.pk), at],
    )

    said = race(up, down, up, down, ["deny_appeal", str(appeal.pk), str(sol.pk), at])

    ended = Appeal.objects.get()
    wins, verb = ({"upheld": 2, "denied": 2}[ended.state], ended.state)
    assert said.count(verb) == wins
    assert Decision.objects.filter(overturned_at__isnull=False).count() == (verb == "upheld")
    assert LedgerEntry.objects.filter(event__in=["appeal.upheld", "appeal.denied"]).count() == 1
    assert broken() & OURS == set()


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_four_who_take_at_once_and_four_who_file_at_once_make_one():
    decision = make_rejection()
    at = NEXT.isoformat()

    filed = race(*[["file_appeal", str(decision.pk), at, kind] for kind in ("appeal", "reinstatement") * 2])
    seniors = [make_senior(f"senior{number}") for number in range(4)]
    taken = race(*[["take_appeal", str(Appeal.objects.get().pk), str(senior.pk), at] for senior in seniors])

    assert (filed.count("AlreadyOpen"), sorted(taken)) == (2, ["HeldBy", "HeldBy", "HeldBy", "in_review"])
