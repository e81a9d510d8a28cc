"""Grants and keys of the people one acts for; and a key's secret, shown once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Case, IntegerField, Prefetch, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Owner, User
from audit import clock
from onboarding.domain import keys
from onboarding.models import Grant, Key
from onboarding.permissions import may_open
from onboarding.states import LIVE_GRANT_STATES, GrantState, KeyState
from policies.models import Category

SHOWN = 50  # grants a page: one lives per owner and program, so this is years of them


class Shown(StrEnum):
    """What can be said of a key, with its grant and the clock taken into account."""

    OWED = "owed"
    READY = "ready"
    OVER = "over"  # not opened in time
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True)
class ShownKey:
    shown: Shown
    key: Key | None = None


@dataclass(frozen=True)
class Holding:
    """A grant as its page shows it: latest key first, models as (code, name), conditions with clauses."""

    grant: Grant
    is_over: bool
    keys: list[ShownKey]
    models: list[tuple[str, str]]
    conditions: list[dict[str, str]]

    @property
    def works(self) -> bool:
        return any(key.shown == Shown.ACTIVE for key in self.keys)


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the grants of my owners, living ones first, with their keys and how to call the gateway."""
    at = clock.now()
    grants = list(_grants(request.user)[:SHOWN])
    names = _clause_names(grants)
    holdings = [_holding(grant, names, at) for grant in grants]
    ready = next((key.key for holding in holdings for key in holding.keys if key.shown == Shown.READY), None)
    return render(
        request,
        "onboarding/access.html",
        {
            "holdings": holdings,
            "first_ready": ready,
            "gateway_url": settings.GATEWAY_URL,
            "key_prefix": settings.KEY_PREFIX,
            "contact": settings.CONTACT_EMAIL,
        },
    )


@require_POST
@login_required
@cache_control(private=True, no_store=True)
@sensitive_variables("secret")
def open_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Show a key's secret: in this one response and nowhere else (no redirect, no message, no log)."""
    rows = Key.objects.select_related("grant__owner", "grant__program", "grant__tier")
    key = get_object_or_404(rows, key_id=key_id)
    if not may_open(request.user, key):
        raise Http404
    grant = key.grant
    context = {"key": key, "grant": grant, "program": grant.program, "contact": settings.CONTACT_EMAIL}
    try:
        secret = keys.open(key, by=request.user, at=clock.now())
    except keys.AlreadyOpened:
        key.refresh_from_db(fields=["opened_at", "opened_by", "hint", "state"])
        return render(request, "onboarding/key_opened_before.html", context, status=409)
    except keys.CannotOpen as refused:
        context["why"] = str(refused)
        return render(request, "onboarding/key_opened_never.html", context, status=409)
    key.refresh_from_db(fields=["hint", "state", "opened_at", "expires_at"])
    models = _models(grant)
    example = {"gateway_url": settings.GATEWAY_URL, "key_prefix": settings.KEY_PREFIX}
    return render(
        request,
        "onboarding/key_opened.html",
        {**context, **example, "secret": secret, "model": models[0][0] if models else ""},
    )


def _grants(user: User) -> QuerySet[Grant]:
    living_first = Case(When(state__in=LIVE_GRANT_STATES, then=0), default=1, output_field=IntegerField())
    keys_of_each = Key.objects.select_related("opened_by").order_by("-pk")
    return (
        Grant.objects.filter(owner__in=Owner.objects.of(user))
        .select_related("program", "tier", "owner__person", "owner__organisation", "application__applicant")
        .defer("application__answers", "application__facts")
        .prefetch_related("program__models", Prefetch("keys", keys_of_each))
        .order_by(living_first, "-pk")
    )


def _holding(grant: Grant, names: dict[str, str], at: datetime) -> Holding:
    shown = [ShownKey(_shown(key, grant, at), key) for key in grant.keys.all()]
    if grant.key_owed and grant.state == GrantState.ACTIVE:
        shown.insert(0, ShownKey(Shown.OWED))
    conditions = [
        {**condition, "name": names.get(condition.get("category", ""), "")} for condition in grant.conditions
    ]
    return Holding(grant, grant.expires_at <= at, shown, _models(grant), conditions)


def _shown(key: Key, grant: Grant, at: datetime) -> Shown:
    if key.state in (KeyState.ISSUED, KeyState.ACTIVE) and grant.state == GrantState.SUSPENDED:
        return Shown.SUSPENDED
    if key.state == KeyState.ISSUED:
        return Shown.READY if key.open_by > at else Shown.OVER
    if key.state == KeyState.EXPIRED and key.opened_at is None:
        return Shown.OVER
    if key.state in (KeyState.ACTIVE, KeyState.SUSPENDED) and key.expires_at <= at:
        return Shown.EXPIRED
    return Shown(key.state)


def _models(grant: Grant) -> list[tuple[str, str]]:
    """Return the models this grant reaches, as (code, name)."""
    names = {model.code: model.name for model in grant.program.models.all()}
    return [(code, names.get(code, "")) for code in grant.models_allowed]


def _clause_names(grants: list[Grant]) -> dict[str, str]:
    """Return the latest name of each clause the grants' conditions rest on."""
    codes = {condition.get("category", "") for grant in grants for condition in grant.conditions} - {""}
    if not codes:
        return {}
    return dict(Category.objects.filter(code__in=codes).order_by("guidelines").values_list("code", "name"))
