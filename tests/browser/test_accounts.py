"""The account in a real browser: joining an organisation, passkeys, where one is signed in."""

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.domain import organisations
from accounts.models import User
from accounts.permissions import may_see
from audit import clock
from demo.journey import OWN_PASSWORD
from tests.browser import axe, keyboard
from tests.browser.conftest import Browse, Site, Watch, newcomer
from tests.factories import make_organisation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery"
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def person(name: str) -> User:
    """Return somebody whose password the site can check: it hashes as in production, tests do not."""
    made = newcomer(name)
    made.password = Argon2PasswordHasher().encode(PASSWORD, "salt-for-the-test")
    made.save(update_fields=["password"])
    return made


def named(site: Site) -> str:
    """Return the site's address by name: a passkey belongs to a name, never to a bare number."""
    return site.url.replace("127.0.0.1", "localhost")


def sign_in(page: Page, site: Site, email: str, password: str = PASSWORD) -> None:
    page.goto(named(site) + reverse("account_login"))
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".menu")).to_be_visible()


def looked_at(page: Page, watch: Watch) -> None:
    watch.listening = False  # axe measures with inline styles, which the policy refuses as it should
    assert axe.look(page) == []
    watch.listening = True


def test_from_an_invitation_by_sign_up_to_belonging_by_keyboard_alone(
    browse: Browse, site: Site, watch: Watch
):
    alice = newcomer("alice-invites")
    pygma = organisations.found("Pygma Works", "", by=alice, at=clock.now())
    inviter = browse(alice)
    inviter.goto(reverse("organisation", args=[pygma.pk]))
    keyboard.fill(inviter, {"email": "nia@works.example", "role": "member"}, then="Send the invitation")
    expect(inviter.locator("main")).to_contain_text("We wrote to nia@works.example.")
    looked_at(inviter, watch)

    nia = browse()
    nia.goto(site.mailed(r"/organisations/join/[\w-]+/"))
    looked_at(nia, watch)
    keyboard.press(nia, "Create an account")
    said = {"full_name": "Nia Okoro", "email": "nia@works.example", "password1": OWN_PASSWORD}
    keyboard.fill(nia, said, then="Create the account")
    nia.goto(site.mailed(r"/accounts/confirm-email/[^\s\"<]+"))
    keyboard.press(nia, "Yes, this is my address")
    keyboard.fill(nia, {"login": "nia@works.example", "password": OWN_PASSWORD}, then="Sign in")
    expect(nia.locator("h1")).to_have_text("Join Pygma Works")
    looked_at(nia, watch)
    keyboard.press(nia, "Accept")

    expect(nia.locator("main")).to_contain_text("You can act for Pygma Works now.")
    member = pygma.memberships.get(user__email="nia@works.example").user
    assert may_see(member, pygma)


def test_a_passkey_is_added_and_signs_in_alone_and_as_a_second_factor(
    browse: Browse, site: Site, watch: Watch
):
    user = person("pat-passkey")
    page = browse()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    sign_in(page, site, user.email)
    page.goto(named(site) + reverse("mfa_add_webauthn"))
    expect(page.locator("h1")).to_have_text("Is it still you?")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("h1")).to_have_text("Add a passkey")
    looked_at(page, watch)
    page.get_by_label("A name for it").fill("my phone")
    page.get_by_role("button", name="Add it now").click()
    expect(page.locator("main")).to_contain_text("The passkey is added.")
    page.goto(named(site) + reverse("mfa_list_webauthn"))
    expect(page.locator("main")).to_contain_text("my phone")
    looked_at(page, watch)

    sign_out(page)
    page.goto(named(site) + reverse("account_login"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator(".menu")).to_be_visible()

    sign_out(page)
    page.goto(named(site) + reverse("account_login"))
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("h1")).to_have_text("Your second factor")
    looked_at(page, watch)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator(".menu")).to_be_visible()


def sign_out(page: Page) -> None:
    page.locator(".menu summary").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Sign out").click()


def test_at_a_bare_number_the_page_says_that_passkeys_do_not_work(browse: Browse):
    page = browse()
    page.goto(reverse("account_login"))

    expect(page.locator("[data-passkey-missing]")).to_be_visible()
    expect(page.locator("#passkey_login")).to_be_hidden()


def test_one_browser_ends_the_session_of_another(browse: Browse, site: Site, watch: Watch):
    user = person("sue-sessions")
    mine, other = browse(), browse()
    for page in (other, mine):
        sign_in(page, site, user.email)

    mine.goto(named(site) + reverse("usersessions_list"))
    looked_at(mine, watch)
    mine.get_by_role("button", name="End").click()
    expect(mine.locator("main")).to_contain_text("That browser is signed out.")

    other.goto(named(site) + reverse("profile"))
    expect(other.locator("h1")).to_have_text("Sign in")
    mine.goto(named(site) + reverse("profile"))
    expect(mine.locator("h1")).to_have_text("Profile")


def test_the_zone_of_the_browser_is_chosen_at_sign_up(browse: Browse):
    page = browse(timezone_id="Europe/Madrid")
    page.goto(reverse("account_signup"))

    expect(page.locator("select[name=time_zone]")).to_have_value("Europe/Madrid")


def test_an_organisation_of_several_is_managed_with_scripts_switched_off(browse: Browse, watch: Watch):
    alice, ana = newcomer("alice-manages"), newcomer("ana-is-managed")
    pygma = make_organisation(alice, ana, name="Pygma Managed")
    page = browse(alice, java_script_enabled=False)

    page.goto(reverse("organisation", args=[pygma.pk]))
    page.get_by_text("Change").first.click()
    page.get_by_role("button", name="Offer them my place as an owner").click()
    expect(page.locator(".standing")).to_contain_text("Waiting for")

    taker = browse(ana)
    taker.goto(reverse("organisation", args=[pygma.pk]))
    looked_at(taker, watch)
    taker.get_by_role("button", name="Take over").click()
    expect(taker.locator("main")).to_contain_text("You are an owner of Pygma Managed now.")
    looked_at(taker, watch)
