"""Applications, the line, weeks and invitations, to look things up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.roles import Duty, may
from audit import clock
from onboarding.admin.reading import ReadOnlyAdmin
from onboarding.domain import order, places, programs, waitlist
from onboarding.models import Application, Invitation, RateStep, WaitlistEntry, Week
from onboarding.permissions import conflicts, may_change_order
from onboarding.states import ApplicationState, EntryState


@dataclass(frozen=True)
class Verb:
    """What a manager may do with a place in line; `priority` only where the order changes."""

    label: str
    verb: Callable[..., WaitlistEntry]
    states: tuple[str, ...]
    says: str
    done: str
    priority: int | None = None


IN_LINE = (EntryState.WAITING, EntryState.HELD)
PUBLISHED = gettext_lazy("The reason is published to everybody behind, word for word: name nobody in it.")
VERBS = {
    "forward": Verb(
        gettext_lazy("Move ahead"),
        order.put_forward,
        IN_LINE,
        PUBLISHED,
        gettext_lazy("Moved ahead; those behind read why."),
        order.AHEAD,
    ),
    "back": Verb(
        gettext_lazy("Put back"),
        order.put_forward,
        IN_LINE,
        PUBLISHED,
        gettext_lazy("It stands where the rule says."),
        order.BY_THE_RULE,
    ),
    "hold": Verb(
        gettext_lazy("Hold"),
        order.hold,
        (EntryState.WAITING,),
        gettext_lazy("Nobody invites it before the hold ends. The applicant is told, with your reason."),
        gettext_lazy("On hold; the applicant is told."),
    ),
    "unhold": Verb(
        gettext_lazy("End the hold"),
        order.unhold,
        (EntryState.HELD,),
        gettext_lazy("It waits again at its old place. The applicant is told, with your reason."),
        gettext_lazy("The hold has ended; the applicant is told."),
    ),
}


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

    @admin.display(description=gettext_lazy("answers, facts, decision"))
    def case_page(self, application: Application) -> str:
        """Lead to where answers are read; a draft is its applicant's own."""
        case = getattr(application, "case", None)
        if case is None:
            return (
                _("Nothing to read until it is sent.")
                if application.submitted_at is None
                else _("Its case opens soon.")
            )
        return format_html('<a href="{}">{}</a>', reverse("admin:case", args=[case.pk]), _("the case"))


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(ReadOnlyAdmin):
    list_display = ["application", "owner", "program", "state", "priority", "joined_at", "returned"]
    list_filter = ["program", "state"]
    list_select_related = ["application", "program", "owner__person", "owner__organisation"]
    search_fields = ["application__number", "application__title"]
    ordering = ["program", "priority", "joined_at", "id"]
    change_form_template = "admin/onboarding/entry.html"

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(require_POST(self.act))
        return [path("<int:pk>/line/<slug:verb>/", view, name="entry_act"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the entry, what was changed by hand, and what may be."""
        entry = self.get_object(request, object_id)
        offered = []
        if entry and may_change_order(request.user, entry):
            offered = [(verb, each) for verb, each in VERBS.items() if entry.state in each.states]
            offered = [(v, each) for v, each in offered if each.priority in (None, -1 - entry.priority)]
        shown = {
            "title": _("Place in line"),
            "entry": entry,
            "verbs": offered,
            "place": places.of(entry) if entry and entry.state == EntryState.WAITING else None,
            "moves": entry.moves.select_related("moved_by").order_by("-id") if entry else [],
        }
        return super().change_view(request, object_id, form_url, shown)

    def act(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Put forward or back, hold, or end a hold, with the reason posted."""
        if not may(request.user, Duty.MANAGE_RATES):
            raise PermissionDenied
        if verb not in VERBS:
            raise Http404
        entry = get_object_or_404(WaitlistEntry.objects.select_related("application"), pk=pk)
        if not may_change_order(request.user, entry):
            raise PermissionDenied(str(order.OwnPlace()))
        # PostgreSQL keeps no NUL
        reason, note = (request.POST.get(name, "").replace("\0", "") for name in ("reason", "note"))
        do = VERBS[verb]
        more = {} if do.priority is None else {"priority": do.priority, "note": note[:1000]}
        try:
            do.verb(entry, by=request.user, at=clock.now(), reason=reason[:500], **more)
        except (order.NotWaiting, order.NothingToMove, waitlist.IllegalMove, programs.SayWhy) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, do.done)
        return redirect("admin:onboarding_waitlistentry_change", pk)


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

    @admin.display(description=gettext_lazy("application"))
    def application(self, invitation: Invitation) -> str:
        return str(invitation.seat.entry.application)
