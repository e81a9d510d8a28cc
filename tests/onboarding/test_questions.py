"""The question set: what is shipped, and what a broken one is told."""

import copy

import pytest
import yaml
from django.db import DatabaseError, IntegrityError, transaction

from audit import ledger
from onboarding.domain import conditions, countries, questions
from onboarding.models import QuestionSet
from policies.domain import guidelines
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db

SECTIONS = [
    "changes",
    "you",
    "organisation",
    "purpose",
    "users",
    "inputs",
    "outputs",
    "impact",
    "safeguards",
    "evidence",
    "scale",
    "declarations",
]


def shipped_with(key, /, **changes):
    """Return the shipped set with fields of one question changed."""
    source = copy.deepcopy(questions.shipped())
    next(question for question in source["questions"] if question["key"] == key).update(changes)
    return source


def test_the_shipped_set_has_all_sections_and_questions():
    form = questions.read(questions.shipped())

    assert [section.key for section in form.sections] == SECTIONS
    assert len(form.questions) == 65


def test_every_trigger_of_the_shipped_guidelines_reads_a_question_with_set_answers():
    form = questions.read(questions.shipped())
    source = guidelines.shipped()
    texts = [
        text for part in source["prohibited"] + source["extra_scrutiny"] for text in part.get("triggers", [])
    ]
    clauses = [clause for text in texts for clause in conditions.parse(text).clauses]

    assert texts
    for clause in clauses:
        question = form.question(clause.key)
        assert question.type in ("choice", "multi", "yesno", "number"), clause
        if question.options:
            assert set(clause.values) <= set(question.options), clause


def test_every_scrutiny_domain_of_the_shipped_guidelines_has_a_trigger():
    source = guidelines.shipped()

    assert [part["id"] for part in source["extra_scrutiny"] if not part["triggers"]] == []


def test_the_usual_uses_offered_are_those_of_the_guidelines():
    form = questions.read(questions.shipped())

    codes = [use["id"] for use in guidelines.shipped()["almost_always_approved"]]
    assert list(form.question("usual_use").options) == [*codes, "none"]


def test_every_choice_that_weighs_has_a_weight_for_each_option():
    form = questions.read(questions.shipped())

    weighed = [q for q in form.questions if q.weighs and q.options]
    assert all(set(q.weights) == set(q.options) for q in weighed)
    assert {q.weighs for q in form.questions} == {"", "impact", "safeguard"}


def test_countries_have_two_capital_letters_and_a_name():
    found = countries.names()

    assert len(found) == 249
    assert all(len(code) == 2 and code.isupper() and name for code, name in found.items())
    assert found["NO"] == "Norway"


def test_load_makes_the_set_current_and_records_it():
    row = questions.load(questions.shipped(), by="test", at=MONDAY)

    assert questions.current() == row
    assert [entry.event for entry in ledger.of(row)] == ["questions.loaded"]


def test_loading_the_same_set_again_changes_nothing():
    first = questions.load(questions.shipped(), by="test", at=MONDAY)

    assert questions.load(questions.shipped(), by="test", at=MONDAY) == first
    assert QuestionSet.objects.count() == 1
    assert ledger.of(first).count() == 1


def test_a_newer_set_takes_over_and_the_older_one_stays_readable():
    first = questions.load(questions.shipped(), by="test", at=MONDAY)

    second = questions.load({**questions.shipped(), "version": "9.0.0"}, by="test", at=MONDAY)

    assert questions.current() == second
    assert questions.of(QuestionSet.objects.get(pk=first.pk)).version == questions.shipped()["version"]


def test_other_content_under_a_taken_version_is_refused():
    questions.load(questions.shipped(), by="test", at=MONDAY)

    with pytest.raises(questions.VersionTaken, match=questions.shipped()["version"]):
        questions.load(shipped_with("title", hint="Another hint"), by="test", at=MONDAY)


def test_no_question_set_is_said_with_what_to_do():
    with pytest.raises(questions.NoQuestions, match="bootstrap"):
        questions.current()


def test_the_database_keeps_a_loaded_set_as_it_is():
    row = questions.load(questions.shipped(), by="test", at=MONDAY)

    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        QuestionSet.objects.filter(pk=row.pk).update(data={})
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        QuestionSet.objects.filter(pk=row.pk).delete()


def test_the_database_allows_one_current_set():
    questions.load(questions.shipped(), by="test", at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        QuestionSet.objects.create(version="2.0.0", data={}, text_hash="x", loaded_at=MONDAY, current=True)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("just text", "dictionary"),
        ({"version": "1"}, "sections: Field required"),
        (shipped_with("title", section="nowhere"), "section nowhere, which is not among the sections"),
        (shipped_with("title", type="essay"), "type"),
        (shipped_with("title", colour="red"), "colour"),
        (shipped_with("stage", rules={"required": True}), "is a choice and has no options"),
        (shipped_with("title", rules={"min_length": 9, "max_length": 3}), "asks for more than it allows"),
        (shipped_with("website", shown_when="applicant_type likes cats"), "is not a condition"),
        (
            shipped_with("website", shown_when="declared = yes"),
            "reads declared, which is no question above it",
        ),
        (shipped_with("full_name", shown_when="title = x"), "reads title, which is no question above it"),
        (shipped_with("website", shown_when="applicant_type = robot"), "not among its options"),
        (
            shipped_with("website", shown_when="applicant_type != company and applicant_type != start_up"),
            "more than a page's script reads",
        ),
        (shipped_with("persona", weights={"yes": 2}), "needs a weight for each of its options"),
        (shipped_with("persona", weighs=""), "needs `weighs` and weights"),
        (shipped_with("title", key="summary"), "The key summary is used twice"),
        ({**questions.shipped(), "settings": {}}, "a setting of work_email_domain"),
        (
            {**questions.shipped(), "holds": [{"code": "x", "when": "nothing = yes", "says": "x"}]},
            "hold x reads nothing",
        ),
    ],
)
def test_a_broken_set_is_refused_with_the_place_and_nothing_is_kept(source, said):
    with pytest.raises(questions.BadQuestions, match=said):
        questions.load(source, by="test", at=MONDAY)

    assert not QuestionSet.objects.exists()


def test_the_shipped_file_is_plain_data():
    text = (questions.CONTENT / "questions.yaml").read_text("utf-8")

    assert yaml.safe_load(text) == questions.shipped()
