"""The buttons of a decision: preview, take back, change, correct, an own opinion first."""

import re

import pytest
from django.apps import apps

from audit import clock
from outbox.models import Letter
from reviews.domain import claims, signatures, telling
from reviews.models import Case, Decision, Opinion
from tests.factories import make_program, make_reviewer, make_user
from tests.reviews.making import make_case, make_decision

REJECT = {
    "d-outcome": "rejected", "d-reason_rejected": "R4_identity", "d-main_category": "fraud_spam",
    "d-facts": "The site is <not> theirs.", "d-what_would_change": "A site of their own.",
}  # fmt: skip


@pytest.fixture
def bob(client):
    bob = make_reviewer()
    client.force_login(bob)
    return bob


def url(case, verb, decision=None):
    return f"/admin/reviews/case/{case.pk}/{verb}/" + (f"{decision.pk}/" if decision else "")


def waiting(by=None, **fields):
    """Return a decision that is told in half an hour."""
    program = make_program(recall_minutes=30)
    return make_decision(by=by, program=program, at=clock.now(), **fields)


def figures():
    return {model._meta.label: model.objects.count() for model in apps.get_models() if model._meta.managed}


@pytest.mark.django_db
def test_the_preview_is_the_letter_that_is_sent_and_changes_nothing(client, bob):
    case = make_case(applicant=make_user("alice"), at=clock.now())
    claims.claim(case, by=bob, at=clock.now())
    before = figures()

    page = client.post(url(case, "preview"), REJECT).content.decode()
    after = figures()
    client.post(url(case, "decide"), REJECT)
    telling.tell_owed(at=clock.now())

    sent = Letter.objects.get(kind="reviews/rejected")
    assert (after["reviews.Decision"], {name for name in after if after[name] != before[name]}) == (0, set())
    shown = re.search(r'<pre class="prewrap">(.*?)</pre>', page, re.S)[1]
    assert shown.replace("&lt;", "<").replace("&gt;", ">").strip() == sent.text.strip()
    assert sent.subject in page
    assert "The site is &lt;not&gt; theirs." in page


@pytest.mark.django_db
def test_a_preview_of_what_cannot_be_decided_says_what_is_missing(client, bob):
    case = make_case(at=clock.now())
    claims.claim(case, by=bob, at=clock.now())

    answer = client.post(url(case, "preview"), REJECT | {"d-facts": ""})

    assert (answer.status_code, "Write the facts that you rely on" in answer.content.decode()) == (422, True)


@pytest.mark.django_db
def test_the_same_form_sent_again_with_other_words_leads_to_the_same_decision(client, bob):
    case = make_case(at=clock.now())
    claims.claim(case, by=bob, at=clock.now())
    form = REJECT | {"token": "t1", "version": "0", "revision": "1"}

    answers = [
        client.post(url(case, "decide"), form | {"d-facts": words}).status_code for words in ("One.", "Two.")
    ]

    assert (answers, Decision.objects.get().facts) == ([302, 302], "One.")


@pytest.mark.django_db
def test_a_stale_tab_is_refused_and_keeps_every_word(client, bob):
    case = make_case(at=clock.now())
    claims.claim(case, by=bob, at=clock.now())

    answer = client.post(url(case, "decide"), REJECT | {"version": "9"})

    page = answer.content.decode()
    assert (answer.status_code, Decision.objects.count()) == (409, 0)
    assert "After you opened this page others worked on this case" in page
    assert "The site is &lt;not&gt; theirs." in page
    assert 'name="version" value="0"' in page


@pytest.mark.django_db
def test_structured_conditions_and_questions_come_from_the_form(client, bob):
    case = make_case(program=make_program("gate"), answers={"models": ["gate-1"]}, at=clock.now())
    claims.claim(case, by=bob, at=clock.now())

    client.post(
        url(case, "decide"),
        {
            "d-outcome": "approved_with_conditions", "d-reason_approved_with_conditions": "C3_human_review",
            "d-main_category": "health", "d-scope_models": ["gate-1"], "d-most_per_day": "50",
            "d-review_on": "2027-03-01", "d-human_review": "on",
        },
    )  # fmt: skip

    kinds = [condition["kind"] for condition in Decision.objects.get().conditions]
    assert kinds == ["scope", "limit", "review_date", "human_review"]


@pytest.mark.django_db
def test_several_questions_are_an_ask_of_several_rows(client, bob):
    case = make_case(answers={"title": "x"}, at=clock.now())
    claims.claim(case, by=bob, at=clock.now())

    client.post(
        url(case, "decide"),
        {
            "d-outcome": "needs_information", "d-reason_needs_information": "I1_too_vague",
            "d-main_category": "health", "d-question": "Who reads it?", "d-about": "title",
            "d-question_2": "How often?",
        },
    )  # fmt: skip

    asked = Decision.objects.get().request
    assert [(one.position, one.question, one.about) for one in asked.questions.all()] == [
        (1, "Who reads it?", "title"),
        (2, "How often?", ""),
    ]
    assert asked.question == "1. Who reads it?\n\n2. How often?"


@pytest.mark.django_db
def test_taking_back_shows_who_and_why_and_gives_the_case_back(client, bob):
    decision = waiting(by=bob)
    assert "Take it back" in client.get(f"/admin/reviews/case/{decision.case_id}/").content.decode()

    client.post(url(decision.case, "take-back", decision), {"reason": "I misread <it>."})

    page = client.get(f"/admin/reviews/case/{decision.case_id}/").content.decode()
    assert "before anybody was told: I misread &lt;it&gt;." in page
    assert Case.objects.get().state == "claimed"


@pytest.mark.django_db
def test_an_edit_by_the_second_person_waits_for_the_first(client, bob):
    decision = waiting(by=make_reviewer("bea"), domains=["health"])

    refused = client.post(url(decision.case, "change", decision), REJECT | {"reason": ""})
    changed = client.post(url(decision.case, "change", decision), REJECT | {"reason": "Not theirs."})

    assert (refused.status_code, "Say why" in refused.content.decode(), changed.status_code) == (
        409,
        True,
        302,
    )
    assert Decision.objects.latest("pk").decided_by == bob


@pytest.mark.django_db
def test_what_was_told_is_corrected_from_the_page(client, bob):
    decision = make_decision("rejected", by=bob, at=clock.now())
    telling.tell_owed(at=clock.now())

    client.post(url(decision.case, "correct", decision), REJECT)

    assert Decision.objects.latest("pk").supersedes == decision


@pytest.mark.django_db
def test_a_blind_signer_sees_neither_outcome_nor_words_until_their_own_opinion_is_in(client, bob):
    decision = make_decision(
        "rejected", by=make_reviewer("bea"), domains=["health"], at=clock.now(),
        program=make_program(blind_second=True, recall_minutes=30),
        says={"facts": "Seldom-seen-words."},
    )  # fmt: skip
    address = f"/admin/reviews/case/{decision.case_id}/"

    before = client.get(address).content.decode()
    refused = client.post(url(decision.case, "sign", decision))
    client.post(url(decision.case, "opinion", decision), {"o-outcome": "approved", "o-note": "Fine."})
    after = client.get(address).content.decode()

    hidden = ["Seldom-seen-words.", "R4 identity", "Identity not confirmed</dd>", "rejected</span>"]
    assert [words for words in hidden if words in before] == []
    assert (refused.status_code, "Seldom-seen-words." in refused.content.decode()) == (409, False)
    assert ("Seldom-seen-words." in after, Opinion.objects.get(reviewer=bob).blind) == (True, True)
    signatures.sign(decision, by=bob, at=clock.now())
