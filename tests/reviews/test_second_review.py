"""Second looks: drawn once, by somebody else, blind, and without a trace in the decision or before the applicant."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Q

from audit.events import Event
from audit.models import LedgerEntry
from outbox.models import Letter
from reviews.domain import casefile, claims, drawing, giving, reconciling, second_reviews, slots, statements
from reviews.models import Case, Claim, Opinion, Reconciliation, SecondReview
from reviews.permissions import conflicts, may_see_case
from reviews.states import Reconciled
from tests.factories import MONDAY, make_owner, make_program, make_reviewer, make_senior
from tests.reviews.looking import LATER, look, make_card, make_drawn, make_rule, make_told
from tests.reviews.making import make_case, make_claimed, make_decision

pytestmark = pytest.mark.django_db


def events(of) -> list[str]:
    kind = of._meta.label_lower
    return list(LedgerEntry.objects.filter(subject_type=kind).order_by("pk").values_list("event", flat=True))


# --- Drawing


def test_drawing_twice_draws_once():
    review = make_drawn()

    assert drawing.draw_owed(at=LATER) == 0
    assert (SecondReview.objects.get(), events(review)) == (review, [Event.SECOND_REVIEW_DRAWN])
    with pytest.raises(IntegrityError, match="one_second_review_per_decision"), transaction.atomic():
        SecondReview.objects.create(
            case=review.case,
            revision=review.revision,
            decision=review.decision,
            kind="sample",
            drawn_at=LATER,
        )


def test_the_share_of_a_lane_is_drawn_and_the_same_ones_whoever_draws():
    program, bob = make_program(), make_reviewer()
    holds = make_rule(program, notify=50)
    made = [make_told(program=program, by=bob) for _ in range(12)]

    drawing.draw_owed(at=MONDAY)

    drawn = set(SecondReview.objects.values_list("decision", flat=True))
    assert drawn == {decision.pk for decision in made if drawing.lot(decision, holds) < 50}
    assert 0 < len(drawn) < 12


def test_a_lane_without_a_share_has_none():
    program = make_program()
    make_rule(program, hold=100)
    make_told(program=program)

    assert drawing.draw_owed(at=MONDAY) == 0


def test_the_first_cases_of_a_guideline_version_are_drawn_always():
    program, bob = make_program(), make_reviewer()
    make_rule(program, first_cases=2)
    for _ in range(3):
        make_told(program=program, by=bob)

    drawing.draw_owed(at=MONDAY)

    assert list(SecondReview.objects.values_list("kind", flat=True)) == ["new_category"] * 2


def test_what_was_not_told_is_not_drawn():
    make_decision(program=make_program(recall_minutes=30))

    assert drawing.draw_owed(at=MONDAY) == 0


def test_a_severe_case_is_read_by_nobody_for_a_figure():
    decision = make_told()
    Case.objects.filter(pk=decision.case_id).update(severity=2, severe={"self_harm": 2})

    assert drawing.draw_owed(at=MONDAY) == 0


def test_a_senior_sets_the_shares_and_says_why():
    program, sam = make_program(), make_senior()
    asked = {"shares": {"notify": 20}, "first_cases": 3, "at": MONDAY}

    made = drawing.set_rule(program, by=sam, reason="Many new colleagues.", **asked)

    assert (drawing.rule(program), events(made)) == (made, [Event.SECOND_REVIEW_RULE_SET])
    with pytest.raises(drawing.NotYoursToSet):
        drawing.set_rule(program, by=make_reviewer(), reason="x", **asked)
    with pytest.raises(drawing.BadShare):
        drawing.set_rule(program, by=sam, reason="x", **asked | {"shares": {"notify": 101}})


# --- Giving


def test_the_one_who_decided_is_never_drawn():
    bob = make_reviewer()
    review = make_drawn(by=bob)

    with pytest.raises(second_reviews.NothingDrawn):
        second_reviews.take_next(by=bob, at=MONDAY)
    with pytest.raises(IntegrityError, match="who decided is not the second"), transaction.atomic():
        SecondReview.objects.update(reviewer=bob, taken_at=MONDAY, expires_at=LATER)
    assert second_reviews.take_next(by=make_reviewer("bea"), at=MONDAY) == review


def test_nobody_looks_again_at_their_own_or_what_they_had_in_hand():
    bea, cleo = make_reviewer("bea"), make_reviewer("cleo")
    make_drawn(applicant=bea, owner=make_owner(bea))
    had = make_drawn(by=make_reviewer("bob2"))
    Claim.objects.create(
        case=had.case,
        reviewer=bea,
        claimed_at=MONDAY,
        expires_at=MONDAY,
        released_at=MONDAY,
        ended="given_back",
    )

    with pytest.raises(second_reviews.NothingDrawn):
        second_reviews.take_next(by=bea, at=MONDAY)
    assert second_reviews.take_next(by=cleo, at=MONDAY)


def test_whoever_the_queue_spares_a_case_is_spared_a_second_look_at_it(monkeypatch):
    make_drawn()
    monkeypatch.setattr(giving, "kept_from", lambda user, *, at: Q(lane="notify"))

    with pytest.raises(second_reviews.NothingDrawn):
        second_reviews.take_next(by=make_reviewer("bea"), at=MONDAY)


def test_a_second_look_is_not_a_fourth_thing_to_do():
    make_drawn()
    bea, program = make_reviewer("bea"), make_program()
    for _ in range(3):
        make_claimed(bea, program=program)

    with pytest.raises(slots.TooMany):
        second_reviews.take_next(by=bea, at=MONDAY)


def test_one_second_look_at_a_time_and_asking_again_returns_it():
    bob, bea = make_reviewer(), make_reviewer("bea")
    make_drawn(by=bob), make_drawn(by=bob)

    first = second_reviews.take_next(by=bea, at=MONDAY)
    again = second_reviews.take_next(by=bea, at=LATER)

    assert (again, again.expires_at) == (first, LATER + timedelta(minutes=15))
    assert events(first).count(Event.SECOND_REVIEW_TAKEN) == 1


def test_what_somebody_left_is_taken_by_another_after_its_time():
    bea, cleo = make_reviewer("bea"), make_reviewer("cleo")
    review = make_drawn()
    second_reviews.take_next(by=bea, at=MONDAY)

    with pytest.raises(second_reviews.NothingDrawn):
        second_reviews.take_next(by=cleo, at=MONDAY)
    assert second_reviews.take_next(by=cleo, at=LATER) == review
    with pytest.raises(second_reviews.NotYours):
        second_reviews.give(review, by=bea, at=LATER, outcome="approved")


# --- Blind


def test_a_blind_second_review_never_shows_the_first():
    """The case is kept from them by the one condition that pages, lists, precedents and files ask."""
    bea = make_reviewer("bea")
    review = make_drawn()
    assert may_see_case(bea, review.case)

    second_reviews.take_next(by=bea, at=MONDAY)

    assert not may_see_case(bea, review.case)
    assert Case.objects.filter(conflicts(bea, to="application__")).get() == review.case
    with pytest.raises(giving.NotForYou):
        casefile.export(review.case, by=bea, at=MONDAY)
    second_reviews.give(review, by=bea, at=LATER, outcome="approved")
    assert may_see_case(bea, review.case)


def test_a_second_opinion_is_blind_and_written_once():
    bea = make_reviewer("bea")
    review = make_drawn()
    second_reviews.take_next(by=bea, at=MONDAY)

    for outcome in ("approved", "rejected"):
        done = second_reviews.give(review, by=bea, at=LATER, outcome=outcome)

    opinion = Opinion.objects.get(reviewer=bea)
    assert (done.opinion, opinion.blind, opinion.outcome, opinion.revision) == (
        opinion, True, "approved", review.decision.revision,
    )  # fmt: skip
    assert events(review)[-1] == Event.SECOND_REVIEW_DONE


def test_a_second_opinion_is_one_of_the_outcomes_and_cites_what_there_is():
    bea = make_reviewer("bea")
    review = make_drawn()
    second_reviews.take_next(by=bea, at=MONDAY)

    with pytest.raises(statements.Incomplete) as refused:
        second_reviews.give(
            review, by=bea, at=LATER, outcome="maybe", categories=["nothing"], note="x" * 1001
        )
    assert sorted(refused.value.problems) == ["categories", "note", "outcome"]


def test_a_second_review_changes_nothing_of_the_decision_and_tells_the_applicant_nothing():
    review = make_drawn()
    decision, letters = review.decision, Letter.objects.count()
    before = Case.objects.filter(pk=review.case_id).values("state", "decided_at", "version", "due_at").get()

    look(review, outcome="rejected")

    after = Case.objects.filter(pk=review.case_id).values("state", "decided_at", "version", "due_at").get()
    told_at, outcome = decision.told_at, decision.outcome
    decision.refresh_from_db()
    review.case.application.refresh_from_db()
    assert (after, decision.told_at, decision.outcome) == (before, told_at, outcome)
    assert (review.case.application.state, Letter.objects.count()) == ("approved", letters)


# --- Reconciling


def test_two_views_that_agree_open_no_card():
    look(make_drawn(), outcome="approved")

    assert not Reconciliation.objects.exists()


def test_a_card_ends_in_what_comes_of_it_and_a_remark_on_a_paragraph():
    card, sam = make_card(), make_senior()
    says = {"ended": Reconciled.CORRECTION, "category": "fraud_spam", "remark": "Reads both ways."}

    closed = reconciling.close(card, by=sam, at=LATER, **says)

    assert (closed.ended, closed.category, closed.remark, closed.closed_by) == (*says.values(), sam)
    assert events(card) == [Event.RECONCILIATION_OPENED, Event.RECONCILIATION_CLOSED]
    with pytest.raises(reconciling.ClosedAlready):
        reconciling.close(card, by=make_senior("sue"), at=LATER, **says)


def test_neither_of_the_two_nor_a_reviewer_closes_a_card():
    first = make_senior("sue")
    card = make_card(by=first)
    for person in (first, card.review.reviewer, make_reviewer("bo")):
        with pytest.raises(reconciling.NotYoursToReconcile):
            reconciling.close(card, by=person, at=LATER, ended="stands", category="fraud_spam", remark="x")


def test_a_card_is_not_closed_without_a_paragraph_and_a_remark():
    with pytest.raises(statements.Incomplete) as refused:
        reconciling.close(make_card(), by=make_senior(), at=LATER, ended="", category="none", remark=" ")
    assert sorted(refused.value.problems) == ["category", "ended", "remark"]


# --- Golden cases


def test_a_golden_case_never_reaches_an_applicant():
    """It comes back as a second review only: no case opens, no letter is written, nothing of the old case moves."""
    program, sam, bea = make_program(), make_senior(), make_reviewer("bea")
    make_rule(program)
    decision = make_told(program=program)
    reconciling.mark_golden(decision, by=sam, at=MONDAY, expected="rejected")
    before = (Case.objects.count(), Letter.objects.count(), decision.case.application.state)

    assert (drawing.draw_owed(at=MONDAY), drawing.draw_owed(at=LATER)) == (1, 0)
    review = second_reviews.take_next(by=bea, at=MONDAY)
    second_reviews.give(review, by=bea, at=LATER, outcome="approved")

    decision.case.application.refresh_from_db()
    assert (Case.objects.count(), Letter.objects.count(), decision.case.application.state) == before
    assert (review.kind, Reconciliation.objects.exists()) == ("golden", False)
    with pytest.raises(claims.NothingToClaim):
        claims.claim(decision.case, by=make_reviewer("bo"), at=LATER)


def test_a_golden_case_comes_back_after_a_month_to_somebody_new_until_it_is_retired():
    program, sam, bea = make_program(), make_senior(), make_reviewer("bea")
    make_rule(program)
    golden = reconciling.mark_golden(make_told(program=program), by=sam, at=MONDAY, expected="approved")
    drawing.draw_owed(at=MONDAY)
    second_reviews.give(second_reviews.take_next(by=bea, at=MONDAY), by=bea, at=MONDAY, outcome="approved")
    month = MONDAY + timedelta(days=31)

    assert drawing.draw_owed(at=month) == 1
    for person in (bea, sam):
        with pytest.raises(second_reviews.NothingDrawn):
            second_reviews.take_next(by=person, at=month)
    reconciling.retire_golden(golden, by=sam, at=month)
    with pytest.raises(second_reviews.NothingDrawn):
        second_reviews.take_next(by=make_reviewer("cleo"), at=month)
    assert events(golden) == [Event.GOLDEN_MARKED, Event.GOLDEN_RETIRED]


def test_only_seniors_mark_and_only_what_was_told():
    sam = make_senior()
    with pytest.raises(reconciling.NotGolden):
        reconciling.mark_golden(make_told(), by=make_reviewer("bea"), at=MONDAY, expected="approved")
    waits = make_decision(by=make_reviewer("bo"), program=make_program(recall_minutes=30))
    with pytest.raises(reconciling.NotGolden):
        reconciling.mark_golden(waits, by=sam, at=MONDAY, expected="approved")


def test_an_open_case_is_not_kept_from_anybody_by_a_second_look_elsewhere():
    bea, case = make_reviewer("bea"), make_case()
    make_drawn()
    second_reviews.take_next(by=bea, at=MONDAY)

    assert claims.take_next(by=bea, at=MONDAY).case == case
