"""Secrets of second factors at rest: under the newest key, old ones still open, and can be brought under the newest."""

import json
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet, InvalidToken
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from accounts import second_factor
from config import env
from tests.factories import make_user

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def _keys(settings):
    settings.FIELD_KEYS = [OLD]


def stored() -> list[dict]:
    return list(Authenticator.objects.order_by("pk").values_list("data", flat=True))


def test_a_secret_is_not_in_the_database_in_clear():
    user = make_user()
    TOTP.activate(user, SECRET)
    codes = RecoveryCodes.activate(user)

    text = json.dumps(stored())
    assert SECRET not in text
    assert not any(code in text for code in codes.generate_codes())
    assert [data[name].startswith("fernet:") for data, name in zip(stored(), ("secret", "seed"), strict=True)] == [
        True, True,
    ]  # fmt: skip


def test_what_was_stored_before_there_were_keys_still_opens():
    assert second_factor.decrypt(SECRET) == SECRET


def test_a_newer_key_in_front_opens_what_the_older_one_closed(settings):
    kept = second_factor.encrypt(SECRET)
    settings.FIELD_KEYS = [NEW, OLD]

    assert second_factor.decrypt(kept) == SECRET


def test_resealing_brings_all_under_the_newest_key_and_then_the_old_one_may_go(settings):
    user = make_user()
    TOTP.activate(user, SECRET)
    Authenticator.objects.create(user=make_user(), type="totp", data={"secret": SECRET})
    Authenticator.objects.create(user=user, type="recovery_codes", data={"migrated_codes": ["11", "22"]})
    Authenticator.objects.create(user=user, type="webauthn", data={"name": "phone", "credential": {}})
    settings.FIELD_KEYS = [NEW, OLD]

    out = StringIO()
    call_command("reseal_second_factors", json=True, stdout=out)
    assert (json.loads(out.getvalue()), second_factor.reseal()) == ({"resealed": 3}, 0)

    settings.FIELD_KEYS = [NEW]
    first, second, codes, passkey = stored()
    assert [second_factor.decrypt(data["secret"]) for data in (first, second)] == [SECRET, SECRET]
    assert [second_factor.decrypt(code) for code in codes["migrated_codes"]] == ["11", "22"]
    assert passkey["name"] == "phone"


def test_without_its_key_nothing_opens(settings):
    kept = second_factor.encrypt(SECRET)
    settings.FIELD_KEYS = [NEW]

    with pytest.raises(InvalidToken):
        second_factor.decrypt(kept)


@pytest.mark.parametrize("given", ["", "abc", "not base64 at all!", "aGVsbG8="])
def test_a_bad_key_stops_the_start_with_a_sentence(monkeypatch, given):
    monkeypatch.setenv("FIELD_KEYS", given)
    monkeypatch.delenv("FIELD_KEYS_FILE", raising=False)

    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS"):
        env.fernet_keys("FIELD_KEYS")
