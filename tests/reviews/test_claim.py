"""Claims: one person a case, for a while, and never one's own."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.domain import memberships
from accounts.models import Membership
from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import applications
from onboarding.permissions import has_part_in
from reviews.domain import claims
from reviews.models import Case, Claim
from tests.factories import (
    MONDAY,
    make_manager,
    make_organisation,
    make_owner,
    make_program,
    make_reviewer,
    make_user,
    owners,
)
from tests.processes import race
from tests.reviews.making import make_case, make_claimed, make_decision

LATER = MONDAY + timedelta(minutes=16)


@pytest.mark.django_db
def test_claiming_holds_the_case_for_the_programs_time_and_takes_the_application_up():
    case, bob = make_case(make_program(claim_minutes=20)), make_reviewer()

    claim = claims.claim(case, by=bob, at=MONDAY)

    case = Case.objects.select_related("application").get()
    assert (case.state, case.application.state) == ("claimed", "in_review")
    assert (claim.reviewer, claim.expires_at) == (bob, MONDAY + timedelta(minutes=20))


@pytest.mark.django_db
def test_claiming_again_holds_it_longer_and_writes_nothing_into_the_ledger():
    case, bob = make_claimed()

    claims.claim(case, by=bob, at=MONDAY + timedelta(minutes=10))

    assert Claim.objects.get().expires_at == MONDAY + timedelta(minutes=25)
    assert LedgerEntry.objects.filter(event=Event.CASE_CLAIMED).count() == 1


@pytest.mark.django_db
def test_somebody_elses_claim_stands_until_it_runs_out():
    case, _ = make_claimed()
    bea = make_reviewer("bea")

    with pytest.raises(claims.HeldBy, match="Bob has this case until 12:15"):
        claims.claim(case, by=bea, at=MONDAY + timedelta(minutes=14))
    taken = claims.claim(case, by=bea, at=LATER)

    assert list(Claim.objects.filter(released_at=None)) == [taken]
    events = (
        LedgerEntry.objects.filter(subject_type="reviews.case").order_by("id").values_list("event", "reason")
    )
    assert list(events)[2:] == [(Event.CASE_RELEASED, "ran_out"), (Event.CASE_CLAIMED, "")]


@pytest.mark.django_db
def test_who_comes_back_after_the_claim_ran_out_goes_on_if_nobody_took_it():
    case, bob = make_claimed()

    claims.claim(case, by=bob, at=LATER)

    assert claims.held(case, by=bob, at=LATER).reviewer == bob


@pytest.mark.django_db
def test_releasing_puts_the_case_back_and_twice_is_once():
    case, bob = make_claimed()

    claims.release(case, by=bob, at=MONDAY)
    claims.release(case, by=bob, at=MONDAY)

    assert (Case.objects.get().state, Claim.objects.filter(released_at=None).count()) == ("open", 0)
    assert LedgerEntry.objects.filter(event=Event.CASE_RELEASED).count() == 1


@pytest.mark.django_db
def test_nobody_releases_for_somebody_else():
    case, _ = make_claimed()

    with pytest.raises(claims.NotHeld):
        claims.release(case, by=make_reviewer("bea"), at=MONDAY)


@pytest.mark.django_db
def test_the_payer_releases_what_ran_out_and_nothing_else():
    program = make_program()
    run_out, _ = make_claimed(program=program)
    make_claimed(make_reviewer("bea"), program=program, at=LATER - timedelta(minutes=5))

    released = [claims.release_run_out(at=LATER), claims.release_run_out(at=LATER)]

    assert (released, list(Case.objects.filter(state="open"))) == ([1, 0], [run_out])


@pytest.mark.django_db
def test_a_withdrawn_application_cannot_be_claimed():
    case = make_case()
    applications.withdraw(case.application, by=case.application.applicant, at=MONDAY)

    with pytest.raises(claims.NothingToClaim):
        claims.claim(case, by=make_reviewer(), at=MONDAY)


@pytest.mark.django_db
def test_what_is_decided_cannot_be_claimed():
    decision = make_decision()

    with pytest.raises(claims.NothingToClaim):
        claims.claim(decision.case, by=make_reviewer("bea"), at=MONDAY)


def own(reviewer):
    return {"applicant": reviewer, "owner": make_owner(reviewer)}


def of_my_organisation(reviewer):
    colleague = make_user("alice")
    return {"applicant": colleague, "owner": owners.of_organisation(make_organisation(colleague, reviewer))}


def of_my_organisation_by_somebody_who_left(reviewer):
    return {"applicant": make_user("alice"), "owner": owners.of_organisation(make_organisation(reviewer))}


def of_a_colleague_in_their_own_name(reviewer):
    colleague = make_user("alice")
    make_organisation(colleague, reviewer)
    return {"applicant": colleague, "owner": make_owner(colleague)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "whose",
    [own, of_my_organisation, of_my_organisation_by_somebody_who_left, of_a_colleague_in_their_own_name],
)
def test_nobody_claims_a_case_they_have_a_part_in(whose):
    bob = make_reviewer()
    case = make_case(**whose(bob))

    with pytest.raises(claims.NotForYou):
        claims.claim(case, by=bob, at=MONDAY)


@pytest.mark.django_db
def test_nobody_claims_what_they_sent_for_an_organisation_they_have_left():
    bob = make_reviewer()
    case = make_case()
    sent = case.application.revisions.get()
    sent.pk, sent.number, sent.submitted_by = None, 2, bob
    sent.save()

    with pytest.raises(claims.NotForYou):
        claims.claim(case, by=bob, at=MONDAY)


@pytest.mark.django_db
@pytest.mark.parametrize("make", [make_manager, make_user])
def test_nobody_claims_without_the_duty(make):
    case = make_case()

    with pytest.raises(claims.NotForYou):
        claims.claim(case, by=make("dora"), at=MONDAY)


@pytest.mark.django_db
def test_the_database_refuses_a_second_unreleased_claim():
    case, bob = make_claimed()

    with pytest.raises(IntegrityError, match="one_unreleased_claim_per_case"), transaction.atomic():
        Claim.objects.create(case=case, reviewer=bob, claimed_at=MONDAY, expires_at=LATER)


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_of_six_reviewers_who_claim_at_once_exactly_one_has_it():
    case = make_case()
    reviewers = [make_reviewer(f"reviewer{number}") for number in range(6)]

    said = race(*[["claim", str(case.pk), str(reviewer.pk), MONDAY.isoformat()] for reviewer in reviewers])

    assert sorted(said) == ["claimed"] + ["refused"] * 5
    assert Claim.objects.count() == LedgerEntry.objects.filter(event=Event.CASE_CLAIMED).count() == 1


@pytest.mark.django_db
def test_a_case_of_an_organisation_one_left_stays_ones_own():
    alice, bob = make_user("alice"), make_reviewer()
    pygma = make_organisation(alice)
    Membership.objects.create(organisation=pygma, user=bob)
    case = make_case(applicant=alice, owner=owners.of_organisation(pygma))
    memberships.leave(pygma, by=bob, at=MONDAY)

    assert has_part_in(bob, case.application)
    with pytest.raises(claims.NotForYou):
        claims.claim(case, by=bob, at=LATER)
