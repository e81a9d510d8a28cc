"""The pages of second looks: what the blind one hides, what seniors see, and what nobody sees."""

import pytest
from django.urls import reverse

from reviews.domain import quality, second_reviews
from reviews.models import GoldenCase, Opinion, Reconciliation
from tests.factories import MONDAY, make_program, make_reviewer, make_senior
from tests.reviews.looking import LATER, look, make_card, make_drawn, make_rule, make_told

pytestmark = pytest.mark.django_db
LOOK, PAGE = "/admin/reviews/case/second-look/", "/admin/reviews/case/quality/"
NUMBER = 27  # queries: session, person, duties, conflicts and interests (of cards, of golden cases), agreement, golden,
# paragraphs, weeks, files, cards, golden cases, programs, shares


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: LATER)


@pytest.fixture
def bea(client):
    client.force_login(user := make_reviewer("bea"))
    return user


@pytest.fixture
def sam(client):
    client.force_login(user := make_senior("sam"))
    return user


def views(number: int, *, first="approved", second="approved") -> None:
    """Make so many pairs of views, of five people at least."""
    program, people = make_program(), [make_reviewer(f"{second}{n}") for n in range(number)]
    make_rule(program, notify=100)
    for person in people:
        look(make_drawn(first, by=person, program=program), outcome=second)


# --- Blind


def test_the_page_of_a_second_look_shows_nothing_of_the_first(client, bea):
    review = make_drawn("rejected", by=make_reviewer("zebedee"))
    assert client.post(LOOK + "next/").url == LOOK

    page = client.get(LOOK).content.decode()

    decision, case = review.decision, reverse("admin:case", args=[review.case_id])
    assert review.case.application.title in page
    hidden = ("Zebedee", decision.facts, decision.what_would_change, decision.explanation, case)
    assert [words for words in hidden if words in page] == []
    assert client.get(case).status_code == 403
    assert client.post(f"{case}case-file/").status_code == 403
    found = client.get("/admin/reviews/case/", {"q": review.case.application.number}).content.decode()
    assert "0 found" in found


def test_the_page_of_the_case_opens_once_the_own_view_is_kept(client, bea):
    review = make_drawn(by=make_reviewer("zebedee"))
    client.post(LOOK + "next/")

    answer = client.post(LOOK, {"outcome": "approved", "note": "Plain enough."}, follow=True)

    assert "Zebedee" in answer.content.decode()
    assert Opinion.objects.get(reviewer=bea).note == "Plain enough."
    assert client.post(LOOK, {"outcome": "rejected"}).status_code == 409
    review.refresh_from_db()
    assert review.opinion.outcome == "approved"


def test_a_view_without_an_outcome_is_refused_and_its_words_are_kept(client, bea):
    make_drawn()
    client.post(LOOK + "next/")

    answer = client.post(LOOK, {"note": "Half a thought"})

    assert (answer.status_code, Opinion.objects.filter(reviewer=bea).count()) == (422, 0)
    assert "Half a thought" in answer.content.decode()


def test_where_nothing_is_drawn_the_page_says_so(client, bea):
    answer = client.post(LOOK + "next/")

    assert (answer.status_code, "No decided case waits" in answer.content.decode()) == (409, True)


# --- What seniors see


def test_figures_with_fewer_than_5_are_not_shown():
    views(4)

    assert {line.agreed for line in quality.lines()} == {None}
    assert (quality.golden(), quality.paragraphs(at=LATER), quality.weeks(at=LATER)) == (None, [], [])


def test_agreement_is_shown_overall_and_by_lane_from_5_on():
    views(4)
    views(1, second="rejected")

    found = {line.name: line.agreed for line in quality.lines()}

    assert (found["All lanes"].n, found["All lanes"].raw.value) == (5, 0.8)
    assert [name for name, agreed in found.items() if agreed] == ["All lanes", "Notify"]


def test_paragraphs_are_ordered_by_how_much_they_are_in_doubt():
    bob = make_reviewer()
    for _ in range(5):
        make_told("needs_information", by=bob)  # mass_content
    for _ in range(6):
        make_told("rejected", by=bob)  # fraud_spam

    found = quality.paragraphs(at=LATER)

    assert [(p.code, p.n, p.asked, p.overturned) for p in found] == [
        ("mass_content", 5, 5, 0), ("fraud_spam", 6, 0, 0),
    ]  # fmt: skip


def test_a_card_counts_for_the_paragraph_it_names():
    bob = make_reviewer()
    for _ in range(5):
        make_told("rejected", by=bob)
    make_card(closed=True)

    (found,) = quality.paragraphs(at=LATER)

    assert (found.code, found.n, found.differ, found.unclear) == ("fraud_spam", 6, 1, 1)


def test_haste_is_a_figure_of_a_week_with_5_people_or_more_and_of_nobody():
    views(5)

    (week,) = quality.weeks(at=LATER)

    assert (week.n, week.hasty, week.begins_on) == (5, "5", (MONDAY).date())


def test_the_page_names_nobody_and_takes_the_same_number_of_queries(
    client, sam, django_assert_max_num_queries
):
    make_card(by=make_reviewer("zebedee"))
    with django_assert_max_num_queries(NUMBER):
        client.get(PAGE)
    make_card(by=make_reviewer("zora")), make_card(by=make_reviewer("zoe"))
    with django_assert_max_num_queries(NUMBER):
        page = client.get(PAGE).content.decode()

    assert page.count('action="/admin/reviews/case/quality/cards/') == 3
    assert [
        name for name in ("Zebedee", "Zora", "Zoe", "Second") if f">{name}" in page or f"{name} " in page
    ] == [
        "Second"  # of "Second look"
    ]


def test_a_card_closed_as_to_correct_leads_to_the_case(client, sam):
    card = make_card()
    says = {"ended": "correction", "category": "fraud_spam", "remark": "Both readings hold."}

    answer = client.post(f"{PAGE}cards/{card.pk}/", says)

    card.refresh_from_db()
    assert (answer.url, card.ended, card.closed_by) == (
        reverse("admin:case", args=[card.review.case_id]), "correction", sam,
    )  # fmt: skip


def test_a_card_with_a_missing_paragraph_is_refused_and_its_words_are_kept(client, sam):
    card = make_card()

    answer = client.post(f"{PAGE}cards/{card.pk}/", {"ended": "stands", "remark": "Both readings hold."})

    assert (answer.status_code, Reconciliation.objects.filter(closed_at=None).count()) == (422, 1)
    assert "Both readings hold." in answer.content.decode()


def test_who_gave_one_of_the_views_is_not_shown_the_card(client, sam):
    card = make_card(by=sam)

    assert client.post(f"{PAGE}cards/{card.pk}/", {}).status_code == 404
    assert "quality/cards/" not in client.get(PAGE).content.decode()


def test_a_senior_marks_a_golden_case_by_its_number(client, sam):
    decision = make_told()
    number = decision.case.application.number

    assert client.post(f"{PAGE}golden/", {"number": number, "expected": "rejected"}).url == PAGE
    assert (GoldenCase.objects.get().decision, client.post(f"{PAGE}golden/", {"number": "none"}).status_code) == (
        decision, 422,
    )  # fmt: skip


def test_somebody_on_a_second_look_does_not_meet_its_card_or_case_elsewhere(client, sam):
    """A senior who looks again is as blind as anybody."""
    review = make_drawn()
    second_reviews.take_next(by=sam, at=LATER)

    assert client.get(reverse("admin:case", args=[review.case_id])).status_code == 403
