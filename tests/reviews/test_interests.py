"""Declared interests: obeyed everywhere, seen by nobody else, overridden for one case in writing; never one's own."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.domain import owners
from audit import ledger
from audit.models import LedgerEntry
from enforcement.domain import appeals
from onboarding.domain.programs import SayWhy
from onboarding.models import Application
from reviews.domain import claims, decisions, handing, interests, optouts, signatures
from reviews.models import Interest, InterestOverride
from reviews.permissions import has_part_in, may_see_case
from tests.enforcement.appealing import make_appeal, make_rejection
from tests.factories import (
    MONDAY,
    make_manager,
    make_organisation,
    make_owner,
    make_reviewer,
    make_senior,
    make_user,
)
from tests.reviews.making import SAYS, make_case, make_claimed

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea():
    """Bea declared an interest in Pygma Labs and in example.net."""
    bea = make_reviewer("bea")
    interests.declare("organisation", "  PYGMA   labs", by=bea, at=MONDAY)
    interests.declare("domain", "https://www.Example.net/about", by=bea, at=MONDAY)
    return bea


def make_pygmas(**fields):
    alice = make_user("alice")
    return make_case(applicant=alice, owner=owners.of_organisation(make_organisation(alice)), **fields)


# --- what they are about


def test_an_organisation_counts_by_its_full_name(bea):
    alice = make_user("al")
    case = make_case(
        applicant=alice, owner=owners.of_organisation(make_organisation(alice, name="Pygma Labs Two"))
    )

    assert (has_part_in(bea, make_pygmas().application), has_part_in(bea, case.application)) == (True, False)


@pytest.mark.parametrize(
    ("address", "counts"),
    [
        ("ann@example.net", True), ("ann@mail.example.net", True), ("ann@notexample.net", False),
        ("example.net@example.org", False), ("ann@example.net.org", False),
    ],
)  # fmt: skip
def test_a_domain_counts_by_the_applicants_address(bea, address, counts):
    case = make_case()
    type(case.application.applicant).objects.filter(pk=case.application.applicant_id).update(email=address)

    assert has_part_in(bea, case.application) is counts


def test_a_domain_counts_where_it_is_verified_for_the_organisation(bea):
    alice = make_user("alice")
    organisation = make_organisation(alice, name="Another")
    case = make_case(applicant=alice, owner=owners.of_organisation(organisation))
    proof = {"verified_at": MONDAY, "verified_by": alice}
    organisation.domains.create(domain="labs.example.net", **proof)

    assert has_part_in(bea, case.application) is True
    organisation.domains.update(ended_at=MONDAY)
    assert has_part_in(bea, case.application) is False


def test_an_imported_application_without_applicant_is_seen_whatever_one_declared(bea):
    case = make_case()
    Application.objects.filter(pk=case.application_id).update(applicant=None)

    assert claims.take_next(by=bea, at=MONDAY).case == case


# --- obeyed on every path


def test_what_one_declared_is_not_offered_not_picked_and_not_seen(bea):
    case, other = make_pygmas(at=MONDAY - timedelta(days=1)), make_case()

    assert claims.take_next(by=bea, at=MONDAY).case == other
    assert may_see_case(bea, case) is False
    with pytest.raises(claims.NotForYou):
        claims.claim(case, by=bea, at=MONDAY)


def test_what_one_declared_is_not_handed_over(bea):
    bob, case = make_reviewer(), make_pygmas()
    claims.claim(case, by=bob, at=MONDAY)

    with pytest.raises(handing.CannotBeGiven):
        handing.hand_over(case, to=bea, by=bob, at=MONDAY)


def test_what_one_declared_is_not_decided_although_one_held_it_before():
    case, bob = make_claimed()
    interests.declare("domain", "example.org", by=bob, at=MONDAY)

    with pytest.raises(claims.NotForYou):
        decisions.decide(case, by=bob, at=MONDAY, outcome="approved", **SAYS["approved"])


def test_what_one_declared_is_not_signed(bea):
    bob, case = make_reviewer(), make_pygmas(domains=["health"])
    claims.claim(case, by=bob, at=MONDAY)
    decision = decisions.decide(case, by=bob, at=MONDAY, outcome="approved", **SAYS["approved"])

    with pytest.raises(signatures.NotYoursToSign):
        signatures.sign(decision, by=bea, at=MONDAY)


def test_an_appeal_about_what_one_declared_is_not_taken_up():
    sam = make_senior()
    appeal = make_appeal(make_rejection())
    interests.declare("domain", "example.org", by=sam, at=MONDAY)

    with pytest.raises(appeals.NotForYou):
        appeals.take(appeal, by=sam, at=MONDAY)


# --- declaring


def test_declaring_twice_is_once_and_ending_keeps_the_row(bea):
    interests.declare("organisation", "Pygma Labs", by=bea, at=MONDAY)
    first = Interest.objects.get(kind="organisation")

    interests.end(first, by=bea, at=MONDAY)
    interests.end(first, by=bea, at=MONDAY + timedelta(1))

    assert (Interest.objects.count(), Interest.objects.get(pk=first.pk).ended_at) == (2, MONDAY)
    assert may_see_case(bea, make_pygmas()) is True


def test_declaring_leaves_no_row_in_the_ledger():
    bob, before = make_reviewer(), LedgerEntry.objects.count()

    interests.declare("domain", "example.org", by=bob, at=MONDAY)

    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize(
    ("kind", "name"),
    [("domain", "org"), ("domain", "a b.org"), ("domain", "-x.org"), ("organisation", " \0 "), ("person", "Ann"),
     ("organisation", "x" * 201), ("domain", "x" * 300 + ".org")],
)  # fmt: skip
def test_what_is_no_name_and_no_domain_is_refused(kind, name):
    with pytest.raises(interests.BadInterest):
        interests.declare(kind, name, by=make_reviewer(), at=MONDAY)


def test_nobody_ends_anothers_interest(bea):
    with pytest.raises(optouts.NotAReviewer):
        interests.end(Interest.objects.first(), by=make_reviewer(), at=MONDAY)


# --- overrides


def test_an_override_lets_one_reviewer_into_one_case(bea):
    case, dora = make_pygmas(), make_manager()
    other = make_case(applicant=make_user("al"), owner=case.application.owner)

    given = interests.override(case, reviewer=bea, by=dora, at=MONDAY, reason="Nobody else reads Finnish.")

    row = LedgerEntry.objects.get(event="override.given")
    assert (row.actor, row.details) == (f"user:{dora.pk}", {"case": case.pk, "reviewer": f"user:{bea.pk}"})
    assert ledger.is_digest_of(given.reason, row.reason)
    assert claims.claim(case, by=bea, at=MONDAY).reviewer == bea
    assert may_see_case(bea, other) is False


def test_an_override_of_nothing_is_given_just_the_same_so_that_it_tells_nothing():
    bob, case = make_reviewer(), make_case()

    interests.override(case, reviewer=bob, by=make_manager(), at=MONDAY, reason="In case")
    interests.override(case, reviewer=bob, by=make_senior(), at=MONDAY, reason="In case")

    assert (InterestOverride.objects.count(), LedgerEntry.objects.filter(event="override.given").count()) == (
        1,
        1,
    )


def test_ones_own_and_ones_organisations_case_is_never_overridden():
    bob, dora = make_reviewer(), make_manager()
    own = make_case(applicant=bob, owner=make_owner(bob))
    organisations = make_case(owner=owners.of_organisation(make_organisation(make_user("alice"), bob)))

    for case in (own, organisations):
        with pytest.raises(interests.CannotOverride, match="nobody can let them"):
            interests.override(case, reviewer=bob, by=dora, at=MONDAY, reason="Please")
    assert not InterestOverride.objects.exists()


def test_an_override_needs_a_reason_another_person_and_the_duty(bea):
    case, sam = make_pygmas(), make_senior()
    interests.declare("organisation", "Pygma Labs", by=sam, at=MONDAY)

    with pytest.raises(SayWhy):
        interests.override(case, reviewer=bea, by=make_manager(), at=MONDAY, reason=" ")
    for reviewer, by in ((sam, sam), (bea, make_reviewer())):
        with pytest.raises(interests.CannotOverride, match="for somebody else"):
            interests.override(case, reviewer=reviewer, by=by, at=MONDAY, reason="Please")


def test_the_database_refuses_an_override_by_oneself():
    sam = make_senior()

    with pytest.raises(IntegrityError, match="override_in_writing_by_another"), transaction.atomic():
        InterestOverride.objects.create(
            case=make_case(), reviewer=sam, reason="x", given_by=sam, given_at=MONDAY
        )
