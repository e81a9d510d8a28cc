"""Access by the API: what one has, another key of it, what its keys were answered and what is left."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from accounts.api import By, Problem, refusals
from accounts.models import User
from accounts.scopes import Scope
from audit import clock
from enforcement import usage
from onboarding.api.applications import MOST, refusing
from onboarding.api.keys import naming
from onboarding.domain import keys
from onboarding.models import Grant, Tier
from onboarding.states import Environment
from onboarding.views import holding as held

router = Router(tags=["Access"])
READS = By(Scope.READ_KEYS)


class AccessOut(Schema):
    id: str
    program: str
    application: str
    owner: str
    state: str
    given_at: datetime
    expires_at: datetime
    tier: str = Field(examples=["trial"])
    models: list[str]
    key_owed: bool = Field(
        description="One more key is being made; its owner gets a letter when it is there."
    )


class AccessesOut(Schema):
    items: list[AccessOut]


class AskIn(Schema):
    environment: Environment
    name: str = Field("", max_length=200, description="Without one the key is called by its number.")


class LeftOut(Schema):
    environment: str
    per_minute: int
    left_this_minute: int
    per_day: int
    left_today: int = Field(description="Of the UTC day, by all keys of this environment together.")


class DayOut(Schema):
    on: date
    allowed: int
    limited: int = Field(description="Refused over a limit.")
    refused: int = Field(description="Refused for another reason.")
    reasons: dict[str, int] = Field(description="The refused ones by the code of the answer.")
    tokens_in: int = Field(description="As reported by whoever runs the model.")
    tokens_out: int


class UsageOut(Schema):
    limits: list[LeftOut]
    days: list[DayOut] = Field(description="The last UTC days, today last.")


@router.get("/access", auth=READS, response={200: AccessesOut, **refusals(422)}, summary="Your access")
def index(request: HttpRequest, limit: int = Query(50, ge=1, le=MOST)) -> dict[str, Any]:
    """List what you have access to, living ones first; one lives per owner and program."""
    return {"items": [_out(grant) for grant in held.grants_of(request.auth.user)[:limit]]}


@router.post(
    "/access/{access}/keys",
    auth=By(Scope.WRITE_KEYS),
    response={202: AccessOut, **refusals(400, 404, 409, 413, 422)},
    summary="Ask for another key",
)
def ask(request: HttpRequest, access: UUID, said: AskIn) -> Status:
    """Ask for one more key; it is made within a minute, and its first secret is shown on its page."""
    user = request.auth.user
    grant = visible(user, access)
    refused = (
        keys.AccessStopped,
        keys.GrantHasEnded,
        keys.KeyBeingMade,
        keys.TooManyKeys,
        keys.LiveNotAllowed,
        keys.TooOften,
    )
    with refusing(*refused), naming():
        keys.ask(grant, environment=said.environment, name=said.name, by=user, at=clock.now())
    return Status(202, _out(visible(user, access)))


@router.get(
    "/access/{access}/usage",
    auth=By(Scope.READ_USAGE),
    response={200: UsageOut, **refusals(404, 422, 503)},
    summary="What was used, what is left",
)
def used(request: HttpRequest, access: UUID) -> dict[str, Any]:
    """Tell the answers of the last days to all its keys, and what is left of each limit now."""
    grant, at = visible(request.auth.user, access), clock.now()
    shown = held.holding(grant, {}, at)
    tiers = Tier.objects.filter(program=grant.program, environment__in=shown.environments)
    opened = [one.key.key_id for one in shown.keys if one.key and one.secret]
    try:
        limits = [_left(grant, tier) for tier in tiers.order_by("-environment")]
    except usage.CountsAway as away:
        detail = _("What was counted is not known now; the counters do not answer. Try again in a minute.")
        raise Problem(503, "counts_away", detail, **{"Retry-After": "60"}) from away
    return {"limits": limits, "days": [_day(day) for day in usage.recent(opened, at=at).days]}


def _day(day: usage.Day) -> dict[str, Any]:
    shown = ("on", "allowed", "limited", "refused", "reasons")
    tokens = {name: day.counts[name] for name in ("tokens_in", "tokens_out")}
    return {name: getattr(day, name) for name in shown} | tokens


def _left(grant: Grant, tier: Tier) -> dict[str, Any]:
    left = usage.standing(
        str(grant.owner.public_id),
        grant.program.slug,
        tier.environment,
        per_minute=tier.requests_per_minute,
        per_day=tier.requests_per_day,
    )
    return {
        "environment": tier.environment,
        "per_minute": left.per_minute,
        "left_this_minute": left.left_this_minute,
        "per_day": left.per_day,
        "left_today": left.left_today,
    }


def visible(user: User, access: UUID) -> Grant:
    """Return the access; for everybody who is not on its owner's side it is not there."""
    grant = held.grants_of(user).filter(public_id=access).first()
    if grant is None:
        raise Problem(404, "not_found", _("There is no such access, or it is not yours to see."))
    return grant


def _out(grant: Grant) -> dict[str, Any]:
    shown = ("state", "given_at", "expires_at", "key_owed")
    return {
        **{name: getattr(grant, name) for name in shown},
        "id": str(grant.public_id),
        "program": grant.program.slug,
        "application": grant.application.number,
        "owner": str(grant.owner),
        "tier": grant.tier.name,
        "models": grant.models_allowed,
    }
