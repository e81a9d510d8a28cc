"""How many decisions are looked at again, and which golden cases come back: the seniors' forms for both."""

import pytest
from django.urls import reverse

from reviews.admin import shares
from reviews.domain import drawing, reconciling
from reviews.models import SecondReviewRule
from tests.factories import MONDAY, make_organisation, make_program, make_senior, make_user
from tests.reviews.looking import make_rule, make_told

pytestmark = pytest.mark.django_db
QUALITY = "/admin/reviews/case/quality/"
ASKED = {"refuse": "20", "hold": "10", "notify": "5", "monitor": "0", "first_cases": "3"}


@pytest.fixture
def sam(client):
    client.force_login(user := make_senior("sam"))
    return user


def page(program) -> str:
    return reverse("admin:quality_shares", args=[program.slug])


def make_golden(by, **fields):
    return reconciling.mark_golden(make_told(**fields), by=by, at=MONDAY, expected="approved")


# --- Shares


def test_a_preview_says_what_changes_in_each_lane():
    holds = drawing.rule(make_program())

    assert shares.changes(
        holds, shares={"refuse": 20, "hold": 10, "notify": 5, "monitor": 0}, first_cases=3
    ) == [
        "Lane refuse: 20 % instead of 10 %.",
        "Lane monitor: 0 % instead of 5 %.",
        "The first 3 of what is new instead of the first 5.",
        "From the next draw on; what was drawn or left out stays so.",
    ]


def test_a_preview_sets_nothing_and_asks_for_no_reason(client, sam):
    program = make_program()

    answer = client.post(page(program), ASKED | {"preview": "1"})

    assert (answer.status_code, SecondReviewRule.objects.count()) == (200, 0)
    assert "Lane refuse: 20 % instead of 10 %." in answer.content.decode()


def test_a_senior_sets_the_shares_of_a_program_with_a_reason(client, sam):
    program = make_program()

    answer = client.post(page(program), ASKED | {"reason": "Many new colleagues."})

    made = drawing.rule(program)
    assert (answer.url, made.set_by, made.first_cases, made.reason) == (
        QUALITY,
        sam,
        3,
        "Many new colleagues.",
    )
    assert made.shares == {"refuse": 20, "hold": 10, "notify": 5, "monitor": 0}


@pytest.mark.parametrize(
    "sent", [{"reason": " "}, {"reason": "x", "hold": "101"}, {"reason": "x", "hold": ""}]
)
def test_shares_that_cannot_be_meant_come_back_with_what_was_typed(client, sam, sent):
    program = make_program()

    answer = client.post(page(program), ASKED | sent)

    assert (answer.status_code, SecondReviewRule.objects.count()) == (422, 0)
    assert 'value="20"' in answer.content.decode()


def test_the_quality_page_says_for_each_program_what_holds(client, sam):
    set_one, shipped = make_program("chess"), make_program("draughts")
    make_rule(set_one, first_cases=7, hold=42)

    found = {line.program: (dict(line.shares)["Hold"], line.first_cases) for line in shares.lines()}

    assert found == {set_one: (42, 7), shipped: (10, 5)}
    assert page(set_one) in client.get(QUALITY).content.decode()


# --- Golden cases


def test_a_golden_case_is_retired_by_its_button(client, sam):
    golden = make_golden(sam)

    answer = client.post(reverse("admin:quality_golden_retire", args=[golden.pk]))

    golden.refresh_from_db()
    assert (answer.url, golden.retired_by, list(shares.coming_back(sam))) == (QUALITY, sam, [])


def test_the_list_of_golden_cases_gives_away_neither_title_nor_the_outcome_that_is_expected(client, sam):
    golden = make_golden(make_senior("sue"), title="Kingfisher")

    shown = client.get(QUALITY).content.decode()

    number = golden.decision.case.application.number
    assert (f'<th scope="row">{number}</th>' in shown, "Kingfisher" in shown) == (True, False)


def test_a_golden_case_one_has_a_part_in_is_neither_listed_nor_retired(client, sam):
    applicant = make_user("alice")
    make_organisation(applicant, sam)
    golden = make_golden(make_senior("sue"), applicant=applicant)

    answer = client.post(reverse("admin:quality_golden_retire", args=[golden.pk]))

    golden.refresh_from_db()
    assert (answer.status_code, golden.retired_at, list(shares.coming_back(sam))) == (404, None, [])
