"""Approval by rules, for seniors: what holds for a program, which rules may, since when and why; on and off."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from audit import clock
from onboarding.domain.programs import SayWhy
from onboarding.models import Program
from reviews.domain import automatic, matches, quality
from reviews.domain.automatic import AlreadySo, BadSwitch
from reviews.models import AutomaticApproval, RuleVersion
from reviews.models.automatic import SAMPLE_LEAST
from reviews.permissions import may_switch_automatic, may_write_rules

WRONG = 422
HISTORY = 20  # switches shown


class SwitchForm(forms.Form):
    on = forms.BooleanField(label=gettext_lazy("Rules may approve by themselves"), required=False)
    sample = forms.IntegerField(
        label=gettext_lazy("Share that a person looks at again, in percent"),
        min_value=SAMPLE_LEAST,
        max_value=100,
        initial=20,
        help_text=gettext_lazy("By lot, without being shown what was decided."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=automatic.REASON_MOST,
        help_text=gettext_lazy("Kept for good, and read by whoever asks why a rule approved."),
    )


class AutomaticPages:
    """The view loads, permits, calls the domain once, answers."""

    def __init__(self, site: AdminSite):
        self.site = site

    def paths(self) -> list[URLPattern]:
        both = require_http_methods(["GET", "POST"])
        return [
            path("rules/automatic/<int:program>/", self.site.admin_view(both(self.program)), name="automatic")
        ]

    def program(self, request: HttpRequest, program: int) -> HttpResponse:
        """Show what holds for a program; a POST by a senior switches it."""
        if not may_write_rules(request.user):
            raise PermissionDenied
        found = get_object_or_404(Program, pk=program)
        if request.method != "POST":
            return self._page(request, found, SwitchForm(initial=_initial(found)))
        if not may_switch_automatic(request.user):
            raise PermissionDenied
        form = SwitchForm(request.POST)
        if not form.is_valid():
            return self._page(request, found, form, status=WRONG)
        given = form.cleaned_data
        try:
            made = automatic.switch(
                found, on=given["on"], sample=given["sample"], by=request.user, at=clock.now(), reason=given["reason"]
            )  # fmt: skip
        except (SayWhy, BadSwitch, AlreadySo) as problem:
            form.add_error(None, str(problem))
            return self._page(request, found, form, status=WRONG)
        messages.success(
            request,
            (
                _("From now on rules may approve by themselves in %(program)s.")
                if made.is_on
                else _("From now on rules do not approve by themselves in %(program)s.")
            )
            % {"program": found},
        )
        return redirect("admin:automatic", found.pk)

    def _page(
        self, request: HttpRequest, program: Program, form: SwitchForm, status: int = 200
    ) -> HttpResponse:
        here = Q(rule__program=program) | Q(rule__program=None)
        rules = list(RuleVersion.objects.suggesting().filter(here, approves=True).select_related("rule"))
        measured = matches.shares(version.pk for version in rules)
        trusted = {version.pk for version in automatic.trusted(rules)}
        context: dict[str, Any] = {
            "title": _("Approval by rules: %(program)s") % {"program": program},
            "program": program,
            "now": automatic.setting(program),
            "looked_at": quality.automatic(program),
            "rules": [(version, measured.get(version.pk), version.pk in trusted) for version in rules],
            "history": AutomaticApproval.objects.filter(program=program).select_related("set_by")[:HISTORY],
            "form": form,
            "may_switch": may_switch_automatic(request.user),
        }
        context = self.site.each_context(request) | context
        return TemplateResponse(request, "admin/reviews/automatic.html", context, status=status)


def _initial(program: Program) -> dict[str, Any]:
    now = automatic.setting(program)
    return {"on": now.is_on, "sample": now.sample} if now else {}
