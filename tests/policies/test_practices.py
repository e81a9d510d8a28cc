"""Safety practices: versions that never change, told to the holders they touch, shown where the use is described."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from audit.models import LedgerEntry
from onboarding.domain import weakness_notices
from onboarding.models import Grant
from outbox.models import Letter
from policies.domain import practices
from policies.models import Practice
from tests.factories import (
    MONDAY,
    editor,
    make_application,
    make_guidelines,
    make_program,
    make_user,
    verified,
)
from tests.onboarding.filled import GOOD
from tests.policies.test_weakness_records import holder, make_record

pytestmark = pytest.mark.django_db
TEXT = "A clinician *reads* each answer."


def make_practice(text: str = TEXT, *, domain: str = "health", at=MONDAY) -> Practice:
    return practices.publish("code", domain, text=text, by=editor("edith"), at=at)


def letters() -> list[Letter]:
    return list(Letter.objects.filter(kind="onboarding/weakness").order_by("id"))


def test_another_text_is_the_next_version_and_the_same_again_is_none():
    rows = [make_practice(), make_practice(), make_practice("Another."), make_practice(domain="legal")]

    assert [row.version for row in rows] == [1, 1, 2, 1]
    assert [row.text for row in practices.of("code")] == ["Another.", TEXT]
    entries = LedgerEntry.objects.filter(event="practice.published").order_by("id")
    assert list(entries.values_list("details__version", flat=True)) == [1, 2, 1]


@pytest.mark.parametrize("text", [" ", "a\0b", "x" * (practices.TEXT_MOST + 1)])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(practices.BadText):
        make_practice(text)


def test_the_database_refuses_to_change_or_delete_a_version():
    make_practice()

    for change in (lambda rows: rows.update(text="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            change(Practice.objects.all())


def test_holders_whose_use_it_touches_are_written_to_and_nobody_else():
    holder("alice", "health"), holder("charlie", "legal")
    dana = holder("dana")
    Grant.objects.filter(pk=dana.pk).update(conditions=[{"category": "health", "text": "A person reads it."}])
    make_practice()

    told = [weakness_notices.tell_owed(at=MONDAY) for _ in range(2)]

    assert (told, [letter.recipient for letter in letters()]) == (
        [2, 0],
        ["alice@example.org", "dana@example.org"],
    )
    assert "/programs/code/practices/#health" in letters()[0].text


def test_weaknesses_and_practices_that_are_owed_together_are_one_letter():
    make_guidelines()
    holder("alice", "health")
    make_record(), make_practice()

    told = weakness_notices.tell_owed(at=MONDAY + timedelta(hours=1))

    (letter,) = letters()
    assert (told, "Invents sources" in letter.text, "/practices/#health" in letter.html) == (1, True, True)


@pytest.mark.parametrize(("areas", "seen"), [(["legal"], True), (["none"], False)])
def test_the_form_shows_what_is_asked_where_the_chosen_domain_touches_it(client, areas, seen):
    alice = verified(make_user("alice"))
    draft = make_application(make_program("code"), state="draft", applicant=alice)
    answers = GOOD | {"decides": "recommends", "areas": areas, "models": ["code-1"]}
    type(draft).objects.filter(pk=draft.pk).update(answers=answers)
    make_practice(domain="legal")
    client.force_login(alice)

    page = client.get(reverse("apply_section", args=[draft.number, "safeguards"])).content.decode()

    assert ("What we ask in uses like yours" in page, "/programs/code/practices/#legal" in page) == (
        seen,
        seen,
    )


def test_everybody_reads_what_is_asked(client):
    make_program("code")
    make_practice()

    page = client.get("/programs/code/practices/").content.decode()
    program = client.get("/programs/code/").content.decode()

    assert ("<em>reads</em>" in page, 'id="health"' in page) == (True, True)
    assert "/programs/code/practices/#health" in program


@pytest.mark.parametrize("page", ["practices/", "evaluations/", "evaluations.json"])
def test_a_program_that_is_not_there_has_no_such_page(client, page):
    assert client.get(f"/programs/nowhere/{page}").status_code == 404


def test_a_condition_leads_to_what_is_asked(client):
    grant = holder("alice")
    Grant.objects.filter(pk=grant.pk).update(
        conditions=[{"category": "health", "text": "A person reads it."}]
    )
    make_practice()
    client.force_login(grant.application.applicant)

    page = client.get(reverse("grant", args=[grant.public_id])).content.decode()

    assert "/programs/code/practices/#health" in page


def test_an_editor_publishes_the_next_version_in_the_admin(client):
    make_program("code"), make_guidelines()
    client.force_login(editor("edith"))
    place = reverse("admin:policies_practice_add")
    for text in (TEXT, "Another."):
        client.post(place, {"program": "code", "domain": "health", "text": text})

    begun = client.get(f"{place}?program=code&domain=health").content.decode()

    assert ([row.version for row in Practice.objects.all()], "Another." in begun) == ([2, 1], True)
    assert (
        client.get(reverse("admin:policies_practice_change", args=[practices.of("code")[0].pk])).status_code
        == 200
    )
