"""What was told can be put right: another decision with the same outcome, and another letter."""

from datetime import timedelta

import pytest

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.models import Application, Grant
from outbox.models import Letter
from reviews.domain import corrections, recalls, rejections, signatures, telling
from reviews.domain.statements import Incomplete, Statement
from reviews.models import Case, Decision
from reviews.states import Outcome
from tests.factories import MONDAY, make_program, make_reviewer, make_senior
from tests.reviews.making import SAYS, make_decision

DAY = timedelta(days=1)


def told(outcome=Outcome.REJECTED, **fields):
    decision = make_decision(outcome, **fields)
    if decision.second != "nobody":
        signatures.sign(decision, by=make_reviewer("bea"), at=MONDAY)
    telling.tell_owed(at=MONDAY)
    decision.refresh_from_db()
    return decision


def correct(decision, *, by=None, at=MONDAY + DAY, outcome=None, **says):
    outcome = outcome or decision.outcome
    said = Statement(outcome=outcome, **SAYS[outcome] | says)
    return corrections.correct(decision, said, by=by or decision.decided_by, at=at)


def letters():
    return Letter.objects.filter(kind__startswith="reviews/").order_by("pk")


@pytest.mark.django_db
def test_a_corrected_decision_sends_a_letter():
    decision = told()
    first = letters().get().text

    correction = correct(decision, facts="The website belongs to another company.")
    telling.tell_owed(at=MONDAY + DAY)

    correction.refresh_from_db()
    second = letters().last()
    assert (correction.supersedes, correction.letter, letters().count()) == (decision, second, 2)
    assert "It takes the place of the one we sent you on 23 November 2026" in second.text
    assert "belongs to another company" in second.text
    assert letters().first().text == first
    assert (Application.objects.get().state, Case.objects.get().state) == ("rejected", "decided")


@pytest.mark.django_db
def test_other_words_do_not_make_the_wait_longer():
    decision = told(says={"reapply_after_days": 30})

    correct(decision, reapply_after_days=30)
    telling.tell_owed(at=MONDAY + DAY)

    application = Application.objects.get()
    assert rejections.reapply_from(application.owner, application.program) == MONDAY + 30 * DAY


@pytest.mark.django_db
def test_a_corrected_rule_for_applying_again_counts_instead_of_the_first():
    decision = told(says={"reapply_never": True})

    correct(decision, reapply_after_days=10)
    telling.tell_owed(at=MONDAY + DAY)

    application = Application.objects.get()
    assert rejections.reapply_from(application.owner, application.program) == MONDAY + 10 * DAY


@pytest.mark.django_db
def test_a_correction_is_signed_where_the_first_was_and_given_back_it_changes_nothing():
    decision = told(domains=["health"])

    correction = correct(decision)
    assert (correction.second, Case.objects.get().state) == ("reviewer", "awaiting_second")
    signatures.give_back(correction, by=make_senior(), at=MONDAY + DAY, reason="It was right.")

    assert (telling.tell_owed(at=MONDAY + DAY), Case.objects.get().state) == (0, "decided")


@pytest.mark.django_db
def test_a_correction_taken_back_leaves_what_was_told():
    decision = told(program=make_program(refusal_recall_minutes=60, recall_minutes=0))
    telling.tell_owed(at=MONDAY + DAY)
    decision.refresh_from_db()
    correction = correct(decision)

    recalls.recall(correction, by=correction.decided_by, at=MONDAY + DAY, reason="It was right.")

    assert (telling.tell_owed(at=MONDAY + 2 * DAY), Case.objects.get().state) == (0, "decided")
    assert LedgerEntry.objects.filter(event=Event.DECISION_TOLD).count() == 1


@pytest.mark.django_db
def test_an_outcome_is_not_corrected():
    decision = told()

    with pytest.raises(Incomplete, match="keeps what was decided"):
        correct(decision, outcome=Outcome.APPROVED)


@pytest.mark.django_db
def test_only_who_decided_or_a_senior_corrects_and_only_what_was_told():
    decision = told()
    waiting = make_decision(by=decision.decided_by, program=make_program(recall_minutes=30))

    with pytest.raises(corrections.NotYoursToCorrect):
        correct(decision, by=make_reviewer("bea"))
    with pytest.raises(corrections.NothingToCorrect):
        correct(waiting, at=MONDAY)
    assert correct(decision, by=make_senior()).supersedes == decision


@pytest.mark.django_db
def test_a_superseded_decision_is_not_corrected_again():
    decision = told()
    correct(decision)
    telling.tell_owed(at=MONDAY + DAY)

    with pytest.raises(corrections.NothingToCorrect):
        correct(decision)


@pytest.mark.django_db
def test_where_nothing_stands_there_is_nothing_to_correct():
    decision = make_decision(domains=["health"])
    signatures.give_back(decision, by=make_reviewer("bea"), at=MONDAY, reason="Not yet.")

    with pytest.raises(corrections.NothingToCorrect):
        correct(decision)


@pytest.mark.django_db
def test_corrected_conditions_reach_the_access_that_was_given():
    from onboarding.domain import invitations, waitlist
    from tests.factories import make_rate

    decision = told(Outcome.APPROVED_WITH_CONDITIONS, domains=["health"])
    application, program = Application.objects.get(), decision.case.program
    make_rate(program, 10)
    waitlist.admit(program, by="test", at=MONDAY)
    invitations.tell_owed(at=MONDAY)
    seat = application.entry.seats.get()
    invitations.accept(seat.invitation, by=application.applicant, at=MONDAY)

    limit = {"category": "health", "text": "", "kind": "limit", "per_day": 20}
    correction = correct(decision, conditions=[limit], categories=["health"])
    signatures.sign(correction, by=make_senior(), at=MONDAY + DAY)
    telling.tell_owed(at=MONDAY + DAY)

    grant = Grant.objects.get()
    assert (grant.most_per_day, [c["kind"] for c in grant.conditions]) == (20, ["limit"])
    assert grant.conditions[0]["text"] == "At most 20 requests a day."
    assert Decision.objects.get(pk=correction.pk).told_at == MONDAY + DAY
