"""Encrypted columns: FIELD_KEYS, the newest key first; what an older key closed still opens."""

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def box() -> MultiFernet:
    """Return what closes with the newest key and opens with any."""
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])
