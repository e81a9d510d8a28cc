"""Deciding and telling are two moments: until the second, a decision can be taken back and nobody was told."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import programs
from onboarding.domain.programs import AlreadySo, BadRules, ReviewRules, SayWhy
from onboarding.models import Application, Program
from outbox.models import Letter
from reviews.domain import claims, recalls, signatures, telling
from reviews.domain.statements import Incomplete
from reviews.models import Case, Decision
from reviews.states import Outcome
from tests.factories import MONDAY, make_manager, make_program, make_reviewer, make_senior
from tests.reviews.making import make_decision

LATER = MONDAY + timedelta(minutes=10)


def letters():
    return Letter.objects.exclude(kind="onboarding/taken_up")


def waiting(outcome=Outcome.APPROVED, **fields):
    """Return a decision that is told in half an hour, or in two hours if it refuses."""
    program = make_program(recall_minutes=30, refusal_recall_minutes=120)
    return make_decision(outcome, program=program, **fields)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "says", "minutes"),
    [
        (Outcome.APPROVED, {}, 30),
        (Outcome.NEEDS_INFORMATION, {}, 30),
        (Outcome.REJECTED, {}, 120),
        (Outcome.REJECTED, {"emergency_reason": "Children are in danger now."}, 0),
    ],
)
def test_the_window_is_the_programs_longer_for_refusals_and_none_in_an_emergency(outcome, says, minutes):
    decision = waiting(outcome, says=says)

    assert decision.tell_at == MONDAY + timedelta(minutes=minutes)


@pytest.mark.django_db
def test_an_emergency_still_waits_for_its_second_person():
    decision = waiting(domains=["health"], says={"emergency_reason": "A demonstration tonight."})
    assert decision.tell_at is None

    signatures.sign(decision, by=make_reviewer("bea"), at=LATER)

    decision.refresh_from_db()
    assert decision.tell_at == LATER


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_taken_back_was_told_to_nobody_and_its_case_has_its_old_due_date(outcome):
    decision = waiting(outcome)
    due_at = decision.case.due_at

    recalls.recall(decision, by=decision.decided_by, at=LATER, reason="I misread the second answer.")

    case, told = Case.objects.get(), telling.tell_owed(at=LATER + timedelta(days=1))
    assert (told, letters().count(), Application.objects.get().state) == (0, 0, "in_review")
    assert (case.due_at, case.claims.get(released_at=None).reviewer) == (due_at, decision.decided_by)
    decision.refresh_from_db()
    assert (decision.recalled_at, decision.recall_reason) == (LATER, "I misread the second answer.")
    entry = LedgerEntry.objects.get(event=Event.DECISION_RECALLED)
    assert (entry.at, "misread" in entry.reason) == (LATER, False)


@pytest.mark.django_db
def test_taking_back_twice_is_once_and_decides_anew_in_its_place():
    from reviews.domain import decisions
    from tests.reviews.making import SAYS

    decision = waiting()
    bob = decision.decided_by
    for _ in range(2):
        recalls.recall(decision, by=bob, at=LATER, reason="Wrong reason.")

    anew = decisions.decide(decision.case, by=bob, at=LATER, outcome="rejected", **SAYS["rejected"])

    assert (anew.supersedes, LedgerEntry.objects.filter(event=Event.DECISION_RECALLED).count()) == (
        decision,
        1,
    )


@pytest.mark.django_db
def test_a_senior_reviewer_takes_back_what_others_decided_and_nobody_else_does():
    decision = waiting()

    with pytest.raises(recalls.NotYoursToRecall):
        recalls.recall(decision, by=make_reviewer("bea"), at=LATER, reason="No.")
    recalls.recall(decision, by=make_senior(), at=LATER, reason="This is a hold case.")

    assert (Case.objects.get().state, Case.objects.get().claims.filter(released_at=None).exists()) == (
        "open", False,
    )  # fmt: skip


@pytest.mark.django_db
def test_what_was_told_cannot_be_taken_back():
    decision = waiting()
    telling.tell_owed(at=MONDAY + timedelta(minutes=30))

    with pytest.raises(recalls.AlreadyTold, match="told on 23 November, 12:30 UTC"):
        recalls.recall(decision, by=decision.decided_by, at=MONDAY + timedelta(hours=1), reason="Late.")
    with pytest.raises(IntegrityError, match="decision_recalled_at_by"), transaction.atomic():
        Decision.objects.update(recalled_at=LATER, recalled_by=decision.decided_by, recall_reason="x")


@pytest.mark.django_db
@pytest.mark.parametrize(("reason", "refusal"), [(" ", SayWhy), ("x" * 1001, Incomplete)])
def test_taking_back_needs_a_reason(reason, refusal):
    decision = waiting()

    with pytest.raises(refusal):
        recalls.recall(decision, by=decision.decided_by, at=LATER, reason=reason)


@pytest.mark.django_db
def test_a_held_decision_cancelled_returns_to_its_old_due_date():
    decision = waiting(domains=["health"])
    due_at = decision.case.due_at

    recalls.recall(decision, by=decision.decided_by, at=LATER, reason="I asked the wrong thing.")

    assert (Case.objects.get().state, Case.objects.get().due_at) == ("claimed", due_at)
    assert LedgerEntry.objects.filter(event=Event.DECISION_CANCELLED).count() == 1
    with pytest.raises(signatures.NothingToSign, match="Bob took this decision back"):
        signatures.sign(decision, by=make_reviewer("bea"), at=LATER)


@pytest.mark.django_db
def test_who_may_hold_the_case_no_longer_leaves_it_in_the_queue(monkeypatch):
    decision = waiting()
    monkeypatch.setattr("reviews.domain.claims.may_claim", lambda *_: False)

    recalls.recall(decision, by=decision.decided_by, at=LATER, reason="Wrong case.")

    assert Case.objects.get().state == "open"
    assert claims.NotForYou


# --- The rules of a program


@pytest.mark.django_db
def test_a_manager_changes_the_rules_with_a_reason_and_the_ledger_says_from_what_to_what():
    program, dora = make_program(recall_minutes=30), make_manager()
    rules = ReviewRules(45, 180, True, 14)

    programs.set_review_rules(program, rules, by=dora, at=MONDAY, reason="Two refusals went out too soon.")

    program.refresh_from_db()
    assert (program.recall_minutes, program.refusal_recall_minutes, program.blind_second) == (45, 180, True)
    entry = LedgerEntry.objects.get(event=Event.PROGRAM_REVIEW_RULES_SET)
    assert entry.details["changed"]["recall_minutes"] == [30, 45]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rules", "reason", "refusal"),
    [
        (ReviewRules(45, 180, True, 14), " ", SayWhy),
        (ReviewRules(0, 0, False, 30), "Why not.", AlreadySo),
        (ReviewRules(-1, 180, True, 14), "Why not.", BadRules),
        (ReviewRules(45, 100_000, True, 14), "Why not.", BadRules),
        (ReviewRules(45, 180, True, 999), "Why not.", BadRules),
    ],
)
def test_rules_that_cannot_be_meant_change_nothing(rules, reason, refusal):
    program = make_program()

    with pytest.raises(refusal):
        programs.set_review_rules(program, rules, by=make_manager(), at=MONDAY, reason=reason)

    assert Program.objects.get().recall_minutes == 0
