"""What the gateway answers: each status, code and sentence of the contract, as problem+json (RFC 9457)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.conf import settings

from enforcement.gateway.limits import DAY, Standing

QUOTA_EXCEEDED = (
    "https://iana.org/assignments/http-problem-types#quota-exceeded"  # RateLimit draft 10, section 6
)
CHALLENGE = 'Bearer realm="gatehouse"'

# code: status, title, detail
PROBLEMS: dict[str, tuple[int, str, str]] = {
    "missing_key": (401, "No key", "Send your key as: Authorization: Bearer <secret>."),
    "malformed_key": (
        401,
        "Not a key",
        "This is not a key of this gateway: form or checksum is wrong. Copy it whole.",
    ),
    "unknown_key": (401, "Unknown key", "No key has this secret."),
    "expired_key": (401, "Key expired", "This key's time is over. Its owner can see why after signing in."),
    "revoked_key": (401, "Key revoked", "This key was withdrawn for good. Its owner was told why by letter."),
    "suspended": (
        403,
        "Access suspended",
        "This access is stopped for now. Its owner was told why by letter.",
    ),
    "terms_not_accepted": (
        403,
        "Guidelines not accepted",
        "The key's owner has not accepted the guidelines yet.",
    ),
    "outside_scope": (403, "Outside the approved scope", "This key was not approved for that."),
    "rate_limited": (429, "Too many requests", "The limit of this key's owner is used up."),
    "unavailable": (
        503,
        "Not available",
        "Whether this key may pass cannot be known right now. Try again shortly.",
    ),
    "busy": (
        503,
        "Too much at once",
        "This process answers as many requests as it can at the same moment. Try again shortly.",
    ),
    "missing_token": (401, "No token", "Send the integrator's token as: Authorization: Bearer <token>."),
    "unknown_token": (
        401,
        "Unknown token",
        "No integrator has this token now. Whoever runs the gateway makes them in the admin.",
    ),
    "unreadable": (400, "Request not understood", ""),
    "not_found": (404, "No such address", "Ask POST or GET /v1/authorize."),
    "method_not_allowed": (405, "Method not allowed", ""),
    "timed_out": (408, "Request too slow", "The body did not arrive in time."),
    "too_large": (413, "Request too large", "The body may have at most 65,536 bytes."),
}
SCOPES = {
    "model": "This key was not approved for the model {model}. Its application says which it may use.",
    "scope": "This key does not work in the scope {scope}: test keys are for test, live keys for live.",
}
LIMITS = {
    "minute": "{per_minute} requests a minute are allowed to this owner, refilled evenly. Try again in {wait} s.",
    "day": "{per_day} requests a day are allowed to this owner. The next day begins at 00:00 UTC, in {wait} s.",
}
NAMES = {"minute": "requests_per_minute", "day": "requests_per_day"}


@dataclass(frozen=True)
class Answer:
    """Status, code, body and headers of one response."""

    status: int
    code: str
    body: bytes
    kind: str = "application/problem+json"
    headers: list[tuple[str, str]] = field(default_factory=list)

    def head(self) -> list[tuple[bytes, bytes]]:
        """Return the headers as ASGI wants them."""
        every = [
            ("content-type", self.kind),
            ("content-length", str(len(self.body))),
            ("cache-control", "no-store"),
            *self.headers,
        ]
        return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in every]


def problem(
    code: str, *, detail: str = "", headers: list[tuple[str, str]] | None = None, **more: Any
) -> Answer:
    """Return the answer of this code; `more` are further members of its body."""
    status, title, usual = PROBLEMS[code]
    body = {"type": f"urn:gatehouse:problem:{code}", "title": title, "status": status, "code": code} | more
    body["detail"] = detail or usual
    headers = list(headers or [])
    if status == HTTPStatus.UNAUTHORIZED:
        error = "" if code.startswith("missing") else ', error="invalid_token"'
        headers.append(("www-authenticate", CHALLENGE + error))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("retry-after", "1"))
    return Answer(
        status, code, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), headers=headers
    )


def plain(body: dict[str, Any], *, status: int = 200, code: str = "ok") -> Answer:
    """Return a JSON answer that is no problem."""
    return Answer(status, code, json.dumps(body).encode(), kind="application/json")


def allowed(
    *, key: str, grant: str, owner: str, program: str, standing: Standing, conditions: Sequence[str] = ()
) -> Answer:
    """Return 200 with who this is, what is left, and the conditions that only the caller can see kept."""
    names = {"grant": grant, "key": key, "owner": owner, "program": program}
    headers = [(f"x-gatehouse-{name}", value) for name, value in names.items()]
    body: dict[str, Any] = {"status": 200, "code": "ok"} | names
    if conditions:
        body["conditions"] = list(conditions)
        headers.append(("x-gatehouse-conditions", ", ".join(conditions)))
    return Answer(200, "ok", json.dumps(body).encode(), "application/json", headers + rate_headers(standing))


def suspended() -> Answer:
    """Return 403 suspended; what staff wrote is for the owner alone, on the page the answer names."""
    return problem("suspended", reason="access_suspended", appeal_url=f"{settings.BASE_URL}/access/")


def terms_not_accepted() -> Answer:
    """Return 403 for an owner who never accepted any version of the guidelines."""
    return problem(
        "terms_not_accepted",
        reason="guidelines_never_accepted",
        appeal_url=f"{settings.BASE_URL}/guidelines/",
    )


def outside_scope(what: str, *, application: str, model: str, scope: str) -> Answer:
    """Return 403 for a model or scope (`what`) the grant does not cover."""
    return problem(
        "outside_scope",
        detail=SCOPES[what].format(model=model, scope=scope),
        reason=f"{what}_not_approved",
        appeal_url=f"{settings.BASE_URL}/applications/{application}/",
    )


def rate_limited(standing: Standing) -> Answer:
    """Return 429, naming the limit that holds longest."""
    name, wait = standing.hit[-1], standing.retry_after
    sentence = LIMITS[name].format(per_minute=standing.per_minute, per_day=standing.per_day, wait=wait)
    return problem(
        "rate_limited",
        detail=sentence,
        headers=[("retry-after", str(wait)), *rate_headers(standing)],
        type=QUOTA_EXCEEDED,
        limit=NAMES[name],
        retry_after=wait,
        **{"violated-policies": standing.hit},
    )


def rate_headers(standing: Standing) -> list[tuple[str, str]]:
    """Return RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10).

    `t` of a refused request is its Retry-After, else the seconds until the whole quota is there again.
    """
    policy = f'"minute";q={standing.per_minute};w=60, "day";q={standing.per_day};w={DAY}'
    state = f'"minute";r={standing.left_this_minute};t={standing.seconds_of_minute}, '
    state += f'"day";r={standing.left_today};t={standing.seconds_of_day}'
    return [("ratelimit-policy", policy), ("ratelimit", state)]
