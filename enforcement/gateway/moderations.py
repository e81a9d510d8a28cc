"""`POST /v1/moderations` in OpenAI's form: what the filter rules in use say of texts. No text is logged or kept whole.

A key's own secret counts as one request against its limits, like an authorize; an integrator's token with the key's
public id in X-Gatehouse-Key does not, because that call is decided already.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from enforcement.filters.rules import Action, Finding
from enforcement.gateway import answers
from enforcement.gateway.answers import Answer
from enforcement.gateway.asked import Asked, Headers, Unreadable, secret_of
from enforcement.gateway.gatekeeper import Gatekeeper
from enforcement.gateway.hits import Seen
from enforcement.gateway.request import Request
from onboarding.domain import secrets

MOST_TEXTS = 64  # in one request
KEY, MARKS, END_USER = b"x-gatehouse-key", (b"idempotency-key", b"x-request-id"), b"x-gatehouse-end-user"
KEY_FORM, MARK_FORM = re.compile(r"[\w-]{1,20}", re.ASCII), re.compile(r"[\x21-\x7e]{1,60}")
# The names of OpenAI's omni-moderation models, and the category of ours that means the same; finer ones have none.
OMNI: dict[str, str] = {
    "harassment": "hate_harassment",
    "harassment/threatening": "",
    "hate": "hate_harassment",
    "hate/threatening": "",
    "illicit": "illegal_goods",
    "illicit/violent": "weapons",
    "self-harm": "self_harm",
    "self-harm/instructions": "",
    "self-harm/intent": "",
    "sexual": "sexual_content",
    "sexual/minors": "child_safety",
    "violence": "violence_extremism",
    "violence/graphic": "",
}
SEND = 'Send {"input": "a text"}, a list of texts, or a list of parts such as {"type": "text", "text": "…"}.'


async def moderations(keeper: Gatekeeper, request: Request) -> tuple[Answer, str]:
    """Answer what the rules say of each text, and note what they hit."""
    who = await _whose(keeper, request)
    if isinstance(who, tuple):
        return who
    texts = texts_of(await request.body())
    ruleset = keeper.filters.ruleset
    if ruleset is None:
        return answers.problem("unavailable", detail="The filter rules are not loaded yet."), "none"
    found, unasked = await keeper.filters.read(ruleset, texts)
    # With the texts in it: whoever always says the same mark hides no hit behind the first one.
    mark = hashlib.sha256("\0".join([_mark(request.headers), *texts]).encode()).hexdigest()
    await keeper.hits.note(Seen(who, mark, _end_user(request.headers)), texts, found)
    body = {
        "id": f"modr-{uuid.uuid4().hex}",
        "model": f"gatehouse-filters-{ruleset.version}",
        "results": [_result(each, keeper.filters.categories) for each in found],
    }
    if silent := sorted({rule.code for rule in unasked if rule.is_live}):
        body["unasked"] = silent  # their endpoint does not answer: nothing is known of what they would find
    return answers.plain(body), "filters"


async def _whose(keeper: Gatekeeper, request: Request) -> str | tuple[Answer, str]:
    """Return the public id of the key whose texts these are, or the answer that refuses."""
    headers = request.headers
    secret = secret_of(headers)
    if secret.startswith(f"{settings.KEY_PREFIX}_int_"):
        known = await keeper.integrator(secret)
        if isinstance(known, Answer):
            return known, "offline"
        named = [value.strip() for value in headers.get(KEY, ())]
        if len(named) != 1 or not KEY_FORM.fullmatch(named[0]):
            raise Unreadable(
                "Name the key this is about, once: X-Gatehouse-Key, as /v1/authorize answers it."
            )
        return named[0]
    if not secret:
        return answers.problem("missing_key"), "offline"
    if not secrets.is_well_formed(secret):
        return answers.problem("malformed_key"), "offline"
    answer, path = await keeper.decide(secret, Asked(network=request.network))
    return dict(answer.headers)["x-gatehouse-key"] if answer.status == 200 else (answer, path)


def texts_of(body: bytes) -> list[str]:
    """Return the texts of a request: one, several, or the parts of one message. Raises Unreadable."""
    try:
        said = json.loads(body)
        given = said["input"]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise Unreadable(f"The body is not a JSON object with “input”. {SEND}") from None
    if isinstance(given, str):
        return [_whole(given)]
    if not isinstance(given, list) or not given:
        raise Unreadable(f"“input” is neither a text nor a list. {SEND}")
    if len(given) > MOST_TEXTS:
        raise Unreadable(f"At most {MOST_TEXTS} texts in one request; these are {len(given)}.")
    if all(isinstance(part, str) for part in given):
        return [_whole(part) for part in given]
    return ["\n".join(_text_of(part) for part in given)]


def _whole(text: str) -> str:
    """Return the text without halves of characters, which JSON may hold and neither re2 nor PostgreSQL takes."""
    return text.encode("utf-8", "replace").decode()


def _text_of(part: Any) -> str:
    """Return the text of one part of a message. A part that cannot be read must not look as if it were."""
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return _whole(part["text"])
    if isinstance(part, dict) and part.get("type") == "image_url":
        raise Unreadable("Images cannot be read here: send the parts that are text.")
    raise Unreadable(f"A part of “input” is not understood. {SEND}")


def _result(findings: Sequence[Finding], categories: Sequence[str]) -> dict[str, Any]:
    """Return one result: hits of rules that are on; a rule that only counts shows in the scores alone."""
    live = [each for each in findings if each.rule.is_live]
    acting = [each for each in live if each.is_hit and each.rule.action != Action.COUNT]
    flagged = {each.rule.category for each in acting}
    flags = {code: code in flagged for code in categories}
    scores = dict.fromkeys(categories, 0.0)
    for each in live:
        scores[each.rule.category] = max(scores[each.rule.category], each.score)
    omni_flags = {name: flags.get(code, False) for name, code in OMNI.items()}
    omni_scores = {name: scores.get(code, 0.0) for name, code in OMNI.items()}
    return {
        "flagged": bool(acting),
        "categories": omni_flags | flags,
        "category_scores": omni_scores | scores,
        "category_applied_input_types": {name: ["text"] for name in [*OMNI, *categories]},
        "refuse": any(each.rule.action == Action.REFUSE for each in acting),
        "rules": sorted(each.rule.name for each in acting),
    }


def _mark(headers: Headers) -> str:
    """Return the caller's own mark of this request, else a new one; the same mark is kept once."""
    for wanted in MARKS:
        for value in headers.get(wanted, ()):
            if MARK_FORM.fullmatch(mark := value.strip()):
                return mark
    return uuid.uuid4().hex


def _end_user(headers: Headers) -> str:
    given = [value.strip() for value in headers.get(END_USER, ())]
    if len(given) > 1 or any(len(value) > 128 or not value.isprintable() for value in given):
        raise Unreadable("X-Gatehouse-End-User must be there once, with at most 128 printable characters.")
    return given[0] if given else ""
