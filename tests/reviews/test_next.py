"""Taking the next case, three at once, and going on with it: who gets what, also when all ask at the same moment."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Q

from audit.events import Event
from audit.models import LedgerEntry
from reviews.domain import claims, decisions, giving, slots
from reviews.models import Case, Claim
from tests.factories import (
    MONDAY,
    make_manager,
    make_owner,
    make_program,
    make_reviewer,
    make_user,
)
from tests.processes import race
from tests.reviews.making import SAYS, make_case, make_claimed

LATER = MONDAY + timedelta(minutes=16)


@pytest.mark.django_db
def test_next_is_the_first_of_the_queue_that_nobody_has():
    program, bob = make_program(), make_reviewer()
    make_case(program, title="third", risk_score=5)
    make_case(program, title="second", risk_score=10)
    make_claimed(make_reviewer("bea"), program=program, title="first", risk_score=90)

    taken = [claims.take_next(by=bob, at=MONDAY) for _ in range(2)]

    assert [claim.case.application.title for claim in taken] == ["second", "third"]
    case = Case.objects.select_related("application").get(pk=taken[0].case_id)
    assert (case.state, case.application.state, taken[0].expires_at) == (
        "claimed",
        "in_review",
        MONDAY + timedelta(minutes=15),
    )


@pytest.mark.django_db
def test_next_says_so_when_nothing_waits():
    make_claimed(make_reviewer("bea"))

    with pytest.raises(claims.NothingWaits):
        claims.take_next(by=make_reviewer(), at=MONDAY)


@pytest.mark.django_db
def test_next_keeps_to_what_was_asked_for():
    bob = make_reviewer()
    make_case(make_program("codex"), risk_score=90)
    asked = make_case(make_program("images"))

    assert claims.take_next(by=bob, at=MONDAY, wanted=Q(program__slug="images")).case_id == asked.pk


@pytest.mark.django_db
def test_next_passes_by_ones_own_case():
    bob = make_reviewer()
    make_case(risk_score=90, applicant=bob, owner=make_owner(bob))
    other = make_case()

    assert claims.take_next(by=bob, at=MONDAY).case_id == other.pk


@pytest.mark.django_db
@pytest.mark.parametrize("make", [make_manager, make_user])
def test_next_is_for_reviewers(make):
    make_case()

    with pytest.raises(giving.NotForYou):
        claims.take_next(by=make("dora"), at=MONDAY)


@pytest.mark.django_db
def test_nobody_is_given_what_they_are_kept_from_by_any_path(monkeypatch):
    """Whatever `kept_from` comes to hold: next and pick ask it; handing over does in test_handing."""
    bob, case = make_reviewer(), make_case()
    monkeypatch.setattr(giving, "kept_from", lambda user, *, at: Q(lane="notify"))

    with pytest.raises(claims.NothingWaits):
        claims.take_next(by=bob, at=MONDAY)
    with pytest.raises(giving.NotForYou):
        claims.claim(case, by=bob, at=MONDAY)


@pytest.mark.django_db
@pytest.mark.parametrize("waiting", [1, 3])
def test_a_pull_takes_the_same_few_statements_whatever_waits(waiting, django_assert_num_queries):
    """Twelve, and two for the savepoint of a test: it was 26, and that was what made a pull slow."""
    bob, program = make_reviewer(), make_program()
    for _ in range(waiting):
        make_case(program)
    bob.get_all_permissions()  # a request reads them before it comes here

    with django_assert_num_queries(14):
        claims.take_next(by=bob, at=MONDAY)


# --- Three at once


@pytest.mark.django_db
def test_nobody_works_on_more_than_three_cases_at_once():
    bob, program = make_reviewer(), make_program()
    cases = [make_case(program) for _ in range(4)]
    for case in cases[:3]:
        claims.claim(case, by=bob, at=MONDAY)

    with pytest.raises(slots.TooMany, match="You work on 3 cases already"):
        claims.claim(cases[3], by=bob, at=MONDAY)
    with pytest.raises(slots.TooMany):
        claims.take_next(by=bob, at=MONDAY)
    decisions.decide(cases[0], by=bob, at=MONDAY, outcome="approved", **SAYS["approved"])

    assert claims.take_next(by=bob, at=MONDAY).case == cases[3]


@pytest.mark.django_db
def test_what_ran_out_does_not_keep_anybody_from_the_next_and_cannot_be_gone_on_with_as_a_fourth():
    bob, program = make_reviewer(), make_program()
    first, *_ = [make_claimed(bob, program=program)[0] for _ in range(3)]
    for _ in range(3):
        make_case(program)
        claims.take_next(by=bob, at=LATER)

    with pytest.raises(slots.TooMany):
        claims.renew(first, by=bob, at=LATER)
    assert sorted(Claim.objects.live(LATER).values_list("slot", flat=True)) == [1, 2, 3]


@pytest.mark.django_db
def test_the_database_refuses_two_claims_of_one_person_in_one_slot():
    _, bob = make_claimed()
    other = make_case()

    with pytest.raises(IntegrityError, match="one_claim_per_slot"), transaction.atomic():
        Claim.objects.create(case=other, reviewer=bob, claimed_at=MONDAY, expires_at=LATER, slot=1)
    with pytest.raises(IntegrityError, match="claim_slot_known"), transaction.atomic():
        Claim.objects.create(case=other, reviewer=bob, claimed_at=MONDAY, expires_at=LATER, slot=4)


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_at_most_three_at_once_also_in_a_race():
    bob, program, at = make_reviewer(), make_program(), MONDAY.isoformat()
    cases = [make_case(program) for _ in range(6)]
    picks = [["claim", str(case.pk), str(bob.pk), at] for case in cases[:3]]

    said = race(*picks, *[["take_next", str(bob.pk), at]] * 4)

    assert said.count("claimed") >= 3  # who picks what they have just been given holds it longer, that is all
    assert sorted(Claim.objects.values_list("slot", flat=True)) == [1, 2, 3]


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_of_six_who_take_the_next_at_once_each_has_another_case():
    program, at = make_program(), MONDAY.isoformat()
    for _ in range(5):
        make_case(program)
    reviewers = [make_reviewer(f"reviewer{number}") for number in range(6)]

    said = race(*[["take_next", str(reviewer.pk), at] for reviewer in reviewers])

    assert sorted(said) == ["NothingWaits"] + ["claimed"] * 5
    assert Claim.objects.values("case").distinct().count() == Claim.objects.count() == 5
    assert LedgerEntry.objects.filter(event=Event.CASE_CLAIMED).count() == 5


# --- Going on


@pytest.mark.django_db
def test_an_open_page_holds_the_case_longer_without_a_word_in_the_ledger():
    case, bob = make_claimed()

    claims.renew(case, by=bob, at=MONDAY + timedelta(minutes=14))

    assert Claim.objects.get().expires_at == MONDAY + timedelta(minutes=29)
    assert LedgerEntry.objects.filter(subject_type="reviews.case").count() == 2  # opened, claimed


@pytest.mark.django_db
def test_an_open_page_takes_nothing_back_from_whoever_has_it_now():
    case, bob = make_claimed()
    claims.claim(case, by=make_reviewer("bea"), at=LATER)

    with pytest.raises(claims.HeldBy, match="Bea has this case"):
        claims.renew(case, by=bob, at=LATER)


@pytest.mark.django_db
def test_an_open_page_does_not_claim_what_was_released():
    case, bob = make_claimed()
    claims.release_run_out(at=LATER)

    with pytest.raises(claims.NotHeld):
        claims.renew(case, by=bob, at=LATER)
