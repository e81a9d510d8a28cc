"""Secrets of second factors at rest: encrypted with FIELD_KEYS, the newest key first, before allauth stores them.

A row from before there were keys, or under an older key, still opens; `reseal` writes it under the newest one.
"""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.encryption import box

MARK = "fernet:"  # what is stored without it was never encrypted
HOLDS = ("secret", "seed", "migrated_codes")  # the parts of `data` that are secrets


class SecondFactor(DefaultMFAAdapter):
    """allauth's seam: what it stores is encrypted, and its names for passkeys are ours."""

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey %(number)d") % {"number": number}


def encrypt(text: str) -> str:
    """Return the text under the newest key."""
    return MARK + box().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Return the text of what is stored, encrypted or from before there were keys. Raises InvalidToken."""
    if not stored.startswith(MARK):
        return stored
    return box().decrypt(stored.removeprefix(MARK).encode()).decode()


def reseal() -> int:
    """Write every secret that is not under the newest key again; return how many rows. Safe to run twice.

    After it no row needs an older key, which may then be taken out of FIELD_KEYS.
    """
    changed = 0
    for pk in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().get(pk=pk)
            data = {name: _anew(value) if name in HOLDS else value for name, value in row.data.items()}
            if data != row.data:
                row.data = data
                row.save(update_fields=["data"])
                changed += 1
    return changed


def _anew(value: Any) -> Any:
    if isinstance(value, list):
        return [_anew(each) for each in value]
    return value if _is_newest(value) else encrypt(decrypt(value))


def _is_newest(stored: str) -> bool:
    if not stored.startswith(MARK):
        return False
    try:
        Fernet(settings.FIELD_KEYS[0]).decrypt(stored.removeprefix(MARK).encode())
    except InvalidToken:
        return False
    return True
