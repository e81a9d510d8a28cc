"""The whole life of keys in a real browser: by keyboard alone, without scripts, on a phone; axe on every page."""

import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from audit import clock
from onboarding.domain import keys
from onboarding.models import Grant, Key
from tests.browser import axe, keyboard
from tests.browser.conftest import Browse, Watch, newcomer, person
from tests.factories import make_key, make_program, make_rate

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SECRET = re.compile(r"gh_live_[0-9A-Za-z]{36}")
LONG = "Nightly build of the documentation for every branch of it"


def make_ready(slug: str, name: str) -> Key:
    """Return a key that waits to be opened, of a program of its own."""
    with transaction.atomic():  # the site's worker hears of it when all is done
        at = clock.now()
        program = make_program(slug, api_base_url="https://models.example/v1")
        make_rate(program, 5, from_at=at)
        return make_key(program, applicant=newcomer(name), at=at)


def shown(page: Page) -> str:
    return SECRET.search(page.locator("main").inner_text())[0]


def unfold(page: Page, words: str) -> None:
    """Tab to a fold and open it."""
    keyboard.tab_to(page, words)
    page.keyboard.press("Enter")


def look(page: Page, watch: Watch) -> list[str]:
    watch.listening = False  # axe measures with inline styles
    found = axe.look(page)
    watch.listening = True
    return found


def test_the_life_of_a_key_by_keyboard_alone(browse: Browse, watch: Watch):
    key = make_ready("keyboard-keys", "kim")
    page = browse(key.grant.application.applicant)
    page.goto("/access/")
    assert look(page, watch) == []
    keyboard.press(page, "Show the secret once")
    first = shown(page)
    assert look(page, watch) == []

    address = f"/access/{key.grant.public_id}/"
    page.goto(address)
    assert look(page, watch) == []
    unfold(page, "New secret")
    keyboard.press(page, "Show a new secret once")
    second = shown(page)
    expect(page.locator("main")).to_contain_text("and not a second longer")
    assert look(page, watch) == []

    page.goto(address)
    expect(page.locator("main")).to_contain_text("Two secrets")
    unfold(page, "Rename")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(LONG)
    keyboard.press(page, "Rename")
    expect(page.locator("h3").first).to_have_text(LONG)
    unfold(page, "Suspend")
    keyboard.press(page, "Suspend it now")
    expect(page.locator("main")).to_contain_text("suspended by you")
    assert look(page, watch) == []
    keyboard.press(page, "Resume")
    expect(page.locator("main")).to_contain_text("The key works again.")
    unfold(page, "Revoke")
    keyboard.press(page, "Revoke it for good")
    expect(page.locator("main")).to_contain_text("1 key that ended")
    assert look(page, watch) == []
    assert first != second
    assert not [secret for secret in (first, second) if secret in page.content()]
    assert (Key.objects.get(pk=key.pk).state, key.secrets.count()) == ("revoked", 2)


def test_keys_without_scripts_on_a_phone(browse: Browse):
    key = make_ready("plain-keys", "lea")
    by = key.grant.application.applicant
    keys.open(key, by=by, at=clock.now())
    page = browse(by, java_script_enabled=False, viewport={"width": 360, "height": 740})
    page.goto(f"/access/{key.grant.public_id}/")
    page.locator("#ask_name").fill("Second")
    page.get_by_role("button", name="Ask for a key").click()
    expect(page.locator("main")).to_contain_text("Your key is being made.")

    other = page.context.new_page()
    other.goto(f"/access/{key.grant.public_id}/")
    page.locator("summary", has_text="New secret").click()
    page.get_by_label("Not at all").check()
    page.get_by_role("button", name="Show a new secret once").click()
    assert shown(page)
    other.locator("summary", has_text="New secret").click()
    other.get_by_role("button", name="Show a new secret once").click()
    expect(other.locator("h1")).to_have_text("This key was rotated a moment ago")

    assert key.secrets.count() == 2
    assert Grant.objects.get(pk=key.grant_id).key_request == 2


def test_nobody_else_sees_the_page(browse: Browse):
    key = make_ready("others-keys", "max")
    page = browse(person("wes"))

    assert page.goto(f"/access/{key.grant.public_id}/").status == 404
