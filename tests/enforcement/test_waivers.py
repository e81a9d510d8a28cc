"""Exceptions on their pages: given with a reason, shown where they hold, ended, never for one's own access."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.roles import Role
from audit import clock, ledger
from enforcement.domain import emergencies
from enforcement.models import Waiver
from tests.enforcement.flagging import make_flag
from tests.factories import make_grant, make_reviewer, make_senior, make_staff

pytestmark = pytest.mark.django_db
LIST = 9  # queries
WHY = "Their test bench: agreed with them by letter."


@pytest.fixture
def sam(client):
    person = make_senior()
    client.force_login(person)
    return person


@pytest.fixture
def case():
    return make_flag(make_grant(), category="cyber_abuse", rule="exploit", at=clock.now()).case


def give(client, grant, **said):
    url = reverse("admin:waiver_give", args=[grant.pk])
    return client.post(url, {"category": "cyber_abuse", "rule": "", "until_at": "", "reason": WHY} | said)


def waive(grant, by, **said):
    said = {"category": "cyber_abuse", "reason": WHY} | said
    return emergencies.waive(grant, by=by, at=clock.now(), **said)


def listed(client):
    return client.get(reverse("admin:waivers")).content.decode()


def test_a_senior_makes_one_from_the_case_and_the_case_says_that_it_holds(client, sam, case):
    page = reverse("admin:flag_case", args=[case.pk])
    url = f"{reverse('admin:waiver_give', args=[case.grant.pk])}?case={case.pk}"
    offered = url in client.get(page).content.decode()

    answer = client.post(url, {"category": "cyber_abuse", "rule": "exploit", "reason": WHY})

    waiver, shown = Waiver.objects.get(), client.get(page).content.decode()
    assert (offered, answer.url, waiver.given_by, waiver.rule) == (True, page, sam, "exploit")
    assert (WHY in shown, "holds for this case" in shown) == (True, True)
    assert ledger.is_digest_of(WHY, ledger.of(waiver).get().reason)


def test_the_form_from_a_case_names_what_was_flagged(client, sam, case):
    page = client.get(f"{reverse('admin:waiver_give', args=[case.grant.pk])}?case={case.pk}")

    assert page.context["form"].initial == {"category": "cyber_abuse", "rule": "exploit"}


def test_one_for_something_else_is_shown_and_does_not_hold_for_the_case(client, sam, case):
    waive(case.grant, sam, category="fraud_spam")

    shown = client.get(reverse("admin:flag_case", args=[case.pk])).content.decode()

    assert (WHY in shown, "holds for this case" in shown) == (True, False)


def test_the_list_says_who_gave_it_why_and_until_when(client, sam, case):
    give(client, case.grant, until_at="2099-05-03T10:00")

    page = listed(client)

    assert [said in page for said in (str(sam), WHY, "3 May 2099", str(case.grant.owner))] == [True] * 4


def test_without_any_the_list_says_what_that_means(client, sam):
    assert "No exception" in listed(client)


def test_it_is_taken_back_and_stays_on_record(client, sam, case):
    waiver = waive(case.grant, sam)

    client.post(reverse("admin:waiver_end", args=[waiver.pk]))

    waiver.refresh_from_db()
    page = listed(client)
    assert (waiver.ended_by, "No exception" in page, f"by {sam}" in page) == (sam, True, True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"until_at": "2020-01-01T00:00Z"}, "ran out"),
        ({"revision": None}, "another use is approved now"),
    ],
    ids=["its time is over", "another use"],
)
def test_one_that_no_longer_holds_is_among_those_that_are_over(client, sam, case, change, says):
    waive(case.grant, sam)
    Waiver.objects.update(**change)

    page = listed(client)

    assert ("No exception" in page, says in page) == (True, True)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"reason": ""}, "Say why"),
        ({"reason": " \t"}, "Say why"),
        ({"reason": "x" * 501}, "A reason has at most 500 characters"),
        ({"category": ""}, "Name a rule or a category."),
        ({"category": "nonsense"}, "Select a valid choice."),
        ({"rule": "never_flagged"}, "Select a valid choice."),
        ({"until_at": "2020-01-01T00:00"}, "An exception ends later than now"),
        ({"until_at": "tomorrow"}, "Enter a valid date"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_a_sentence(client, sam, case, said, sentence):
    answer = give(client, case.grant, **said)

    assert (answer.status_code, sentence in answer.content.decode(), Waiver.objects.count()) == (422, True, 0)


def test_the_same_exception_is_not_made_twice(client, sam, case):
    give(client, case.grant)

    again = give(client, case.grant)

    assert (again.status_code, Waiver.objects.count()) == (422, 1)


def test_what_the_guidelines_do_not_know_is_excepted_from_nothing(sam, case):
    with pytest.raises(emergencies.BadRule, match="no category"):
        waive(case.grant, sam, category="nonsense")


def test_nobody_excepts_their_own_access_nor_sees_it_listed(client, sam):
    own = make_grant(applicant=sam)
    waiver = waive(own, make_senior("tess"))

    asked = [
        client.get(reverse("admin:waiver_give", args=[own.pk])).status_code,
        client.post(reverse("admin:waiver_end", args=[waiver.pk])).status_code,
        client.get(reverse("admin:enforcement_waiver_change", args=[waiver.pk])).status_code,
    ]

    assert (asked[:2], asked[2] != 200, WHY in listed(client)) == ([403, 403], True, False)


@pytest.mark.parametrize("who", ["reviewer", "policy editor"])
def test_others_neither_make_nor_see_them(client, case, who):
    person = make_reviewer() if who == "reviewer" else make_staff("pia", Role.POLICY_EDITOR)
    client.force_login(person)

    answers = [give(client, case.grant), client.get(reverse("admin:waivers"))]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_reviewer_reads_on_the_case_which_hold(client, case):
    waive(case.grant, make_senior())
    client.force_login(make_reviewer())

    shown = client.get(reverse("admin:flag_case", args=[case.pk])).content.decode()

    assert ("holds for this case" in shown, "Make or end an exception" in shown) == (True, False)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_often_whatever_is_in_it(client, sam, count, django_assert_max_num_queries):
    for _ in range(count):
        waive(make_grant(), sam)
        waive(make_grant(), sam, until_at=clock.now() + timedelta(days=1))
    client.get(reverse("admin:waivers"))

    with django_assert_max_num_queries(LIST):
        page = listed(client)

    assert page.count("Take it back now") == 2 * count
