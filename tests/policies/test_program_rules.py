"""A program's own rules: published with a date, shown, acknowledged by holders, ended; their words never change."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts.domain import owners
from audit.models import LedgerEntry
from onboarding.domain import rule_notices
from outbox.models import Letter
from policies.domain import acceptances, program_rules
from policies.models import Acceptance, ProgramRule
from tests.factories import MONDAY, editor, make_grant, make_organisation, make_program, make_user, verified

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(days=10)


def make_rule(program: str = "code", **changes) -> ProgramRule:
    said = {
        "title": "No faces", "text": "No *realistic* faces.", "from_at": MONDAY, "acknowledge_by": LATER,
        "by": editor("edith"), "at": MONDAY,
    }  # fmt: skip
    return program_rules.publish(program, **said | changes)


def written() -> list[str]:
    rows = Letter.objects.filter(kind="onboarding/program_rule").order_by("id")
    return list(rows.values_list("recipient", flat=True))


@pytest.fixture
def held():
    alice = verified(make_user("alice"))
    return make_grant(make_program("code"), applicant=alice)


def test_rules_are_numbered_program_by_program():
    rules = [make_rule("code"), make_rule("code"), make_rule("images")]

    assert [rule.number for rule in rules] == [1, 2, 1]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"title": " "}, "Write a title"),
        ({"text": ""}, "Write a title"),
        ({"title": "x" * 121}, "At most 120"),
        ({"text": "a\0b"}, "NUL"),
        ({"from_at": MONDAY - timedelta(seconds=1)}, "never before it was published"),
        ({"acknowledge_by": MONDAY - timedelta(seconds=1)}, "no sooner than it is in force"),
        ({"acknowledge_by": MONDAY.replace(year=9999)}, "before the year 2101"),
    ],
)
def test_a_rule_that_cannot_be_published_is_refused_in_words(wrong, says):
    with pytest.raises(program_rules.BadRule, match=says):
        make_rule(**wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x"},
        {"text": "x"},
        {"program": "x"},
        {"number": 9},
        {"text_hash": "x"},
        {"acknowledge_by": LATER + timedelta(1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_database_refuses_to_change_a_rule(change):
    make_rule()

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        ProgramRule.objects.update(**change)


def test_the_database_refuses_to_delete_a_rule_or_to_take_its_end_back():
    rule = program_rules.end(make_rule(), by=editor("edith"), at=LATER)

    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        ProgramRule.objects.all().delete()
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        ProgramRule.objects.filter(pk=rule.pk).update(ended_at=None, ended_by=None)


def test_a_rule_ends_once():
    rule = program_rules.end(make_rule(), by=editor("edith"), at=LATER)

    with pytest.raises(program_rules.Ended):
        program_rules.end(rule, by=editor("edith"), at=LATER)
    events = LedgerEntry.objects.filter(subject_type="policies.programrule").order_by("id")
    assert list(events.values_list("event", flat=True)) == ["program_rule.published", "program_rule.ended"]


def test_the_programs_page_shows_what_stands(client, held):
    make_rule()
    program_rules.end(make_rule(title="Over"), by=editor("edith"), at=MONDAY)

    page = client.get("/programs/code/").content.decode()

    assert ("<em>realistic</em>" in page, "Over" in page) == (True, False)


def test_holders_are_written_to_once_and_reminded_once(held):
    make_rule()

    told = [
        rule_notices.tell_owed(at=at)
        for at in (MONDAY, MONDAY, LATER - timedelta(days=3, seconds=1), LATER - timedelta(days=3), LATER)
    ]

    assert (told, written()) == ([1, 0, 0, 1, 0], ["alice@example.org"] * 2)


def test_one_rule_that_cannot_be_told_does_not_stop_the_others(held, monkeypatch):
    make_rule(title="Broken"), make_rule(title="Sound")
    letter = rule_notices._letter

    def trips(rule, *about):
        if rule.title == "Broken":
            raise RuntimeError
        return letter(rule, *about)

    monkeypatch.setattr(rule_notices, "_letter", trips)

    assert rule_notices.tell_owed(at=MONDAY) == 1


def test_whoever_acknowledged_is_not_reminded(client, held):
    rule = make_rule()
    rule_notices.tell_owed(at=MONDAY)
    client.force_login(held.application.applicant)

    client.post(reverse("rule_acknowledge", args=["code", rule.number]))

    assert rule_notices.tell_owed(at=LATER - timedelta(days=1)) == 0
    kept = Acceptance.objects.get(document="rule:code:1")
    assert (kept.text_hash, rule_notices.standing(rule)) == (rule.text_hash, (1, 1))


def test_one_person_of_an_organisation_is_enough():
    alice, mo = verified(make_user("alice")), verified(make_user("mo"))
    team = make_organisation(alice, mo)
    grant = make_grant(make_program("code"), applicant=alice, owner=owners.of_organisation(team))
    rule = make_rule()
    before = rule_notices.waiting([grant])

    acceptances.accept(
        mo, document=program_rules.document(rule), version="1", text_hash=rule.text_hash, at=MONDAY
    )

    assert (before, rule_notices.waiting([grant])) == ({grant.pk: [rule]}, {grant.pk: []})


def test_the_page_of_access_asks_until_somebody_acknowledges(client, held):
    rule = make_rule(from_at=MONDAY)
    client.force_login(held.application.applicant)
    page = f"/access/{held.public_id}/"
    asks = "I have read and acknowledge “No faces”"

    before = client.get(page).content.decode()
    answer = client.post(reverse("rule_acknowledge", args=["code", rule.number]), {"next": page})

    assert (asks in before, answer.url, asks in client.get(page).content.decode()) == (True, page, False)


def test_reading_acknowledges_nothing_and_an_ended_rule_cannot_be(client, held):
    rule = make_rule()
    client.force_login(held.application.applicant)
    address = reverse("rule_acknowledge", args=["code", rule.number])

    got = client.get(address).status_code
    program_rules.end(rule, by=editor("edith"), at=MONDAY)

    assert (got, client.post(address).status_code, Acceptance.objects.filter(document="rule:code:1").count()) == (
        405, 404, 0,
    )  # fmt: skip


def test_a_policy_editor_publishes_and_ends_a_rule(client, held):
    client.force_login(editor("edith"))
    said = {
        "program": "code",
        "title": "No faces",
        "text": "None.",
        "from_on": "",
        "acknowledge_by_on": "2040-01-31",
    }

    client.post(reverse("admin:policies_programrule_add"), said)
    rule = ProgramRule.objects.get()
    page = client.get(reverse("admin:policies_programrule_change", args=[rule.pk])).content.decode()
    client.post(
        reverse("admin:policies_programrule_changelist"), {"action": "end", "_selected_action": [rule.pk]}
    )

    rule.refresh_from_db()
    assert (rule.published_by, "for 0 of 1 grants" in page, rule.ended_by) == (
        editor("edith"), True, editor("edith"),
    )  # fmt: skip


def test_a_rule_of_the_past_is_refused_on_the_form(client, held):
    client.force_login(editor("edith"))
    said = {"program": "code", "title": "No faces", "text": "None.", "acknowledge_by_on": "2020-01-31"}

    answer = client.post(reverse("admin:policies_programrule_add"), said)

    assert (answer.status_code, "no sooner than it is in force" in answer.content.decode()) == (200, True)
