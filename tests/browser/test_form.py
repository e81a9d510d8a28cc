"""The application form in a real browser: it saves itself, and nothing that is typed is lost."""

import re

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.domain import owners
from accounts.models import User
from accounts.roles import Role
from audit import clock
from devstack.processes import HOST
from onboarding.domain import applications, programs
from onboarding.domain.programs import Limits
from onboarding.models import Application, QuestionSet
from onboarding.states import Environment
from tests.browser import axe
from tests.browser.conftest import Browse, Watch, newcomer, person
from tests.factories import accept_guidelines, make_staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "A developer selects a function and presses a key. The editor sends that function to our server. " * 3
SAVED = re.compile(r"Saved \d\d:\d\d")


def make_draft(name: str) -> tuple[User, Application]:
    """Return somebody with an empty draft in a program of their own."""
    at = clock.now()
    user = newcomer(name)
    accept_guidelines(user, at=at)
    program = programs.open_program(
        f"{name}-model",
        name=f"{name.capitalize()} model",
        summary="Writes code from plain words.",
        models={f"{name}-1": "The first", f"{name}-2": "The second"},
        limits=[Limits("trial", Environment.TEST, 5, 100), Limits("standard", Environment.LIVE, 60, 1000)],
        by=person("dora"),
        at=at,
    )
    return user, applications.start(program, owner=owners.of_person(user), by=user, at=at)


def section(draft: Application, name: str) -> str:
    return reverse("apply_section", args=[draft.number, name])


def stored(draft: Application, key: str) -> object:
    return Application.objects.get(pk=draft.pk).answers.get(key)


def type_in(page: Page, name: str, text: str) -> None:
    """Type at the end of a field, and leave the caret in it."""
    page.locator(f"[name={name}]").press("End")
    page.keyboard.insert_text(text)


def sign_out_elsewhere(user: User) -> None:
    """End every session of this person, as time does."""
    for session in Session.objects.all():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


def sign_in_again(page: Page, user: User) -> None:
    """Give the browser a new session, and as signing in does, another CSRF token."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    said = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: "a" * 32}
    page.context.add_cookies(
        [{"name": name, "value": value, "domain": HOST, "path": "/"} for name, value in said.items()]
    )


def test_a_pause_in_typing_saves_and_the_caret_stays(browse: Browse):
    user, draft = make_draft("tia")
    page = browse(user)
    page.goto(section(draft, "purpose"))
    type_in(page, "detail", LONG)

    expect(page.locator("#saved")).to_have_text(SAVED)
    type_in(page, "detail", "And then?")
    expect(page.locator("#saved")).to_have_text(SAVED)

    assert page.evaluate("document.activeElement.name") == "detail"
    assert page.locator("[name=detail]").input_value() == LONG + "And then?"
    page.wait_for_function("document.querySelector('#was_detail').value")


def test_a_closed_browser_finds_again_what_was_saved(browse: Browse):
    user, draft = make_draft("uma")
    page = browse(user)
    page.goto(section(draft, "purpose"))
    type_in(page, "title", "Docstrings")
    expect(page.locator("#saved")).to_have_text(SAVED)
    type_in(page, "detail", LONG)  # not a second before the window closes
    page.close(run_before_unload=True)
    page.context.close()

    again = browse(user)
    again.goto(section(draft, "purpose"))

    expect(again.locator("[name=title]")).to_have_value("Docstrings")
    expect(again.locator("[name=detail]")).to_have_value(LONG.strip())


def test_questions_come_and_go_by_the_answers_above_them(browse: Browse):
    user, draft = make_draft("vera")
    page = browse(user)
    page.goto(section(draft, "inputs"))
    basis = page.locator("[name=consent_basis]")
    expect(basis).to_be_hidden()

    page.locator("[name=personal_data][value=yes]").check()
    expect(basis).to_be_visible()
    assert page.evaluate("document.activeElement.name") == "personal_data"
    basis.fill("They agree to it when they open a request.")
    page.locator("[name=personal_data][value=no]").check()
    expect(basis).to_be_hidden()
    page.locator("[name=personal_data][value=yes]").check()

    expect(basis).to_be_visible()
    expect(basis).to_have_value("They agree to it when they open a request.")
    expect(page.locator("#id_consent_basis_count")).to_contain_text("8 more needed")


def test_two_tabs_that_say_different_things_are_both_offered(browse: Browse, watch: Watch):
    user, draft = make_draft("wim")
    one = browse(user)
    other = one.context.new_page()
    for tab in (one, other):
        tab.goto(section(draft, "purpose"))
    type_in(one, "title", "From one tab")
    expect(one.locator("#saved")).to_have_text(SAVED)

    watch.listening = False  # a 409 is an answer here
    type_in(other, "title", "From the other")
    type_in(other, "summary", "And this as well")
    clash = other.locator("#clash")
    expect(clash).to_contain_text("A newer draft was saved elsewhere")
    expect(clash).to_contain_text("From one tab")
    expect(clash).to_contain_text("From the other")
    expect(other.locator("[name=title]")).to_have_value("From the other")
    assert stored(draft, "title") == "From one tab"
    watch.listening = True

    clash.get_by_label("Saved there").check()
    expect(other.locator("[name=title]")).to_have_value("From one tab")
    expect(clash).to_be_empty()
    assert stored(draft, "summary") == "And this as well"


def test_two_tabs_that_answer_different_questions_are_merged(browse: Browse):
    user, draft = make_draft("xaver")
    one = browse(user)
    other = one.context.new_page()
    for tab in (one, other):
        tab.goto(section(draft, "purpose"))
    type_in(one, "title", "From one tab")
    expect(one.locator("#saved")).to_have_text(SAVED)

    type_in(other, "summary", "From the other")

    expect(other.locator("[name=title]")).to_have_value("From one tab")
    assert stored(draft, "summary") == "From the other"


def test_back_shows_what_was_saved(browse: Browse):
    user, draft = make_draft("yara")
    page = browse(user)
    page.goto(section(draft, "purpose"))
    type_in(page, "title", "Typed and left at once")
    page.goto(section(draft, "users"))
    page.go_back()

    expect(page.locator("[name=title]")).to_have_value("Typed and left at once")
    assert stored(draft, "title") == "Typed and left at once"


def test_without_a_connection_it_says_so_and_saves_once_it_is_back(browse: Browse, watch: Watch):
    user, draft = make_draft("zoe")
    page = browse(user)
    page.goto(section(draft, "purpose"))

    watch.listening = False
    page.context.set_offline(True)
    type_in(page, "detail", LONG)
    expect(page.locator("#not-saved")).to_contain_text("the server cannot be reached")
    page.context.set_offline(False)
    expect(page.locator("#not-saved")).to_be_empty()
    expect(page.locator("#saved")).to_have_text(SAVED)
    watch.listening = True

    assert stored(draft, "detail") == LONG.strip()
    assert page.evaluate("localStorage.length") == 0


def test_a_session_that_ends_in_a_long_answer_loses_nothing(browse: Browse, watch: Watch):
    user, draft = make_draft("abel")
    page = browse(user)
    page.goto(section(draft, "purpose"))
    type_in(page, "detail", LONG)
    expect(page.locator("#saved")).to_have_text(SAVED)
    sign_out_elsewhere(user)

    watch.listening = False
    type_in(page, "detail", "The end of the story.")
    expect(page.locator("#not-saved")).to_contain_text("you were signed out")
    sign_in_again(page, user)
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#not-saved")).to_be_empty()
    expect(page.locator("#saved")).to_have_text(SAVED)

    assert stored(draft, "detail") == LONG + "The end of the story."


def test_a_session_that_ended_loses_nothing_without_scripts_either(browse: Browse):
    user, draft = make_draft("bert")
    page = browse(user, java_script_enabled=False)
    page.goto(section(draft, "purpose"))
    page.locator("[name=detail]").fill(LONG)
    sign_out_elsewhere(user)

    page.get_by_role("button", name="Save and go on").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    keep_session_of_nobody_and_sign_in(page, user)
    page.goto(section(draft, "purpose"))

    expect(page.locator("main")).to_contain_text("What you had typed is back on this page")
    expect(page.locator("[name=detail]")).to_have_value(LONG.strip())
    page.get_by_role("button", name="Save and leave").click()
    assert stored(draft, "detail") == LONG.strip()


def keep_session_of_nobody_and_sign_in(page: Page, user: User) -> None:
    """Sign in as Django does: the session that somebody had as nobody goes on with what it held."""
    key = next(
        each["value"] for each in page.context.cookies() if each["name"] == settings.SESSION_COOKIE_NAME
    )
    request = HttpRequest()
    request.session = SessionStore(session_key=key)
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    request.session.save()
    said = {settings.SESSION_COOKIE_NAME: request.session.session_key}
    page.context.add_cookies(
        [{"name": name, "value": value, "domain": HOST, "path": "/"} for name, value in said.items()]
    )


def test_text_that_could_not_be_saved_is_offered_again_and_goes_with_who_signs_out(
    browse: Browse, watch: Watch
):
    user, draft = make_draft("cleo")
    page = browse(user)
    page.goto(section(draft, "purpose"))
    sign_out_elsewhere(user)
    watch.listening = False
    type_in(page, "title", "Typed while signed out")
    expect(page.locator("#not-saved")).to_contain_text("you were signed out")
    page.goto("/guidelines/")
    sign_in_again(page, user)

    page.goto(section(draft, "purpose"))
    expect(page.locator("#kept")).to_be_visible()
    page.get_by_role("button", name="Put them back").click()
    expect(page.locator("[name=title]")).to_have_value("Typed while signed out")
    expect(page.locator("#saved")).to_have_text(SAVED)
    page.wait_for_function("localStorage.length === 0")
    assert stored(draft, "title") == "Typed while signed out"

    page.context.set_offline(True)
    type_in(page, "title", ", and more")
    expect(page.locator("#not-saved")).to_contain_text("cannot be reached")
    page.route("**/save/", lambda route: route.abort())
    page.context.set_offline(False)
    page.locator(".masthead summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('gh:form:')).length") == 0


def test_a_secret_that_could_not_be_saved_is_not_kept_in_the_browser(browse: Browse, watch: Watch):
    user, draft = make_draft("nils")
    page = browse(user)
    page.goto(section(draft, "purpose"))
    page.evaluate("document.querySelector('[name=detail]').dataset.secret = ''")  # as a test login is marked
    sign_out_elsewhere(user)
    watch.listening = False
    type_in(page, "detail", "tester / hunter2hunter2")
    type_in(page, "title", "Typed while signed out")
    expect(page.locator("#not-saved")).to_contain_text("you were signed out")
    page.goto("/guidelines/")

    kept = page.evaluate("JSON.stringify({ ...localStorage })")

    assert ("Typed while signed out" in kept, "hunter2" in kept) == (True, False)


def test_two_pages_without_scripts_offer_both_answers(browse: Browse, watch: Watch):
    user, draft = make_draft("dirk")
    one = browse(user, java_script_enabled=False)
    other = one.context.new_page()
    for tab in (one, other):
        tab.goto(section(draft, "purpose"))
    one.locator("[name=title]").fill("From one tab")
    one.get_by_role("button", name="Save and leave").click()

    watch.listening = False
    other.locator("[name=title]").fill("From the other")
    other.get_by_role("button", name="Save and go on").click()
    expect(other.locator("#clash")).to_contain_text("From one tab")
    expect(other.locator("#clash")).to_contain_text("From the other")
    assert stored(draft, "title") == "From one tab"
    other.get_by_role("button", name="Keep what I typed here").click()

    expect(other.locator("[name=title]")).to_have_value("From the other")
    expect(other.locator("#clash")).to_be_empty()
    assert stored(draft, "title") == "From the other"


def test_without_scripts_every_question_that_may_be_asked_is_there(browse: Browse):
    user, draft = make_draft("edda")
    page = browse(user, java_script_enabled=False)
    page.goto(section(draft, "inputs"))

    expect(page.locator("[name=consent_basis]")).to_be_visible()


def test_every_look_of_the_form_can_be_used_wide_and_on_a_phone(browse: Browse, watch: Watch):
    user, draft = make_draft("fred")
    page = browse(user, reduced_motion="reduce")
    wrong = []

    def look(how: str) -> None:
        watch.listening = False
        wrong.extend(f"{how}: {finding}" for finding in axe.look(page))

    page.goto(section(draft, "purpose"))
    page.context.set_offline(True)
    watch.listening = False
    type_in(page, "title", "W" * 80)
    expect(page.locator("#not-saved")).to_contain_text("cannot be reached")
    look("not saved")
    page.context.set_offline(False)
    expect(page.locator("#not-saved")).to_be_empty()
    look("saved")
    other = page.context.new_page()
    other.goto(section(draft, "purpose"))
    other.locator("[name=title]").fill("From elsewhere")
    expect(other.locator("#saved")).to_have_text(SAVED)
    page.wait_for_timeout(1000)  # until the other tab's is there for certain
    type_in(page, "title", "From here")
    expect(page.locator("#clash")).to_contain_text("From elsewhere")
    look("one of two tabs")
    page.goto(reverse("apply_check", args=[draft.number]))
    look("check")
    assert wrong == []


def test_policy_editors_see_the_next_form_page_by_page(browse: Browse, watch: Watch):
    pia = make_staff("pia-the-editor", Role.POLICY_EDITOR)
    page = browse(pia, reduced_motion="reduce")
    page.goto(reverse("admin:question_editor"))
    page.get_by_role("button", name="Start a draft from it").first.click()
    now = QuestionSet.objects.get(current=True).version
    expect(page.locator("h1")).to_contain_text(f"after {now}")
    text = page.locator("#text").input_value().replace(f"version: {now}", "version: 9.9.9")
    page.locator("#text").fill(text.replace("How far is it?", "How far along is it?"))
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator("ins").first).to_contain_text("version: 9.9.9")
    wrong = []
    watch.listening = False
    wrong += [f"draft: {finding}" for finding in axe.look(page)]
    watch.listening = True
    page.get_by_role("link", name="Preview page by page").click()
    page.get_by_role("button", name="Purpose", exact=True).click()
    expect(page.locator("main, #content").first).to_contain_text("How far along is it?")
    watch.listening = False
    wrong += [f"preview: {finding}" for finding in axe.look(page)]
    page.goto(reverse("admin:question_editor"))
    wrong += [f"editor: {finding}" for finding in axe.look(page)]

    assert wrong == []
    assert QuestionSet.objects.get(current=True).version == now
