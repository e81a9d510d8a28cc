"""Where scanners report secrets of ours that they found in public, in the form of GitHub's secret scanning partners.

No account, no session: the signature over the very bytes is who they are. Nothing is fetched, and no secret is kept.
"""

import base64
import hashlib
import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from audit import clock
from enforcement.domain import leaks
from enforcement.domain.leaks import Found
from onboarding.domain.secrets import Secret

MOST_BYTES, MOST_TOKENS, LONGEST = 1_000_000, 1000, 2000
KEY, SIGNATURE = "Github-Public-Key-Identifier", "Github-Public-Key-Signature"


@csrf_exempt
@require_POST
@sensitive_variables("body", "found", "each")
def report(request: HttpRequest) -> JsonResponse:
    """Take a signed list of tokens; say of each whether it is one of ours (true_positive) or not (false_positive)."""
    said = request.headers.get("Content-Length", "")
    if not said.isascii() or not said.isdecimal() or int(said) > MOST_BYTES:
        return _problem(413, _("Send at most %(most)s bytes, and say how many.") % {"most": f"{MOST_BYTES}"})
    body = request.body
    try:
        reporter = leaks.signer(
            body, key=request.headers.get(KEY, ""), signature=request.headers.get(SIGNATURE, "")
        )
    except leaks.NotSigned:
        return _problem(401, _("The signature is not that of a key we know."))
    try:
        found = _found(json.loads(body))
    except (ValueError, TypeError, RecursionError):
        return _problem(
            422,
            _("Send a list of at most %(most)s objects with token, type, url, source.")
            % {"most": f"{MOST_TOKENS}"},
        )
    ours = leaks.report(found, reporter=reporter, at=clock.now())
    return JsonResponse(
        [
            {
                "token_hash": base64.b64encode(hashlib.sha256(each.token.encode()).digest()).decode(),
                "token_type": each.kind,
                "label": "true_positive" if is_ours else "false_positive",
            }
            for each, is_ours in zip(found, ours, strict=True)
        ],
        safe=False,
    )


def _found(said: Any) -> list[Found]:
    """Return what is in a report; raise TypeError or ValueError where it has another form."""
    if not isinstance(said, list) or len(said) > MOST_TOKENS:
        raise ValueError
    return [
        Found(
            token=Secret(_text(each["token"])),
            kind=_text(each.get("type")),
            place=_text(each.get("url")),
            source=_text(each.get("source")),
        )
        for each in said
        if (isinstance(each, dict) and "token" in each) or _refuse()
    ]


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST or "\0" in value:
        raise ValueError
    value.encode()  # a lone surrogate is no text
    return value


def _refuse() -> bool:
    raise ValueError


def _problem(status: int, detail: str) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
