"""Keys by the API: list, rename, limit, suspend, resume, revoke, a new secret with an overlap.

A key's first secret is shown on its page only: somebody looks at it, and knows that it is shown once.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from ninja import Field, Path, Query, Router, Schema

from accounts.api import By, Problem, plain, refusals
from accounts.models import Owner, User
from accounts.scopes import Scope
from audit import clock
from onboarding.api.applications import MOST, refusing
from onboarding.domain import keys, limits
from onboarding.models import Key, Limit, Tier
from onboarding.permissions import may_open
from onboarding.states import LimitKind, LimitPer, Overlap

router = Router(tags=["Keys"])
READS, WRITES = By(Scope.READ_KEYS), By(Scope.WRITE_KEYS)
KeyId = Path(pattern=r"^k_[0-9a-z]{16}$", examples=["k_0a1b2c3d4e5f6g7h"])
ANSWERS, WITH_BODY = refusals(404, 409, 422), refusals(400, 404, 409, 413, 422)
OWN_LIMITS = Prefetch("limits", Limit.objects.set_by_owners().order_by("kind", "-per"), "own_limits")


class LimitsOut(Schema):
    per_minute: int
    per_day: int


class OwnLimitOut(Schema):
    kind: str = Field(examples=["requests"])
    per: str = Field(examples=["day"])
    most: int


class OldOut(Schema):
    hint: str
    expires_at: datetime


class KeyOut(Schema):
    key_id: str
    name: str
    program: str
    application: str
    access: str = Field(description="The id of the access it belongs to.")
    environment: str
    state: str
    hint: str
    secret_number: int | None = Field(
        description="Of its newest secret; empty until it is opened on its page."
    )
    old_secret: OldOut | None = Field(description="The secret before, while an overlap lasts.")
    issued_at: datetime
    opened_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime
    limits: LimitsOut | None
    own_limits: list[OwnLimitOut] = Field(description="What its owner holds it to, below those.")


class KeysOut(Schema):
    items: list[KeyOut]
    after: str | None = Field(description="Ask for the next page with this; empty on the last one.")


class NameIn(Schema):
    name: str = Field(max_length=200, examples=["reader-app"])


class LimitIn(Schema):
    kind: LimitKind
    per: LimitPer = Field(description="A day is one of UTC.")
    most: int | None = Field(description="Less than the key may do without it; null takes it back.")


class RotateIn(Schema):
    overlap: Overlap = Field(description="How long the secret before goes on working.")
    seen: int = Field(
        ge=1,
        le=999_999_999,
        description="The secret_number you know: two calls with the same number mint one secret.",
    )


class RotatedOut(Schema):
    secret: str = Field(description="In clear in this one answer and nowhere else.")
    key: KeyOut


@router.get("/keys", auth=READS, response={200: KeysOut, **refusals(422)}, summary="Your keys")
def index(
    request: HttpRequest,
    after: str = Query("", max_length=40, description="The key_id that ended the page before."),
    limit: int = Query(25, ge=1, le=MOST),
) -> dict[str, Any]:
    """List the keys of your access, newest first, with their limits. No secret is ever here."""
    mine = Key.objects.filter(grant__owner__in=Owner.objects.of(request.auth.user))
    last = mine.filter(key_id=plain(after)).values_list("pk", flat=True).first() if after else None
    rows = mine.filter(pk__lt=last) if last else mine
    found = list(
        rows.select_related("grant__program", "grant__application")
        .prefetch_related("secrets", OWN_LIMITS)
        .order_by("-pk")[: limit + 1]
    )
    shown, at = found[:limit], clock.now()
    tiers = Tier.objects.filter(program__in={key.grant.program_id for key in shown})
    by_tier = {(tier.program_id, tier.environment): tier for tier in tiers}
    return {
        "items": [_key(key, by_tier.get((key.grant.program_id, key.environment)), at) for key in shown],
        "after": shown[-1].key_id if len(found) > limit else None,
    }


@router.get("/keys/{key_id}", auth=READS, response={200: KeyOut, **refusals(404, 422)}, summary="One key")
def detail(request: HttpRequest, key_id: str = KeyId) -> dict[str, Any]:
    """Tell its state, its limits, its newest secret's number, and when it was used last."""
    return _told(request.auth.user, key_id)


@router.post(
    "/keys/{key_id}/rename",
    auth=WRITES,
    response={200: KeyOut, **WITH_BODY},
    summary="Call it something else",
)
def rename(request: HttpRequest, said: NameIn, key_id: str = KeyId) -> dict[str, Any]:
    """Give a key that has not ended another name."""
    user = request.auth.user
    with refusing(keys.CannotChange), naming():
        keys.rename(_mine(user, key_id), name=said.name, by=user, at=clock.now())
    return _told(user, key_id)


@router.post(
    "/keys/{key_id}/limit",
    auth=WRITES,
    response={200: KeyOut, **WITH_BODY},
    summary="Hold it to less",
)
def limit(request: HttpRequest, said: LimitIn, key_id: str = KeyId) -> dict[str, Any]:
    """Hold a key to less than it may do, or take that back; every gateway holds it within a second."""
    user = request.auth.user
    with refusing(keys.TooOften), refusing(limits.BadLimit, status=422, code="bad_limit"):
        limits.limit_key(
            _mine(user, key_id), kind=said.kind, per=said.per, most=said.most, by=user, at=clock.now()
        )
    return _told(user, key_id)


@router.post(
    "/keys/{key_id}/suspend", auth=WRITES, response={200: KeyOut, **ANSWERS}, summary="Stop it for now"
)
def suspend(request: HttpRequest, key_id: str = KeyId) -> dict[str, Any]:
    """Stop a key until you resume it; the gateways refuse it within a second."""
    return _done(keys.suspend, request.auth.user, key_id)


@router.post(
    "/keys/{key_id}/resume", auth=WRITES, response={200: KeyOut, **ANSWERS}, summary="Let it work again"
)
def resume(request: HttpRequest, key_id: str = KeyId) -> dict[str, Any]:
    """Let a key work again that you suspended, with the same secret."""
    return _done(keys.resume, request.auth.user, key_id)


@router.post(
    "/keys/{key_id}/revoke", auth=WRITES, response={200: KeyOut, **ANSWERS}, summary="End it for good"
)
def revoke(request: HttpRequest, key_id: str = KeyId) -> dict[str, Any]:
    """End a key and its secrets for good; the gateways refuse it within a second."""
    return _done(keys.revoke, request.auth.user, key_id)


@router.post(
    "/keys/{key_id}/end-old", auth=WRITES, response={200: KeyOut, **ANSWERS}, summary="End an overlap now"
)
def end_old(request: HttpRequest, key_id: str = KeyId) -> dict[str, Any]:
    """End the secret before, while its overlap still lasts."""
    return _done(keys.end_old_secret, request.auth.user, key_id)


@router.post(
    "/keys/{key_id}/rotate", auth=WRITES, response={200: RotatedOut, **WITH_BODY}, summary="A new secret"
)
@sensitive_variables("secret")
def rotate(request: HttpRequest, said: RotateIn, key_id: str = KeyId) -> dict[str, Any]:
    """Give the key a new secret and tell it, once; key, access and allowance stay the same."""
    user = request.auth.user
    with refusing(keys.CannotRotate, keys.RotatedMeanwhile, keys.TooOften):
        secret = keys.rotate(
            _mine(user, key_id), overlap=said.overlap, seen=said.seen, by=user, at=clock.now()
        )
    return {"secret": secret, "key": _told(user, key_id)}


def _done(verb: Callable[..., Key], user: User, key_id: str) -> dict[str, Any]:
    with refusing(keys.CannotChange, keys.NoOldSecret):
        verb(_mine(user, key_id), by=user, at=clock.now())
    return _told(user, key_id)


def naming() -> Any:
    """Turn a name that cannot be into 422, in the domain's own words."""
    return refusing(keys.BadName, keys.NameTaken, status=422, code="bad_name")


def _mine(user: User, key_id: str) -> Key:
    """Return the key; for everybody who is not on its owner's side it is not there."""
    rows = Key.objects.select_related("grant__owner", "grant__program", "grant__application")
    key = rows.prefetch_related("secrets", OWN_LIMITS).filter(key_id=key_id).first()
    if key is None or not may_open(user, key):
        raise Problem(404, "not_found", _("There is no such key, or it is not yours to see."))
    return key


def _told(user: User, key_id: str) -> dict[str, Any]:
    key = _mine(user, key_id)
    tier = Tier.objects.filter(program=key.grant.program_id, environment=key.environment).first()
    return _key(key, tier, clock.now())


def _key(key: Key, tier: Tier | None, at: datetime) -> dict[str, Any]:
    shown = (
        "key_id",
        "name",
        "environment",
        "state",
        "hint",
        "issued_at",
        "opened_at",
        "last_used_at",
        "expires_at",
    )
    newest, *before = list(key.secrets.all()) or [None]
    old = (one for one in before if one.ended_at is None and one.expires_at and one.expires_at > at)
    return {
        **{name: getattr(key, name) for name in shown},
        "program": key.grant.program.slug,
        "application": key.grant.application.number,
        "access": str(key.grant.public_id),
        "secret_number": newest.number if newest else None,
        "old_secret": next(old, None),
        "own_limits": key.own_limits,
        "limits": tier and {"per_minute": tier.requests_per_minute, "per_day": tier.requests_per_day},
    }
