"""What the gateway answers: each status, code and sentence of the contract, as problem+json (RFC 9457)."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.conf import settings

from enforcement.gateway.asked import Asked
from enforcement.gateway.limits import Held, Standing
from enforcement.gateway.verdicts import Verdict

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
    "end_user_suspended": (
        403,
        "End user suspended",
        "This end user is kept out of this access for now; all others go on. Its owner was told why by letter.",
    ),
    "terms_not_accepted": (
        403,
        "Guidelines not accepted",
        "The key's owner has not accepted the guidelines yet.",
    ),
    "outside_scope": (403, "Outside the approved scope", "This key was not approved for that."),
    "rate_limited": (429, "Too many requests", "A limit of this key is used up."),
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
    "too_late": (409, "Too late", "A call is reported within a day; this one is not counted any more."),
    "no_such_key": (404, "No such key", "No opened key is called that."),
    "timed_out": (408, "Request too slow", "The body did not arrive in time."),
    "too_large": (413, "Request too large", "The body may have at most 65,536 bytes."),
}
SCOPES = {
    "model": "This key was not approved for the model {model}. Its application says which it may use.",
    "scope": "This key does not work in the scope {scope}: test keys are for test, live keys for live.",
    "output": "Answers to this key may have at most {most} tokens; this call asks for {output}.",
}
REASONS = {"output": "output_tokens_not_approved"}
WHOM = {"o": "to this owner", "k": "to this key", "p": "to all of this program", "e": "to this end user"}


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


def allowed(verdict: Verdict) -> Answer:
    """Return 200 with who this is, what is left, and what only the caller can see kept."""
    names = {"grant": verdict.grant, "key": verdict.key, "owner": verdict.owner, "program": verdict.program}
    names["request"] = verdict.request
    headers = [(f"x-gatehouse-{name}", value) for name, value in names.items()]
    body: dict[str, Any] = {"status": 200, "code": "ok"} | names
    if verdict.conditions:
        body["conditions"] = list(verdict.conditions)
        headers.append(("x-gatehouse-conditions", ", ".join(verdict.conditions)))
    if verdict.most_output:
        body["most_output_tokens"] = verdict.most_output
        headers.append(("x-gatehouse-most-output-tokens", str(verdict.most_output)))
    if verdict.standing:
        headers += rate_headers(verdict.standing)
    return Answer(200, "ok", json.dumps(body).encode(), "application/json", headers)


def suspended() -> Answer:
    """Return 403 suspended; what staff wrote is for the owner alone, on the page the answer names."""
    return problem("suspended", reason="access_suspended", appeal_url=f"{settings.BASE_URL}/access/")


def end_user_suspended() -> Answer:
    """Return 403 for one end user who is kept out; the key goes on for others."""
    return problem(
        "end_user_suspended", reason="end_user_suspended", appeal_url=f"{settings.BASE_URL}/access/"
    )


def terms_not_accepted() -> Answer:
    """Return 403 for an owner who never accepted any version of the guidelines."""
    return problem(
        "terms_not_accepted",
        reason="guidelines_never_accepted",
        appeal_url=f"{settings.BASE_URL}/guidelines/",
    )


def outside_scope(verdict: Verdict, asked: Asked) -> Answer:
    """Return 403 for a model, a scope or a length of answer that the grant does not cover."""
    said = {"model": asked.model, "scope": asked.scope, "output": asked.output, "most": verdict.most_output}
    return problem(
        "outside_scope",
        detail=SCOPES[verdict.what].format(**said),
        reason=REASONS.get(verdict.what, f"{verdict.what}_not_approved"),
        appeal_url=f"{settings.BASE_URL}/applications/{verdict.application}/",
    )


def rate_limited(standing: Standing) -> Answer:
    """Return 429, naming the limit that holds longest."""
    hit = standing.hit
    longest, wait = hit[-1], standing.retry_after
    return problem(
        "rate_limited",
        detail=_sentence(longest, standing, wait),
        headers=[("retry-after", str(wait)), *rate_headers(standing)],
        type=QUOTA_EXCEEDED,
        limit=longest.limit.name,
        retry_after=wait,
        **{"violated-policies": [each.limit.policy for each in hit]},
    )


def _sentence(held: Held, standing: Standing, wait: int) -> str:
    limit = held.limit
    what = "tokens" if limit.is_of_tokens else "requests"
    said = (
        f"{limit.most} {what} a {'minute' if limit.is_of_minute else 'day'} are allowed {WHOM[limit.level]}"
    )
    if limit.is_of_tokens and standing.tokens > limit.most:
        return f"{said}; this call alone asks for {standing.tokens}. Ask for fewer."
    if limit.is_of_minute:
        return f"{said}, refilled evenly. Try again in {wait} s."
    return f"{said}. The next day begins at 00:00 UTC, in {wait} s."


def rate_headers(standing: Standing) -> list[tuple[str, str]]:
    """Return RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10), each limit a policy.

    `t` of a limit that refuses is its wait, else the seconds until the whole quota is there again.
    """
    policies = [held.limit.described for held in standing.held]
    states = [f'"{held.limit.policy}";r={held.left};t={standing.seconds(held)}' for held in standing.held]
    return [("ratelimit-policy", ", ".join(policies)), ("ratelimit", ", ".join(states))]
