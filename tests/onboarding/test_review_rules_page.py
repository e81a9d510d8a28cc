"""The page on how a program is reviewed: what holds, what a change would do, and who may make it."""

import pytest
from django.urls import reverse

from accounts.roles import Role
from audit.events import Event
from audit.models import LedgerEntry
from onboarding.admin import review_rules
from onboarding.domain.programs import ReviewRules
from tests.factories import make_manager, make_program, make_reviewer, make_staff
from tests.reviews.making import make_decision

pytestmark = pytest.mark.django_db
ASKED = {
    "recall_minutes": "45",
    "refusal_recall_minutes": "180",
    "newcomer_days": "14",
    "blind_second": "on",
}
SAME = ReviewRules(30, 120, False, 30)


def program_as_shipped():
    return make_program(recall_minutes=30, refusal_recall_minutes=120, newcomer_days=30)


def page(program) -> str:
    return reverse("admin:review_rules", args=[program.slug])


def rules_of(program) -> ReviewRules:
    program.refresh_from_db()
    return ReviewRules(**{name: getattr(program, name) for name in ReviewRules.__dataclass_fields__})


@pytest.fixture
def dora(client):
    client.force_login(user := make_manager())
    return user


def test_a_preview_says_each_rule_that_changes_and_what_stays():
    program = program_as_shipped()
    make_decision(program=program, by=make_reviewer())
    make_decision(program=program, by=make_reviewer("bo"), domains=["health"])

    assert review_rules.changes(program, ReviewRules(45, 1, True, 14)) == [
        "Approvals and questions are told 45 minutes after the decision instead of 30.",
        "Rejections are told 1 minute after the decision instead of 120.",
        "Reviewers are new for 14 days instead of 30 days, counted from their first decision.",
        "Those who sign write down their own opinion before they see the first one, also of what waits for "
        "them now (1).",
        "What was decided and is not told yet keeps its time (1).",
    ]


def test_a_preview_of_the_same_rules_says_that_nothing_changes():
    assert review_rules.changes(program_as_shipped(), SAME) == ["Nothing: it is reviewed like that already."]


def test_a_preview_changes_nothing_and_asks_for_no_reason(client, dora):
    program = program_as_shipped()

    answer = client.post(page(program), ASKED | {"preview": "1"})

    assert (answer.status_code, rules_of(program)) == (200, SAME)
    assert "Rejections are told 180 minutes after the decision instead of 120." in answer.content.decode()


def test_a_manager_sets_the_rules_with_a_reason(client, dora):
    program = program_as_shipped()

    answer = client.post(page(program), ASKED | {"reason": "Two refusals went out too soon."})

    row = LedgerEntry.objects.get(event=Event.PROGRAM_REVIEW_RULES_SET)
    assert (answer.url, rules_of(program), row.actor) == (
        page(program),
        ReviewRules(45, 180, True, 14),
        f"user:{dora.pk}",
    )


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"reason": " "}, "This field is required"),
        ({"reason": "x", "recall_minutes": "100000"}, "less than or equal to 10080"),
        ({"reason": "x", "newcomer_days": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_meant_comes_back_with_what_was_typed(client, dora, sent, says):
    program = program_as_shipped()

    answer = client.post(page(program), ASKED | sent)

    assert (answer.status_code, rules_of(program)) == (422, SAME)
    assert [words in answer.content.decode() for words in (says, 'value="180"')] == [True, True]


def test_rules_that_hold_already_are_refused_with_a_sentence(client, dora):
    program = program_as_shipped()
    sent = {
        "recall_minutes": "30",
        "refusal_recall_minutes": "120",
        "newcomer_days": "30",
        "reason": "Why not.",
    }

    answer = client.post(page(program), sent)

    assert (answer.status_code, "is reviewed like that already" in answer.content.decode()) == (422, True)


def test_an_auditor_reads_them_and_is_shown_no_form(client):
    client.force_login(make_staff("axel", Role.AUDITOR))
    program = program_as_shipped()

    shown = client.get(page(program)).content.decode()

    assert ("120 minutes" in shown, 'name="recall_minutes"' in shown) == (True, False)
    assert client.post(page(program), ASKED | {"reason": "x"}).status_code == 403
