"""What managers see: totals of five people or more, and nothing that changes with what one person chose."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.roles import Role
from audit.models import LedgerEntry
from reviews.domain import care, interests, optouts, team
from reviews.models import CareRule, Exposure, InterestOverride
from tests.factories import MONDAY, make_manager, make_reviewer, make_senior, make_staff
from tests.reviews.caring import choose, make_severe, opt_out
from tests.reviews.making import make_case

pytestmark = pytest.mark.django_db
TEAM = "/admin/reviews/case/team/"


@pytest.fixture
def dora(client, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    manager = make_manager()
    client.force_login(manager)
    return manager


def read(people, *, minutes=12, code="self_harm"):
    """Let so many reviewers have read a severe case for some minutes."""
    case = make_severe(code)
    for number in range(people):
        Exposure.objects.create(
            reviewer=make_reviewer(f"{code.replace('_', '')}{number}"), case=case, severe={code: 2},
            opened_at=MONDAY - timedelta(hours=2), ends_by=MONDAY - timedelta(hours=1),
            ended_at=MONDAY - timedelta(hours=2) + timedelta(minutes=minutes),
        )  # fmt: skip


def test_of_four_people_there_is_nothing_to_see(client, dora):
    read(4)

    shown = client.get(TEAM)

    assert shown.context["whole"].minutes is None
    assert "Too few to show" in shown.content.decode()


def test_of_five_people_there_are_the_total_and_a_band(client, dora):
    read(5)

    whole = client.get(TEAM).context["whole"]

    assert (whole.minutes, whole.band) == (60, "light")


def test_a_category_that_fewer_than_five_read_is_not_shown_beside_the_whole(client, dora):
    read(5)
    read(4, code="hate_harassment")

    figures = {figure.code: figure.minutes for figure in team.figures(allowed=60, at=MONDAY)}

    assert figures == {"": 110, "hate_harassment": None, "self_harm": 60}


@pytest.mark.parametrize(
    ("minutes", "band"), [(19, "light"), (21, "moderate"), (39, "moderate"), (41, "heavy")]
)
def test_bands_are_thirds_of_what_a_person_may_read(minutes, band):
    read(5, minutes=minutes)

    assert team.figures(allowed=60, at=MONDAY)[0].band == band


def test_what_was_read_before_the_days_shown_does_not_count():
    read(5)

    assert team.figures(allowed=60, at=MONDAY + timedelta(days=8))[0].minutes is None


def test_nobody_is_named_on_the_page_but_in_the_choice_of_reviewers_and_overrides(client, dora):
    read(5)

    shown = re.sub(r"<select.*?</select>", "", client.get(TEAM).content.decode(), flags=re.DOTALL)

    assert "Selfharm" not in shown


# --- what one person chose changes nothing that another sees


def everything(client, *others):
    """Return what some people are shown on each page where a choice of Bea's might show, without tokens and times."""
    found = []
    for who in others:
        client.force_login(who)
        for path in (
            "/admin/reviews/case/desk/", "/admin/reviews/case/desk/?q=case", "/admin/reviews/case/desk/?show=sign",
            "/admin/reviews/case/?q=case", "/admin/reviews/case/?q=case&o=-1", TEAM, "/admin/reviews/case/care/",
            "/admin/enforcement/appeal/open/", "/admin/audit/ledgerentry/", "/admin/accounts/user/",
        ):  # fmt: skip
            answer = client.get(path)
            words = re.sub(r'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"', "", answer.content.decode())
            if path == "/admin/accounts/user/":  # who was asked signed in just now, by the real clock
                words = re.sub(r"\d\d:\d\d</td>", "", words)
            found.append((who.full_name, path, answer.status_code, words))
    return found


def test_what_one_chose_declared_read_or_paused_is_in_no_page_search_order_or_count_of_anybody_else(
    client, monkeypatch
):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    bea = make_reviewer("bea")
    others = [make_reviewer(), make_senior(), make_manager(), make_staff("axel", Role.AUDITOR)]
    case = make_severe(title="A case")
    make_case(title="Another case")
    before = everything(client, *others)

    choose(bea, "out", "self_harm", minutes=20, cool_down=30, last_hour=12, blur="none", grey=False)
    interests.declare("domain", "example.org", by=bea, at=MONDAY)
    Exposure.objects.create(
        reviewer=bea, case=case, severe=case.severe, opened_at=MONDAY - timedelta(hours=1), ends_by=MONDAY
    )
    optouts.pause(by=bea, at=MONDAY)

    assert everything(client, *others) == before


# --- the rule and overrides, on the page


def test_a_manager_sets_the_rule_with_a_reason(client, dora):
    numbers = {
        "minutes": 40, "grave_minutes": 20, "most_minutes": 60, "cool_down": 20, "least_cool_down": 10, "last_hour": 15,
        "latest_hour": 17,
    }  # fmt: skip

    answer = client.post(f"{TEAM}rule/", numbers | {"reason": "Winter"})

    row = LedgerEntry.objects.get(event="care_rule.set")
    assert (answer.status_code, row.actor, row.details) == (302, f"user:{dora.pk}", numbers)
    assert care.rule().minutes == 40


def test_a_rule_out_of_bounds_comes_back_as_typed(client, dora):
    answer = client.post(f"{TEAM}rule/", {"minutes": 400, "reason": "Because I say so"})

    assert (answer.status_code, "Because I say so" in answer.content.decode()) == (422, True)
    assert not CareRule.objects.exists()


def test_an_override_is_given_and_listed_on_the_page(client, dora):
    bea, case = make_reviewer("bea"), make_case()
    opt_out(bea)

    answer = client.post(
        f"{TEAM}override/",
        {"number": case.application.number, "reviewer": bea.pk, "reason": "Nobody else reads Finnish."},
    )

    assert (answer.status_code, InterestOverride.objects.get().reviewer) == (302, bea)
    assert "Nobody else reads Finnish." in client.get(TEAM).content.decode()


def test_an_override_of_an_unknown_case_comes_back_as_typed(client, dora):
    answer = client.post(
        f"{TEAM}override/", {"number": "NONE", "reviewer": make_reviewer().pk, "reason": "Please"}
    )

    assert (answer.status_code, "No case has this number" in answer.content.decode()) == (422, True)


def test_a_reviewer_sees_no_team(client):
    client.force_login(make_reviewer())

    assert client.get(reverse("admin:team")).status_code == 403
