"""Decisions: what each must say, who signs, what happens twice or at once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain.programs import SayWhy
from onboarding.models import Application
from reviews.domain import claims, decisions, findings, signatures
from reviews.domain.statements import Field, Incomplete
from reviews.models import Case, Decision
from reviews.states import Outcome
from tests.factories import (
    MONDAY,
    make_manager,
    make_organisation,
    make_program,
    make_reviewer,
    make_senior,
    make_user,
    owners,
)
from tests.processes import race
from tests.reviews.making import SAYS, make_claimed, make_decision

APPROVE = {"outcome": "approved", "reason_code": "A1_notify_list"}


def decide(case, by, outcome=Outcome.APPROVED, at=MONDAY, **says):
    return decisions.decide(case, by=by, at=at, outcome=outcome, **SAYS[outcome] | says)


# --- What a decision says


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_is_kept_as_it_was_said(outcome):
    decision = make_decision(outcome, domains=["health"])

    says = SAYS[outcome]
    assert (decision.outcome, decision.reason_code) == (outcome, says["reason_code"])
    assert decision.conditions == says.get("conditions", [])
    assert decision.explanation
    assert "{" not in decision.explanation


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "says", "problem"),
    [
        (Outcome.APPROVED, {"reason_code": "R1_prohibited"}, Field.REASON_CODE),
        (Outcome.APPROVED, {"reason_code": "Z9"}, Field.REASON_CODE),
        (Outcome.APPROVED, {"reason_code": "A3_amendment"}, Field.EXPLANATION),
        (Outcome.APPROVED, {"explanation": "x" * 2001}, Field.EXPLANATION),
        (Outcome.APPROVED, {"categories": ["astrology"]}, Field.CATEGORIES),
        (Outcome.APPROVED_WITH_CONDITIONS, {"categories": ["health"], "conditions": []}, Field.CONDITIONS),
        (
            Outcome.APPROVED_WITH_CONDITIONS,
            {"categories": ["health"], "conditions": [{"category": "health", "text": " "}]},
            Field.CONDITIONS,
        ),
        (
            Outcome.APPROVED_WITH_CONDITIONS,
            {"conditions": [{"category": "health", "text": "x" * 301}]},
            Field.CONDITIONS,
        ),
        (
            Outcome.APPROVED_WITH_CONDITIONS,
            {"conditions": [{"category": "", "text": "be kind"}]},
            Field.CATEGORIES,
        ),
        (Outcome.NEEDS_INFORMATION, {"question": "  "}, Field.QUESTION),
        (Outcome.NEEDS_INFORMATION, {"categories": []}, Field.CATEGORIES),
        (Outcome.REJECTED, {"categories": []}, Field.CATEGORIES),
        (Outcome.REJECTED, {"facts": ""}, Field.FACTS),
        (Outcome.REJECTED, {"facts": "x" * 5001}, Field.FACTS),
        (Outcome.REJECTED, {"what_would_change": "\n"}, Field.WHAT_WOULD_CHANGE),
        (Outcome.REJECTED, {"reapply_after_days": 30, "reapply_never": True}, Field.REAPPLY),
        (Outcome.REJECTED, {"reapply_after_days": 4000}, Field.REAPPLY),
        (Outcome.REJECTED, {"reapply_after_days": -1}, Field.REAPPLY),
        (Outcome.REJECTED, {"reason_code": "R5_location"}, Field.EXPLANATION),
    ],
)
def test_what_is_missing_is_named_by_field_and_nothing_is_kept(outcome, says, problem):
    case, bob = make_claimed()

    with pytest.raises(Incomplete) as caught:
        decide(case, bob, outcome, **says)

    assert list(caught.value.problems) == [problem]
    assert (Decision.objects.count(), Case.objects.get().state) == (0, "claimed")


@pytest.mark.django_db
def test_an_unknown_outcome_is_refused():
    case, bob = make_claimed()

    with pytest.raises(Incomplete):
        decisions.decide(case, by=bob, at=MONDAY, outcome="maybe", reason_code="A1_notify_list")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "more", "days", "never"),
    [
        ("R4_identity", {}, 0, False),
        ("R2_no_accountable_person", {"explanation": "Nobody answers for it."}, 30, False),
        ("R5_location", {"explanation": "We may not."}, None, True),
        ("R4_identity", {"reapply_after_days": 90}, 90, False),
        ("R4_identity", {"reapply_never": True}, None, True),
    ],
)
def test_a_rejection_takes_the_reasons_rule_for_applying_again_unless_it_says_its_own(
    code, more, days, never
):
    decision = make_decision(Outcome.REJECTED, says={"reason_code": code} | more)

    assert (decision.reapply_after_days, decision.reapply_never) == (days, never)


@pytest.mark.django_db
def test_the_categories_of_conditions_are_cited_too():
    decision = make_decision(Outcome.APPROVED_WITH_CONDITIONS, says={"categories": ["education_minors"]})

    assert decision.categories == ["education_minors", "health"]


@pytest.mark.django_db
def test_an_approval_with_a_concern_names_the_category():
    case, bob = make_claimed()
    findings.record(case, by=bob, at=MONDAY, verdicts={"health": ("concern", "")})

    with pytest.raises(Incomplete):
        decide(case, bob)

    assert decide(case, bob, categories=["health"]).categories == ["health"]


@pytest.mark.django_db
def test_nobody_approves_what_they_found_to_violate():
    case, bob = make_claimed()
    findings.record(case, by=bob, at=MONDAY, verdicts={"weapons": ("violates", "")})

    with pytest.raises(Incomplete):
        decide(case, bob, categories=["weapons"])


# --- Who may, and when


@pytest.mark.django_db
def test_a_case_one_does_not_hold_is_not_decided():
    case, bob = make_claimed()

    with pytest.raises(claims.HeldBy):
        decide(case, make_reviewer("bea"))
    with pytest.raises(claims.NotHeld):
        decide(case, bob, at=MONDAY + timedelta(hours=1))

    assert not Decision.objects.exists()


@pytest.mark.django_db
def test_who_joined_the_applicants_organisation_meanwhile_does_not_decide():
    alice = make_user("alice")
    case, bob = make_claimed(applicant=alice)
    make_organisation(alice, bob)

    with pytest.raises(claims.NotForYou):
        decide(case, bob)


@pytest.mark.django_db
def test_a_double_click_is_one_decision():
    case, bob = make_claimed()

    first, second = decide(case, bob), decide(case, bob)

    assert first == second
    assert LedgerEntry.objects.filter(event=Event.DECISION_PROPOSED).count() == 1


@pytest.mark.django_db
def test_the_slower_of_two_people_reads_who_decided_and_when():
    case, bob = make_claimed()
    decide(case, bob)

    with pytest.raises(decisions.AlreadyDecided, match="Bob decided this case 60 seconds ago: approve"):
        decide(case, make_reviewer("bea"), Outcome.REJECTED, at=MONDAY + timedelta(minutes=1))
    with pytest.raises(decisions.AlreadyDecided):
        decide(case, bob, Outcome.REJECTED, at=MONDAY + timedelta(minutes=1))

    assert Decision.objects.get().outcome == Outcome.APPROVED


@pytest.mark.django_db
def test_deciding_ends_the_claim():
    case, bob = make_claimed()

    decide(case, bob)

    assert not case.claims.filter(released_at=None).exists()


# --- The second person


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "code", "fields", "second"),
    [
        ("approved", "A1_notify_list", {}, "nobody"),
        ("approved", "A1_notify_list", {"risk_level": 2}, "nobody"),
        ("approved", "A1_notify_list", {"lane": "hold"}, "nobody"),
        ("approved", "A1_notify_list", {"domains": ["health"]}, "reviewer"),
        ("approved", "A1_notify_list", {"risk_level": 3}, "reviewer"),
        ("approved", "A1_notify_list", {"lane": "refuse"}, "reviewer"),
        ("approved", "A1_notify_list", {"risk_level": 4}, "senior"),
        ("approved", "A1_notify_list", {"risk_level": 4, "domains": ["health"]}, "senior"),
        ("rejected", "R4_identity", {}, "nobody"),
        ("rejected", "R1_prohibited", {}, "reviewer"),
        ("rejected", "R4_identity", {"lane": "refuse"}, "reviewer"),
        ("rejected", "R1_prohibited", {"risk_level": 4}, "senior"),
        ("approved_with_conditions", "C3_human_review", {}, "nobody"),
        ("approved_with_conditions", "C1_domain_conditions", {}, "reviewer"),
        (
            "needs_information",
            "I1_too_vague",
            {"risk_level": 4, "lane": "refuse", "domains": ["health"]},
            "nobody",
        ),
    ],
)
def test_the_one_rule_says_who_signs(outcome, code, fields, second):
    says = {"reason_code": code, "explanation": "Because it is so."}

    decision = make_decision(outcome, says=says, **fields)

    expected = {"nobody": "decided", "reviewer": "awaiting_second", "senior": "awaiting_second"}[second]
    expected = "awaiting_applicant" if outcome == "needs_information" else expected
    assert (decision.second, Case.objects.get().state) == (second, expected)
    assert (decision.tell_at == MONDAY) == (second == "nobody")


@pytest.mark.django_db
def test_signing_makes_it_final_and_twice_is_once():
    decision, bea = make_decision(domains=["health"]), make_reviewer("bea")

    for _ in range(2):
        signatures.sign(decision, by=bea, at=MONDAY)

    decision.refresh_from_db()
    assert (decision.signed_by, decision.tell_at, Case.objects.get().state) == (bea, MONDAY, "decided")
    assert LedgerEntry.objects.filter(event=Event.DECISION_SIGNED).count() == 1


@pytest.mark.django_db
def test_nobody_signs_their_own_decision():
    decision = make_decision(domains=["health"])

    with pytest.raises(signatures.NotYoursToSign):
        signatures.sign(decision, by=decision.decided_by, at=MONDAY)
    with pytest.raises(IntegrityError, match="nobody_signs_their_own_decision"), transaction.atomic():
        Decision.objects.update(signed_by=decision.decided_by, signed_at=MONDAY)


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["sign", "give_back"])
def test_nobody_signs_with_a_part_in_the_case_or_without_the_duty(verb):
    alice, bea = make_user("alice"), make_reviewer("bea")
    decision = make_decision(
        domains=["health"], applicant=alice, owner=owners.of_organisation(make_organisation(alice, bea))
    )
    reason = {"reason": "No."} if verb == "give_back" else {}

    for person in (bea, alice, make_manager()):
        with pytest.raises(signatures.NotYoursToSign):
            getattr(signatures, verb)(decision, by=person, at=MONDAY, **reason)


@pytest.mark.django_db
def test_at_level_four_only_a_senior_reviewer_signs():
    decision = make_decision(risk_level=4)

    with pytest.raises(signatures.NotYoursToSign, match="senior"):
        signatures.sign(decision, by=make_reviewer("bea"), at=MONDAY)

    assert signatures.sign(decision, by=make_senior(), at=MONDAY).signed_at == MONDAY


@pytest.mark.django_db
def test_a_decision_that_needs_nobody_is_not_signed():
    with pytest.raises(signatures.NotYoursToSign):
        signatures.sign(make_decision(), by=make_reviewer("bea"), at=MONDAY)


@pytest.mark.django_db
def test_giving_back_puts_the_case_into_the_queue_with_the_words_kept_out_of_the_ledger():
    decision, bea = make_decision(domains=["health"]), make_reviewer("bea")

    signatures.give_back(decision, by=bea, at=MONDAY, reason="The dose table is not covered.")

    decision.refresh_from_db()
    assert (decision.returned_by, decision.return_reason) == (bea, "The dose table is not covered.")
    assert Case.objects.get().state == "open"
    assert not LedgerEntry.objects.filter(reason__contains="dose").exists()


@pytest.mark.django_db
def test_giving_back_needs_a_reason():
    decision = make_decision(domains=["health"])

    bea = make_reviewer("bea")

    with pytest.raises(SayWhy):
        signatures.give_back(decision, by=bea, at=MONDAY, reason=" ")
    with pytest.raises(Incomplete):
        signatures.give_back(decision, by=bea, at=MONDAY, reason="x" * 1001)


@pytest.mark.django_db
def test_what_one_gave_back_another_cannot_sign_any_more():
    decision, bea = make_decision(domains=["health"]), make_reviewer("bea")
    signatures.give_back(decision, by=bea, at=MONDAY, reason="No.")

    with pytest.raises(signatures.NothingToSign, match="Bea gave this decision back on 23 November"):
        signatures.sign(decision, by=make_senior(), at=MONDAY)


@pytest.mark.django_db
def test_a_case_given_back_is_decided_anew():
    decision, bea = make_decision(domains=["health"]), make_reviewer("bea")
    signatures.give_back(decision, by=bea, at=MONDAY, reason="No.")
    claims.claim(decision.case, by=bea, at=MONDAY)

    again = decide(decision.case, bea, categories=["health"])
    signatures.sign(again, by=decision.decided_by, at=MONDAY)

    assert (again != decision, Case.objects.get().state) == (True, "decided")


# --- At once, with real processes


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_two_people_and_a_double_click_at_once_make_one_decision():
    case, bob = make_claimed()
    bea = make_reviewer("bea")
    by_bob = ["decide", str(case.pk), str(bob.pk), MONDAY.isoformat(), "approved", "A1_notify_list"]
    by_bea = ["decide", str(case.pk), str(bea.pk), MONDAY.isoformat(), "approved", "A2_safeguards_fit"]

    said = race(by_bob, by_bea, by_bob, by_bea, by_bob)

    decision = Decision.objects.get()
    assert decision.decided_by == bob
    assert [answer for answer in said if answer.isdigit()] == [str(decision.pk)] * 3
    assert LedgerEntry.objects.filter(event=Event.DECISION_PROPOSED).count() == 1


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_of_four_who_sign_at_once_exactly_one_signed():
    decision = make_decision(domains=["health"])
    reviewers = [make_reviewer(f"signer{number}") for number in range(4)]

    said = race(*[["sign", str(decision.pk), str(reviewer.pk), MONDAY.isoformat()] for reviewer in reviewers])

    decision.refresh_from_db()
    assert sorted(said) == sorted([str(decision.signed_by_id), "refused", "refused", "refused"])
    assert LedgerEntry.objects.filter(event=Event.DECISION_SIGNED).count() == 1


# --- What the database refuses on its own


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "approved"},
        {"facts": ""},
        {"what_would_change": ""},
        {"categories": []},
        {"reapply_never": True},
        {"reapply_after_days": None},
        {"told_at": MONDAY, "second": "reviewer"},
        {"conditions": [{"category": "", "text": "x"}]},
        {"returned_at": MONDAY},
    ],
)
def test_a_decision_cannot_be_bent_in_the_database(change):
    make_decision(Outcome.REJECTED)

    with (
        pytest.raises(Exception, match=r"violates check constraint|Cannot update|second person"),
        transaction.atomic(),
    ):
        Decision.objects.update(**change)


@pytest.mark.django_db
def test_the_application_waits_until_the_decision_is_told():
    make_decision(program=make_program(recall_minutes=30))

    assert Application.objects.get().state == "in_review"
