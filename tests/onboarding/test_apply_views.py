"""The pages of programs and of applying: who sees what, what is saved, what is refused."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.domain import applications, programs
from onboarding.models import Application, Revision
from onboarding.states import ApplicationState, Stage
from outbox.models import Letter
from policies.domain import acceptances, guidelines, weaknesses
from policies.models import Acceptance
from reviews.domain.precheck import History, Share
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_application,
    make_entry,
    make_manager,
    make_organisation,
    make_owner,
    make_program,
    make_rate,
    make_reviewer,
    make_user,
)
from tests.onboarding.filled import DETAIL, HELD, good_for

pytestmark = pytest.mark.django_db
UGLY = "<script>alert(1)</script> مرحبا \U0001f680 & “quoted” " + "W" * 200


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)


@pytest.fixture
def program():
    return make_program("code")


@pytest.fixture
def alice(client):
    user = make_user("alice")
    client.force_login(user)
    return user


@pytest.fixture
def draft(program, alice):
    accept_guidelines(alice)
    return applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)


@pytest.fixture
def ready(program, alice, draft):
    """A draft that only has to be sent."""
    return applications.save_draft(
        draft, answers=good_for(program, alice), seen_version=draft.answers_version, by=alice, at=MONDAY
    )


def page(draft, section):
    return reverse("apply_section", args=[draft.number, section])


def you(**changes):
    return {
        "seen": "0",
        "full_name": "Alice",
        "work_email": "alice@example.org",
        "country": "ES",
        "adult": "1.1.0",
        "applicant_type": "individual",
    } | changes


# ---------------------------------------------------------------- programs


def test_the_list_shows_each_program_with_stage_pace_and_line(client, program):
    make_rate(program, 1000)
    make_entry(program)
    make_program("gone", stage=Stage.CLOSED)

    shown = client.get("/").content.decode()

    assert "Code" in shown
    assert "Gone" not in shown
    assert "Limited access" in shown
    assert "1,000 invited a week · 1 in line" in shown.replace("\n", " ")


def test_without_programs_the_list_says_so(client):
    assert "No program is open yet" in client.get("/").content.decode()


def test_the_list_needs_as_many_queries_with_three_programs_as_with_one(client, django_assert_num_queries):
    for number in (1, 2, 3):
        make_rate(make_program(f"p{number}"), 10)
        with django_assert_num_queries(1):
            client.get("/")


def test_a_program_shows_its_rule_limits_models_and_weaknesses(client, program, alice):
    make_rate(program, 1000)
    weaknesses.publish("code", text="It **repeats** itself. <script>alert(1)</script>", by=alice, at=MONDAY)

    shown = client.get("/programs/code/").content.decode()

    assert "At most 1,000 people are invited a week" in shown
    assert "60 requests a minute, 1,000 a day" in shown
    assert "The first" in shown
    assert "<strong>repeats</strong>" in shown
    assert "<script>alert" not in shown
    assert reverse("apply", args=["code"]) in shown


def test_a_program_page_needs_a_fixed_number_of_queries(client, program, django_assert_num_queries):
    with django_assert_num_queries(5):
        client.get("/programs/code/")


def test_a_paused_program_says_that_nobody_is_invited(client, program):
    programs.pause(program, by=make_manager(), at=MONDAY, reason="Too many open cases")

    assert "Admission is paused" in client.get("/programs/code/").content.decode()


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.INVITATION_ONLY])
def test_a_program_that_takes_no_applications_says_why_and_has_no_button(client, stage):
    make_program("code", stage=stage)

    shown = client.get("/programs/code/").content.decode()

    assert "apply now" in shown or "nobody new can apply" in shown
    assert "/apply/code/" not in shown


@pytest.mark.parametrize("address", ["/programs/nothing/", "/apply/nothing/"])
def test_an_unknown_program_is_not_found(client, alice, address):
    assert client.get(address).status_code == 404


# ---------------------------------------------------------------- start


def test_who_is_not_signed_in_is_asked_to(client, program):
    answer = client.get("/apply/code/")

    assert answer.status_code == 302
    assert answer.url == "/accounts/login/?next=/apply/code/"


def test_start_accepts_the_guidelines_and_opens_the_first_section(client, program, alice):
    version = guidelines.in_force()

    answer = client.post("/apply/code/", {"owner": "me", "guidelines": version.text_hash})

    made = Application.objects.get()
    assert answer.url == page(made, "you")
    assert acceptances.accepted(alice, version)
    assert (made.owner.person, made.applicant) == (alice, alice)


def test_looking_at_the_start_changes_nothing(client, program, alice):
    shown = client.get("/apply/code/").content.decode()

    assert "I accept the usage guidelines, version 1.0.0" in shown
    assert not Application.objects.exists()
    assert not Acceptance.objects.exists()


def test_start_for_my_organisation(client, program, alice):
    accept_guidelines(alice)
    organisation = make_organisation(alice, name="Pygma Labs")

    client.post("/apply/code/", {"owner": f"organisation-{organisation.pk}"})

    assert Application.objects.get().owner.organisation == organisation


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"owner": "me"}, "Accept the usage guidelines"),
        ({"owner": "me", "guidelines": "0" * 64}, "Accept the usage guidelines"),
        ({"owner": "organisation-1"}, "Choose for whom"),
        ({"owner": "nobody"}, "Choose for whom"),
        ({}, "Choose for whom"),
    ],
)
def test_a_start_that_lacks_something_starts_nothing(client, program, alice, posted, said):
    make_organisation(make_user("charlie"))

    answer = client.post("/apply/code/", posted)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Application.objects.exists()
    assert not Acceptance.objects.exists()


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.INVITATION_ONLY])
def test_a_program_that_takes_no_applications_starts_nothing(client, alice, stage):
    make_program("code", stage=stage)

    answers = (
        client.get("/apply/code/"),
        client.post("/apply/code/", {"owner": "me", "guidelines": guidelines.in_force().text_hash}),
    )

    assert [answer.status_code for answer in answers] == [200, 422]
    assert all("takes no applications now" in answer.content.decode() for answer in answers)
    assert not Application.objects.exists()
    assert not Acceptance.objects.exists()


def test_start_shows_the_draft_that_is_there(client, draft):
    shown = client.get("/apply/code/").content.decode()

    assert reverse("application", args=[draft.number]) in shown
    assert 'name="owner"' not in shown


def test_starting_twice_makes_one_draft(client, program, alice):
    accept_guidelines(alice)

    answers = [client.post("/apply/code/", {"owner": "me"}) for _ in range(2)]

    assert answers[0].url == answers[1].url
    assert Application.objects.count() == 1


def test_start_beside_one_under_way_shows_where_it_stands(client, program, alice):
    accept_guidelines(alice)
    first = make_application(program, owner=make_owner(alice), applicant=alice)

    shown = client.get("/apply/code/").content.decode()
    answer = client.post("/apply/code/", {"owner": "me"})

    assert first.number in shown
    assert answer.url == reverse("application", args=[first.number])
    assert Application.objects.count() == 1


def test_start_before_the_time_a_rejection_named_says_when(client, program, alice, monkeypatch):
    accept_guidelines(alice)
    make_owner(alice)
    monkeypatch.setattr(
        "reviews.domain.decisions.reapply_from", lambda owner, program: MONDAY + timedelta(days=9)
    )

    shown = client.get("/apply/code/").content.decode()
    answer = client.post("/apply/code/", {"owner": "me"})

    assert "2 December 2026" in shown
    assert answer.status_code == 409
    assert not Application.objects.exists()


# ---------------------------------------------------------------- sections


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
    ticks = {f"ack_{name}": "1.1.0" for name in ("scope", "report", "truth")}
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


# ---------------------------------------------------------------- check and send


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
    guidelines.publish(newer, effective_at=MONDAY, by="test", at=MONDAY)
    guidelines.put_in_force(at=MONDAY)
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
