"""Approval by a rule alone: where it may, what it never touches, how people look at it again."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.models import Application
from outbox.models import Letter
from reviews.domain import (
    automatic,
    claims,
    decisions,
    drawing,
    likenesses,
    matches,
    recalls,
    second_reviews,
    telling,
)
from reviews.domain.rules import Wording
from reviews.models import AutomaticApproval, Case, Decision, RuleMatch, SecondReview
from reviews.states import SecondReviewKind
from tests.factories import MONDAY, make_program, make_reviewer, make_senior
from tests.reviews.making import SAYS, make_case
from tests.reviews.test_rules import make_rule

pytestmark = pytest.mark.django_db
CODE = {"areas": ["none"]}
PLAIN = Wording("areas contains none", lane="notify", approves=True, expects="approved", least_decided=5)


def make_plain(**fields) -> Case:
    """Return a case of the notify lane that nobody has touched, with its payers paid."""
    words = " ".join(uuid4().hex[:9] for _ in range(12))  # like no other: the same text twice is a signal
    return paid(
        make_case(answers=CODE | {"summary": words}, title=words[:70], lane="notify", risk_level=1, **fields)
    )


def paid(case: Case) -> Case:
    likenesses.keep_owed()
    matches.match_owed(at=MONDAY)
    case.refresh_from_db()
    return case


def measured(number: int = 12, *, wording: Wording = PLAIN, outcome: str = "approved"):
    """Return a program with a rule that people decided so many cases of, and approval by rules switched on."""
    program, bob = make_program(recall_minutes=0), make_reviewer("bob")
    rule = make_rule(wording)
    for _ in range(number):
        case = make_plain(program=program)
        claims.claim(case, by=bob, at=MONDAY)
        decisions.decide(case, by=bob, at=MONDAY, outcome=outcome, **SAYS[outcome])
    telling.tell_owed(at=MONDAY)
    matches.settle_owed(at=MONDAY)
    automatic.switch(
        program, on=True, sample=20, by=make_senior("sam"), at=MONDAY, reason="Twelve of twelve."
    )
    return program, rule


def test_a_plain_case_of_a_measured_rule_is_approved_and_told():
    program, rule = measured()
    case = make_plain(program=program)

    assert automatic.approve_owed(at=MONDAY) == 1

    telling.tell_owed(at=MONDAY)
    decision = case.decisions.get()
    case.refresh_from_db()
    assert (case.state, case.application.state, decision.outcome) == ("decided", "approved", "approved")
    assert (decision.decided_by, decision.by_rule.rule) == (None, rule)


def test_the_letter_says_that_a_rule_decided():
    program, _ = measured()
    case = make_plain(program=program)
    automatic.approve_owed(at=MONDAY)

    telling.tell_owed(at=MONDAY)

    assert "A published rule found this" in case.decisions.get().letter.text


def test_the_page_of_the_case_file_names_the_rule_and_when(client):
    program, rule = measured()
    case = make_plain(program=program)
    automatic.approve_owed(at=MONDAY)
    client.force_login(make_reviewer("bea"))

    page = client.post(f"/admin/reviews/case/{case.pk}/case-file/").content.decode()

    assert f"1. approved, by itself under the rule {rule}, version 1, on 23 Nov 2026, 12:00 UTC" in page


def test_the_letter_of_a_person_does_not():
    measured()

    told = Decision.objects.exclude(decided_by=None).first()

    assert "rule" not in told.letter.text


def test_the_ledger_names_the_rule_and_nobody_reads_that_a_reviewer_opened_it():
    program, rule = measured()
    case = make_plain(program=program)
    before = Letter.objects.count()

    automatic.approve_owed(at=MONDAY)

    row = LedgerEntry.objects.filter(event=Event.DECISION_PROPOSED).latest("pk")
    assert (row.actor, row.details["rule"], row.details["version"]) == ("system:triage", rule.pk, 1)
    assert Letter.objects.count() == before
    assert Application.objects.get(pk=case.application_id).state == "in_review"


def test_twice_is_once():
    program, _ = measured()
    make_plain(program=program)

    automatic.approve_owed(at=MONDAY)

    assert (automatic.approve_owed(at=MONDAY), Decision.objects.automatic().count()) == (0, 1)


# --- What it never touches


def left_alone(program) -> bool:
    automatic.approve_owed(at=MONDAY)
    return not Decision.objects.automatic().exists()


def test_automatic_approval_respects_a_live_claim():
    program, _ = measured()
    case = make_plain(program=program)
    claims.claim(case, by=make_reviewer("bea"), at=MONDAY)

    assert left_alone(program)


def test_what_a_person_had_once_stays_with_people():
    program, _ = measured()
    case, bea = make_plain(program=program), make_reviewer("bea")
    claims.claim(case, by=bea, at=MONDAY)
    claims.release(case, by=bea, at=MONDAY)
    paid(case)

    assert left_alone(program)


@pytest.mark.parametrize(
    "fields",
    [{"lane": "monitor"}, {"lane": "hold"}, {"lane": "refuse"}, {"risk_level": 3}, {"domains": ["health"]}],
)
def test_only_the_plain_notify_lane_is_approved(fields):
    program, _ = measured()
    paid(make_case(answers=CODE, program=program, **{"lane": "notify", "risk_level": 1} | fields))

    assert left_alone(program)


def test_a_rule_that_people_have_not_measured_enough_approves_nothing():
    program, _ = measured(number=4)
    make_plain(program=program)

    assert left_alone(program)


def test_a_rule_that_may_lie_below_its_bound_approves_nothing():
    program, _ = measured(number=5, wording=Wording(**vars(PLAIN) | {"least_precision": 90}))
    make_plain(program=program)

    assert left_alone(program)


def test_a_program_that_has_not_switched_it_on_approves_nothing():
    measured()
    make_plain(program=make_program("other"))

    assert left_alone(None)


def test_switched_off_it_approves_nothing():
    program, _ = measured()
    automatic.switch(program, on=False, sample=20, by=make_senior("sue"), at=MONDAY, reason="We look first.")
    make_plain(program=program)

    assert left_alone(program)


def test_a_case_that_another_rule_speaks_of_stays_with_people():
    program, _ = measured()
    make_rule(Wording("areas contains none", due_days=1))
    make_plain(program=program)

    assert left_alone(program)


def test_a_case_with_a_signal_stays_with_people_and_is_weighed_once():
    program, _ = measured()
    case = make_plain(program=program)
    case.application.applicant.__class__.objects.filter(pk=case.application.applicant_id).update(
        email=f"{uuid4().hex}@mailinator.com"
    )

    assert left_alone(program)
    assert RuleMatch.objects.get(case=case).left_because == "signals"


def test_a_rule_that_does_not_say_it_may_approves_nothing():
    program, _ = measured(wording=Wording(**vars(PLAIN) | {"approves": False}))
    make_plain(program=program)

    assert left_alone(program)


# --- The database


def approve_by_hand(case: Case, rule, **more) -> None:
    reason = {"outcome": "approved", "reason_code": "A1_notify_list", "explanation": "Usual."} | more
    Decision.objects.create(
        case=case, revision=case.revision, guidelines=case.revision.guidelines, reasons_version="1",
        by_rule=rule.versions.get(), decided_at=MONDAY, **reason,
    )  # fmt: skip


def test_the_database_refuses_a_rules_approval_over_a_claim():
    case, rule = make_plain(), make_rule(PLAIN)
    claims.claim(case, by=make_reviewer("bea"), at=MONDAY)

    with pytest.raises(IntegrityError, match="no person has touched"), transaction.atomic():
        approve_by_hand(case, rule)


def test_the_database_refuses_a_rules_approval_outside_the_notify_lane():
    case, rule = make_case(lane="monitor", risk_level=1), make_rule(PLAIN)

    with pytest.raises(IntegrityError, match="notify lane"), transaction.atomic():
        approve_by_hand(case, rule)


def test_the_database_refuses_anything_but_an_approval_by_a_rule():
    case, rule = make_plain(), make_rule(PLAIN)

    with (
        pytest.raises(IntegrityError, match="decided_by_a_person_or_approved_by_a_rule"),
        transaction.atomic(),
    ):
        approve_by_hand(case, rule, outcome="needs_information", reason_code="I1_too_vague")


def test_the_switch_is_kept_for_good():
    program, _ = measured()

    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        AutomaticApproval.objects.filter(program=program).update(is_on=False)


# --- Looked at again


def look_again(program, outcome: str) -> SecondReview:
    """Let a stranger look at what a rule approved, and think this."""
    automatic.switch(program, on=True, sample=100, by=make_senior("sue"), at=MONDAY, reason="All of it.")
    make_plain(program=program)
    automatic.approve_owed(at=MONDAY)
    telling.tell_owed(at=MONDAY)
    drawing.draw_owed(at=MONDAY)
    SecondReview.objects.exclude(kind=SecondReviewKind.AUTOMATIC).delete()
    bea = make_reviewer("bea")
    review = second_reviews.take_next(by=bea, at=MONDAY)
    return second_reviews.give(review, by=bea, at=MONDAY, outcome=outcome, categories=["fraud_spam"])


def test_the_sample_is_drawn_and_agreement_counts_for_the_rule():
    program, rule = measured()

    review = look_again(program, "approved")
    matches.settle_owed(at=MONDAY)

    assert review.kind == SecondReviewKind.AUTOMATIC
    assert matches.shares([rule.versions.get().pk]).popitem()[1].right == 13


def test_another_answer_opens_a_card_and_counts_against_the_rule():
    program, rule = measured()

    review = look_again(program, "rejected")
    matches.settle_owed(at=MONDAY)

    share = matches.shares([rule.versions.get().pk]).popitem()[1]
    assert (share.right, share.of, hasattr(review, "reconciliation")) == (12, 13, True)


def test_a_senior_takes_it_back_before_it_is_told_and_people_decide():
    program, _ = measured()
    program.recall_minutes = 30
    program.save()
    case = make_plain(program=program)
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
    with pytest.raises(automatic.BadSample):
        automatic.switch(make_program(), on=True, sample=sample, by=make_senior(), at=MONDAY, reason="Fewer")


def test_the_page_switches_it_and_shows_since_when(client):
    program, _ = measured()
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
def test_bad_input_gets_a_sentence_and_switches_nothing(client, data):
    program, _ = measured(number=0)
    client.force_login(make_senior("sue"))

    answer = client.post(f"/admin/reviews/case/rules/automatic/{program.pk}/", data)

    assert (answer.status_code, AutomaticApproval.objects.count()) == (422, 1)
