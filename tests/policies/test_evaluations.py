"""Results of evaluations: proposed by one, published by another, corrected by the next revision, read by everybody."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from audit import ledger
from policies.domain import evaluations, weakness_records
from policies.domain.evaluations import BadEvaluation, IllegalMove, Overtaken, SamePerson
from policies.models import Evaluation
from tests.audit.test_invariants import breaking
from tests.factories import MONDAY, editor, make_program

pytestmark = pytest.mark.django_db
SAID = {
    "code": "unit-tests", "name": "Code that passes its tests", "measures": "How often *the first* proposal passes.",
    "model": "code-1", "model_version": "1.2", "evaluated_on": date(2026, 10, 1), "method": "164 small tasks.",
    "figure": "0.61", "unit": "of 1", "interval": "0.53 to 0.68, 95 %", "sample": 164,
    "limits": "Short tasks in one language.", "source_url": "https://example.org/e", "source_by": "Gatehouse",
    "weaknesses": ["w-1"],
}  # fmt: skip
ALONE = "Nobody published a result of an evaluation alone, and its revisions are numbered without a gap."


def make_proposed(**changes) -> Evaluation:
    said = evaluations.checked(SAID | changes)
    return evaluations.propose("code", said, by=editor("edith"), at=MONDAY)


def make_evaluation(*, at=MONDAY, **changes) -> Evaluation:
    return evaluations.publish(make_proposed(**changes), by=editor("emil"), at=at)


def test_a_result_is_public_once_a_second_person_published_it():
    row = make_evaluation()

    assert (row.state, row.revision, [one.pk for one in evaluations.of("code")]) == ("published", 1, [row.pk])
    assert list(ledger.of(row).values_list("event", flat=True)) == [
        "evaluation.proposed",
        "evaluation.published",
    ]


def test_who_proposed_it_does_not_publish_it():
    with pytest.raises(SamePerson, match="Somebody else has to publish this"):
        evaluations.publish(make_proposed(), by=editor("edith"), at=MONDAY)


def test_the_database_wants_two_people_too():
    row = make_proposed()

    with pytest.raises(DatabaseError, match="second_person"), transaction.atomic():
        Evaluation.objects.filter(pk=row.pk).update(
            state="published", revision=1, published_at=MONDAY, published_by=editor("edith")
        )


@pytest.mark.parametrize(
    "change", [{"figure": "0.99"}, {"limits": "None."}, {"state": "proposed"}, {"revision": 7}]
)
def test_what_is_published_changes_by_no_path(change):
    row = make_evaluation()

    with pytest.raises(DatabaseError), transaction.atomic():
        Evaluation.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()


def test_the_words_of_a_proposal_do_not_change_either():
    row = make_proposed()

    with pytest.raises(DatabaseError, match="Cannot update an evaluation"), transaction.atomic():
        Evaluation.objects.filter(pk=row.pk).update(figure="0.99")


def test_what_is_published_or_dropped_is_neither_again():
    published, dropped = make_evaluation(), evaluations.drop(make_proposed(), by=editor("emil"), at=MONDAY)

    for row in (published, dropped):
        for step in (evaluations.publish, evaluations.drop):
            with pytest.raises(IllegalMove):
                step(row, by=editor("emil"), at=MONDAY)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"figure": " "}, "figure: must not be empty."),
        ({"limits": ""}, "limits: must not be empty."),
        ({"source_url": "javascript:alert(1)"}, "source_url: does not have the form asked for."),
        ({"sample": 0}, "sample"),
        ({"name": "a\0b"}, "NUL"),
        ({"code": "Ü"}, "code: does not have the form asked for."),
    ],
)
def test_what_cannot_be_proposed_is_refused_with_its_place(wrong, says):
    with pytest.raises(BadEvaluation, match=says):
        evaluations.checked(SAID | wrong)


def test_a_day_that_lies_ahead_is_refused():
    with pytest.raises(BadEvaluation, match="lies ahead"):
        make_proposed(evaluated_on=(MONDAY + timedelta(days=1)).date())


def test_a_correction_stands_beside_what_it_corrects(client):
    make_program("code")
    make_evaluation()
    make_evaluation(figure="0.58", at=MONDAY + timedelta(days=1))

    page = client.get("/programs/code/evaluations/").content.decode()
    said = client.get("/programs/code/evaluations.json").json()["evaluations"]

    assert ("<b>0.58 of 1</b>" in page, "Revision 1</" not in page, "0.61 of 1" in page) == (True, True, True)
    assert [(one["revision"], one["figure"]) for one in said] == [(2, "0.58"), (1, "0.61")]
    assert breaking(ALONE) == []


def test_the_pages_lead_to_each_other_and_no_proposal_is_public(client):
    make_program("code")
    weakness_records.publish(
        "code", weakness_records.checked({"code": "w-1", "title": "Invents", "severity": "low", "description": "x"}),
        by=editor("edith"), at=MONDAY,
    )  # fmt: skip
    make_evaluation()
    make_proposed(code="other", name="Not yet public")

    pages = [
        client.get(f"/programs/code/{place}").content.decode()
        for place in ("", "evaluations/", "weaknesses/w-1/", "evaluations.json")
    ]

    assert ["Code that passes its tests" in page for page in pages] == [True] * 4
    assert ["Not yet public" in page for page in pages] == [False] * 4
    assert "/programs/code/weaknesses/w-1/" in pages[1]


def test_the_page_asks_as_often_for_three_as_for_one(client, django_assert_num_queries):
    make_program("code")
    make_evaluation()
    with django_assert_num_queries(3):  # the program, the weaknesses, the results
        client.get("/programs/code/evaluations/")
    make_evaluation(code="two"), make_evaluation(code="three")
    with django_assert_num_queries(3):
        client.get("/programs/code/evaluations/")


def test_an_editor_proposes_in_the_admin_and_another_publishes(client):
    make_program("code")
    client.force_login(editor("edith"))
    place = reverse("admin:policies_evaluation_add")
    client.post(place, SAID | {"program": "code", "weaknesses": "w-1"})
    row = Evaluation.objects.get()
    step = reverse("admin:evaluation_step", args=[row.pk, "publish"])

    refused = client.post(step, follow=True).content.decode()
    again = client.get(f"{place}?program=code&code=unit-tests").content.decode()
    client.force_login(editor("emil"))
    offered = client.get(reverse("admin:evaluation", args=[row.pk])).content.decode()
    client.post(step)
    row.refresh_from_db()

    assert ("Somebody else has to publish this" in refused, "0.53 to 0.68" in again) == (True, True)
    assert ("Publish it for good" in offered, row.state, row.weaknesses) == (True, "published", ["w-1"])


def test_what_is_wrong_stands_on_the_form(client):
    make_program("code")
    client.force_login(editor("edith"))

    answer = client.post(
        reverse("admin:policies_evaluation_add"),
        SAID | {"program": "code", "weaknesses": "", "source_url": "nowhere"},
    )

    assert (answer.status_code, "source_url: does not have" in answer.content.decode()) == (200, True)


def test_a_proposal_is_dropped_in_the_admin(client):
    row = make_proposed()
    client.force_login(editor("edith"))

    client.post(reverse("admin:evaluation_step", args=[row.pk, "drop"]))

    assert client.get(reverse("admin:policies_evaluation_change", args=[row.pk])).status_code == 200
    assert (Evaluation.objects.get().state, ledger.of(row).latest("id").event) == (
        "dropped",
        "evaluation.dropped",
    )


def test_an_older_proposal_is_not_published_after_a_newer_one():
    older, newer = make_proposed(), make_proposed(figure="0.63")
    evaluations.publish(newer, by=editor("emil"), at=MONDAY)

    with pytest.raises(Overtaken, match="a correction comes last"):
        evaluations.publish(older, by=editor("emil"), at=MONDAY)

    assert [row.figure for row in evaluations.published("code")] == ["0.63"]
