"""Grants and keys of the people one acts for; and a key's secret, shown once."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from audit import clock
from onboarding.domain import keys
from onboarding.models import Grant, Key
from onboarding.permissions import may_open
from onboarding.states import Environment, Overlap
from onboarding.views import holding as held
from onboarding.views import limits, requests
from onboarding.views.holding import Shown

SHOWN = 50  # grants a page: one lives per owner and program, so this is years of them
ENDED_SHOWN = 20  # of a grant's ended keys


class AskForm(forms.Form):
    """Another key: its name and where it is used."""

    name = forms.CharField(
        label=_("Name"), required=False, max_length=200, help_text=_("Such as the service that will use it.")
    )
    environment = forms.ChoiceField(label=_("Kind"), choices=Environment.choices)

    def __init__(self, grant: Grant, *args: object, **kwargs: object):
        super().__init__(*args, auto_id="ask_%s", **kwargs)  # type: ignore[arg-type]
        if grant.tier.environment == Environment.TEST:
            self.fields["environment"].choices = [(Environment.TEST, Environment.TEST.label)]
            self.fields["environment"].help_text = _(
                "Trial access has test keys; live keys come with production access."
            )
        self.fields["environment"].initial = grant.tier.environment


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the grants of my owners, living ones first, with the keys that wait to be opened."""
    at = clock.now()
    grants = list(held.grants_of(request.user)[:SHOWN])
    requests.attach(grants, request.user, at=at)
    standing = held.sanctions_of(grants)
    holdings = [held.holding(grant, {}, at, standing) for grant in grants]
    ready = (key.key for each in holdings for key in each.keys if key.shown == Shown.READY)
    first_ready = next(ready, None)
    if not first_ready:
        requests.emphasise(grants)
    context = {"holdings": holdings, "first_ready": first_ready, "contact": settings.CONTACT_EMAIL}
    return render(request, "onboarding/access.html", context)


@login_required
@require_safe
def detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one grant: its keys and what can be done with them, its limits, what was used."""
    return page(request, mine(request, public_id))


def mine(request: HttpRequest, public_id: UUID) -> Grant:
    """Return a grant of my owners, or answer 404."""
    return get_object_or_404(held.grants_of(request.user), public_id=public_id)


def page(
    request: HttpRequest, grant: Grant, *, form: AskForm | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    """Answer with the grant's page; `refusal` says why what was asked was not done."""
    at = clock.now()
    requests.attach([grant], request.user, at=at)
    holding = held.holding(grant, held.clauses([grant]), at, held.sanctions_of([grant]))
    recent = limits.recent(holding, at=at)
    ready = next((key.key for key in holding.keys if key.shown == Shown.READY), None)
    if not ready:
        requests.emphasise([grant])
    context = {
        "holding": holding,
        "grant": grant,
        "program": grant.program,
        "practices": {row.domain for row in held.practices_of(grant)},
        "form": form or AskForm(grant),
        "refusal": refusal,
        "first_ready": ready,
        "may_ask": holding.is_open and not grant.key_owed and len(holding.living) < keys.MOST_LIVE,
        "most": keys.MOST_LIVE,
        "overlaps": Overlap.choices,
        "limit_sorts": limits.SORTS,
        "allowances": limits.allowances(holding),
        "recent": recent,
        "notice_levels": limits.notice_levels(grant),
        "chart": limits.chart(recent.days),
        "ended": holding.ended[:ENDED_SHOWN],
        "at": at,
    }
    return render(request, "onboarding/access_detail.html", context | example(grant), status=status)


def example(grant: Grant) -> dict[str, object]:
    """Return what the pasted examples name; never a secret."""
    models = held.models_of(grant)
    return {
        "gateway_url": settings.GATEWAY_URL,
        "key_prefix": settings.KEY_PREFIX,
        "contact": settings.CONTACT_EMAIL,
        "model": models[0][0] if models else "",
        "api_base_url": grant.program.api_base_url,
    }


@require_POST
@login_required
@cache_control(private=True, no_store=True)
@sensitive_variables("secret")
def open_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Show a key's first secret: in this one response and nowhere else (no redirect, no message, no log)."""
    key = my_key(request, key_id)
    context = {"key": key, "grant": key.grant, "program": key.grant.program, **example(key.grant)}
    try:
        secret = keys.open(key, by=request.user, at=clock.now())
    except keys.NotYours as refused:  # removed since the page looked
        raise Http404 from refused
    except keys.AlreadyOpened:
        key.refresh_from_db(fields=["opened_at", "opened_by", "state"])
        return render(request, "onboarding/key_opened_before.html", context, status=409)
    except keys.CannotOpen as refused:
        context["why"] = str(refused)
        return render(request, "onboarding/key_opened_never.html", context, status=409)
    key.refresh_from_db(fields=["state", "opened_at", "expires_at"])
    return render(request, "onboarding/key_opened.html", {**context, "secret": secret})


@require_POST
@login_required
@cache_control(private=True, no_store=True)
@sensitive_variables("secret")
def rotate_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Give a key a new secret and show it: in this one response and nowhere else."""
    key = my_key(request, key_id)
    overlap, seen = request.POST.get("overlap", ""), request.POST.get("seen", "")
    if overlap not in Overlap.values or not seen.isascii() or not seen.isdecimal() or len(seen) > 9:
        refusal = _("Choose how long the old secret goes on working, then try again.")
        return page(request, mine(request, key.grant.public_id), refusal=str(refusal), status=422)
    context = {"key": key, "grant": key.grant, "program": key.grant.program, **example(key.grant)}
    try:
        secret = keys.rotate(key, overlap=Overlap(overlap), seen=int(seen), by=request.user, at=clock.now())
    except keys.NotYours as refused:  # removed since the page looked
        raise Http404 from refused
    except keys.RotatedMeanwhile as refused:
        return render(
            request, "onboarding/key_rotated_before.html", {**context, "newest": refused.secret}, status=409
        )
    except (keys.CannotRotate, keys.TooOften) as refused:
        return page(request, mine(request, key.grant.public_id), refusal=str(refused), status=409)
    newest, *before = key.secrets.all()[:2]
    context |= {"secret": secret, "newest": newest, "old": before[0] if before else None}
    return render(request, "onboarding/key_opened.html", context)


def my_key(request: HttpRequest, key_id: str) -> Key:
    """Return a key of my owners, or answer 404."""
    rows = Key.objects.select_related("grant__owner", "grant__program", "grant__tier")
    key = get_object_or_404(rows, key_id=key_id)
    if not may_open(request.user, key):
        raise Http404
    return key


def back(grant: Grant) -> HttpResponse:
    """Send the person back to the grant's page."""
    return redirect("grant", grant.public_id)
