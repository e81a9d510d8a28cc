"""The application form in a real browser: it saves itself, and nothing that is typed is lost."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.domain import owners
from accounts.models import User
from audit import clock
from devstack.processes import HOST
from onboarding.domain import applications, programs
from onboarding.domain.programs import Limits
from onboarding.models import Application
from onboarding.states import Environment
from tests.browser.conftest import Browse, Watch, person
from tests.factories import accept_guidelines, make_user, verified

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "A developer selects a function and presses a key. The editor sends that function to our server. " * 3
SAVED = re.compile(r"Saved \d\d:\d\d")


def make_draft(name: str) -> tuple[User, Application]:
    """Return somebody with an empty draft in a program of their own."""
    at = clock.now()
    user = verified(make_user(name))
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
