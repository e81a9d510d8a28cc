"""Typed readers of the environment: each fails at the start with a sentence that says what to set.

A secret NAME may come from the file named by NAME_FILE instead, as container platforms hand them out.
"""

import base64
import os
from ipaddress import ip_network
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

reader = environ.Env()


def text(name: str, default: str | None = None) -> str:
    """Return NAME, or the content of the file NAME_FILE names; raise ImproperlyConfigured with a sentence."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names {path}, which cannot be read: {error.strerror}."
            ) from None
    if default is None:
        raise ImproperlyConfigured(f"Set {name}, or {name}_FILE to the path of a file that holds it.")
    return default


def lines(name: str, default: str | None = None) -> list[str]:
    """Return the non-empty lines (or comma-separated parts) of NAME, in order."""
    return [part.strip() for part in text(name, default).replace(",", "\n").splitlines() if part.strip()]


def named(name: str) -> dict[str, str]:
    """Return name -> value from lines (or comma-separated parts) of the form `name=value`; empty without any."""
    parts = [line.partition("=") for line in lines(name, "")]
    if any(not label.strip() or not value.strip() for label, _, value in parts):
        raise ImproperlyConfigured(f"{name}: each line must be name=value.")
    return {label.strip(): value.strip() for label, _, value in parts}


def networks(name: str) -> list[str]:
    """Return networks such as 10.0.0.0/8 from lines (or comma-separated parts); empty without any."""
    for each in (found := lines(name, "")):
        try:
            ip_network(each)
        except ValueError:
            raise ImproperlyConfigured(f"{name}: {each!r} is not a network such as 10.0.0.0/8.") from None
    return found


def number(name: str, default: int) -> int:
    """Return NAME as a whole number."""
    raw = os.environ.get(name, str(default))
    try:
        return int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}.") from None


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """Return NAME, one of `allowed`; the first one is the default."""
    raw = os.environ.get(name, allowed[0])
    if raw not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {raw!r}.")
    return raw


def fernet_keys(name: str) -> list[str]:
    """Return the keys of encrypted columns, newest first: 32 bytes each, URL-safe base64."""
    found = lines(name)
    for number, key in enumerate(found, start=1):
        try:
            is_key = len(base64.urlsafe_b64decode(key)) == 32
        except ValueError:
            is_key = False
        if not is_key:
            raise ImproperlyConfigured(f"{name}: key {number} must be 32 bytes in URL-safe base64.")
    if not found:
        raise ImproperlyConfigured(
            f"Set {name}: one key of 32 bytes in URL-safe base64 a line, newest first."
        )
    return found


def peppers(name: str) -> dict[str, bytes]:
    """Return pepper id -> pepper, newest first, from lines of the form `id:hex` (at least 16 bytes each)."""
    found: dict[str, bytes] = {}
    for line in lines(name):
        label, _, raw = line.partition(":")
        try:
            found[label] = bytes.fromhex(raw)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name}: each line must be id:hex; the one of {label!r} is not."
            ) from None
        if not label or len(found[label]) < 16:
            raise ImproperlyConfigured(
                f"{name}: each line needs an id and at least 16 bytes (32 hex digits)."
            )
    if not found:
        raise ImproperlyConfigured(f"Set {name}: one line id:hex, newest first.")
    return found
