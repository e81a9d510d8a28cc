"""Structured conditions: each kind says what it must, and nothing that cannot be held."""

from functools import partial

import pytest
from django.utils.translation import get_language, override

from reviews.domain import conditions, previews, telling
from reviews.domain.statements import Field, Incomplete
from reviews.models import Decision
from reviews.states import Outcome
from tests.factories import MONDAY, make_program
from tests.reviews.making import make_decision

CHECKED = "A qualified person checks output before anyone relies on it."


def look_up_in(spanish, text):
    return spanish.get(text, text) if get_language() == "es" else text


def under(*conditions, **fields):
    says = {
        "categories": ["health"],
        "conditions": [{"category": "health", "text": ""} | c for c in conditions],
    }
    return make_decision(Outcome.APPROVED_WITH_CONDITIONS, says=says, **fields)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"kind": "scope", "models": ["gate-1"]}, "Only The first may be used."),
        ({"kind": "limit", "per_minute": 5}, "At most 5 requests a minute."),
        (
            {"kind": "limit", "per_end_user": 3, "most_output_tokens": 2000},
            "At most 3 requests a minute for each end user and 2,000 tokens in one answer.",
        ),
        (
            {"kind": "limit", "per_minute": 5, "per_day": 50},
            "At most 5 requests a minute and 50 requests a day.",
        ),
        (
            {"kind": "review_date", "on": "2027-03-01"},
            "We look at this again by 1 March 2027; access ends then unless it is renewed.",
        ),
        ({"kind": "human_review"}, "A qualified person checks output before anyone relies on it."),
        ({"kind": "disclosure"}, "People are told that what they see was made by a machine."),
        ({"kind": "limit", "per_day": 50, "text": "Fifty a day."}, "Fifty a day."),
        ({"text": "Be careful."}, "Be careful."),
    ],
)
def test_a_condition_without_words_gets_the_usual_ones(condition, words):
    decision = under(condition, program=make_program("gate"))

    assert decision.conditions[0]["text"] == words
    assert decision.conditions[0] == {"category": "health"} | condition | {"text": words}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "moon", "text": "x"},
        {"kind": "scope", "text": "x"},
        {"kind": "scope", "models": ["gate-9"]},
        {"kind": "limit", "text": "x"},
        {"kind": "limit", "per_minute": 60},
        {"kind": "limit", "per_day": 1000},
        {"kind": "limit", "per_day": -1},
        {"kind": "limit", "per_day": "many"},
        {"kind": "limit", "per_end_user": "many"},
        {"kind": "limit", "most_output_tokens": 1_000_001},
        {"kind": "limit", "most_output_tokens": True},
        {"kind": "review_date", "text": "x"},
        {"kind": "review_date", "on": "soon"},
        {"kind": "review_date", "on": "2026-11-23"},
    ],
)
def test_a_condition_that_cannot_be_held_is_refused(condition):
    with pytest.raises(Incomplete) as caught:
        under(condition, program=make_program("gate"))

    assert (next(iter(caught.value.problems)), Decision.objects.count()) == (Field.CONDITIONS, 0)


@pytest.mark.django_db
def test_more_conditions_than_anybody_keeps_are_refused():
    with pytest.raises(Incomplete, match="nobody keeps more"):
        under(*[{"text": f"Rule {number}."} for number in range(21)])


@pytest.mark.django_db
def test_the_letter_lists_every_condition_and_the_reason_names_what_is_left():
    says = {
        "reason_code": "C4_reduced_models",
        "categories": ["health"],
        "conditions": [{"category": "health", "text": "", "kind": "scope", "models": ["gate-1"]}],
    }
    decision = make_decision(Outcome.APPROVED_WITH_CONDITIONS, says=says, program=make_program("gate"))

    text = previews.of_waiting(decision, at=MONDAY).text
    assert "- Only The first may be used. (Health and mental wellbeing)" in text
    assert "We give access to gate-1; the other models" in text
    assert telling.tell_owed(at=MONDAY) == 1


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        ({"kind": "scope", "models": ["gate-1"], "text": "Only The first may be used."}, "Solo: The first."),
        ({"kind": "human_review", "text": CHECKED}, "Una persona lo comprueba."),
        ({"text": CHECKED}, "Una persona lo comprueba."),
        ({"kind": "scope", "models": ["gate-1"], "text": "The first, please."}, "The first, please."),
        ({"text": "Be careful."}, "Be careful."),
    ],
)
def test_a_condition_is_read_in_the_readers_language(monkeypatch, condition, read):
    spanish = {CHECKED: "Una persona lo comprueba.", "Only %(models)s may be used.": "Solo: %(models)s."}
    look_up = partial(look_up_in, spanish)
    monkeypatch.setattr(conditions, "_", look_up)
    monkeypatch.setattr(conditions, "gettext", look_up)

    with override("es"):
        assert conditions.read(condition) == read


@pytest.mark.django_db
def test_the_usual_words_are_kept_in_english_whoever_decides(monkeypatch):
    monkeypatch.setattr(conditions, "_", partial(look_up_in, {CHECKED: "Una persona lo comprueba."}))

    with override("es"):
        decision = under({"kind": "human_review"}, program=make_program("gate"))

    assert decision.conditions[0]["text"] == CHECKED
