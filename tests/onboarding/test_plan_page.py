"""The page of the rate plan, and the words everybody reads of it."""

from dataclasses import replace

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from onboarding.admin import rate_plan
from onboarding.domain import plan_words, plans
from onboarding.domain.plans import Rules, Share
from tests.factories import MONDAY, make_entry, make_manager, make_program, make_questions, make_rate

RAMP = Rules(ramp_percent=150, ramp_weeks=2, ramp_most=900, carry="capped", carry_most=20)
CHANGES = {
    "ramp_percent": st.integers(101, 1000),
    "ramp_weeks": st.integers(1, 52),
    "ramp_most": st.integers(1, 10_000),
    "carry": st.sampled_from(["none", "full"]),
    "carry_most": st.integers(1, 10_000),
    "spread": st.sampled_from(["at_once", "daily", "working_days"]),
    "unfilled": st.sampled_from(["others", "kept", "carried"]),
    "shares": st.sampled_from([(), (Share("wave", "first", 20),), (Share("country", "ES,PT", 20),)]),
}
ASKED = {
    "ramp_percent": "150",
    "ramp_weeks": "2",
    "ramp_most": "900",
    "carry": "capped",
    "carry_most": "20",
    "spread": "working_days",
    "unfilled": "kept",
    "shares": "30 type: university, non_profit\n10 % Country: es, PT\n5 wave: first\n20 hand-picked",
    "reason": "Support answers within a day",
}


@pytest.fixture
def dora(client):
    client.force_login(user := make_manager())
    return user


@pytest.fixture
def program(dora):
    make_questions()
    program = make_program("code")
    make_rate(program, 100)
    return program


def page(program) -> str:
    return reverse("admin:rate_plan", args=[program.slug])


@pytest.mark.parametrize("changed", CHANGES)
@given(data=st.data())
def test_a_change_of_each_rule_changes_the_words(changed, data):
    base = replace(RAMP, shares=(Share("hand_picked", "", 7),))
    value = data.draw(CHANGES[changed].filter(lambda new: new != getattr(base, changed)))

    assert plan_words.in_words(base) != plan_words.in_words(replace(base, **{changed: value}))


@pytest.mark.django_db
def test_what_is_typed_is_set_and_shown_as_it_was_typed(client, program):
    answer = client.post(page(program), ASKED, follow=True)

    rules = plans.rules_of(program.plans.get())
    assert rules.shares == (
        Share("applicant_type", "university,non_profit", 30),
        Share("country", "ES,PT", 10),
        Share("wave", "first", 5),
        Share("hand_picked", "", 20),
    )
    shown = answer.content.decode()
    assert "30 type: university, non_profit\n10 country: ES, PT\n5 wave: first\n20 hand-picked" in shown
    assert (
        "30 % of each week&#x27;s seats, rounded down, are first for those who apply as a university" in shown
    )


@pytest.mark.django_db
def test_a_preview_says_what_it_would_do_and_changes_nothing(client, program):
    entry = make_entry(program)
    entry.applicant_type = "university"
    entry.save(update_fields=["applicant_type"])

    shown = client.post(page(program), ASKED | {"preview": "1", "reason": ""}).content.decode()

    assert not program.plans.exists()
    assert "100, 100, 150, 150, 225, 225, 337, 337 people a week" in shown
    assert "1 of those who wait now count for those who apply as a university" in shown


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"shares": "half for friends"}, "is no share"),
        ({"shares": "30 type: wizard"}, "“wizard” is not known"),
        ({"shares": "60 wave: a\n60 wave: b"}, "at most 100"),
        ({"ramp_percent": "99"}, "greater than or equal to 100"),
        ({"ramp_most": ""}, "at how many people a week"),
        ({"reason": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_meant_is_answered_with_a_sentence(client, program, typed, says):
    answer = client.post(page(program), ASKED | typed)

    assert (answer.status_code, says in answer.content.decode(), program.plans.count()) == (422, True, 0)


@pytest.mark.django_db
def test_applicants_read_the_plan_on_the_programs_page(client, program):
    plans.set_plan(program, RAMP, by=make_manager("pat"), at=MONDAY, reason="As agreed")

    shown = client.get(reverse("program", args=[program.slug])).content.decode()

    assert all(sentence in shown for sentence in plan_words.in_words(RAMP))


@pytest.mark.parametrize("share", [Share("country", "ES,PT", 10), Share("hand_picked", "", 5)])
def test_a_share_is_read_as_it_is_typed(share):
    assert rate_plan._read(rate_plan.typed(share)) == share
