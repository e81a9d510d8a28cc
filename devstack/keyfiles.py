"""The development secrets: made once per data directory, mode 0600, never overwritten.

SECRET_KEY is Django's. KEY_PEPPERS: lines `id:hex`, newest first, peppers of the hashes of issued secrets.
FIELD_KEYS: Fernet keys (32 bytes, URL-safe base64), newest first.
"""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

from devstack.directory import DataDirectory

MADE_BY: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "KEY_PEPPERS": lambda: f"p1:{secrets.token_hex(32)}",
    "FIELD_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


def ensure(data: DataDirectory) -> dict[str, str]:
    """Make the missing files; return NAME_FILE -> path. Two processes at once end up with the same files."""
    lock = data.lock("secrets")
    lock.take()
    try:
        return {
            f"{name}_FILE": str(_ensure(data.secrets / name.lower(), make)) for name, make in MADE_BY.items()
        }
    finally:
        lock.close()


def _ensure(path: Path, make: Callable[[], str]) -> Path:
    """Make one file, whole or not at all."""
    if not path.exists():
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(make() + "\n")
        unfinished.rename(path)
    return path
