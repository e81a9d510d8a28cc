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
    "found_in",
    "hint_of",
    "is_well_formed",
    "mint",
]


def mint(environment: str) -> Secret:
    """Return a new secret for the `test` or `live` environment."""
    return secrets.mint(f"{settings.KEY_PREFIX}_{environment}_")


def found_in(text: str) -> Secret:
    """Return the first secret, or start of one, in a text, its prefix as it is written here; empty where none is."""
    prefix = settings.KEY_PREFIX
    found = re.search(rf"{re.escape(prefix)}_(test|live)_([0-9A-Za-z]*)", text, re.IGNORECASE)
    return Secret(f"{prefix}_{found[1].lower()}_{found[2]}" if found else "")


def is_well_formed(text: str) -> bool:
    """Return whether `text` has the form of a secret and its checksum fits; asks nobody."""
    return secrets.is_well_formed(text, rf"{re.escape(settings.KEY_PREFIX)}_(test|live)_")
