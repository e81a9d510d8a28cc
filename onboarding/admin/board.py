"""The onboarding manager's board: this week's seats, the rate, the brake."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.roles import Duty, may
from audit import clock
from onboarding.domain import programs, rates, weeks
from onboarding.models import Application, Grant, Invitation, Program, WaitlistEntry, Week
from onboarding.states import ApplicationState, EntryState, GrantState, InvitationState

REFUSALS = (
    programs.SayWhy,
    programs.AlreadySo,
    rates.RateOutOfRange,
    rates.RateInThePast,
)


class RateForm(forms.Form):
    """A dated rate. The date is read in the program's own zone; empty means from now on."""

    per_week = forms.IntegerField(
        label="People a week", min_value=0, max_value=rates.MOST_PER_WEEK, help_text="0 lets nobody in."
    )
    from_on = forms.DateTimeField(
        label="From",
        required=False,
        help_text="Date and hour in the program's zone, such as 2026-12-07 09:00. Empty: from now on.",
        widget=forms.DateTimeInput(attrs={"placeholder": "2026-12-07 09:00"}),
    )
    reason = forms.CharField(
        label="Why", max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept with the rate."
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


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
            *super().get_urls(),
        ]

    def board(self, request: HttpRequest, form: RateForm | None = None, slug: str = "") -> HttpResponse:
        """Show one program: the one asked for, or the first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        every = list(Program.objects.order_by("name"))
        slug = slug or request.GET.get("program", "")
        program = get_object_or_404(Program, slug=slug) if slug else (every[0] if every else None)
        context = self.admin_site.each_context(request) | {
            "title": "Board",
            "programs": every,
            "program": program,
        }
        if program:
            with timezone.override(program.zone):
                context |= figures(program, clock.now()) | {
                    "form": form or RateForm(),
                    "reason_form": ReasonForm(),
                    "may_manage": may(request.user, Duty.MANAGE_RATES),
                }
                return render(request, "admin/onboarding/board.html", context)
        return render(request, "admin/onboarding/board.html", context)

    def set_rate(self, request: HttpRequest, slug: str) -> HttpResponse:
        program = self._managed(request, slug)
        with timezone.override(program.zone):
            form = RateForm(request.POST)
            if not form.is_valid():
                return self.board(request, form, slug)
        at = clock.now()
        asked = form.cleaned_data
        done = f"{asked['per_week']:,} people a week from {'now' if not asked['from_on'] else 'then'} on."
        return self._try(
            request, slug, done, rates.set_rate, program, per_week=asked["per_week"],
            from_at=asked["from_on"] or at, by=request.user, at=at, reason=asked["reason"],
        )  # fmt: skip

    def pause(self, request: HttpRequest, slug: str) -> HttpResponse:
        program = self._managed(request, slug)
        return self._try(
            request, slug, f"{program} is paused. Open invitations stand.", programs.pause, program,
            by=request.user, at=clock.now(), reason=request.POST.get("reason", "")[:500],
        )  # fmt: skip

    def resume(self, request: HttpRequest, slug: str) -> HttpResponse:
        program = self._managed(request, slug)
        return self._try(
            request, slug, f"{program} admits again.", programs.resume, program,
            by=request.user, at=clock.now(), reason=request.POST.get("reason", "")[:500],
        )  # fmt: skip

    def _managed(self, request: HttpRequest, slug: str) -> Program:
        if not may(request.user, Duty.MANAGE_RATES):
            raise PermissionDenied
        return get_object_or_404(Program, slug=slug)

    def _try(
        self, request: HttpRequest, slug: str, done: str, verb: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        try:
            verb(*args, **kwargs)
        except REFUSALS as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, done)
        return redirect(f"{reverse('admin:board')}?program={slug}")


def figures(program: Program, at: datetime) -> dict[str, Any]:
    """Return what the board shows, in a fixed number of statements."""
    week = weeks.current(program, at)
    seated = Invitation.objects.filter(seat__week=week).aggregate(
        accepted=Count("id", filter=Q(state=InvitationState.ACCEPTED)),
        open=Count("id", filter=Q(state=InvitationState.OFFERED)),
    )
    counted = Application.objects.filter(program=program).aggregate(
        applied=Count("id", filter=~Q(state=ApplicationState.DRAFT)),
        decided=Count("id", filter=Q(settled_at__isnull=False)),
        approved=Count("id", filter=Q(state__in=[ApplicationState.APPROVED, ApplicationState.LAPSED])),
        asked=Count("id", filter=Q(state=ApplicationState.INFORMATION_REQUESTED)),
    )
    granted = Grant.objects.filter(program=program).aggregate(
        accepted=Count("id"),
        opened=Count("id", filter=Q(keys__opened_at__isnull=False)),
        unopened=Count("id", filter=Q(state=GrantState.ACTIVE, keys__state="issued")),
    )
    invited = Invitation.objects.filter(seat__entry__program=program)
    return {
        "now": at,
        "week": week,
        "seated": seated,
        "left": week.limit - week.admitted if week else 0,
        "rate": rates.in_force(program, at),
        "ahead": program.rate_steps.filter(from_at__gt=at).select_related("set_by").order_by("from_at"),
        "past": program.rate_steps.filter(from_at__lte=at)
        .select_related("set_by")
        .order_by("-from_at", "-id")[:10],
        "weeks": Week.objects.filter(program=program).order_by("-starts_at")[:8],
        "waiting": WaitlistEntry.objects.waiting().filter(program=program).count(),
        "seated_now": WaitlistEntry.objects.filter(program=program, state=EntryState.SEATED).count(),
        "funnel": [
            ("Applied", counted["applied"]),
            ("Decided", counted["decided"]),
            ("Approved", counted["approved"]),
            ("Invited", invited.count()),
            ("Accepted", granted["accepted"]),
            ("Key opened", granted["opened"]),
        ],
        "stuck": [
            ("Waiting for an answer to our question", counted["asked"]),
            ("Invited and silent", invited.filter(state=InvitationState.OFFERED).count()),
            ("Accepted, key not opened", granted["unopened"]),
        ],
    }
