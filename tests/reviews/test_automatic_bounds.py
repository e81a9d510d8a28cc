"""Approval by a rule alone: what the database refuses, how people look at it again, who switches it."""

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from onboarding.models import Program
from reviews.domain import automatic, claims, drawing, matches, recalls, second_reviews, telling
from reviews.models import AutomaticApproval, Case, Decision, SecondReview, TriageRule
from reviews.states import SecondReviewKind
from tests.factories import MONDAY, make_program, make_reviewer, make_senior
from tests.reviews.automating import make_plain
from tests.reviews.test_invariants import found

pytestmark = pytest.mark.django_db


# --- The database


def approve_by_hand(case: Case, rule: TriageRule, **more) -> None:
    reason = {"outcome": "approved", "reason_code": "A1_notify_list", "explanation": "Usual."} | more
    Decision.objects.create(
        case=case, revision=case.revision, guidelines=case.revision.guidelines, reasons_version="1",
        by_rule=rule.versions.get(), decided_at=MONDAY, **reason,
    )  # fmt: skip


def test_the_database_refuses_a_rules_approval_over_a_claim(program, rule):
    case = make_plain(program)
    claims.claim(case, by=make_reviewer("bea"), at=MONDAY)

    with pytest.raises(IntegrityError, match="no person has touched"), transaction.atomic():
        approve_by_hand(case, rule)


def test_the_database_refuses_a_rules_approval_outside_the_notify_lane(program, rule):
    case = make_plain(program, lane="monitor")

    with pytest.raises(IntegrityError, match="notify lane"), transaction.atomic():
        approve_by_hand(case, rule)


def test_the_database_refuses_anything_but_an_approval_by_a_rule(program, rule):
    case = make_plain(program)

    with (
        pytest.raises(IntegrityError, match="decided_by_a_person_or_approved_by_a_rule"),
        transaction.atomic(),
    ):
        approve_by_hand(case, rule, outcome="needs_information", reason_code="I1_too_vague")


def test_the_database_decides_no_case_that_nobody_holds(program):
    case = make_plain(program)

    with pytest.raises(IntegrityError, match="nobody holds this case"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(state="decided", decided_at=MONDAY)


def test_the_switch_is_kept_for_good(program):
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        AutomaticApproval.objects.filter(program=program).update(is_on=False)


# --- Looked at again


def look_again(program: Program, outcome: str) -> SecondReview:
    """Let a stranger look at what a rule approved, and think this."""
    automatic.switch(program, on=True, sample=100, by=make_senior("sue"), at=MONDAY, reason="All of it.")
    make_plain(program)
    automatic.approve_owed(at=MONDAY)
    telling.tell_owed(at=MONDAY)
    drawing.draw_owed(at=MONDAY)
    SecondReview.objects.exclude(kind=SecondReviewKind.AUTOMATIC).delete()
    bea = make_reviewer("bea")
    review = second_reviews.take_next(by=bea, at=MONDAY)
    review = second_reviews.give(review, by=bea, at=MONDAY, outcome=outcome, categories=["fraud_spam"])
    matches.settle_owed(at=MONDAY)
    return review


def measured(rule: TriageRule) -> tuple[int, int]:
    version = rule.versions.get().pk
    share = matches.shares([version])[version]
    return share.right, share.of


def test_the_sample_is_drawn_and_agreement_counts_for_the_rule(program, rule):
    assert (look_again(program, "approved").kind, measured(rule)) == (SecondReviewKind.AUTOMATIC, (31, 31))


def test_another_answer_opens_a_card_and_counts_against_the_rule(program, rule):
    assert (hasattr(look_again(program, "rejected"), "reconciliation"), measured(rule)) == (True, (30, 31))


def test_no_invariant_is_broken_by_it(program):
    look_again(program, "rejected")

    assert found() == set()


def test_a_senior_takes_it_back_before_it_is_told_and_people_decide(program):
    Program.objects.filter(pk=program.pk).update(recall_minutes=30)
    case = make_plain(Program.objects.get(pk=program.pk))
    automatic.approve_owed(at=MONDAY)

    recalls.recall(case.decisions.get(), by=make_senior("sue"), at=MONDAY, reason="A doubt.")

    case.refresh_from_db()
    assert (case.state, automatic.approve_owed(at=MONDAY)) == ("open", 0)


# --- Who switches


def test_a_reviewer_does_not_switch_it():
    with pytest.raises(automatic.NotYoursToSwitch):
        automatic.switch(make_program(), on=True, sample=20, by=make_reviewer(), at=MONDAY, reason="Why not")


@pytest.mark.parametrize("sample", [0, 4, 101, -1])
def test_somebody_always_looks_again_at_a_share(sample):
    with pytest.raises(automatic.BadSwitch):
        automatic.switch(make_program(), on=True, sample=sample, by=make_senior(), at=MONDAY, reason="Fewer")


def test_a_reason_that_is_too_long_says_so():
    with pytest.raises(automatic.BadSwitch, match="this has 501"):
        automatic.switch(make_program(), on=True, sample=20, by=make_senior(), at=MONDAY, reason="x" * 501)


def test_the_page_switches_it_and_shows_since_when(client, program):
    client.force_login(make_senior("sue"))
    url = f"/admin/reviews/case/rules/automatic/{program.pk}/"

    answer = client.post(url, {"on": "", "sample": "30", "reason": "A week of reading."}, follow=True)

    assert (automatic.setting(program).is_on, "A week of reading." in answer.content.decode()) == (
        False,
        True,
    )


@pytest.mark.parametrize(
    "data", [{}, {"sample": "x", "reason": "a"}, {"sample": "3", "reason": "a"}, {"sample": "20"}]
)
def test_bad_input_gets_a_sentence_and_switches_nothing(client, program, data):
    client.force_login(make_senior("sue"))

    answer = client.post(f"/admin/reviews/case/rules/automatic/{program.pk}/", data)

    assert (answer.status_code, AutomaticApproval.objects.count()) == (422, 1)
