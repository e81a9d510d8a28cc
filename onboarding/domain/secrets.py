"""The form of a key's secret: `gh_live_`, 30 random base62 characters, and 6 of CRC32 over all before.

What it shares with personal tokens is in `accounts.secrets`. No Django app registry is needed here: the gateway imports
this module too.
"""

import re

from django.conf import settings

from accounts import secrets
from accounts.secrets import (
    ALPHABET,
    CHECKSUM_LENGTH,
    RANDOM_LENGTH,
    Secret,
    candidates,
    checksum,
    digest,
    hint_of,
)

__all__ = [
    "ALPHABET",
    "CHECKSUM_LENGTH",
    "RANDOM_LENGTH",
    "Secret",
    "candidates",
    "checksum",
    "digest",
    "hint_of",
    "is_well_formed",
    "mint",
]


def mint(environment: str) -> Secret:
    """Return a new secret for the `test` or `live` environment."""
    return secrets.mint(f"{settings.KEY_PREFIX}_{environment}_")


def is_well_formed(text: str) -> bool:
    """Return whether `text` has the form of a secret and its checksum fits; asks nobody."""
    return secrets.is_well_formed(text, rf"{re.escape(settings.KEY_PREFIX)}_(test|live)_")
