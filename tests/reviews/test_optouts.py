"""Who does not take a kind of case is given none, by any path; what they chose is theirs alone."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.roles import Role
from audit.models import LedgerEntry
from enforcement.domain import appeals
from reviews.domain import claims, decisions, exposure, handing, optouts, signatures
from reviews.models import Care, Case, CategoryChoice, Claim
from tests.enforcement.appealing import make_appeal, make_rejection
from tests.factories import MONDAY, make_manager, make_reviewer, make_senior, make_staff
from tests.reviews.caring import choose, make_severe, opt_in, opt_out
from tests.reviews.making import SAYS, make_case, make_claimed

pytestmark = pytest.mark.django_db
SOON = MONDAY + timedelta(minutes=1)


@pytest.fixture
def bea():
    """Bea takes no cases about self-harm."""
    bea = make_reviewer("bea")
    opt_out(bea)
    return bea


def holders():
    return list(Claim.objects.filter(released_at=None).values_list("reviewer__full_name", flat=True))


# --- one test for each path


def test_next_passes_by_what_one_opted_out_of(bea):
    make_severe(at=MONDAY - timedelta(days=1))
    calm = make_case()

    assert claims.take_next(by=bea, at=MONDAY).case == calm


def test_next_finds_nothing_where_only_that_is_left(bea):
    make_severe()

    with pytest.raises(claims.NothingWaits):
        claims.take_next(by=bea, at=MONDAY)


def test_picking_is_refused_with_a_sentence_for_oneself(bea):
    with pytest.raises(claims.NotForYou, match="You do not take cases of this kind"):
        claims.claim(make_severe(), by=bea, at=MONDAY)


def test_handing_over_is_refused_without_saying_why(bea):
    bob = make_reviewer()
    case, _ = make_claimed(bob, domains=["self_harm"])

    with pytest.raises(handing.CannotBeGiven, match="Bea cannot take this case now"):
        handing.hand_over(case, to=bea, by=bob, at=MONDAY)

    assert holders() == ["Bob"]


def test_a_signature_is_refused(bea):
    case, bob = make_claimed(domains=["self_harm"])
    decision = decisions.decide(case, by=bob, at=MONDAY, outcome="approved", **SAYS["approved"])

    with pytest.raises(signatures.NotYoursToSign):
        signatures.sign(decision, by=bea, at=MONDAY)


def test_the_text_is_not_opened_by_the_address_of_its_page(bea):
    with pytest.raises(exposure.StaysCovered, match="You do not take cases of this kind"):
        exposure.begin(make_severe(), by=bea, at=MONDAY)


def test_an_appeal_is_not_taken_up():
    sam = make_senior()
    appeal = make_appeal(make_rejection(domains=["self_harm"]))
    opt_out(sam)

    with pytest.raises(appeals.NotForYou):
        appeals.take(appeal, by=sam, at=MONDAY)


def test_what_one_holds_goes_back_as_if_given_back():
    case, bob = make_claimed(domains=["self_harm"])
    calm, _ = make_claimed(bob)

    opt_out(bob, at=SOON)

    assert list(Claim.objects.filter(released_at=None).values_list("case", flat=True)) == [calm.pk]
    given_back = LedgerEntry.objects.get(event="case.released")
    assert (given_back.reason, Case.objects.get(pk=case.pk).state) == ("given_back", "open")


def test_the_payer_puts_back_what_the_choice_left_behind_and_twice_is_once():
    _case, bob = make_claimed(domains=["self_harm"])
    optouts.settle(by=bob, at=SOON, choices={"self_harm": ("out", None)})

    paid = [optouts.reroute_owed(at=SOON), optouts.reroute_owed(at=SOON)]

    assert (paid, holders(), Care.objects.get().reroute_owed) == ([1, 0], [], False)


def test_what_a_finding_shows_later_is_not_given_to_them_either(bea):
    case = make_case()
    Case.objects.filter(pk=case.pk).update(expectation_owed=True)
    type(case.application).objects.filter(pk=case.application_id).update(facts={"topic": "suicide"})

    with pytest.raises(claims.NothingWaits):
        claims.take_next(by=bea, at=MONDAY)
    with pytest.raises(claims.NotForYou):
        claims.claim(case, by=bea, at=MONDAY)


def test_the_desk_lists_and_counts_none_and_another_reviewers_desk_does(client, bea):
    case = make_severe()
    seen = []
    for who in (bea, make_reviewer()):
        client.force_login(who)
        shown = client.get(reverse("admin:desk")).context
        seen.append(([row.case for row in shown["queue"].rows], shown["counts"].waiting))

    assert seen == [([], "0"), ([case], "1")]


# --- choosing


def test_other_kinds_are_offered_as_before(bea):
    case = make_severe("violence_extremism")

    assert claims.take_next(by=bea, at=MONDAY).case == case


def test_opting_in_again_needs_no_reason_and_holds_at_once(bea):
    case = make_severe()

    opt_in(bea, "self_harm")

    assert claims.take_next(by=bea, at=MONDAY).case == case


def test_child_safety_is_for_those_who_asked_for_it():
    bob, sam = make_reviewer(), make_senior()
    case = make_severe("child_safety")
    opt_in(sam, "child_safety")

    with pytest.raises(claims.NothingWaits):
        claims.take_next(by=bob, at=MONDAY)
    assert claims.take_next(by=sam, at=MONDAY).case == case


def test_a_choice_leaves_no_row_in_the_ledger():
    bea, before = make_reviewer("bea"), LedgerEntry.objects.count()

    opt_out(bea)

    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize("role", [Role.ONBOARDING_MANAGER, Role.POLICY_EDITOR, Role.AUDITOR])
def test_only_reviewers_have_settings(role):
    with pytest.raises(optouts.NotAReviewer):
        opt_out(make_staff("dora", role))

    assert not CategoryChoice.objects.exists()


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"choice": "out", "minutes": 121}, "between 5 and 120"),
        ({"choice": "in", "minutes": 4}, "between 5 and 120"),
        ({"choice": "maybe"}, "Choose whether"),
        ({"choice": "in", "cool_down": 4}, "between 5 and 480"),
        ({"choice": "in", "last_hour": 20}, "at 19:00 at the latest"),
        ({"choice": "in", "last_hour": 6}, "after 6:00"),
        ({"choice": "in", "blur": "heavy"}, "how strong"),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_changes_nothing(own, says):
    bob = make_reviewer()

    with pytest.raises(optouts.OutOfBounds, match=says):
        choose(bob, own.pop("choice"), "self_harm", **own)

    assert not CategoryChoice.objects.exists()


# --- breaks


def test_a_break_lets_nothing_be_given_and_what_one_works_on_goes_back():
    _case, bob = make_claimed()
    calm = make_case(at=SOON)

    optouts.pause(by=bob, at=SOON)
    optouts.reroute_owed(at=SOON, of=bob)

    assert holders() == []
    with pytest.raises(claims.NothingWaits):
        claims.take_next(by=bob, at=SOON)
    with pytest.raises(claims.NotForYou, match="You are on a break"):
        claims.claim(calm, by=bob, at=SOON)


def test_what_is_put_aside_stays_so_over_a_break():
    case, bob = make_claimed()
    handing.hold(case, by=bob, at=MONDAY, until=MONDAY + timedelta(days=1), reason="Waits for a colleague")

    optouts.pause(by=bob, at=SOON)
    optouts.reroute_owed(at=SOON, of=bob)

    assert (holders(), Care.objects.get().reroute_owed) == (["Bob"], False)


def test_back_from_a_break_work_is_offered_again_and_a_second_press_changes_nothing():
    bob, case = make_reviewer(), make_case()
    first, second = optouts.pause(by=bob, at=MONDAY), optouts.pause(by=bob, at=SOON)

    optouts.resume(by=bob)
    optouts.resume(by=bob)

    assert (first.paused_at, second.paused_at) == (MONDAY, MONDAY)
    assert claims.take_next(by=bob, at=SOON).case == case


def test_a_manager_has_no_break_to_take():
    with pytest.raises(optouts.NotAReviewer):
        optouts.pause(by=make_manager(), at=MONDAY)
