"""What an owner does with keys by a button: ask for one, rename, suspend, resume, revoke, limit, end an old secret."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from audit import clock
from onboarding.domain import keys, limits
from onboarding.models import Key
from onboarding.states import Environment
from onboarding.views import limits as limit_views
from onboarding.views.access import AskForm, back, mine, my_key, page

REFUSED, WRONG = 409, 422
ASKING = (
    keys.AccessStopped,
    keys.GrantHasEnded,
    keys.KeyBeingMade,
    keys.TooManyKeys,
    keys.LiveNotAllowed,
    keys.TooOften,
)
NAMING = (keys.BadName, keys.NameTaken)
VERBS: dict[str, tuple[Callable[..., Key], object]] = {
    "suspend": (keys.suspend, gettext_lazy("The key is suspended: the gateways refuse it within a second.")),
    "resume": (keys.resume, gettext_lazy("The key works again.")),
    "revoke": (keys.revoke, gettext_lazy("The key is revoked. It has ended for good.")),
    "end-old": (keys.end_old_secret, gettext_lazy("The old secret has ended.")),
}


class KeyLimitForm(forms.Form):
    """What an owner holds a key to; `end` takes that back."""

    sort = forms.ChoiceField(choices=limit_views.SORTS)
    most = forms.IntegerField(required=False)
    end = forms.BooleanField(required=False)

    def said(self) -> dict[str, Any]:
        """Return what the domain takes. Raises its BadLimit."""
        typed = self.cleaned_data if self.is_valid() else {}
        if "sort" not in typed or "most" in self.errors:
            raise limits.BadLimit(_("Write a whole number, such as 20, and choose of what."))
        if typed["most"] is None and not typed["end"]:
            raise limits.BadLimit(_("Write how many may pass at most."))
        kind, per = typed["sort"].split("-")
        return {"kind": kind, "per": per, "most": None if typed["end"] else typed["most"]}


@require_POST
@login_required
def ask(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for another key of a grant."""
    grant = mine(request, public_id)
    form = AskForm(grant, request.POST)
    if not form.is_valid():
        return page(request, grant, form=form, status=WRONG)
    try:
        keys.ask(
            grant,
            environment=Environment(form.cleaned_data["environment"]),
            name=form.cleaned_data["name"],
            by=request.user,
            at=clock.now(),
        )
    except keys.NotYours as refusal:  # removed since the page looked
        raise Http404 from refusal
    except NAMING as refusal:
        form.add_error("name", str(refusal))
        return page(request, grant, form=form, status=WRONG)
    except ASKING as refusal:
        return page(request, mine(request, public_id), refusal=str(refusal), status=REFUSED)
    messages.success(request, _("Your key is being made. We write when it is ready to be opened."))
    return back(grant)


@require_POST
@login_required
def rename(request: HttpRequest, key_id: str) -> HttpResponse:
    """Call a key something else."""
    key = my_key(request, key_id)
    try:
        key = keys.rename(key, name=request.POST.get("name", ""), by=request.user, at=clock.now())
    except keys.NotYours as refusal:  # removed since the page looked
        raise Http404 from refusal
    except (*NAMING, keys.CannotChange) as refusal:
        return page(request, mine(request, key.grant.public_id), refusal=str(refusal), status=WRONG)
    messages.success(request, _("The key is called “%(name)s” now.") % {"name": key.name})
    return back(key.grant)


@require_POST
@login_required
def limit(request: HttpRequest, key_id: str) -> HttpResponse:
    """Hold a key to less than it may do, or take such a limit back."""
    key = my_key(request, key_id)
    form = KeyLimitForm(request.POST)
    try:
        said = form.said()
        made = limits.limit_key(key, by=request.user, at=clock.now(), **said)
    except limits.NotYoursToLimit as refusal:  # removed since the page looked
        raise Http404 from refusal
    except limits.BadLimit as refusal:
        return page(request, mine(request, key.grant.public_id), refusal=str(refusal), status=WRONG)
    except keys.TooOften as refusal:
        return page(request, mine(request, key.grant.public_id), refusal=str(refusal), status=REFUSED)
    messages.success(
        request,
        _("The limit holds at every gateway within a second.") if made else _("Your limit is taken back."),
    )
    return back(key.grant)


@require_POST
@login_required
def act(request: HttpRequest, key_id: str, verb: str) -> HttpResponse:
    """Suspend, resume or revoke a key, or end its old secret."""
    if verb not in VERBS:
        raise Http404
    key = my_key(request, key_id)
    do, says = VERBS[verb]
    try:
        do(key, by=request.user, at=clock.now())
    except keys.NotYours as refusal:  # removed since the page looked
        raise Http404 from refusal
    except (keys.CannotChange, keys.NoOldSecret) as refusal:
        return page(request, mine(request, key.grant.public_id), refusal=str(refusal), status=REFUSED)
    messages.success(request, str(says))
    return back(key.grant)
