"""Grants and keys: looked up, suspended, resumed, revoked, each with a reason."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.roles import Duty, may
from audit import clock
from enforcement import usage
from onboarding.admin.reading import ReadOnlyAdmin
from onboarding.domain import grants, programs
from onboarding.models import Grant, Key
from onboarding.permissions import has_part_in, may_change_access
from onboarding.states import GRANT_TRANSITIONS, GrantState

DAYS = 14  # of usage shown


class Verb(NamedTuple):
    """What may be done with a grant: its label, the function, the state it leads to, what is said of it."""

    label: Any
    do: Callable[..., Grant]
    to: GrantState
    says: Any


VERBS: dict[str, Verb] = {
    "suspend": Verb(
        gettext_lazy("Suspend"),
        grants.suspend,
        GrantState.SUSPENDED,
        gettext_lazy("The gateways refuse it within a second."),
    ),
    "resume": Verb(
        gettext_lazy("Resume"),
        grants.resume,
        GrantState.ACTIVE,
        gettext_lazy("It works again, with the same limits."),
    ),
    "revoke": Verb(
        gettext_lazy("Revoke"), grants.revoke, GrantState.REVOKED, gettext_lazy("It has ended for good.")
    ),
}
PILLS = {
    GrantState.ACTIVE: "ok",
    GrantState.SUSPENDED: "wait",
    GrantState.REVOKED: "stop",
    GrantState.EXPIRED: "stop",
}


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    duties = (Duty.SEE_LINE, Duty.MANAGE_ACCESS)
    list_display = ["application", "owner", "program", "state", "tier", "given_at", "expires_at"]
    list_filter = ["program", "state", "tier"]
    list_select_related = ["application", "program", "tier", "owner__person", "owner__organisation"]
    search_fields = ["application__number", "application__title", "public_id", "keys__key_id"]
    exclude = ["key_owed", "key_request", "key_environment", "key_name"]
    change_form_template = "admin/onboarding/grant.html"

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(require_POST(self.act))
        return [path("<int:pk>/access/<slug:verb>/", view, name="grant_act"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the grant, its keys and what may be done with it."""
        of_people = ("application", "program", "tier", "suspended_by", "owner__person", "owner__organisation")
        grant = (
            Grant.objects.select_related(*of_people).filter(pk=object_id).first()
            if object_id.isdecimal()
            else None
        )
        offered = []
        if grant and may_change_access(request.user, grant):
            offered = [
                (name, verb) for name, verb in VERBS.items() if verb.to in GRANT_TRANSITIONS[grant.state]
            ]
        keys = (
            list(grant.keys.select_related("opened_by").prefetch_related("secrets").order_by("-request"))
            if grant
            else []
        )
        shown = {
            "title": _("Grant"),
            "grant": grant,
            "recent": usage.recent([key.key_id for key in keys if key.opened_at], at=clock.now(), days=DAYS),
            "pill": PILLS[grant.state] if grant else "",
            "verbs": offered,
            "keys": keys,
            "may_see_line": may(request.user, Duty.SEE_LINE),
            "may_flag": bool(grant)
            and may(request.user, Duty.REVIEW_CASES)
            and not has_part_in(request.user, grant.application),
        }
        return super().change_view(request, object_id, form_url, shown)

    def act(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Suspend, resume or revoke with the reason posted."""
        if not may(request.user, Duty.MANAGE_ACCESS):
            raise PermissionDenied
        if verb not in VERBS:
            raise Http404
        grant = get_object_or_404(Grant, pk=pk)
        if not may_change_access(request.user, grant):
            raise PermissionDenied(str(grants.OwnAccess()))
        reason = request.POST.get("reason", "").replace("\0", "")[:500]  # PostgreSQL keeps no NUL
        try:
            VERBS[verb].do(grant, by=request.user, at=clock.now(), reason=reason)
        except (grants.IllegalMove, programs.SayWhy) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, VERBS[verb].says)
        return redirect("admin:onboarding_grant_change", pk)


@admin.register(Key)
class KeyAdmin(ReadOnlyAdmin):
    duties = (Duty.SEE_LINE, Duty.MANAGE_ACCESS)
    list_display = ["key_id", "grant", "environment", "state", "hint", "issued_at", "opened_at", "expires_at"]
    list_filter = ["state", "environment"]
    list_select_related = ["grant__program", "grant__owner__person", "grant__owner__organisation"]
    search_fields = ["key_id", "name"]
    exclude = ["projection_owed", "noticed_days"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Key]:
        return super().get_queryset(request).prefetch_related("secrets")
