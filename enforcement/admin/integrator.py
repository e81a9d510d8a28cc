"""Integrators' tokens in the admin: who has one, a new one shown once, an old one ended."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty
from audit import clock
from enforcement.domain import integrators
from enforcement.models import Integrator
from enforcement.permissions import may_run_gateway

SHOWN = 50  # revoked ones, the newest first


class IntegratorForm(forms.Form):
    """What the new one is called."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=integrators.NAME_MOST,
        help_text=gettext_lazy("Which program uses it, such as “Proxy, Frankfurt”."),
    )


@admin.register(Integrator)
class IntegratorAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """One page instead of the stock list; the stock page of one shows what is kept."""

    duties = (Duty.RUN_GATEWAY,)
    exclude = ("pepper", "digest")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/revoke/", view(require_POST(self.revoke)), name="integrator_revoke"),
            path("<int:pk>/mark/", view(require_POST(self.mark)), name="integrator_mark"),
            path("tokens/", view(self.page), name="integrators"),
            *super().get_urls(),
        ]

    @method_decorator(cache_control(private=True, no_store=True))
    @method_decorator(sensitive_variables("secret"))
    def page(self, request: HttpRequest) -> HttpResponse:
        """List the tokens; make another, whose secret is in that one response."""
        if not may_run_gateway(request.user):
            raise PermissionDenied
        made, secret = None, None
        form = IntegratorForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                made, secret = integrators.make(
                    name=form.cleaned_data["name"], by=request.user, at=clock.now()
                )
            except integrators.BadIntegrator as refused:
                form.add_error(None, str(refused))
            else:
                form = IntegratorForm()
        rows = Integrator.objects.select_related("made_by", "revoked_by")
        return self.rendered(
            request,
            "admin/enforcement/integrators.html",
            status=422 if form.errors else 200,
            title=_("Integrators"),
            form=form,
            made=made,
            secret=secret,
            live=rows.live(),
            over=rows.exclude(revoked_at=None).order_by("-revoked_at")[:SHOWN],
        )

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End one at once."""
        if not may_run_gateway(request.user):
            raise PermissionDenied
        ended = integrators.revoke(get_object_or_404(Integrator, pk=pk), by=request.user, at=clock.now())
        messages.success(
            request, _("“%(ended)s” is revoked: the gateways refuse it within a second.") % {"ended": ended}
        )
        return redirect("admin:integrators")

    def mark(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mark one as a trusted partner, or no more."""
        if not may_run_gateway(request.user):
            raise PermissionDenied
        found, wanted = get_object_or_404(Integrator, pk=pk), request.POST.get("is_partner") == "yes"
        try:
            integrators.mark(found, is_partner=wanted, by=request.user, at=clock.now())
        except integrators.BadIntegrator as refused:
            messages.error(request, str(refused))
        else:
            said = (
                _("“%(integrator)s” is a trusted partner now.")
                if wanted
                else _("“%(integrator)s” is no trusted partner any more.")
            )
            messages.success(request, said % {"integrator": found})
        return redirect("admin:integrators")
