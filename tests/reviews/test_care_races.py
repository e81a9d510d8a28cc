"""Two tabs, two processes, one person: what care keeps from them it keeps also when they ask at the same moment."""

from datetime import timedelta

import pytest

from reviews.domain import care
from reviews.models import Case, Claim, Exposure
from tests.factories import MONDAY, make_reviewer
from tests.processes import race
from tests.reviews.caring import make_severe
from tests.reviews.making import make_claimed

pytestmark = pytest.mark.django_db(transaction=True)
AT = MONDAY.isoformat()


def test_two_tabs_that_take_two_severe_cases_at_once_get_one():
    bob = make_reviewer()
    cases = [make_severe(), make_severe("hate_harassment")]

    taken = race(*[["claim", str(case.pk), str(bob.pk), AT] for case in cases])

    assert sorted(word == "claimed" for word in taken) == [False, True]
    assert Claim.objects.filter(released_at=None, reviewer=bob).count() == 1


def test_four_tabs_that_open_severe_text_at_once_have_one_text_open_and_keep_the_cap():
    bob = make_reviewer()
    cases = [make_severe() for _ in range(4)]
    for quarter in range(4):
        opened = MONDAY - timedelta(minutes=200 - 15 * quarter)
        Exposure.objects.create(
            reviewer=bob, case=cases[0], severe={"self_harm": 2}, opened_at=opened,
            ends_by=opened + timedelta(minutes=15), ended_at=opened + timedelta(minutes=14),
        )  # fmt: skip

    said = race(*[["open_text", str(case.pk), str(bob.pk), AT] for case in cases])

    assert said.count("opened") == 1
    assert Exposure.objects.filter(reviewer=bob, ended_at=None).count() == 1
    assert care.known(bob, at=MONDAY + timedelta(hours=1)).used.seconds["self_harm"] <= 60 * 60


def test_of_opting_out_and_being_given_a_case_at_once_nothing_is_left_in_their_hands():
    for turn in range(4):
        bob = make_reviewer(f"bob{turn}")
        case = make_severe()

        race(["opt_out", str(bob.pk), AT], ["claim", str(case.pk), str(bob.pk), AT])

        assert not Claim.objects.filter(released_at=None, reviewer=bob).exists()
        assert Case.objects.get(pk=case.pk).state == "open"


def test_of_opting_out_and_a_hand_over_at_once_nothing_is_left_in_their_hands():
    bea = make_reviewer("bea")
    for turn in range(3):
        case, bob = make_claimed(make_reviewer(f"bob{turn}"), domains=["self_harm"])

        race(["opt_out", str(bea.pk), AT], ["hand_over", str(case.pk), str(bea.pk), str(bob.pk), AT])

        assert not Claim.objects.filter(released_at=None, reviewer=bea).exists()
        race(["opt_out", str(bea.pk), AT, "in"])
