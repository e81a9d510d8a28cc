"""What a caller asks: the secret, and optionally model, scope, tokens and end user, from headers or a JSON body."""

import json
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 65_536  # of a body
LONGEST = 200  # characters of model, scope and end user
MOST_TOKENS = 1_000_000_000
TEXTS = {"model": b"x-gatehouse-model", "scope": b"x-gatehouse-scope", "end_user": b"x-gatehouse-end-user"}
TOKENS = b"x-gatehouse-tokens"

Headers = list[tuple[bytes, bytes]]


class Unreadable(Exception):
    """The request cannot be understood; the message, if any, is for the person who wrote it."""

    def __init__(self, detail: str = "", *, code: str = "unreadable"):
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class Asked:
    """What the key shall be used for; empty where the caller does not say."""

    model: str = ""
    scope: str = ""
    end_user: str = ""
    tokens: int = 0


def secret_of(headers: Headers) -> str:
    """Return the bearer secret, "" without one. Two Authorization headers make one that is malformed."""
    given = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    if not given:
        return ""
    scheme, _, secret = ",".join(given).strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def asked_of(headers: Headers, body: bytes) -> Asked:
    """Return what is asked; raise Unreadable with a sentence. Header and body may both say it, but only the same."""
    said = _json(body)
    texts = {name: _text(name, _one(headers, header), said.get(name)) for name, header in TEXTS.items()}
    return Asked(tokens=_tokens(_one(headers, TOKENS), said.get("tokens")), **texts)


def _json(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable('The body is not JSON. Send an object such as {"model": "…"}, or no body.') from None
    if not isinstance(said, dict):
        raise Unreadable('The body must be a JSON object such as {"model": "…"}.')
    return said


def _one(headers: Headers, wanted: bytes) -> str | None:
    given = [value.decode("latin-1").strip() for name, value in headers if name == wanted]
    if len(given) > 1:
        raise Unreadable(f"The header {wanted.decode()} is there {len(given)} times; send it once.")
    return given[0] if given else None


def _text(name: str, header: str | None, field: object) -> str:
    if field is not None and not isinstance(field, str):
        raise Unreadable(f'"{name}" must be text.')
    if header and field and header != field:
        raise Unreadable(f"Header and body name a different {name}; send it once.")
    value = field or header or ""
    if len(value) > LONGEST or not value.isprintable():
        raise Unreadable(f'"{name}" must be at most {LONGEST} printable characters.')
    return value


def _tokens(header: str | None, field: object) -> int:
    if header and field is not None:
        raise Unreadable('Send "tokens" once, in the header or in the body.')
    value: object = 0 if field is None else field
    if header:  # int() of a very long text would take its time
        value = int(header) if header.isascii() and header.isdigit() and len(header) < 20 else -1
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_TOKENS:
        raise Unreadable(f'"tokens" must be a whole number from 0 to {MOST_TOKENS}.')
    return value
