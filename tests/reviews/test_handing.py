"""Putting a case aside, handing it over, taking it away."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Q

from audit import ledger
from audit.models import LedgerEntry
from onboarding.domain.programs import SayWhy
from reviews.domain import claims, erasure, giving, handing, slots
from reviews.models import Case, Claim
from tests.factories import (
    MONDAY,
    make_manager,
    make_organisation,
    make_owner,
    make_program,
    make_reviewer,
    make_senior,
    make_user,
    owners,
)
from tests.reviews.making import make_claimed

pytestmark = pytest.mark.django_db
TOMORROW = MONDAY + timedelta(days=1)
SOON = MONDAY + timedelta(minutes=1)


def hold(case, by, *, at=MONDAY, until=TOMORROW, reason="Waits for the lawyer."):
    return handing.hold(case, by=by, at=at, until=until, reason=reason)


def events(case):
    return list(ledger.of(case).values_list("event", flat=True))


# --- Put aside


def test_a_held_case_is_not_swept_before_its_end_and_does_not_count_as_abandoned():
    case, bob = make_claimed()
    held = hold(case, bob)

    swept = [claims.release_run_out(at=at) for at in (TOMORROW - timedelta(seconds=1), TOMORROW)]

    held.refresh_from_db()
    assert (swept, held.ended, events(case)[-2:]) == ([0, 1], "hold_over", ["case.held", "case.released"])
    assert LedgerEntry.objects.filter(reason="ran_out").count() == 0


def test_a_held_case_is_nobody_elses_meanwhile():
    case, bob = make_claimed()
    hold(case, bob)

    with pytest.raises(claims.HeldBy):
        claims.claim(case, by=make_reviewer("bea"), at=TOMORROW - timedelta(hours=1))


def test_what_is_put_aside_leaves_its_place_to_another():
    bob, program = make_reviewer(), make_program()
    first, *_ = [make_claimed(bob, program=program)[0] for _ in range(3)]
    hold(first, bob)
    fourth, _ = make_claimed(bob, program=program)

    with pytest.raises(slots.TooMany):
        claims.claim(first, by=bob, at=SOON)
    claims.release(fourth, by=bob, at=SOON)
    claims.claim(first, by=bob, at=SOON)

    assert sorted(Claim.objects.worked_on(SOON).values_list("slot", flat=True)) == [1, 2, 3]


def test_going_on_ends_the_hold_and_says_so():
    case, bob = make_claimed()
    hold(case, bob)

    going_on = claims.claim(case, by=bob, at=MONDAY + timedelta(hours=1))

    assert (going_on.held_at, going_on.expires_at) == (None, MONDAY + timedelta(minutes=75))
    assert events(case)[-2:] == ["case.held", "case.resumed"]


def test_an_open_page_does_not_end_a_hold():
    case, bob = make_claimed()
    hold(case, bob)

    assert claims.renew(case, by=bob, at=SOON).expires_at == TOMORROW


def test_a_hold_has_a_reason_and_an_end_within_two_weeks():
    case, bob = make_claimed()

    with pytest.raises(SayWhy):
        hold(case, bob, reason="  ")
    with pytest.raises(handing.TooLong, match="At most 500 characters; this has 501"):
        hold(case, bob, reason="x" * 501)
    for until in (MONDAY, MONDAY + timedelta(days=15)):
        with pytest.raises(handing.BadHold, match="within 14 days"):
            hold(case, bob, until=until)
    assert Claim.objects.get().held_at is None


def test_at_most_five_are_put_aside_at_once():
    bob, program = make_reviewer(), make_program()
    for _ in range(5):
        hold(make_claimed(bob, program=program)[0], bob)
    sixth, _ = make_claimed(bob, program=program)

    with pytest.raises(handing.BadHold, match="put 5 cases aside already"):
        hold(sixth, bob)


def test_nobody_puts_aside_what_they_do_not_have():
    case, _ = make_claimed()

    with pytest.raises(claims.HeldBy):
        hold(case, make_reviewer("bea"))


# --- Handed over


def test_a_case_is_handed_to_a_named_person_with_a_note():
    case, bob = make_claimed()
    bea = make_reviewer("bea")

    made = handing.hand_over(case, to=bea, by=bob, at=SOON, note="You know the field.")

    assert (made.reviewer, made.handed_by, made.handed_note) == (bea, bob, "You know the field.")
    assert claims.held(case, by=bea, at=SOON + timedelta(hours=3)) == made
    assert (Case.objects.get().state, events(case)[-1]) == ("claimed", "case.handed_over")
    assert LedgerEntry.objects.latest("id").details == {"to": f"user:{bea.pk}"}


def own(bea):
    return {"applicant": bea, "owner": make_owner(bea)}


def of_her_organisation(bea):
    alice = make_user("alice")
    return {"applicant": alice, "owner": owners.of_organisation(make_organisation(alice, bea))}


@pytest.mark.parametrize("whose", [own, of_her_organisation])
def test_hand_over_to_somebody_with_a_part_in_the_case_is_refused(whose):
    bea = make_reviewer("bea")
    case, bob = make_claimed(**whose(bea))

    with pytest.raises(handing.CannotBeGiven, match="Bea cannot take this case now"):
        handing.hand_over(case, to=bea, by=bob, at=SOON)

    assert claims.held(case, by=bob, at=SOON).reviewer == bob


@pytest.mark.parametrize("make", [make_manager, make_user])
def test_hand_over_to_somebody_who_does_not_review_is_refused(make):
    case, bob = make_claimed()

    with pytest.raises(handing.CannotBeGiven):
        handing.hand_over(case, to=make("dora"), by=bob, at=SOON)


def test_hand_over_asks_what_everything_asks(monkeypatch):
    case, bob = make_claimed()
    monkeypatch.setattr(giving, "kept_from", lambda user, *, at: Q(lane="notify"))

    with pytest.raises(handing.CannotBeGiven):
        handing.hand_over(case, to=make_reviewer("bea"), by=bob, at=SOON)


def test_hand_over_to_somebody_with_three_cases_is_refused_and_changes_nothing():
    bea, program = make_reviewer("bea"), make_program()
    for _ in range(3):
        make_claimed(bea, program=program)
    case, bob = make_claimed(program=program)

    with pytest.raises(slots.TooMany, match="Bea works on 3 cases already"):
        handing.hand_over(case, to=bea, by=bob, at=SOON)

    assert claims.held(case, by=bob, at=SOON).reviewer == bob


def test_nobody_hands_over_what_another_has_or_to_themselves():
    case, bob = make_claimed()
    bea = make_reviewer("bea")

    with pytest.raises(claims.HeldBy):
        handing.hand_over(case, to=bea, by=bea, at=SOON)
    with pytest.raises(handing.CannotBeGiven):
        handing.hand_over(case, to=bob, by=bob, at=SOON)


# --- Taken away


@pytest.mark.parametrize("make", [make_senior, make_manager])
def test_a_senior_or_a_manager_takes_a_case_away_with_a_reason_on_record(make):
    case, bob = make_claimed()
    hold(case, bob)
    keeper = make("keeper")

    handing.take_away(case, by=keeper, at=SOON, reason="Bob is ill.")

    was, row = Claim.objects.get(), LedgerEntry.objects.latest("id")
    assert (was.ended, was.released_by, was.release_reason) == ("forced", keeper, "Bob is ill.")
    assert (row.event, row.reason, row.actor) == ("case.released", "forced", f"user:{keeper.pk}")
    assert ledger.is_digest_of("Bob is ill.", row.details["why"])
    assert claims.take_next(by=make_reviewer("bea"), at=SOON).case == case


def test_a_case_is_not_taken_away_without_a_reason_the_duty_or_a_claim():
    case, bob = make_claimed()
    sam = make_senior()

    with pytest.raises(SayWhy):
        handing.take_away(case, by=sam, at=SOON, reason="")
    with pytest.raises(handing.NotYoursToTakeAway):
        handing.take_away(case, by=make_reviewer("bea"), at=SOON, reason="Mine.")
    claims.release(case, by=bob, at=SOON)
    with pytest.raises(handing.NothingToTakeAway):
        handing.take_away(case, by=sam, at=SOON, reason="Bob is ill.")


def test_nobody_takes_away_a_case_they_have_a_part_in():
    sam = make_senior()
    case, _ = make_claimed(applicant=sam, owner=make_owner(sam))

    with pytest.raises(handing.NotYoursToTakeAway):
        handing.take_away(case, by=sam, at=SOON, reason="It is mine.")


# --- The database refuses


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"held_at": MONDAY, "slot": None}, "claim_held_with_a_reason_and_no_slot"),
        ({"held_at": MONDAY, "held_reason": "x"}, "claim_held_with_a_reason_and_no_slot"),
        ({"handed_note": "x"}, "claim_handed_over_by_another"),
        ({"release_reason": "x"}, "claim_released_at_by"),
        ({"ended": "done"}, "claim_ended_how"),
        ({"ended": "nonsense", "released_at": MONDAY}, "claim_ended_how"),
    ],
)
def test_a_claim_cannot_be_bent_in_the_database(change, constraint):
    make_claimed()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Claim.objects.update(**change)


def test_what_was_written_beside_a_case_is_blanked_with_its_owners_account():
    case, bob = make_claimed()
    hold(case, bob, reason="About Alice.")
    handing.hand_over(case, to=make_reviewer("bea"), by=bob, at=SOON, note="About Alice.")
    handing.take_away(case, by=make_senior(), at=SOON, reason="About Alice.")

    erasure._forget(case.application.applicant, SOON)

    words = Claim.objects.values_list("held_reason", "handed_note", "release_reason")
    assert sorted(words) == [("", "(blanked)", "(blanked)"), ("(blanked)", "", "")]
