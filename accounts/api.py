"""The self-service API's own side: who asks, by which token, how often; and how a refusal is written.

Never by a cookie: whoever is signed in on the pages is nobody here, so that no other site can ask in their name.
"""

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from ninja import Field, Router, Schema
from ninja.security.http import HttpAuthBase
from redis.exceptions import RedisError

from accounts.domain import tokens
from accounts.languages import spoken
from accounts.models import Token
from accounts.scopes import Scope
from audit import clock

log = logging.getLogger(__name__)
router = Router(tags=["You"])
MINUTE = 60


class Problem(Exception):
    """A refusal as RFC 9457 writes it: `code` for programs, `detail` for people."""

    def __init__(self, status: int, code: str, detail: str, **headers: str):
        self.status, self.code, self.detail, self.headers = status, code, detail, headers
        super().__init__(detail)


class ProblemOut(Schema):
    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["not_now"])
    detail: str


def refusals(*more: int) -> dict[int, type[ProblemOut]]:
    """Return what an operation with a scope may be refused with: what every one may, and `more`."""
    return dict.fromkeys(sorted({401, 403, 429, *more}), ProblemOut)


def plain(text: str) -> str:
    """Return the text without NUL, which PostgreSQL neither keeps nor looks for."""
    return text.replace("\0", "")


class By(HttpAuthBase):
    """Ask for a token with this scope; None: any token."""

    openapi_scheme = "bearer"

    def __init__(self, scope: Scope | None = None) -> None:
        self.scope = scope
        super().__init__()

    @sensitive_variables("said", "secret")
    def __call__(self, request: HttpRequest) -> Token:
        """Return the token; its person's language is what errors are written in. Raises Problem."""
        said = request.headers.get("Authorization", "")
        kind, _space, secret = said.partition(" ")
        at = clock.now()
        token = tokens.find(secret.strip(), at=at) if kind.lower() == "bearer" else None
        if token is None:
            detail = _("Send a personal token that works: Authorization: Bearer gh_pat_…")
            raise Problem(401, "token_needed", detail, **{"WWW-Authenticate": "Bearer"})
        translation.activate(spoken(token.user.language))
        throttle(token, at)
        if self.scope and self.scope not in token.scopes:
            detail = _("This token may not do that; it needs the scope %(scope)s.") % {
                "scope": self.scope.value
            }
            raise Problem(403, "scope_needed", detail)
        return token


def throttle(token: Token, at: datetime) -> None:
    """Count a call of this minute. Raises Problem over the limit; while Redis is away nothing is counted."""
    minute, key_ends_in = int(at.timestamp()) // MINUTE, MINUTE - int(at.timestamp()) % MINUTE
    key = f"api:{token.pk}:{minute}"
    try:
        cache.add(key, 0, 2 * MINUTE)
        calls = cache.incr(key)
    except (RedisError, OSError, ValueError) as error:
        log.warning("A call of the API was not counted: %s", type(error).__name__)
        return
    if calls > settings.API_PER_MINUTE:
        detail = _("More than %(most)d calls in a minute by this token; try again in %(seconds)d seconds.")
        raise Problem(
            429,
            "too_many_calls",
            detail % {"most": settings.API_PER_MINUTE, "seconds": key_ends_in},
            **{"Retry-After": str(key_ends_in)},
        )


class TokenOut(Schema):
    name: str
    scopes: list[str]
    expires_at: datetime


class MeOut(Schema):
    name: str
    email: str
    language: str
    time_zone: str
    token: TokenOut


@router.get(
    "/me",
    auth=By(),
    response={200: MeOut, 401: ProblemOut, 429: ProblemOut},
    summary="Who asks, and by which token",
)
def me(request: HttpRequest) -> dict[str, Any]:
    token: Token = request.auth  # type: ignore[attr-defined]  # set by `By`
    user = token.user
    return {
        "name": user.full_name,
        "email": user.email,
        "language": user.language,
        "time_zone": user.time_zone,
        "token": token,
    }
