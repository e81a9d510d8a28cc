"""Uses offered for the showcase: read, shown to everybody, or not, with a reason the holder reads."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.roles import Duty
from audit import clock
from onboarding.admin.reading import ReadOnlyAdmin
from onboarding.domain import showcase
from onboarding.models import ShowcaseEntry
from onboarding.permissions import may_judge_showcase
from onboarding.states import SHOWCASE_TRANSITIONS, ShowcaseState

PILLS = {
    ShowcaseState.OFFERED: "wait",
    ShowcaseState.PUBLISHED: "ok",
    ShowcaseState.DECLINED: "stop",
    ShowcaseState.WITHDRAWN: "stop",
}


@admin.register(ShowcaseEntry)
class ShowcaseEntryAdmin(ReadOnlyAdmin):
    duties = (Duty.REVIEW_CASES, Duty.SEE_LINE)
    list_display = ["title", "grant", "state", "offered_at", "decided_at"]
    list_filter = ["state", "grant__program"]
    list_select_related = ["grant__program", "grant__owner__person", "grant__owner__organisation"]
    search_fields = ["title", "grant__application__number"]
    ordering = ["-offered_at", "-id"]
    change_form_template = "admin/onboarding/showcase_entry.html"

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(require_POST(self.judge))
        return [path("<int:pk>/judge/<slug:verb>/", view, name="showcase_judge"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the entry as everybody would read it, and what may be done with it."""
        of_people = (
            "grant__program",
            "grant__application",
            "grant__owner__person",
            "grant__owner__organisation",
        )
        rows = ShowcaseEntry.objects.select_related(*of_people, "offered_by", "decided_by")
        entry = rows.filter(pk=object_id).first() if object_id.isdecimal() and len(object_id) < 19 else None
        leads_to = SHOWCASE_TRANSITIONS[entry.state] if entry else set()
        may_judge = entry is not None and may_judge_showcase(request.user, entry.grant)
        shown = {
            "title": _("Showcase"),
            "entry": entry,
            "pill": PILLS[ShowcaseState(entry.state)] if entry else "",
            "may_publish": may_judge and ShowcaseState.PUBLISHED in leads_to,
            "may_decline": may_judge and ShowcaseState.DECLINED in leads_to,
        }
        return super().change_view(request, object_id, form_url, shown)

    def judge(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Show it to everybody, or not, with the reason posted."""
        if not may_judge_showcase(request.user):
            raise PermissionDenied
        if verb not in ("publish", "decline"):
            raise Http404
        entry = get_object_or_404(ShowcaseEntry, pk=pk)
        at, reason = clock.now(), request.POST.get("reason", "")
        try:
            if verb == "publish":
                showcase.publish(entry, by=request.user, at=at)
            else:
                showcase.decline(entry, by=request.user, at=at, reason=reason)
        except showcase.NotYours:
            raise PermissionDenied(_("Somebody with no part in this access decides it.")) from None
        except (showcase.NotOpen, showcase.MovedOn, showcase.Incomplete) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("Everybody can read it now.") if verb == "publish" else _("It is not shown.")
            )
        return redirect("admin:onboarding_showcaseentry_change", pk)
