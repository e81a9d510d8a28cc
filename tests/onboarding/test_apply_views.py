"""The pages of the form: what is shown, what is saved, what is refused, and whose it is."""

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.domain import applications
from onboarding.models import Application
from onboarding.states import ApplicationState
from policies.domain import weaknesses
from tests.factories import (
    MONDAY,
    make_manager,
    make_reviewer,
    make_user,
)
from tests.onboarding.filled import good_for, page, you

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
UGLY = "<script>alert(1)</script> مرحبا \U0001f680 & “quoted” " + "W" * 200


def test_a_section_shows_its_questions_and_what_is_known(client, draft):
    shown = client.get(page(draft, "you")).content.decode()

    assert "Work e-mail" in shown
    assert 'value="alice@example.org"' in shown
    assert 'aria-current="step"' in shown


def test_every_section_can_be_shown_filled_and_empty(client, draft, program, alice):
    sections = [
        "you",
        "purpose",
        "users",
        "inputs",
        "outputs",
        "impact",
        "safeguards",
        "scale",
        "declarations",
    ]
    assert [client.get(page(draft, name)).status_code for name in sections] == [200] * len(sections)

    applications.save_draft(
        draft,
        answers=good_for(program, alice, title=UGLY, detail=UGLY * 10),
        seen_version=0,
        by=alice,
        at=MONDAY,
    )

    shown = [client.get(page(draft, name)) for name in sections]
    assert [answer.status_code for answer in shown] == [200] * len(sections)
    assert not any("<script>alert" in answer.content.decode() for answer in shown)


def test_a_good_section_is_saved_and_leads_to_the_next_that_asks_something(client, draft):
    answer = client.post(page(draft, "you"), you())

    draft.refresh_from_db()
    assert answer.url == page(draft, "purpose")
    assert draft.answers["country"] == "ES"
    assert draft.saved_at == MONDAY


def test_an_organisation_comes_to_its_own_section(client, draft):
    assert client.post(page(draft, "you"), you(applicant_type="company")).url == page(draft, "organisation")


def test_a_section_that_asks_nothing_is_passed_over(client, draft):
    client.post(page(draft, "you"), you())

    assert client.get(page(draft, "organisation")).url == page(draft, "purpose")
    assert client.get(page(draft, "evidence")).url == page(draft, "scale")


def test_a_bad_section_is_saved_too_and_shown_with_what_to_mend(client, draft):
    answer = client.post(page(draft, "you"), you(full_name="A", country="Spain", adult=""))

    draft.refresh_from_db()
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert (draft.answers["full_name"], draft.answers["country"]) == ("A", "Spain")
    assert "Write at least 2 characters; this has 1." in shown
    assert "Choose one of the answers on the list." in shown
    assert "Tick this to go on." in shown
    assert '<a href="#id_full_name">' in shown


def test_going_back_saves_and_asks_for_nothing(client, draft):
    answer = client.post(page(draft, "purpose"), {"seen": "0", "title": "A", "go": "back"})

    draft.refresh_from_db()
    assert answer.url == page(draft, "you")
    assert draft.answers["title"] == "A"


def test_leaving_saves_and_shows_the_applications(client, draft):
    answer = client.post(page(draft, "purpose"), {"seen": "0", "title": "Half a thought", "go": "leave"})

    draft.refresh_from_db()
    assert answer.url == reverse("applications")
    assert draft.answers["title"] == "Half a thought"


def test_the_last_section_leads_to_the_check(client, ready):
    ticks = {f"ack_{name}": "1.2.0" for name in ("scope", "report", "truth")}
    ticks |= {"ack_policy": "1.0.0", "ack_limits": "none"}

    answer = client.post(page(ready, "declarations"), ticks | {"seen": str(ready.answers_version)})

    assert answer.url == reverse("apply_check", args=[ready.number])


def test_unticking_takes_an_answer_away(client, ready):
    client.post(page(ready, "inputs"), {"seen": str(ready.answers_version), "max_input_chars": "10"})

    ready.refresh_from_db()
    assert not {"input_source", "personal_data"} & set(ready.answers)


def test_only_this_sections_questions_are_taken(client, draft):
    client.post(page(draft, "you"), you(title="Smuggled", state="approved", lane="monitor", risk_score="0"))

    draft.refresh_from_db()
    assert "title" not in draft.answers
    assert (draft.state, draft.lane) == (ApplicationState.DRAFT, "")


def test_a_question_that_hangs_on_another_page_is_checked_on_the_server(client, ready):
    client.post(page(ready, "safeguards"), {"seen": str(ready.answers_version), "report_contact": "x"})
    shown = client.get(page(ready, "safeguards")).content.decode()
    assert "Where can people report a problem?" not in shown  # only colleagues see the output

    ready.refresh_from_db()
    applications.save_draft(
        ready,
        answers={"audience": "public"},
        seen_version=ready.answers_version,
        by=ready.applicant,
        at=MONDAY,
    )

    assert "Where can people report a problem?" in client.get(page(ready, "safeguards")).content.decode()


def test_a_question_that_hangs_on_this_page_is_on_it_and_marked_as_not_asked(client, ready):
    shown = client.get(page(ready, "inputs")).content.decode()

    assert '<div class="slot" id="slot_special_data" data-off>' in shown
    assert '<div class="slot" id="slot_personal_data">' in shown


def test_a_second_tab_does_not_overwrite_a_newer_draft(client, draft):
    client.post(page(draft, "purpose"), {"seen": "0", "title": "From one tab", "go": "leave"})

    answer = client.post(page(draft, "purpose"), {"seen": "0", "title": "From the other", "go": "on"})

    draft.refresh_from_db()
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert draft.answers["title"] == "From one tab"
    assert "A newer draft was saved elsewhere" in shown
    assert "From one tab" in shown
    assert 'value="From the other"' in shown


def test_keeping_what_was_typed_here_is_one_more_press(client, draft):
    client.post(page(draft, "purpose"), {"seen": "0", "title": "From one tab", "go": "leave"})
    shown = client.post(page(draft, "purpose"), {"seen": "0", "title": "From the other"})

    version = shown.context["application"].answers_version
    client.post(page(draft, "purpose"), {"seen": str(version), "title": "From the other"})

    draft.refresh_from_db()
    assert draft.answers["title"] == "From the other"


@pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 40, "٣"])
def test_a_page_with_a_strange_version_overwrites_nothing(client, draft, seen):
    answer = client.post(page(draft, "purpose"), {"seen": seen, "title": "Other"})

    draft.refresh_from_db()
    assert answer.status_code == 409
    assert "title" not in draft.answers


def test_sections_are_never_kept_by_the_browser(client, draft):
    assert "no-store" in client.get(page(draft, "you"))["Cache-Control"]


def test_an_unknown_section_is_not_found(client, draft):
    assert client.get(page(draft, "nothing")).status_code == 404
    assert client.post(page(draft, "nothing"), {"seen": "0"}).status_code == 404


def test_the_known_weaknesses_stand_where_they_are_acknowledged(client, draft, alice):
    weaknesses.publish("code", text="It makes up names of *functions*.", by=alice, at=MONDAY)

    shown = client.get(page(draft, "declarations")).content.decode()

    assert "<em>functions</em>" in shown
    assert "I have read the known weaknesses of these models, version 1" in shown


def test_a_tick_from_a_page_with_an_older_text_is_to_be_made_again(client, draft, alice):
    weaknesses.publish("code", text="Old.", by=alice, at=MONDAY)
    weaknesses.publish("code", text="New.", by=alice, at=MONDAY)

    shown = client.post(page(draft, "declarations"), {"seen": "0", "ack_limits": "1"}).content.decode()

    assert "This text has changed since you ticked it." in shown


def test_a_section_needs_as_many_queries_full_as_empty(
    client, draft, program, alice, django_assert_max_num_queries
):
    with django_assert_max_num_queries(14):
        client.get(page(draft, "purpose"))
    applications.save_draft(draft, answers=good_for(program, alice), seen_version=0, by=alice, at=MONDAY)
    with django_assert_max_num_queries(14):
        client.get(page(draft, "purpose"))


# ---------------------------------------------------------------- foreign numbers


@pytest.mark.parametrize("make_stranger", [lambda: make_user("charlie"), make_reviewer, make_manager])
@pytest.mark.parametrize("method", ["get", "post"])
def test_somebody_elses_application_is_not_there(ready, make_stranger, method):
    before = Application.objects.values().get(pk=ready.pk)
    stranger = Client()
    stranger.force_login(make_stranger())
    addresses = [page(ready, "you"), page(ready, "nothing"), reverse("apply_check", args=[ready.number])]
    if method == "post":
        addresses = [page(ready, "you"), reverse("apply_submit", args=[ready.number])]

    answers = [getattr(stranger, method)(address, you()) for address in addresses]

    assert {answer.status_code for answer in answers} == {404}
    assert Application.objects.values().get(pk=ready.pk) == before


@pytest.mark.parametrize("number", ["0000-0000-00", "x", "1", "%00", "a" * 300])
def test_a_made_up_number_is_not_found(client, alice, number):
    answers = [
        client.get(f"/applications/{number}/form/you/"),
        client.get(f"/applications/{number}/check/"),
        client.post(f"/applications/{number}/submit/"),
    ]

    assert {answer.status_code for answer in answers} == {404}


def test_who_is_not_signed_in_sees_and_sends_nothing(ready):
    stranger = Client()

    answers = [
        stranger.get(page(ready, "you")),
        stranger.post(page(ready, "you"), you()),
        stranger.get(reverse("apply_check", args=[ready.number])),
        stranger.post(reverse("apply_submit", args=[ready.number])),
    ]

    assert all(answer.url.startswith("/accounts/login/") for answer in answers)


def test_a_form_without_its_token_is_refused(ready, alice):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)

    assert careful.post(reverse("apply_submit", args=[ready.number])).status_code == 403
    ready.refresh_from_db()
    assert ready.state == ApplicationState.DRAFT
