"""The check before sending, the sending, and what it says usually comes back."""

import re

import pytest
from django.urls import reverse

from onboarding.domain import applications, programs
from onboarding.models import Application, Revision
from onboarding.states import ApplicationState, Stage
from outbox.models import Letter
from policies.domain import acceptances, guidelines
from reviews.domain.precheck import History, Share
from tests.factories import (
    MONDAY,
    make_application,
    make_manager,
    make_owner,
    put_guidelines_in_force,
)
from tests.onboarding.filled import DETAIL, HELD, page, you

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def test_the_check_shows_every_answer_and_links_what_is_missing(client, draft):
    shown = client.get(reverse("apply_check", args=[draft.number])).content.decode()

    assert "answers to look at before you can send" in shown
    assert f'{page(draft, "you")}?look=1#id_country"' in shown
    assert f'{page(draft, "impact")}?look=1#id_areas_0"' in shown
    assert "Send the application" not in shown


def test_the_check_of_a_ready_draft_offers_to_send_it(client, ready):
    shown = client.get(reverse("apply_check", args=[ready.number])).content.decode()

    assert "Docstrings for a small team" in shown
    assert "one of the uses we nearly always accept" in shown
    assert "Send the application" in shown


def test_the_check_says_which_domains_need_extra_review_and_why(client, ready, alice):
    applications.save_draft(
        ready, answers=HELD | {"areas": ["medical"]}, seen_version=ready.answers_version, by=alice, at=MONDAY
    )

    shown = client.get(reverse("apply_check", args=[ready.number])).content.decode()

    assert "Health and mental wellbeing (Areas: Medicine and health)." in shown
    assert reverse("guidelines") + "#health" in shown


def test_deciding_alone_in_an_area_is_warned_of_before_sending(client, ready, alice):
    applications.save_draft(
        ready,
        answers=HELD | {"decides": "decides_alone", "areas": ["credit"]},
        seen_version=ready.answers_version,
        by=alice,
        at=MONDAY,
    )

    shown = client.get(reverse("apply_check", args=[ready.number])).content.decode()

    assert "One of your answers describes a prohibited use." in shown
    assert "Send the application" in shown


def test_looking_changes_nothing(client, ready):
    before = Application.objects.values().get(pk=ready.pk)

    for _ in range(3):
        client.get(reverse("apply_check", args=[ready.number]))
        client.get(page(ready, "you"), {"look": "1"})
        assert client.get(reverse("apply_submit", args=[ready.number])).status_code == 405

    assert Application.objects.values().get(pk=ready.pk) == before


def test_sending_leads_to_the_status_page_with_a_receipt(client, ready):
    answer = client.post(reverse("apply_submit", args=[ready.number]))

    ready.refresh_from_db()
    assert answer.url == reverse("application", args=[ready.number])
    assert (ready.state, ready.case_owed) == (ApplicationState.SUBMITTED, True)
    assert Letter.objects.filter(kind="onboarding/receipt").count() == 1


def test_what_a_colleague_changed_since_the_page_was_shown_is_read_before_it_is_sent(client, ready, alice):
    shown = client.get(reverse("apply_check", args=[ready.number])).content.decode()
    seen = re.search(r"""name="seen" value="(\d+)""", shown)[1]
    applications.save_draft(
        ready, answers={"title": "Changed since"}, seen_version=int(seen), by=alice, at=MONDAY
    )

    answer = client.post(reverse("apply_submit", args=[ready.number]), {"seen": seen})

    said = answer.content.decode()
    assert (answer.status_code, "Changed since" in said, "so nothing was sent" in said) == (409, True, True)
    assert Application.objects.get(pk=ready.pk).state == ApplicationState.DRAFT


def test_a_double_click_sends_once(client, ready):
    answers = [client.post(reverse("apply_submit", args=[ready.number])) for _ in range(2)]

    assert answers[0].url == answers[1].url
    assert (Revision.objects.count(), Letter.objects.count()) == (1, 1)


def test_an_incomplete_draft_is_not_sent(client, draft):
    answer = client.post(reverse("apply_submit", args=[draft.number]), follow=True)

    draft.refresh_from_db()
    assert "The application was not sent" in answer.content.decode()
    assert (draft.state, Revision.objects.count()) == (ApplicationState.DRAFT, 0)


def test_a_program_that_closed_meanwhile_takes_nothing(client, program, ready):
    programs.change_stage(program, to=Stage.CLOSED, by=make_manager(), at=MONDAY, reason="Full")

    answer = client.post(reverse("apply_submit", args=[ready.number]), follow=True)

    ready.refresh_from_db()
    assert "takes no applications" in answer.content.decode()
    assert ready.state == ApplicationState.DRAFT


def test_guidelines_that_changed_since_are_accepted_with_the_sending(client, ready, alice):
    newer = guidelines.load({**guidelines.shipped(), "version": "1.1.0"}, by="test", at=MONDAY)
    put_guidelines_in_force(newer)
    address = reverse("apply_submit", args=[ready.number])

    refused = client.post(address, follow=True).content.decode()
    assert "Accept the usage guidelines, version 1.1.0" in refused
    applications.save_draft(
        ready, answers={"ack_policy": "yes"}, seen_version=ready.answers_version, by=alice, at=MONDAY
    )
    newer.refresh_from_db()
    client.post(address, {"guidelines": newer.text_hash})

    ready.refresh_from_db()
    assert ready.state == ApplicationState.SUBMITTED
    assert acceptances.accepted(alice, newer)


@pytest.mark.parametrize("state", [state for state in ApplicationState if state != ApplicationState.DRAFT])
def test_what_is_no_draft_is_neither_shown_as_a_form_nor_saved(client, program, alice, state):
    application = make_application(program, owner=make_owner(alice), applicant=alice, state=state)
    before = Application.objects.values().get(pk=application.pk)
    status_page = reverse("application", args=[application.number])

    answers = [
        client.get(page(application, "you")),
        client.post(page(application, "you"), you()),
        client.get(reverse("apply_check", args=[application.number])),
        client.post(reverse("apply_submit", args=[application.number])),
    ]

    assert [answer.url for answer in answers] == [status_page] * 4
    assert Application.objects.values().get(pk=application.pk) == before


# ---------------------------------------------------------------- what usually comes back


def check_page(client, application):
    return client.get(reverse("apply_check", args=[application.number]))


def said_hints(answer):
    return {hint.key: hint.says for hint, url in answer.context["hints"]}


def test_a_short_description_is_warned_of_with_a_published_figure_at_first(client, ready):
    answer = check_page(client, ready)

    shown = answer.content.decode()
    assert f"The description is {len(DETAIL)} characters." in shown
    assert "87 % of 1,070 published product pitches" in shown
    assert "A published figure" in shown
    assert f"{page(ready, 'purpose')}?look=1#id_detail" in shown
    assert "Send the application" in shown  # it warns, it does not block


def test_a_short_description_is_warned_of_with_the_programs_own_figure(client, ready, monkeypatch):
    history = History(as_long=Share(of=30, asked=20), all_models=Share(0, 0))
    monkeypatch.setattr("reviews.domain.precheck.history", lambda *args, **kwargs: history)

    shown = check_page(client, ready).content.decode()

    assert "Of 30 applications here with 200 to 399, 20 (67 %) were first asked for more." in shown
    assert "87 %" not in shown


def test_who_is_seldom_asked_is_not_warned(client, ready, monkeypatch):
    history = History(as_long=Share(of=30, asked=3), all_models=Share(0, 0))
    monkeypatch.setattr("reviews.domain.precheck.history", lambda *args, **kwargs: history)

    assert said_hints(check_page(client, ready)) == {}


@pytest.mark.parametrize(
    ("website", "email", "warned"),
    [
        ("https://pygma.example/about", "alice@pygma.example", False),
        ("https://www.pygma.example", "alice@mail.pygma.example", False),
        ("https://docs.pygma.example", "alice@pygma.example", False),
        ("https://pygma.example", "alice@gmail.com", False),  # a reason of its own
        ("https://pygma.example", "alice@kallo.example", True),
        ("https://notpygma.example", "alice@pygma.example", True),
    ],
)
def test_a_website_of_another_house_than_the_address_is_a_hint(client, ready, alice, website, email, warned):
    company = {
        "applicant_type": "company",
        "legal_name": "Pygma",
        "website": website,
        "work_email": email,
        "headcount": "1",
    }
    applications.save_draft(ready, answers=company, seen_version=ready.answers_version, by=alice, at=MONDAY)

    assert ("website" in said_hints(check_page(client, ready))) is warned


def test_asking_for_every_model_is_a_hint_where_there_is_a_choice(client, ready, alice, program):
    assert "models" not in said_hints(check_page(client, ready))
    program.models.create(code="code-2", name="The second")
    applications.save_draft(
        ready,
        answers={"models": ["code-1", "code-2"]},
        seen_version=ready.answers_version,
        by=alice,
        at=MONDAY,
    )

    assert "You ask for all 2 models." in said_hints(check_page(client, ready))["models"]


def test_deciding_alone_in_an_area_is_a_hint_of_its_own(client, ready, alice):
    applications.save_draft(
        ready,
        answers=HELD | {"decides": "decides_alone", "areas": ["credit"]},
        seen_version=ready.answers_version,
        by=alice,
        at=MONDAY,
    )

    assert "no person looks, in: Credit." in said_hints(check_page(client, ready))["decides"]


def test_the_check_says_by_when_an_answer_is_due(client, ready):
    shown = " ".join(check_page(client, ready).content.decode().split())

    assert "within 2 working days; sent now, by 25 November 2026 (UTC)" in shown


def test_the_check_needs_as_many_queries_full_as_empty(client, ready, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        check_page(client, ready)
