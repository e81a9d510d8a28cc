"""The way into the admin: staff only, and outside development only with a second factor."""

import time
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.urls import reverse

from accounts.roles import Role
from outbox.models import Letter
from tests.factories import make_staff, make_user, verified

pytestmark = pytest.mark.django_db

ADMIN = "/admin/?all"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _production(settings):
    settings.STAFF_NEED_SECOND_FACTOR = True
    cache.clear()


@pytest.fixture
def olga():
    return make_staff("olga", Role.AUDITOR)


def sign_in(client, user, **more):
    return client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD}, **more)


def code(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


def set_up(client) -> str:
    """Set a second factor up as a person does, who is asked for the password again; return its secret."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": code(secret)})
    return secret


def test_staff_without_a_second_factor_are_sent_to_set_one_up(client, olga):
    sign_in(client, olga)

    answer = client.get(ADMIN, follow=True)

    assert reverse("mfa_index") in [page for page, _ in answer.redirect_chain]
    assert "needs a second factor" in answer.content.decode()


def test_with_a_second_factor_the_admin_opens(client, olga):
    sign_in(client, olga)
    set_up(client)

    assert client.get(ADMIN).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_second_factor_is_told_to_its_owner(client, olga):
    sign_in(client, olga)
    set_up(client)

    assert "accounts/totp_activated" in {letter.kind for letter in Letter.objects.all()}


def test_the_next_sign_in_asks_for_the_code(client, olga):
    sign_in(client, olga)
    secret = set_up(client)
    client.post(reverse("account_logout"))
    cache.clear()  # a code is good once; here the same half minute serves twice

    sign_in(client, olga)
    assert client.get(ADMIN).status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert client.get(ADMIN).status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": code(secret)})

    assert client.get(ADMIN).status_code == 200


def test_recovery_codes_alone_open_nothing(client, olga):
    Authenticator.objects.create(user=olga, type=Authenticator.Type.RECOVERY_CODES, data={})
    client.force_login(olga)

    assert client.get(ADMIN).status_code == 302


def test_in_development_a_password_is_enough(client, olga, settings):
    settings.STAFF_NEED_SECOND_FACTOR = False
    sign_in(client, olga)

    assert client.get(ADMIN).status_code == 200


def test_production_asks_for_it(settings):
    from config import settings as ours

    assert settings.STAFF_NEED_SECOND_FACTOR
    assert "STAFF_NEED_SECOND_FACTOR = PRODUCTION" in Path(ours.__file__).read_text()


def test_a_stranger_is_asked_to_sign_in_and_comes_back(client, olga, settings):
    settings.STAFF_NEED_SECOND_FACTOR = False
    page = reverse("admin:audit_ledgerentry_changelist")

    answer = client.get(page, follow=True)
    asked = answer.redirect_chain[-1][0]

    assert asked == f"{reverse('account_login')}?next={page.replace('/', '%2F')}"
    after = client.post(asked, {"login": olga.email, "password": PASSWORD, "next": page})
    assert after.url == page


def test_an_applicant_never_sees_the_admin(client):
    client.force_login(verified(make_user("charlie")))

    assert client.get(ADMIN, follow=True).status_code == 403


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_the_way_in_leads_nowhere_else(client, olga, settings, wanted):
    settings.STAFF_NEED_SECOND_FACTOR = False
    client.force_login(olga)

    assert client.get(reverse("admin:login"), {"next": wanted}).url == reverse("admin:index")


def test_a_passkey_is_named_in_our_words(client):
    alice = verified(make_user("alice"))
    sign_in(client, alice)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    page = client.get(reverse("mfa_add_webauthn"))

    assert list(page.context["form"].fields) == ["name", "credential", "passwordless"]
    assert "A name for it" in page.content.decode()


def test_a_passkey_is_a_second_factor_for_staff(client, olga):
    Authenticator.objects.create(user=olga, type=Authenticator.Type.WEBAUTHN, data={"name": "a"})
    client.force_login(olga)

    assert client.get(ADMIN).status_code == 200
