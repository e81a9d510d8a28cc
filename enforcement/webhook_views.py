"""Webhooks of what an owner holds: add an address, see its secret once, see what was sent, send it again, switch off.

The admin shows integrators' addresses with the same functions, see `admin.webhook`.
"""

from collections.abc import Callable
from typing import Any

from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.domain import owners
from accounts.models import Organisation, Owner, User
from audit import clock
from enforcement.domain import webhooks
from enforcement.models import Webhook, WebhookDelivery, WebhookTry
from enforcement.outgoing import LONGEST, BadAddress
from enforcement.permissions import may_manage_webhook

PAGE = 50  # messages
SHOWN = 50  # addresses
REFUSALS = (webhooks.NotForYou, webhooks.TooMany, webhooks.TooOften, webhooks.NothingToReplay)


class WebhookForm(forms.Form):
    """An address, and whose access it hears of."""

    url = forms.CharField(
        max_length=LONGEST,
        label=gettext_lazy("Address"),
        help_text=gettext_lazy(
            "Such as https://example.org/hooks/gatehouse; it must answer 2xx within 10 seconds."
        ),
    )
    of = forms.ChoiceField(label=gettext_lazy("Hears of the access of"))

    def __init__(self, *args: Any, of: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["of"].choices = of
        if len(of) == 1:
            self.fields["of"].widget = forms.HiddenInput()
            self.fields["of"].initial = of[0][0]


def theirs(user: User) -> QuerySet[Webhook]:
    """Return the addresses this person may change: their own, and those of their organisations."""
    mine = Q(owner__person=user) | Q(owner__organisation__memberships__user=user)
    return Webhook.objects.filter(mine).select_related("owner__person", "owner__organisation")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@cache_control(private=True, no_store=True)
@sensitive_variables("secret")
def index(request: HttpRequest) -> HttpResponse:
    """List my addresses; add one, whose secret is in that one response."""
    organisations = Organisation.objects.filter(memberships__user=request.user).order_by("name")
    of = [("me", _("me")), *((str(each.pk), each.name) for each in organisations)]
    form = WebhookForm(request.POST if request.method == "POST" else None, of=of)
    made, secret = None, None
    if request.method == "POST" and form.is_valid() and _may_try(request, form):
        made, secret = added(
            form, lambda url: _add(request.user, url, form.cleaned_data["of"], organisations)
        )
        form = form if made is None else WebhookForm(of=of)
    context = {"form": form, "made": made, "secret": secret, "rows": theirs(request.user)[:SHOWN]}
    return render(request, "enforcement/webhook_list.html", context, status=422 if form.errors else 200)


def _may_try(request: HttpRequest, form: forms.Form) -> bool:
    """Return whether this person may have another address looked at now; the form says why not."""
    if ratelimit.consume(request, action="webhook", user=request.user):
        return True
    form.add_error(None, _("You tried many addresses within an hour. Wait an hour, then try again."))
    return False


def added(form: forms.Form, add: Callable[[str], tuple[Webhook, str]]) -> tuple[Webhook | None, str | None]:
    """Return what was added; a refusal becomes an error of the form."""
    try:
        return add(form.cleaned_data["url"])
    except BadAddress as refused:
        form.add_error("url", str(refused))
    except REFUSALS as refused:
        form.add_error(None, str(refused))
    return None, None


def _add(user: User, url: str, of: str, organisations: QuerySet[Organisation]) -> tuple[Webhook, str]:
    owner: Owner = (
        owners.of_person(user) if of == "me" else owners.of_organisation(organisations.get(pk=int(of)))
    )
    return webhooks.add(url, by=user, at=clock.now(), owner=owner)


@require_safe
@login_required
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what was sent to one address, the newest first."""
    context = shown(request, _mine(request, pk))
    return render(request, "enforcement/webhook_detail.html", context)


def shown(request: HttpRequest, webhook: Webhook) -> dict[str, Any]:
    """Return the context of one address: a page of its messages with their tries."""
    before = request.GET.get("before", "")
    rows = webhook.deliveries.order_by("-id").prefetch_related(
        Prefetch("log", queryset=WebhookTry.objects.order_by("-id"))
    )
    is_older = before.isascii() and before.isdecimal() and len(before) < 19
    if is_older:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    older = found[PAGE - 1].pk if len(found) > PAGE else None
    return {
        "webhook": webhook,
        "deliveries": found[:PAGE],
        "older": older,
        "is_older": is_older,
        "at": clock.now(),
    }


@require_POST
@login_required
@cache_control(private=True, no_store=True)
@sensitive_variables("secret")
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it a new secret, which is in this one response."""
    webhook = _mine(request, pk)
    secret = webhooks.rotate(webhook, by=request.user, at=clock.now())
    context = shown(request, _mine(request, pk)) | {"secret": secret}
    return render(request, "enforcement/webhook_detail.html", context)


@require_POST
@login_required
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing there any more."""
    webhooks.stop(_mine(request, pk), by=request.user, at=clock.now())
    messages.success(request, _("Nothing is sent there any more."))
    return redirect("webhook", pk)


@require_POST
@login_required
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Send there again."""
    return done(
        request, lambda: webhooks.resume(_mine(request, pk), by=request.user, at=clock.now()), "webhook", pk
    )


@require_POST
@login_required
def again(request: HttpRequest, pk: int, message: int) -> HttpResponse:
    """Send one message again."""
    webhook = _mine(request, pk)
    delivery = get_object_or_404(WebhookDelivery, pk=message, webhook=webhook)
    return done(request, lambda: webhooks.replay(delivery, by=request.user, at=clock.now()), "webhook", pk)


def done(request: HttpRequest, act: Callable[[], object], to: str, pk: int) -> HttpResponse:
    """Do it and go back; a refusal is a sentence there."""
    try:
        act()
    except REFUSALS as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Done. It takes up to a minute."))
    return redirect(to, pk)


def _mine(request: HttpRequest, pk: int) -> Webhook:
    webhook = get_object_or_404(theirs(request.user).distinct(), pk=pk)
    if not may_manage_webhook(request.user, webhook):
        raise Http404
    return webhook
