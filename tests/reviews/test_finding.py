"""Findings: by the person who holds the case, on categories the guidelines have."""

from datetime import timedelta

import pytest

from reviews.domain import claims, findings
from reviews.models import Finding
from tests.factories import MONDAY, make_reviewer
from tests.reviews.making import make_case, make_claimed


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
