"""The onboarding manager's board: this week's seats, the rate, the brake."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from accounts.languages import grouped
from accounts.roles import Duty, may
from audit import clock
from onboarding.admin import (
    funnel,
    guards,
    line_bulks,
    line_page,
    picks,
    plan,
    previewing,
    rate_plan,
    review_rules,
    shares,
    stages,
    stuck,
)
from onboarding.domain import backtests, counts, outlooks, programs, rates
from onboarding.models import Program, Week
from reviews.domain import calendars, promises

REFUSALS = (
    programs.SayWhy,
    programs.AlreadySo,
    rates.RateOutOfRange,
    rates.RateInThePast,
    programs.TooFarAhead,
)
WRONG = 422  # a page that was not taken as it came
STEPS_SHOWN, WEEKS_LISTED, WEEKS_SHOWN = 10, 5, 12  # in the plan's table, in the weeks' table, in the chart


class RateForm(forms.Form):
    """A dated rate. The date is read in the program's own zone; empty means from now on."""

    per_week = forms.IntegerField(
        label=gettext_lazy("People a week"),
        min_value=0,
        max_value=rates.MOST_PER_WEEK,
        help_text=gettext_lazy("0 lets nobody in."),
    )
    from_on = forms.DateTimeField(
        label=pgettext_lazy("days", "From"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with the rate."),
    )

    def __init__(self, program: Program, *args: Any, **kwargs: Any):
        super().__init__(*args, auto_id="rate_%s", **kwargs)
        self.fields["from_on"].help_text = _("In %(zone)s. Empty: from now on.") % {"zone": program.time_zone}


class BrakeForm(forms.Form):
    """Why the program is paused or resumed."""

    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, auto_id="brake_%s", **kwargs)


@admin.register(Program)
class ProgramAdmin(admin.ModelAdmin):
    list_display = ["name", "stage", "time_zone", "paused_at"]
    search_fields = ["name", "slug"]

    def has_view_permission(self, request: HttpRequest, obj: Program | None = None) -> bool:
        return may(request.user, Duty.MANAGE_RATES) or may(request.user, Duty.SEE_LINE)

    has_module_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Program | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Program | None = None) -> bool:
        return False

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("board/", view(self.board), name="board"),
            path("<slug:slug>/rate/", view(require_POST(self.set_rate)), name="board_rate"),
            path("<slug:slug>/pause/", view(require_POST(self.pause)), name="board_pause"),
            path("<slug:slug>/resume/", view(require_POST(self.resume)), name="board_resume"),
            *review_rules.paths(self),
            *guards.paths(self),
            *line_page.paths(self),
            *stuck.paths(self),
            *rate_plan.paths(self),
            *stages.paths(self),
            *line_bulks.paths(self),
            *picks.paths(self),
            *super().get_urls(),
        ]

    def board(self, request: HttpRequest) -> HttpResponse:
        """Show one program: the one asked for, or the first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if slug := request.GET.get("program", "").replace("\0", ""):
            return self._show(request, get_object_or_404(Program, slug=slug))
        return self._show(request, Program.objects.order_by("name").first())

    def set_rate(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Set a rate, or with `preview` only say what it would do."""
        program, at = self._managed(request, slug), clock.now()
        with timezone.override(program.zone):
            form = RateForm(program, request.POST)
            is_readable = previewing.is_readable(form, request)
        if not is_readable:
            return self._show(request, program, rate_form=form, status=WRONG)
        per_week, from_at = form.cleaned_data["per_week"], form.cleaned_data["from_on"] or at
        if previewing.wants_preview(request) and from_at >= at:
            return self._show(request, program, rate_form=form, wanted=(per_week, from_at))
        try:
            rates.set_rate(
                program,
                per_week=per_week,
                from_at=from_at,
                by=request.user,
                at=at,
                reason=form.cleaned_data["reason"],
            )
        except REFUSALS as refusal:
            form.add_error(None, str(refusal))
            return self._show(request, program, rate_form=form, status=WRONG)
        messages.success(request, _set(program, per_week, from_at, at))
        return self._back(program)

    def pause(self, request: HttpRequest, slug: str) -> HttpResponse:
        return self._brake(request, slug, programs.pause, _("%(program)s is paused. Open invitations stand."))

    def resume(self, request: HttpRequest, slug: str) -> HttpResponse:
        return self._brake(request, slug, programs.resume, _("%(program)s admits again."))

    def _brake(
        self, request: HttpRequest, slug: str, verb: Callable[..., Program], says: str
    ) -> HttpResponse:
        program = self._managed(request, slug)
        form = BrakeForm(request.POST)
        if not form.is_valid():
            return self._show(request, program, brake_form=form, status=WRONG)
        try:
            verb(program, by=request.user, at=clock.now(), reason=form.cleaned_data["reason"])
        except REFUSALS as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, says % {"program": program})
        return self._back(program)

    def _show(
        self,
        request: HttpRequest,
        program: Program | None,
        *,
        rate_form: RateForm | None = None,
        brake_form: BrakeForm | None = None,
        wanted: tuple[int, datetime] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Show the board; `wanted` is a rate and its moment to be previewed."""
        context = self.admin_site.each_context(request) | {
            "title": _("Board"),
            "programs": Program.objects.order_by("name"),
            "program": program,
        }
        if program is None:
            return render(request, "admin/onboarding/board.html", context)
        at = clock.now()
        context |= figures(program, at, wanted) | {
            "promises": promises.outlook(program, user=request.user, at=at, calendar=calendars.of(program)),
            "form": rate_form or RateForm(program),
            "brake_form": brake_form or BrakeForm(),
            "may_manage": may(request.user, Duty.MANAGE_RATES),
        }
        with timezone.override(program.zone):
            return render(request, "admin/onboarding/board.html", context, status=status)

    def _managed(self, request: HttpRequest, slug: str) -> Program:
        if not may(request.user, Duty.MANAGE_RATES):
            raise PermissionDenied
        return get_object_or_404(Program, slug=slug)

    def _back(self, program: Program) -> HttpResponse:
        return redirect(f"{reverse('admin:board')}?program={program.slug}")


def _set(program: Program, per_week: int, from_at: datetime, at: datetime) -> str:
    figures = {
        "number": grouped(per_week),
        "since": date_format(from_at.astimezone(program.zone), _("j F Y, H:i")),
    }
    if from_at == at:
        return _("%(number)s people a week from now on.") % figures
    return _("%(number)s people a week from %(since)s on.") % figures


def figures(program: Program, at: datetime, wanted: tuple[int, datetime] | None = None) -> dict[str, Any]:
    """Return what the board shows, in a fixed number of statements."""
    steps = list(outlooks.in_order(program).select_related("set_by"))
    latest = list(
        Week.objects.filter(program=program).select_related("plan").order_by("-starts_at")[:WEEKS_SHOWN]
    )
    week = next((each for each in latest if each.starts_at <= at < each.ends_at), None)
    groups, freezes = counts.groups(program), list(program.freezes.open())
    waiting = sum(group.waiting for group in groups)
    known = outlooks.known_plan(program, steps, at, week)
    now = plan.Now(program, known, waiting, week, at, is_frozen=bool(freezes))
    return {
        "now": at,
        "week": week,
        "seated": _seated(week),
        "rate": next((step for step in reversed(steps) if step.from_at <= at), None),
        "freezes": freezes,
        "ahead": [step for step in steps if step.from_at > at],
        "past": [step for step in reversed(steps) if step.from_at <= at][:STEPS_SHOWN],
        "chart": plan.chart(program, steps, latest, at),
        "weeks": latest[:WEEKS_LISTED],
        "waiting": waiting,
        "through": plan.through(now),
        "preview": plan.preview(now, per_week=wanted[0], from_at=wanted[1]) if wanted else [],
        "funnel": funnel.reached(program),
        "stuck": stuck.groups(program, at),
        "ages": line_page.ages(groups),
        "cohorts": shares.table(program, known.rules, week),
        "hit_rate": backtests.hit_rate(program),
    }


def _seated(week: Week | None) -> dict[str, int]:
    """Return what became of this week's seats; `left` may still be given."""
    if week is None:
        return {"accepted": 0, "open": 0, "over": 0, "left": 0}
    ended = counts.ended(week)
    over = ended.declined + ended.expired
    return {
        "accepted": ended.accepted,
        "open": week.admitted - ended.accepted - over,
        "over": over,
        "left": week.limit - week.admitted,
    }
