"""A section that saves itself: what is kept, what comes back, what is never overwritten."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.domain import applications
from onboarding.models import Application
from onboarding.states import ApplicationState
from tests.factories import MONDAY, accept_guidelines, make_application, make_owner, make_program, make_user
from tests.onboarding.filled import good_for

pytestmark = pytest.mark.django_db
NASTY = '<script>alert(1)</script> \u202eevil\u202c \x00 "quoted" & \u05d0\u05d1'


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)


@pytest.fixture
def alice(client):
    user = make_user("alice")
    client.force_login(user)
    return user


@pytest.fixture
def draft(alice):
    accept_guidelines(alice)
    return applications.start(make_program("code"), owner=make_owner(alice), by=alice, at=MONDAY)


@pytest.fixture
def filled(draft, alice):
    return applications.save_draft(
        draft, answers=good_for(draft.program, alice), seen_version=0, by=alice, at=MONDAY
    )


class Tab:
    """A page as a browser holds it: its fields, what is typed, what the answers swap in."""

    def __init__(self, client, draft, section):
        self.client = client
        self.page = reverse("apply_section", args=[draft.number, section])
        self.saves = reverse("apply_save", args=[draft.number, section])
        self.fields = {}
        self.take(client.get(self.page))

    def take(self, answer):
        self.shown = answer.content.decode()
        for tag in re.findall(r'<input type="hidden"[^>]*>', self.shown):
            name, value = (re.search(rf'{each}="([^"]*)"', tag) for each in ("name", "value"))
            if name and name[1] not in ("csrfmiddlewaretoken", "shown", "clash"):
                self.fields[name[1]] = unescape(value[1])
        form = answer.context["form"]
        for field in form:
            value = form.initial.get(field.name)
            if value is None and field.widget_type in ("text", "textarea", "email", "url"):
                value = ""  # as a browser sends it
            if value is not None and f"was-{field.name}" in self.fields:
                self.fields.setdefault(field.name, value)
        return answer

    def save(self, **typed):
        self.fields |= typed
        return self.take(self.client.post(self.saves, self.fields))

    def press(self, **typed):
        return self.client.post(self.page, self.fields | typed)


def stored(draft):
    return Application.objects.get(pk=draft.pk).answers


def test_what_is_typed_is_kept_and_the_answer_says_when(client, draft):
    answer = Tab(client, draft, "purpose").save(title="Half a thou")

    assert answer.status_code == 200
    assert stored(draft)["title"] == "Half a thou"
    assert 'id="saved"' in answer.content.decode()
    assert "12:00</time>" in answer.content.decode()


def test_only_what_changed_comes_back(client, draft):
    shown = Tab(client, draft, "purpose").save(title="A title").content.decode()

    assert re.findall(r'name="was-(\w+)"', shown) == ["title"]
    assert 'name="title"' not in shown
    assert "<nav" not in shown


def test_saving_the_same_again_changes_nothing(client, draft):
    tab = Tab(client, draft, "purpose")
    tab.save(title="A title")
    before = Application.objects.values().get(pk=draft.pk)

    tab.save()

    assert Application.objects.values().get(pk=draft.pk) == before


def test_a_question_comes_and_goes_by_the_answer_above_it(client, filled):
    tab = Tab(client, filled, "inputs")

    came = tab.save(personal_data="yes").content.decode()
    assert re.findall(r'id="slot_(\w+)"( data-off)?', came) == [("special_data", ""), ("consent_basis", "")]
    tab.fields["shown"] = ["special_data", "consent_basis"]
    went = tab.save(personal_data="no").content.decode()
    assert re.findall(r'id="slot_(\w+)"( data-off)?', went) == [
        ("special_data", " data-off"),
        ("consent_basis", " data-off"),
    ]


def test_a_step_that_is_complete_now_is_marked(client, filled):
    shown = Tab(client, filled, "purpose").save(title="").content.decode()

    assert 'id="steps"' in shown


def test_two_tabs_that_type_into_different_answers_keep_both(client, draft):
    one, other = Tab(client, draft, "purpose"), Tab(client, draft, "purpose")
    one.save(title="From one tab")

    answer = other.save(summary="From the other")

    assert answer.status_code == 200
    assert (stored(draft)["title"], stored(draft)["summary"]) == ("From one tab", "From the other")
    assert 'id="slot_title"' in answer.content.decode()  # the other tab is brought up to date
    assert 'value="From one tab"' in answer.content.decode()


def test_two_tabs_that_type_into_the_same_answer_are_told_and_may_choose(client, draft):
    one, other = Tab(client, draft, "purpose"), Tab(client, draft, "purpose")
    one.save(title="From one tab")

    answer = other.save(title="From the other", summary="And this")

    shown = answer.content.decode()
    assert answer.status_code == 409
    assert stored(draft)["title"] == "From one tab"
    assert stored(draft)["summary"] == "And this"
    assert "From one tab" in shown
    assert "From the other" in shown
    assert 'name="title"' not in shown  # what is being typed is left alone
    again = other.client.post(other.saves, other.fields | {"summary": "And this too"})
    assert (again.status_code, stored(draft)["title"]) == (409, "From one tab")


@pytest.mark.parametrize(("keep", "result"), [("mine", "From the other"), ("theirs", "From one tab")])
def test_a_choice_settles_it(client, draft, keep, result):
    one, other = Tab(client, draft, "purpose"), Tab(client, draft, "purpose")
    one.save(title="From one tab")
    other.save(title="From the other")

    answer = other.save(**{"keep-title": keep})

    assert (answer.status_code, stored(draft)["title"]) == (200, result)
    assert answer.context["clashes"] == []


def test_without_scripts_the_page_offers_both_and_a_press_settles_it(client, draft):
    one, other = Tab(client, draft, "purpose"), Tab(client, draft, "purpose")
    one.save(title="From one tab")

    page = other.press(title="From the other", summary="And this", go="on")
    assert page.status_code == 409
    assert 'value="From the other"' in page.content.decode()
    other.take(page)
    answer = other.press(title="From the other", summary="And this", keep="theirs")

    assert answer.url == other.page
    assert (stored(draft)["title"], stored(draft)["summary"]) == ("From one tab", "And this")


def test_a_choice_against_an_answer_that_changed_again_is_asked_again(client, draft):
    one, other = Tab(client, draft, "purpose"), Tab(client, draft, "purpose")
    one.save(title="First")
    other.save(title="Mine")
    one.save(title="Second")

    answer = other.save(**{"keep-title": "mine"})

    assert (answer.status_code, stored(draft)["title"]) == (409, "Second")


def test_a_question_that_another_page_brought_is_not_emptied_by_a_page_without_it(client, filled):
    tab = Tab(client, filled, "safeguards")  # without "end_user_id": only colleagues see the output
    applications.save_draft(
        filled,
        answers={"audience": "public", "end_user_id": "yes", "report_contact": "a@b.example"},
        seen_version=filled.answers_version,
        by=filled.applicant,
        at=MONDAY,
    )

    tab.save(logging_days="30")

    assert (stored(filled)["end_user_id"], stored(filled)["logging_days"]) == ("yes", 30)


def test_nasty_text_is_kept_without_what_cannot_be_stored_and_shown_as_text(client, draft):
    tab = Tab(client, draft, "purpose")
    tab.save(title=NASTY, detail=NASTY * 3000)

    shown = (
        client.get(tab.page).content.decode()
        + client.get(reverse("apply_check", args=[draft.number])).content.decode()
    )

    assert stored(draft)["title"] == NASTY.replace("\x00", "").strip()
    assert len(stored(draft)["detail"]) <= 20_000
    assert "<script>alert(1)" not in shown
    assert "\x00" not in shown


def test_an_answer_longer_than_a_draft_keeps_is_said_to_be_cut(client, draft):
    tab = Tab(client, draft, "purpose")

    answer = tab.save(detail="word " * 20_000)
    assert "only the first 20,000 characters" in answer.content.decode()
    pressed = tab.press(detail="word " * 20_000, go="on")
    assert "Of one answer only the first 20,000 characters are kept." in pressed.content.decode()
    assert "Write at most 4,000 characters; this has" in pressed.content.decode()


def test_who_is_signed_out_is_told_by_the_status_and_nothing_is_saved(client, draft):
    tab = Tab(client, draft, "purpose")
    client.logout()

    answer = client.post(tab.saves, tab.fields | {"title": "A"})

    assert (answer.status_code, answer.content) == (401, b"")
    assert "title" not in stored(draft)


def test_a_stranger_saves_nothing(client, draft):
    tab = Tab(client, draft, "purpose")
    stranger = Client()
    stranger.force_login(make_user("charlie"))

    assert stranger.post(tab.saves, tab.fields | {"title": "A"}).status_code == 404
    assert "title" not in stored(draft)


@pytest.mark.parametrize("state", [ApplicationState.SUBMITTED, ApplicationState.WITHDRAWN])
def test_what_is_no_draft_any_more_is_gone(client, alice, state):
    application = make_application(make_program("code"), applicant=alice, state=state)
    before = Application.objects.values().get(pk=application.pk)

    answer = client.post(reverse("apply_save", args=[application.number, "purpose"]), {"title": "A"})

    assert answer.status_code == 410
    assert Application.objects.values().get(pk=application.pk) == before


def test_saving_needs_as_many_queries_full_as_empty(client, draft, alice, django_assert_max_num_queries):
    tab = Tab(client, draft, "purpose")
    with django_assert_max_num_queries(20):
        tab.save(title="A")
    applications.save_draft(
        draft, answers=good_for(draft.program, alice), seen_version=1, by=alice, at=MONDAY
    )
    tab = Tab(client, draft, "purpose")
    with django_assert_max_num_queries(20):
        tab.save(title="B")


# ---------------------------------------------------------------- a session that ended


def test_what_is_sent_after_the_session_ended_is_back_after_signing_in(client, alice, draft):
    tab = Tab(client, draft, "purpose")
    client.logout()
    answer = tab.press(title="A long story", summary="and its summary")
    assert answer.url == f"/accounts/login/?next={tab.page}"
    assert "title" not in stored(draft)

    client.force_login(alice)
    page = client.get(tab.page)

    shown = page.content.decode()
    assert "What you had typed is back on this page" in shown
    assert 'value="A long story"' in shown
    tab.take(page)
    assert tab.press(title="A long story", summary="and its summary", go="leave").status_code == 302
    assert stored(draft)["title"] == "A long story"
    assert "What you had typed" not in client.get(tab.page).content.decode()


def test_what_was_sent_while_signed_out_overwrites_nothing_newer(client, alice, draft):
    tab = Tab(client, draft, "purpose")
    client.logout()
    tab.press(title="Typed here")
    applications.save_draft(draft, answers={"title": "Newer"}, seen_version=0, by=alice, at=MONDAY)
    client.force_login(alice)
    tab.take(client.get(tab.page))

    assert tab.press(title="Typed here").status_code == 409
    assert stored(draft)["title"] == "Newer"


def test_what_was_sent_while_signed_out_is_not_shown_to_somebody_else(client, draft):
    tab = Tab(client, draft, "purpose")
    client.logout()
    tab.press(title="A long story")
    client.force_login(make_user("charlie"))

    assert client.get(tab.page).status_code == 404
    assert "A long story" not in client.get("/applications/").content.decode()


def test_nothing_is_kept_for_who_is_signed_out_but_of_a_draft_and_of_a_page(client, draft):
    tab = Tab(client, draft, "purpose")
    client.logout()

    client.post(reverse("apply_section", args=["0000-0000-00", "purpose"]), {"title": "A"})
    assert "sent_while_signed_out" not in client.session
    tab.press(detail="x" * 300_000)
    assert "sent_while_signed_out" not in client.session


@pytest.mark.parametrize(
    ("origin", "status"), [("http://testserver", 302), ("https://evil.example", 403), ("", 403)]
)
def test_a_page_older_than_the_last_sign_in_brings_its_text_back(client, alice, draft, origin, status):
    tab = Tab(client, draft, "purpose")
    browser = Client(enforce_csrf_checks=True, headers={"Origin": origin} if origin else None)
    browser.force_login(alice)

    answer = browser.post(tab.page, tab.fields | {"title": "Typed before", "csrfmiddlewaretoken": "x" * 32})

    assert answer.status_code == status
    assert "title" not in stored(draft)
    assert ("Typed before" in browser.get(tab.page).content.decode()) is (status == 302)
