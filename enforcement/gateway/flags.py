"""What integrators report of a key: written to PostgreSQL before it is answered, so that a receipt is a promise."""

import json
import re
import secrets
from typing import Any

from enforcement.gateway import answers
from enforcement.gateway.answers import Answer
from enforcement.gateway.asked import IDEMPOTENCY, KEY_FORM, Headers, Unreadable, secret_of
from enforcement.gateway.database import PostgresAway
from enforcement.gateway.gatekeeper import Gatekeeper
from enforcement.gateway.request import Request

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTHS = {"key": 20, "end_user": 128, "category": 60, "excerpt": 500, "idempotency_key": 190}
WRITE = """
    INSERT INTO enforcement_flagreport (receipt, integrator_id, key_id, end_user, category, severity, excerpt,
        idempotency, problem)
    SELECT %(receipt)s, %(integrator)s, k.key_id, %(end_user)s, %(category)s, %(severity)s, %(excerpt)s,
        %(idempotency_key)s, '' FROM onboarding_key k WHERE k.key_id = %(key)s AND k.opened_at IS NOT NULL
    ON CONFLICT (integrator_id, idempotency) DO NOTHING RETURNING receipt"""
KNOWN = """
    SELECT receipt FROM enforcement_flagreport
    WHERE integrator_id = %(integrator)s AND idempotency = %(idempotency_key)s"""


async def flags(keeper: Gatekeeper, request: Request) -> tuple[Answer, str]:
    """Take a report by an integrator; the same Idempotency-Key gives the same receipt."""
    known = await keeper.integrator(secret_of(request.headers))
    if isinstance(known, Answer):
        return known, "offline"
    said = _read(request.headers, await request.body())
    receipt = "R" + "".join(secrets.choice(ALPHABET) for _ in range(16))
    values = said | {"integrator": known.pk, "receipt": receipt}
    try:
        made = await keeper.database.fetch(WRITE, values)
        found = made or await keeper.database.fetch(KNOWN, values)
    except PostgresAway:
        return answers.problem(
            "unavailable", detail="The report cannot be kept right now. Send it again."
        ), "none"
    if not found:
        return answers.problem("no_such_key"), "postgresql"
    return answers.plain(
        {"status": 200, "code": "ok", "receipt": found[0][0], "repeated": not made}
    ), "postgresql"


def _read(headers: Headers, body: bytes) -> dict[str, Any]:
    """Return what is reported; raise Unreadable with a sentence."""
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Unreadable('The body must be a JSON object such as {"key": "k_…", "category": "…"}.')
    said = {"idempotency_key": headers.get(IDEMPOTENCY, [""])[0]} | said
    texts = {name: said.get(name) or "" for name in LENGTHS}
    for name, most in LENGTHS.items():
        text = texts[name]
        if (
            not isinstance(text, str)
            or len(text) > most
            or "\0" in text
            or re.search("[\ud800-\udfff]", text)
        ):
            raise Unreadable(f'"{name}" must be text of at most {most} characters.')
    if not KEY_FORM.fullmatch(texts["key"]):
        raise Unreadable('"key" must be what authorize called X-Gatehouse-Key, such as k_0123456789abcdef.')
    if not texts["idempotency_key"]:
        raise Unreadable("Send an Idempotency-Key: a report that is sent again must not count twice.")
    severity = said.get("severity")
    if severity is not None and (type(severity) is not int or not 0 <= severity <= 3):
        raise Unreadable('"severity" is 0, 1, 2 or 3; leave it out for what the category weighs.')
    return texts | {"severity": severity}
