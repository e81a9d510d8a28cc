"""The days on which nobody reviews, by program: listed, added, dropped."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import Duty, may
from audit import clock
from onboarding.domain.programs import SayWhy
from onboarding.models import Program
from reviews.domain import calendars
from reviews.models import DayOff

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin

SHOWN_MOST = 500


class DayOffForm(forms.Form):
    program = forms.ModelChoiceField(
        Program.objects.all(),
        to_field_name="slug",
        empty_label=gettext_lazy("Choose"),
        label=gettext_lazy("Program"),
    )
    on = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("A whole day in the program's own zone."),
    )
    name = forms.CharField(label=gettext_lazy("What it is"), max_length=80)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, auto_id="day_%s", **kwargs)


class DaysOffPages:
    """One page for those who keep the queue."""

    def __init__(self, desk: "CaseAdmin"):
        self.desk = desk

    def paths(self) -> list[URLPattern]:
        view = self.desk.admin_site.admin_view
        return [
            path("days-off/", view(require_http_methods(["GET", "POST"])(self.days)), name="days_off"),
            path("days-off/<int:pk>/drop/", view(require_POST(self.drop)), name="day_off_drop"),
        ]

    def days(self, request: HttpRequest) -> HttpResponse:
        """Show the days off, and add one."""
        _must_keep(request)
        if request.method != "POST":
            return self._show(request, DayOffForm())
        form = DayOffForm(request.POST)
        if not form.is_valid():
            return self._show(request, form, status=422)
        try:
            day = calendars.add(by=request.user, at=clock.now(), **form.cleaned_data)
        except (calendars.AlreadyOff, SayWhy) as error:
            form.add_error(None, str(error))
            return self._show(request, form, status=409)
        messages.success(
            request, _("%(day)s: clocks that start or go on from now on count with it.") % {"day": day}
        )
        return redirect("admin:days_off")

    def drop(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take a day off the list."""
        _must_keep(request)
        day = get_object_or_404(DayOff, pk=pk)
        calendars.drop(day, by=request.user, at=clock.now())
        messages.success(request, _("%(day)s is a working day now.") % {"day": day})
        return redirect("admin:days_off")

    def _show(self, request: HttpRequest, form: DayOffForm, *, status: int = 200) -> HttpResponse:
        days = DayOff.objects.select_related("program", "added_by").order_by("on", "program__name")
        return self.desk.rendered(
            request, "admin/reviews/days_off.html", title=_("Days off"), form=form, days=days[:SHOWN_MOST],
            status=status,
        )  # fmt: skip


def _must_keep(request: HttpRequest) -> None:
    if not may(request.user, Duty.MANAGE_QUEUE):
        raise PermissionDenied
