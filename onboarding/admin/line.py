"""Applications, the line, weeks and invitations, to look things up."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.roles import Duty
from onboarding.admin.reading import ReadOnlyAdmin
from onboarding.models import Application, Invitation, RateStep, WaitlistEntry, Week
from onboarding.permissions import conflicts
from onboarding.states import ApplicationState


@admin.register(Application)
class ApplicationAdmin(ReadOnlyAdmin):
    duties = (Duty.SEE_LINE, Duty.REVIEW_CASES)
    list_display = ["number", "title", "program", "owner", "state", "lane", "risk_score", "submitted_at"]
    list_filter = ["program", "state", "lane"]
    list_select_related = ["program", "owner__person", "owner__organisation"]
    search_fields = ["number", "title", "external_id"]
    exclude = ["case_owed", "answers_version", "answers", "facts", "conditions"]
    readonly_fields = ["case_page"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        """Leave out drafts, and what the reader has a part in: nobody sees lane and risk of their own."""
        sent = super().get_queryset(request).exclude(state=ApplicationState.DRAFT)
        return sent.exclude(conflicts(request.user))

    @admin.display(description="answers, facts, decision")
    def case_page(self, application: Application) -> str:
        """Lead to where answers are read; a draft is its applicant's own."""
        case = getattr(application, "case", None)
        if case is None:
            return (
                "Nothing to read until it is sent."
                if application.submitted_at is None
                else "Its case opens soon."
            )
        return format_html('<a href="{}">the case</a>', reverse("admin:case", args=[case.pk]))


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(ReadOnlyAdmin):
    list_display = ["application", "owner", "program", "state", "priority", "joined_at", "returned"]
    list_filter = ["program", "state"]
    list_select_related = ["application", "program", "owner__person", "owner__organisation"]
    search_fields = ["application__number", "application__title"]
    ordering = ["program", "priority", "joined_at", "id"]


@admin.register(Week)
class WeekAdmin(ReadOnlyAdmin):
    list_display = ["program", "starts_at", "ends_at", "limit", "admitted"]
    list_filter = ["program"]
    list_select_related = ["program"]


@admin.register(RateStep)
class RateStepAdmin(ReadOnlyAdmin):
    list_display = ["program", "per_week", "from_at", "set_by", "reason"]
    list_filter = ["program"]
    list_select_related = ["program", "set_by"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["application", "state", "offered_at", "told_at", "expires_at", "answered_at"]
    list_filter = ["state"]
    list_select_related = ["seat__entry__application"]
    search_fields = ["seat__entry__application__number"]

    @admin.display(description="application")
    def application(self, invitation: Invitation) -> str:
        return str(invitation.seat.entry.application)
