"""Leaked secrets in the admin: what was reported, what was done, and what is to be done from now on."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty, may
from audit import clock
from enforcement.domain import leaks
from enforcement.models import LeakReport, LeakRule
from enforcement.permissions import may_set_emergencies
from enforcement.states import LeakAct
from onboarding.domain.programs import SayWhy

SHOWN = 50


class LeakRuleForm(forms.Form):
    act = forms.ChoiceField(
        label=gettext_lazy("When a secret of ours is found in public"), choices=LeakAct.choices
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=leaks.REASON_MOST,
        help_text=gettext_lazy("Kept with who set it and when."),
    )


@admin.register(LeakReport)
class LeakReportAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """The stock list for who looks after access, and one page with the rule."""

    duties = (Duty.MANAGE_ACCESS, Duty.EDIT_POLICIES, Duty.MANAGE_RATES, Duty.SEE_LEDGER)
    list_display = ("secret", "reporter", "place", "reported_at", "handled_at", "did")
    list_select_related = ("secret__key",)
    exclude = ("place_digest",)

    def get_urls(self) -> list[URLPattern]:
        return [path("rule/", self.admin_site.admin_view(self.rule), name="leaks"), *super().get_urls()]

    def rule(self, request: HttpRequest) -> HttpResponse:
        """Show what happens to a leaked secret and the newest reports; set it by POST."""
        if not any(may(request.user, duty) for duty in self.duties):
            raise PermissionDenied
        if request.method == "POST" and not may_set_emergencies(request.user):
            raise PermissionDenied
        form = LeakRuleForm(
            request.POST if request.method == "POST" else None, initial={"act": leaks.in_force()}
        )
        if request.method == "POST" and form.is_valid():
            try:
                leaks.set_rule(**form.cleaned_data, by=request.user, at=clock.now())
            except (SayWhy, leaks.BadRule) as refused:
                form.add_error("reason", str(refused))
            else:
                messages.success(request, _("Set. It holds for every report from now on."))
                return redirect("admin:leaks")
        reports = LeakReport.objects.select_related(
            "secret__key__grant__owner__person", "secret__key__grant__owner__organisation"
        )
        return self.rendered(
            request,
            "admin/enforcement/leaks.html",
            status=422 if form.errors else 200,
            title=_("Leaked secrets"),
            form=form if may_set_emergencies(request.user) else None,
            now=leaks.in_force(),
            rules=LeakRule.objects.select_related("set_by").order_by("-id")[:SHOWN],
            reports=reports[:SHOWN],
        )
