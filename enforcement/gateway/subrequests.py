"""The answer to a question nginx asks with `auth_request`, which passes 2xx, 401 and 403 on and makes 500 of the rest.

nginx says `X-Gatehouse-Via: auth_request` when it asks. Every other refusal then has the status 403 and carries what
it really is in two headers; nginx gives them back to its client (deploy/nginx/gatehouse.conf). The body of a
subrequest is thrown away, so the whole problem is in the header: JSON in ASCII, in one line.
"""

import json
from dataclasses import replace
from http import HTTPStatus

from enforcement.gateway.answers import Answer
from enforcement.gateway.asked import Headers

VIA, BY_NGINX = b"x-gatehouse-via", "auth_request"
PASSED_ON = (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def is_subrequest(headers: Headers) -> bool:
    """Return whether nginx asks for a request of its own client."""
    return BY_NGINX in headers.get(VIA, ())


def as_subrequest(answer: Answer) -> Answer:
    """Return the answer so that nginx understands it; one that lets in stays as it is."""
    if answer.status == HTTPStatus.OK:
        return answer
    told = [
        ("x-gatehouse-status", str(answer.status)),
        ("x-gatehouse-problem", json.dumps(json.loads(answer.body))),
    ]
    status = answer.status if answer.status in PASSED_ON else HTTPStatus.FORBIDDEN
    return replace(answer, status=status, headers=[*answer.headers, *told])
