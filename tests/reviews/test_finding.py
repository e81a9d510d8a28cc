"""Findings: by the person who holds the case, on categories the guidelines have."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from reviews.domain import claims, findings
from reviews.models import Finding
from tests.factories import MONDAY, make_reviewer
from tests.reviews.making import make_case, make_claimed, send_again


@pytest.mark.django_db
def test_the_latest_verdict_of_a_person_counts():
    case, bob = make_claimed()

    findings.record(
        case,
        by=bob,
        at=MONDAY,
        verdicts={"health": ("concern", "tells people doses"), "weapons": ("none", "")},
    )
    findings.record(case, by=bob, at=MONDAY, verdicts={"health": ("violates", "")})

    found = Finding.objects.order_by("category").values_list("category", "verdict", "note")
    assert list(found) == [("health", "violates", ""), ("weapons", "none", "")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "said"),
    [("astrology", ("concern", "")), ("health", ("perhaps", "")), ("health", ("concern", "x" * 1001))],
)
def test_what_the_guidelines_do_not_have_is_refused_whole(code, said):
    case, bob = make_claimed()

    with pytest.raises(findings.BadFinding):
        findings.record(case, by=bob, at=MONDAY, verdicts={"weapons": ("none", ""), code: said})

    assert not Finding.objects.exists()


@pytest.mark.django_db
def test_only_who_holds_the_case_writes_findings():
    case, _ = make_claimed()

    with pytest.raises(claims.HeldBy):
        findings.record(case, by=make_reviewer("bea"), at=MONDAY, verdicts={"health": ("none", "")})


@pytest.mark.django_db
def test_a_run_out_claim_writes_no_findings():
    case, bob = make_claimed()

    with pytest.raises(claims.NotHeld):
        findings.record(case, by=bob, at=MONDAY + timedelta(hours=1), verdicts={"health": ("none", "")})


@pytest.mark.django_db
def test_nobody_writes_findings_on_their_own_case():
    case = make_case()
    applicant = case.application.applicant

    with pytest.raises(claims.NotForYou):
        findings.record(case, by=applicant, at=MONDAY, verdicts={"health": ("none", "")})


TYPED = {"summary": "It helps nurses.", "detail": "It scores each answer\nfrom 1 to 5. It helps nurses."}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("quote", "first", "place"),
    [
        ("scores each answer from 1", "", ("detail", 3, 28)),
        ("It helps nurses.", "", ("summary", 0, 16)),
        ("It helps nurses.", "detail", ("detail", 35, 51)),
        ("from 1 to 5. It", "summary", ("detail", 22, 37)),
    ],
)
def test_a_passage_is_kept_with_its_question_and_place(quote, first, place):
    case, bob = make_claimed(answers=TYPED)

    findings.record(case, by=bob, at=MONDAY, verdicts={"health": ("concern", "", quote, first)})

    found = Finding.objects.get()
    assert (found.quoted_in, found.quote_start, found.quote_end) == place
    assert found.quote == TYPED[found.quoted_in][found.quote_start : found.quote_end]


@pytest.mark.django_db
@pytest.mark.parametrize("quote", ["It scores every answer", "it helps nurses.", "R", "a" * 1001])
def test_a_quote_must_occur_in_the_answer(quote):
    case, bob = make_claimed(answers=TYPED | {"country": "R", "areas": ["R"]})

    with pytest.raises(findings.BadFinding):
        findings.record(case, by=bob, at=MONDAY, verdicts={"health": ("concern", "", quote)})

    assert not Finding.objects.exists()


@pytest.mark.django_db
def test_a_quote_is_looked_for_in_the_revision_under_review_only():
    case, bob = make_claimed(answers=TYPED)
    send_again(case, {"summary": "Something else."})

    with pytest.raises(findings.NotInTheAnswers):
        findings.record(case, by=bob, at=MONDAY, verdicts={"health": ("concern", "", "It helps nurses.")})


@pytest.mark.django_db
def test_the_database_refuses_a_quote_without_its_place():
    case, bob = make_claimed()
    findings.record(case, by=bob, at=MONDAY, verdicts={"health": ("concern",)})

    with pytest.raises(IntegrityError):
        Finding.objects.update(quote="made up")


@pytest.mark.django_db
def test_a_passage_that_blanks_make_long_is_kept_as_far_as_it_fits():
    case, bob = make_claimed(answers={"summary": f"a{' ' * 1500}b"})

    findings.record(case, by=bob, at=MONDAY, verdicts={"health": ("concern", "", "a b")})

    found = Finding.objects.get()
    assert (len(found.quote), found.quote_end) == (1000, 1000)
