"""What every secret here has in common: random base62, a checksum, a keyed hash. No app registry is needed.

The form is GitHub's (prefix, random, CRC32): a mistyped one is refused offline, and scanners can find leaked ones.
"""

import hmac
import re
import secrets
import zlib
from functools import cache

from django.conf import settings

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_LENGTH = 30  # characters; 178 bits
CHECKSUM_LENGTH = 6  # 62^6 > 2^32


class Secret(str):
    """A secret in clear. Error reports show local variables by `repr`, which tells nothing here."""

    def __repr__(self) -> str:
        return "<a secret>"


def mint(prefix: str) -> Secret:
    """Return a new secret that begins with this prefix."""
    body = prefix + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return Secret(body + checksum(body))


def is_well_formed(text: str, prefix: str) -> bool:
    """Return whether `text` begins with the prefix, given as a pattern, and its checksum fits; asks nobody."""
    return bool(_form(prefix).fullmatch(text)) and hmac.compare_digest(
        checksum(text[:-CHECKSUM_LENGTH]), text[-CHECKSUM_LENGTH:]
    )


@cache
def _form(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"{prefix}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}")


def checksum(body: str) -> str:
    """Return CRC32 of the ASCII text as 6 base62 digits, most significant first."""
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def digest(secret: str, pepper: bytes) -> str:
    """Return HMAC-SHA-256 of the secret under the pepper, hex: what is stored."""
    return hmac.digest(pepper, secret.encode(), "sha256").hex()


def candidates(secret: str) -> list[tuple[str, str]]:
    """Return (pepper id, digest) under every pepper in use, the newest first."""
    return [(label, digest(secret, pepper)) for label, pepper in settings.KEY_PEPPERS.items()]


def hint_of(secret: str) -> str:
    """Return start and end of the secret, enough to tell one's own apart and useless otherwise."""
    start = secret.rindex("_") + 5
    return f"{secret[:start]}…{secret[-2:]}"
