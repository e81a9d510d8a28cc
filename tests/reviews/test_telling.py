"""Telling: a decision takes effect, once, with a letter that says what the reader needs."""

from datetime import timedelta

import pytest

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import applications
from onboarding.models import Application, WaitlistEntry
from outbox import hints
from outbox.models import Letter
from reviews.domain import decisions, rejections, signatures, telling
from reviews.models import Case, InformationRequest
from reviews.states import Outcome
from tests.factories import MONDAY, make_application, make_owner, make_program, make_reviewer, make_user
from tests.processes import race
from tests.reviews.making import make_decision

THEN = {
    Outcome.APPROVED: "approved",
    Outcome.APPROVED_WITH_CONDITIONS: "approved",
    Outcome.NEEDS_INFORMATION: "information_requested",
    Outcome.REJECTED: "rejected",
}


def letters():
    """Return the letters this file is about: not the one that said who took the application up."""
    return Letter.objects.exclude(kind="onboarding/taken_up")


def told(outcome, at=MONDAY, **fields):
    """Return a decision on an application of Alice's that has been told."""
    alice = make_user("alice")
    alice.time_zone = "Europe/Madrid"
    alice.save()
    decision = make_decision(outcome, applicant=alice, **fields)
    telling.tell_owed(at=at)
    decision.refresh_from_db()
    return decision


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", Outcome)
def test_telling_moves_the_application_and_writes_one_letter(outcome):
    decision = told(outcome)

    letter = letters().get()
    assert (decision.told_at, Application.objects.get().state) == (MONDAY, THEN[outcome])
    assert (letter.kind, letter.recipient) == (f"reviews/{outcome}", "alice@example.org")


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", Outcome)
def test_telling_twice_is_once(outcome):
    told(outcome)

    assert telling.tell_owed(at=MONDAY) == 0
    assert (letters().count(), LedgerEntry.objects.filter(event=Event.DECISION_TOLD).count()) == (1, 1)


@pytest.mark.django_db
def test_an_approval_joins_the_line_with_its_conditions():
    decision = told(Outcome.APPROVED_WITH_CONDITIONS)

    application = Application.objects.get()
    assert (application.conditions, application.settled_at) == (decision.conditions, MONDAY)
    assert WaitlistEntry.objects.get().application == application


@pytest.mark.django_db
def test_a_recall_window_is_waited_for():
    decision = make_decision(program=make_program(recall_minutes=30))

    told = [telling.tell_owed(at=MONDAY + timedelta(minutes=minutes)) for minutes in (0, 29, 30)]

    decision.refresh_from_db()
    assert (told, decision.told_at) == ([0, 0, 1], MONDAY + timedelta(minutes=30))


@pytest.mark.django_db
def test_what_nobody_signed_is_not_told():
    make_decision(domains=["health"])

    assert telling.tell_owed(at=MONDAY + timedelta(days=30)) == 0


@pytest.mark.django_db
def test_what_was_given_back_is_not_told():
    signatures.give_back(make_decision(domains=["health"]), by=make_reviewer("bea"), at=MONDAY, reason="No.")

    assert telling.tell_owed(at=MONDAY + timedelta(days=30)) == 0


@pytest.mark.django_db
def test_the_recall_window_starts_with_the_signature():
    decision = make_decision(program=make_program(recall_minutes=30), domains=["health"])

    signatures.sign(decision, by=make_reviewer("bea"), at=MONDAY + timedelta(hours=1))

    decision.refresh_from_db()
    assert decision.tell_at == MONDAY + timedelta(minutes=90)


@pytest.mark.django_db
def test_one_decision_that_cannot_be_told_does_not_hold_up_the_others(caplog):
    bob = make_reviewer()
    broken, fine = make_decision(by=bob), make_decision(by=bob)
    Application.objects.filter(pk=broken.case.application_id).update(state="rejected")

    told = [telling.tell_owed(at=MONDAY), telling.tell_owed(at=MONDAY)]

    broken.refresh_from_db(), fine.refresh_from_db()
    assert (told, broken.told_at, fine.told_at) == ([1, 0], None, MONDAY)
    assert "stays owed" in caplog.text


@pytest.mark.django_db
def test_an_imported_row_that_nobody_owns_is_told_without_a_letter():
    application = make_application(lane="notify")
    Application.objects.filter(pk=application.pk).update(applicant=None)
    decision = decide_on(application)

    telling.tell_owed(at=MONDAY)

    application.refresh_from_db(), decision.refresh_from_db()
    assert (application.state, letters().count(), WaitlistEntry.objects.count()) == ("approved", 0, 0)


def decide_on(application):
    from reviews.domain import cases, claims

    bob = make_reviewer()
    cases.open_owed(at=MONDAY)
    case = Case.objects.get(application=application)
    claims.claim(case, by=bob, at=MONDAY)
    return decisions.decide(case, by=bob, at=MONDAY, outcome="approved", reason_code="A1_notify_list")


@pytest.mark.django_db
def test_a_broker_that_is_away_loses_nothing(monkeypatch, settings, django_capture_on_commit_callbacks):
    monkeypatch.setattr(hints.current_app, "send_task", _away)
    monkeypatch.setattr(hints, "_closed_again_at", 0.0)

    with django_capture_on_commit_callbacks(execute=True) as hinted:
        make_decision()

    assert len(hinted) >= 1
    assert telling.tell_owed(at=MONDAY) == 1


def _away(*args, **kwargs):
    raise OSError("the broker is away")


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_four_payers_at_once_tell_each_decision_once():
    bob, program = make_reviewer(), make_program()
    for _ in range(12):
        make_decision(Outcome.REJECTED, by=bob, program=program)

    said = race(*[["tell", MONDAY.isoformat()]] * 4)

    assert sum(map(int, said)) == 12
    assert letters().count() == LedgerEntry.objects.filter(event=Event.DECISION_TOLD).count() == 12


# --- Letters


@pytest.mark.django_db
def test_a_rejection_names_clause_reason_facts_what_would_change_it_and_when():
    decision = told(
        Outcome.REJECTED,
        says={
            "reason_code": "R3_safeguards_missing",
            "explanation": "We need a limit per user.",
            "reapply_after_days": 30,
        },
    )

    letter = letters().get()
    expected = [
        "Guidelines 1.0.0: Fraud, scams and spam",
        "We need a limit per user.",
        decision.facts,
        decision.what_would_change,
        "from 23 December 2026, 13:00 CET",
        f"/applications/{decision.case.application.number}/appeal/",
        "You have 183 days from when this letter was sent",
        f"/applications/{decision.case.application.number}/reinstatement/",
    ]
    assert [words for words in expected if words not in letter.text] == []
    assert [words for words in expected[1:4] if words not in letter.html] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"reapply_after_days": 0}, "You may apply again at any time."),
        ({"reapply_never": True}, "We do not take another application for this program from you."),
    ],
)
def test_a_rejection_says_when_one_may_apply_again_in_words(says, words):
    told(Outcome.REJECTED, says=says)

    assert words in letters().get().text


@pytest.mark.django_db
def test_an_approval_lists_its_conditions_with_their_clauses():
    told(Outcome.APPROVED_WITH_CONDITIONS)

    assert "- no diagnosis to lay users (Health and mental wellbeing)" in letters().get().text


@pytest.mark.django_db
def test_a_question_comes_with_its_address_and_its_time():
    told(Outcome.NEEDS_INFORMATION)

    letter, number = letters().get(), Application.objects.get().number
    assert "Who reads the text before it is published?" in letter.text
    assert f"/applications/{number}/answer/" in letter.text
    assert "by 23 December 2026, 13:00 CET" in letter.text


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", Outcome)
def test_hostile_words_are_plain_in_text_and_escaped_in_html(outcome):
    hostile = "<script>alert('x')</script> & <b>"
    says = {"explanation": hostile}
    says |= {"facts": hostile, "what_would_change": hostile} if outcome == Outcome.REJECTED else {}
    says |= {"question": hostile} if outcome == Outcome.NEEDS_INFORMATION else {}

    told(outcome, says=says, title=hostile)

    letter = letters().get()
    assert hostile in letter.text
    assert ("<script" in letter.html, "&lt;script&gt;" in letter.html) == (False, True)
    assert letter.subject.endswith(f"{hostile} ({Application.objects.get().program.name})")


# --- What the applicant's side asks


@pytest.mark.django_db
def test_told_for_shows_told_decisions_newest_first_and_no_others():
    decision = told(Outcome.REJECTED)
    application = Application.objects.get()
    make_decision(by=decision.decided_by, program=make_program(recall_minutes=30))

    assert list(telling.told_for(application)) == [decision]
    assert not telling.told_for(Application.objects.exclude(pk=application.pk).get()).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({"reapply_after_days": 0}, MONDAY),
        ({"reapply_after_days": 30}, MONDAY + timedelta(days=30)),
        ({"reapply_never": True}, rejections.NEVER),
    ],
)
def test_reapply_from_is_what_the_rejection_said(says, expected):
    told(Outcome.REJECTED, says=says)

    application = Application.objects.get()
    assert rejections.reapply_from(application.owner, application.program) == expected
    assert rejections.reapply_from(application.owner, make_program()) is None
    assert rejections.reapply_from(make_owner(), application.program) is None


@pytest.mark.django_db
def test_an_untold_rejection_does_not_count_for_applying_again():
    decision = make_decision(Outcome.REJECTED)

    application = decision.case.application
    assert rejections.reapply_from(application.owner, application.program) is None


@pytest.mark.django_db
def test_the_applicants_time_runs_from_the_telling():
    make_decision(Outcome.NEEDS_INFORMATION, program=make_program(recall_minutes=60))

    telling.tell_owed(at=MONDAY + timedelta(hours=2))

    assert InformationRequest.objects.get().due_at == MONDAY + timedelta(hours=2, days=30)


@pytest.mark.django_db
def test_withdrawing_after_the_question_closes_the_case():
    told(Outcome.NEEDS_INFORMATION)
    application = Application.objects.get()
    applications.withdraw(application, by=application.applicant, at=MONDAY)

    telling.tell_owed(at=MONDAY)

    assert Case.objects.get().state == "closed"
