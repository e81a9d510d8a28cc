"""Somebody takes a copy of everything of theirs and deletes their account, in a real browser."""

import json
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from playwright.sync_api import Page, expect

from accounts.domain import erasure
from accounts.models import User
from audit import clock
from enforcement.domain import erasure as enforcement
from onboarding.domain import erasure as onboarding
from outbox.models import Letter
from reviews.domain import erasure as reviews
from tests.browser.conftest import Browse, Site, newcomer
from tests.factories import make_application, make_program
from tests.processes import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "nobody else knows this"


@pytest.fixture
def leaver() -> User:
    """Somebody with an application, whose password the running site can check (its own hashes are slow ones)."""
    user = newcomer("leaver")
    slow = Argon2PasswordHasher()
    User.objects.filter(pk=user.pk).update(password=slow.encode(PASSWORD, slow.salt()))
    make_application(make_program(), applicant=user, title="Letters to the editor", at=clock.now())
    user.refresh_from_db()
    return user


def give_password(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button").first.click()


def refusal(page: Page, email: str) -> str:
    """Try to sign in; return what the page says."""
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.locator("main input[name=login]").fill(email)
    page.locator("main input[name=password]").fill(PASSWORD)
    page.locator("main input[name=password]").press("Enter")
    page.wait_for_load_state()
    expect(page.locator("main .wrong, main .errorlist").first).to_be_visible()
    return page.locator("main").inner_text()


def test_a_person_takes_everything_and_goes(browse: Browse, site: Site, leaver: User):
    page = browse(leaver)
    page.goto("/accounts/data/")
    page.get_by_role("button", name="Download everything of mine").click()
    with page.expect_download() as download:
        give_password(page)
    with ZipFile(download.value.path()) as archive:
        mine = json.loads(archive.read("mine.json"))
    assert (mine["account"]["email"], [a["title"] for a in mine["applications"]]) == (
        leaver.email,
        ["Letters to the editor"],
    )

    page.goto("/accounts/data/")
    page.get_by_role("link", name="Delete my account").click()
    address = leaver.email
    page.get_by_label("Type the e-mail address").fill(address)
    page.get_by_role("button", name="Delete my account now").click()
    expect(page.locator("main")).to_contain_text("is being deleted")
    assert refusal(page, address) == refusal(page, "nobody@example.org")

    last = Letter.objects.filter(kind="accounts/erasure_asked", about_id=str(leaver.pk))
    until(lambda: last.get().sent_at is not None, "the last letter to be sent", seconds=30)
    for payer in (onboarding.erase_owed, reviews.erase_owed, enforcement.erase_owed, erasure.erase_owed):
        payer(at=clock.now() + timedelta(minutes=2))
    leaver.refresh_from_db()
    assert leaver.erased_at is not None
    assert refusal(page, address) == refusal(page, "nobody@example.org")
