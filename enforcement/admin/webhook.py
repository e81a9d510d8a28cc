"""Addresses of integrators in the admin, which hear of everybody's access; those of owners are only listed."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty
from audit import clock
from enforcement.domain import webhooks
from enforcement.models import Integrator, Webhook, WebhookDelivery
from enforcement.permissions import may_manage_webhook, may_run_gateway
from enforcement.webhook_views import SHOWN, WebhookForm, added, done, shown


@admin.register(Webhook)
class WebhookAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """One page for the addresses of integrators, one for each."""

    duties = (Duty.RUN_GATEWAY,)
    exclude = ("secret", "old_secret")
    list_display = ("url", "owner", "integrator", "made_at", "stopped_because")
    list_select_related = ("owner__person", "owner__organisation", "integrator")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("addresses/", view(self.index), name="webhooks"),
            path("addresses/<int:pk>/", view(require_safe(self.detail)), name="webhook"),
            path("addresses/<int:pk>/rotate/", view(require_POST(self.rotate)), name="webhook_rotate"),
            path("addresses/<int:pk>/stop/", view(require_POST(self.stop)), name="webhook_stop"),
            path("addresses/<int:pk>/resume/", view(require_POST(self.resume)), name="webhook_resume"),
            path(
                "addresses/<int:pk>/messages/<int:message>/again/",
                view(require_POST(self.again)),
                name="webhook_again",
            ),
            *super().get_urls(),
        ]

    @method_decorator(cache_control(private=True, no_store=True))
    @method_decorator(sensitive_variables("secret"))
    def index(self, request: HttpRequest) -> HttpResponse:
        """List them; add one, whose secret is in that one response."""
        if not may_run_gateway(request.user):
            raise PermissionDenied
        live = Integrator.objects.live()
        of = [(str(each.pk), each.name) for each in live]
        form, made, secret = (
            WebhookForm(request.POST if request.method == "POST" else None, of=of),
            None,
            None,
        )
        if request.method == "POST" and form.is_valid():
            chosen = live.get(pk=int(form.cleaned_data["of"]))
            made, secret = added(
                form, lambda url: webhooks.add(url, by=request.user, at=clock.now(), integrator=chosen)
            )
            form = form if made is None else WebhookForm(of=of)
        rows = Webhook.objects.exclude(integrator=None).select_related("integrator")[:SHOWN]
        context = {"form": form, "made": made, "secret": secret, "rows": rows, "has_integrators": bool(of)}
        status = 422 if form.errors else 200
        return self.rendered(
            request, "admin/enforcement/webhooks.html", status=status, title=_("Webhooks"), **context
        )

    def detail(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what was sent to one address."""
        return self.one(request, self.theirs(request, pk))

    @method_decorator(cache_control(private=True, no_store=True))
    @method_decorator(sensitive_variables("secret"))
    def rotate(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give it a new secret, which is in this one response."""
        secret = webhooks.rotate(self.theirs(request, pk), by=request.user, at=clock.now())
        return self.one(request, self.theirs(request, pk), secret=secret)

    def stop(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send nothing there any more."""
        webhooks.stop(self.theirs(request, pk), by=request.user, at=clock.now())
        messages.success(request, _("Nothing is sent there any more."))
        return redirect("admin:webhook", pk)

    def resume(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send there again."""
        webhook = self.theirs(request, pk)
        return done(
            request, lambda: webhooks.resume(webhook, by=request.user, at=clock.now()), "admin:webhook", pk
        )

    def again(self, request: HttpRequest, pk: int, message: int) -> HttpResponse:
        """Send one message again."""
        delivery = get_object_or_404(WebhookDelivery, pk=message, webhook=self.theirs(request, pk))
        return done(
            request, lambda: webhooks.replay(delivery, by=request.user, at=clock.now()), "admin:webhook", pk
        )

    def theirs(self, request: HttpRequest, pk: int) -> Webhook:
        """Return an integrator's address, or refuse."""
        if not may_run_gateway(request.user):
            raise PermissionDenied
        webhook = get_object_or_404(Webhook.objects.select_related("integrator"), pk=pk)
        if not may_manage_webhook(request.user, webhook):
            raise PermissionDenied
        return webhook

    def one(self, request: HttpRequest, webhook: Webhook, **more: Any) -> HttpResponse:
        context = shown(request, webhook) | more
        return self.rendered(request, "admin/enforcement/webhook.html", title=str(webhook), **context)
