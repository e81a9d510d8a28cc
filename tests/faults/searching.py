"""Search everything a site keeps for secrets, in every form in which one could lie there.

Used by the canary test: after a full run nothing may be found, and a planted secret must be found in every place.
"""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import redis
from django.contrib.sessions.models import Session

from devstack import accounts, binaries
from devstack.postgres import USER
from tests.processes import environment


def forms(secret: str) -> dict[str, bytes]:
    """Return the forms of a secret by name. Only its random part: a prefix cut off or set apart hides nothing.

    Quoting for a URL leaves letters and digits as they are, so that form is the raw one.
    """
    body = secret.rpartition("_")[2].encode()
    return {
        "raw": body,
        "hex": body.hex().encode(),
        "HEX": body.hex().upper().encode(),
        "percent": "".join(f"%{byte:02X}" for byte in body).encode(),
        **{f"base64+{shift}": _inner_base64(body, shift) for shift in range(3)},
    }


def _inner_base64(body: bytes, shift: int) -> bytes:
    """Return the characters of base64 that depend on `body` alone when `shift` bytes (mod 3) precede it."""
    encoded = base64.b64encode(b"\0" * shift + body)
    first = -(-shift * 4 // 3)  # characters that hold bits of what precedes it
    whole = (shift + len(body)) // 3 * 4
    return encoded[first if shift else 0 : whole].rstrip(b"=")


def found(places: Iterator[tuple[str, bytes]], secrets: list[str]) -> set[tuple[str, str]]:
    """Return (place, form) wherever one of the secrets lies."""
    needles = [(name, needle) for secret in secrets for name, needle in forms(secret).items()]
    return {(place, name) for place, text in places for name, needle in needles if needle in text}


def places(*, valkey: redis.Redis, files: Path, mails: Path, logs: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name of the place, all of its content): database, Valkey's files and keys, mails, logs."""
    yield "database", dump()
    # Django compresses sessions: in the dump of their table nothing could be found.
    yield "sessions", json.dumps([session.get_decoded() for session in Session.objects.all()]).encode()
    yield "valkey files", b"\n".join(path.read_bytes() for path in _valkey_files(valkey, files))
    yield "valkey keys", b"\n".join(_live(valkey))
    yield "mails", b"\n".join(path.read_bytes() for path in mails.rglob("*") if path.is_file())
    yield "logs", b"\n".join(path.read_bytes() for path in logs.rglob("*") if path.is_file())


def dump() -> bytes:
    """Return pg_dump's plain text of the test's database."""
    parts = urlsplit(environment()["DATABASE_URL"])
    folder = unquote(parse_qs(parts.query)["host"][0])
    program = binaries.postgres(accounts.ours(), Path(folder)) / "pg_dump"
    command = [program, "--host", folder, "--username", USER, "--dbname", parts.path.rpartition("/")[2]]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _valkey_files(valkey: redis.Redis, folder: Path) -> list[Path]:
    """Return its append-only file and a snapshot of now; compression must be off (`rdbcompression no`)."""
    valkey.save()
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_socket()]


def _live(valkey: redis.Redis) -> Iterator[bytes]:
    for name in valkey.scan_iter():
        yield name
        match valkey.type(name):
            case b"string":
                yield valkey.get(name)
            case b"list":
                yield from valkey.lrange(name, 0, -1)
            case b"set":
                yield from valkey.smembers(name)
            case b"zset":
                yield from valkey.zrange(name, 0, -1)
            case b"hash":
                yield from (part for pair in valkey.hgetall(name).items() for part in pair)
            case b"stream":
                yield repr(valkey.xrange(name)).encode()
            case kind:
                raise AssertionError(f"{name!r} is a {kind!r}, which this search cannot read")
