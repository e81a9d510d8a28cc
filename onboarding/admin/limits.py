"""Limits in the admin: those in force, another one set, one ended; what held before stays listed."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.reading import OwnPages
from accounts.roles import Duty
from audit import clock
from onboarding.admin.reading import ReadOnlyAdmin
from onboarding.domain import limits
from onboarding.domain.limits import BadLimit, NotYoursToLimit, Sort
from onboarding.models import Grant, Key, Limit, Program
from onboarding.permissions import may_set_limits
from onboarding.states import Environment, LimitKind, LimitLevel, LimitPer, LimitSource

SHOWN = 100
RELATED = ("program", "key", "grant__owner__person", "grant__owner__organisation", "set_by", "ended_by")


class LimitForm(forms.Form):
    """One limit. Another one of the same sort takes its place."""

    program = forms.ModelChoiceField(Program.objects.order_by("name"), label=gettext_lazy("Program"))
    level = forms.ChoiceField(label=gettext_lazy("Counted together"), choices=LimitLevel.choices)
    environment = forms.ChoiceField(
        label=gettext_lazy("Keys"),
        choices=[("", gettext_lazy("test and live")), *Environment.choices],
        required=False,
    )
    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=LimitKind.choices)
    per = forms.ChoiceField(label=gettext_lazy("Every"), choices=LimitPer.choices)
    most = forms.IntegerField(label=gettext_lazy("At most"), min_value=1)
    whose = forms.CharField(
        label=gettext_lazy("Only this key or access"),
        required=False,
        max_length=40,
        help_text=gettext_lazy(
            "A key's number (k_…) or an access's (from its page). Empty: each one of the program."
        ),
    )
    is_shadow = forms.BooleanField(
        label=gettext_lazy("In shadow: count what it would refuse, refuse nothing"), required=False
    )

    def clean_whose(self) -> Key | Grant | None:
        said = self.cleaned_data["whose"].strip()
        if not said:
            return None
        found: Key | Grant | None = Key.objects.filter(key_id=said).select_related("grant").first()
        if found is None:
            try:
                found = Grant.objects.filter(public_id=UUID(said)).first()
            except ValueError:
                found = None
        if found is None:
            raise forms.ValidationError(_("No key and no access is called that."))
        return found

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        whose = said.get("whose")
        grant = whose.grant if isinstance(whose, Key) else whose
        if grant and said.get("program") and grant.program_id != said["program"].pk:
            self.add_error("whose", _("That belongs to another program."))
        if isinstance(whose, Key) and said.get("level") != LimitLevel.KEY:
            self.add_error("whose", _("One key is limited as a key; name its access for the others."))
        if isinstance(whose, Grant) and said.get("level") == LimitLevel.PROGRAM:
            self.add_error("whose", _("The ceiling of a program is of all its keys together."))
        return said


@admin.register(Limit)
class LimitAdmin(OwnPages, ReadOnlyAdmin):
    """One page instead of the stock list; the stock page of one shows what is kept."""

    duties = (Duty.RUN_GATEWAY,)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("set/", view(self.page), name="limits"),
            path("<int:pk>/end/", view(require_POST(self.end)), name="limit_end"),
            *super().get_urls(),
        ]

    def page(self, request: HttpRequest) -> HttpResponse:
        """List the limits in force; set another."""
        if not may_set_limits(request.user):
            raise PermissionDenied
        form = LimitForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                made = _set(form.cleaned_data, request)
            except (BadLimit, NotYoursToLimit) as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(
                    request, _("Set: %(limit)s. Every gateway holds it within a second.") % {"limit": made}
                )
                return redirect("admin:limits")
        rows = Limit.objects.select_related(*RELATED)
        return self.rendered(
            request,
            "admin/onboarding/limits.html",
            status=422 if form.errors else 200,
            title=_("Limits"),
            form=form,
            live=rows.in_force().order_by("program__name", "level", "kind", "per")[:SHOWN],
            over=rows.exclude(ended_at=None).order_by("-ended_at")[:SHOWN],
        )

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End a limit the staff set; an owner's is its owner's, a sanction's is its sanction's."""
        if not may_set_limits(request.user):
            raise PermissionDenied
        row = get_object_or_404(
            Limit.objects.in_force().filter(source=LimitSource.STAFF).select_related("key__grant", "grant"),
            pk=pk,
        )
        try:
            limits.end(row, by=request.user, at=clock.now())
        except NotYoursToLimit as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Ended: %(limit)s.") % {"limit": row})
        return redirect("admin:limits")


def _set(said: dict[str, Any], request: HttpRequest) -> Limit | None:
    whose = said["whose"]
    sort = Sort(said["level"], said["kind"], said["per"], said["environment"], said["is_shadow"])
    return limits.set_limit(
        said["program"], sort, most=said["most"], by=request.user, at=clock.now(),
        key=whose if isinstance(whose, Key) else None, grant=whose if isinstance(whose, Grant) else None,
    )  # fmt: skip
