"""What a caller asks: the secret, and optionally model, scope, tokens and end user, from headers or a JSON body."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

MOST_BYTES = 65_536  # of a body
LONGEST = 200  # characters of model, scope and end user
MOST_TOKENS = 1_000_000_000
TEXTS = {"model": b"x-gatehouse-model", "scope": b"x-gatehouse-scope", "end_user": b"x-gatehouse-end-user"}
TOKENS = b"x-gatehouse-tokens"
OUTPUT = b"x-gatehouse-output-tokens"
KEY, REQUEST, IDEMPOTENCY = b"x-gatehouse-key", b"x-gatehouse-request", b"idempotency-key"
KEY_FORM = re.compile(r"k_[0-9a-z]{16}")
REQUEST_FORM = re.compile(r"([0-9a-f]{1,14})-([0-9a-f]{1,8})-[0-9a-f]{12}")

Headers = Mapping[bytes, Sequence[str]]  # every value of each, by its name in small letters


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
    tokens: int = 0  # an estimate, of question and answer together
    output: int = 0  # of the answer alone; where the caller does not say: `tokens`
    network: str = ""  # where the call comes from, as `networks.name_of` says it


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers of a request as ASGI gives them, by name."""
    found: dict[bytes, list[str]] = {}
    for name, value in raw:
        found.setdefault(name, []).append(value.decode("latin-1"))
    return found


def secret_of(headers: Headers) -> str:
    """Return the bearer secret, "" without one. Two Authorization headers make one that is malformed."""
    given = headers.get(b"authorization")
    if not given:
        return ""
    scheme, _, secret = ",".join(given).strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def asked_of(headers: Headers, body: bytes, network: str = "") -> Asked:
    """Return what is asked; raise Unreadable with a sentence. Header and body may both say it, but only the same."""
    said = _json(body)
    texts = {name: _text(name, _one(headers, header), said.get(name)) for name, header in TEXTS.items()}
    tokens = _tokens("tokens", _one(headers, TOKENS), said.get("tokens"))
    output = _tokens("output_tokens", _one(headers, OUTPUT), said.get("output_tokens"))
    return Asked(tokens=tokens or output, output=output or tokens, network=network, **texts)


def _json(body: bytes) -> dict[str, Any]:
    if not body or not body.strip():
        return {}
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable('The body is not JSON. Send an object such as {"model": "…"}, or no body.') from None
    if not isinstance(said, dict):
        raise Unreadable('The body must be a JSON object such as {"model": "…"}.')
    return said


def _one(headers: Headers, wanted: bytes) -> str | None:
    given = headers.get(wanted)
    if not given:
        return None
    if len(given) > 1:
        raise Unreadable(f"The header {wanted.decode()} is there {len(given)} times; send it once.")
    return given[0].strip()


def _text(name: str, header: str | None, field: object) -> str:
    if field is not None and not isinstance(field, str):
        raise Unreadable(f'"{name}" must be text.')
    if header and field and header != field:
        raise Unreadable(f"Header and body name a different {name}; send it once.")
    value = field or header or ""
    if len(value) > LONGEST or not value.isprintable():
        raise Unreadable(f'"{name}" must be at most {LONGEST} printable characters.')
    return value


def _tokens(name: str, header: str | None, field: object) -> int:
    if header and field is not None:
        raise Unreadable(f'Send "{name}" once, in the header or in the body.')
    value: object = 0 if field is None else field
    if header:  # int() of a very long text would take its time
        value = int(header) if header.isascii() and header.isdigit() and len(header) < 20 else -1
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_TOKENS:
        raise Unreadable(f'"{name}" must be a whole number from 0 to {MOST_TOKENS}.')
    return value


@dataclass(frozen=True)
class Report:
    """What a call took, as an integrator tells it."""

    key: str
    once: str  # what makes the report one: its request, else its idempotency key
    tokens_in: int
    tokens_out: int
    status: str  # ok, error, or "" where nobody says
    reserved: int = 0
    reserved_at: int = 0  # microseconds since 1970, UTC; 0 where nothing was reserved


def request_name(at: int, tokens: int) -> str:
    """Return a new name for a request: when it was counted and what it reserved stand in it, so nobody keeps that."""
    return f"{at:x}-{tokens:x}-{token_hex(6)}"


def report_of(headers: Headers, body: bytes) -> Report:
    """Return what is reported; raise Unreadable with a sentence."""
    said = _json(body)
    key = _text("key", _one(headers, KEY), said.get("key"))
    request = _text("request", _one(headers, REQUEST), said.get("request"))
    once = request or _text("idempotency_key", _one(headers, IDEMPOTENCY), said.get("idempotency_key"))
    if not KEY_FORM.fullmatch(key):
        raise Unreadable('"key" must be what authorize called X-Gatehouse-Key, such as k_0123456789abcdef.')
    if not once:
        raise Unreadable(
            'Name the "request" as authorize did (X-Gatehouse-Request), or send an Idempotency-Key.'
        )
    reserved_at, reserved = _reserved(request) if request else (0, 0)
    status = said.get("status", "")
    if status not in ("", "ok", "error"):
        raise Unreadable('"status" is "ok" where the model answered and "error" where it did not.')
    return Report(
        key, once, _tokens("input_tokens", None, said.get("input_tokens")),
        _tokens("output_tokens", None, said.get("output_tokens")), status, reserved, reserved_at,
    )  # fmt: skip


def _reserved(request: str) -> tuple[int, int]:
    """Return when a request was counted, in microseconds, and the tokens it reserved."""
    found = REQUEST_FORM.fullmatch(request)
    if not found:
        raise Unreadable('"request" must be what authorize called X-Gatehouse-Request.')
    return int(found[1], 16), min(int(found[2], 16), MOST_TOKENS)
