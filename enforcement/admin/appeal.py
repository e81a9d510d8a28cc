"""Appeals in the admin: addresses, who may open them, and what each button calls. Rules are the domain's."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty
from audit import clock
from enforcement.admin import board
from enforcement.domain import appeals
from enforcement.forms import OutcomeForm
from enforcement.models import Appeal
from enforcement.permissions import conflicts, may_decide, may_see_appeal, may_see_appeals
from enforcement.states import OPEN_STATES, AppealKind, AppealState
from policies.models import Category
from reviews.admin import answered, covering, workspace
from reviews.admin.paginating import CappedPaginator
from reviews.domain import changes, reversals
from reviews.states import SecondPerson

REFUSALS = (
    appeals.NotForYou, appeals.HeldBy, appeals.NotHeld, appeals.AppealIsOver, appeals.AlreadyDecided,
    appeals.IllegalMove, reversals.NothingToOverturn, reversals.NotYoursToOverturn, reversals.NewerRequest,
    reversals.AccessEnded,
)  # fmt: skip
DONE = {
    (
        AppealKind.APPEAL,
        AppealState.UPHELD,
    ): gettext_lazy(
        "Upheld. The application is in review again, for other reviewers; the letter is on its way."
    ),
    (
        AppealKind.REINSTATEMENT,
        AppealState.UPHELD,
    ): gettext_lazy("Upheld. The owner may apply again now; the letter is on its way."),
    (AppealKind.APPEAL, AppealState.DENIED): gettext_lazy(
        "Denied. The decision stands; the letter is on its way."
    ),
    (
        AppealKind.REINSTATEMENT,
        AppealState.DENIED,
    ): gettext_lazy("Denied. The day for applying again stays; the letter is on its way."),
}


@admin.register(Appeal)
class AppealAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """The list is a search over all appeals, ended ones too; the board of open ones is the way in."""

    duties = (Duty.DECIDE_APPEALS,)
    list_display = ("in_words", "kind", "state", "filed_at", "due_at", "decided_at")
    list_display_links = None
    list_select_related = ("decision__case__application",)
    search_fields = ("decision__case__application__number__iexact", "decision__case__application__title")
    ordering = ("-id",)
    actions = None
    show_full_result_count = False
    paginator = CappedPaginator

    @admin.display(description=gettext_lazy("About"))
    def in_words(self, appeal: Appeal) -> str:
        url = reverse("admin:appeal", args=[appeal.pk])
        return format_html('<a href="{}">{}</a>', url, appeal.decision.case.shown_title)

    def has_view_permission(self, request: HttpRequest, obj: Appeal | None = None) -> bool:
        return may_see_appeal(request.user, obj) if obj else may_see_appeals(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appeal]:
        return (
            super()
            .get_queryset(request)
            .filter(decision__isnull=False)
            .exclude(conflicts(request.user, to="decision__case__application__"))
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "title": _("Search appeals")})

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send the stock page of an appeal to its own."""
        if not object_id.isdecimal():
            raise Http404
        if against := Appeal.objects.filter(pk=object_id, decision=None).select_related("sanction").first():
            return redirect("admin:flag_case", against.sanction.case_id)  # that page asks who may see it
        return redirect("admin:appeal", self._appeal(request, object_id).pk)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("open/", view(require_GET(self.board)), name="appeals"),
            path("<int:pk>/", view(require_GET(self.page)), name="appeal"),
            path("<int:pk>/take/", view(require_POST(self.take)), name="appeal_take"),
            path("<int:pk>/release/", view(require_POST(self.release)), name="appeal_release"),
            path("<int:pk>/decide/", view(require_POST(self.decide)), name="appeal_decide"),
            *super().get_urls(),
        ]

    def board(self, request: HttpRequest) -> HttpResponse:
        """Show the open appeals in the order in which they are due."""
        if not may_see_appeals(request.user):
            raise PermissionDenied
        at = clock.now()
        late = board.visible_to(request.user).filter(due_at__lte=at).count()
        shown = board.page(request.GET, user=request.user, at=at)
        return self.rendered(
            request, "admin/enforcement/appeals.html", title=_("Appeals"), board=shown, late=late
        )

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one appeal."""
        appeal = self._appeal(request, pk)
        return self._show(request, appeal, OutcomeForm(appeal=appeal))

    def take(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take it up, or keep it longer."""
        appeal, at = self._appeal(request, pk), clock.now()
        return self._do(
            request, appeal, lambda: appeals.take(appeal, by=request.user, at=at), to="admin:appeal"
        )

    def release(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give it back to the list."""
        appeal, at = self._appeal(request, pk), clock.now()
        return self._do(
            request, appeal, lambda: appeals.release(appeal, by=request.user, at=at), to="admin:appeals"
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Uphold or deny; `take` takes it again where somebody's time ran out while one was typing."""
        appeal, at = self._appeal(request, pk), clock.now()
        form = OutcomeForm(request.POST, appeal=appeal)
        if not form.is_valid():
            return self._show(request, appeal, form, status=422)
        outcome = AppealState(form.cleaned_data["outcome"])
        verb = appeals.uphold if outcome == AppealState.UPHELD else appeals.deny
        try:
            if request.POST.get("take"):
                appeals.take(appeal, by=request.user, at=at)
            verb(appeal, by=request.user, at=at, **form.words())
        except appeals.Incomplete as error:
            form.take_problems(error.problems)
            return self._show(request, self._appeal(request, pk), form, status=422)
        except REFUSALS as error:
            messages.error(request, str(error))
            return self._show(request, self._appeal(request, pk), form, status=409)
        messages.success(request, DONE[AppealKind(appeal.kind), outcome])
        return redirect("admin:appeals")

    def _appeal(self, request: HttpRequest, pk: object) -> Appeal:
        """Return an appeal this person may see: 404 for none, 403 for one in which they have a part."""
        found = Appeal.objects.filter(decision__isnull=False).select_related(
            "filed_by", "taken_by", "decided_by", "withdrawn_by", "decision__decided_by", "decision__signed_by",
            "decision__guidelines", "decision__revision__question_set", "decision__case__program",
            "decision__case__revision__guidelines", "decision__case__application__owner__organisation",
            "decision__case__application__owner__person", "decision__case__application__applicant",
        )  # fmt: skip
        appeal = get_object_or_404(found, pk=pk)
        if not may_see_appeal(request.user, appeal):
            raise PermissionDenied
        return appeal

    def _do(
        self, request: HttpRequest, appeal: Appeal, act: Callable[[], object], *, to: str
    ) -> HttpResponse:
        """Call one domain function; a refusal is shown as a sentence on the appeal as it is now."""
        try:
            act()
        except REFUSALS as error:
            messages.error(request, str(error))
            appeal = self._appeal(request, appeal.pk)
            return self._show(request, appeal, OutcomeForm(appeal=appeal), status=409)
        return redirect(to) if to == "admin:appeals" else redirect(to, appeal.pk)

    def _show(
        self, request: HttpRequest, appeal: Appeal, form: OutcomeForm, *, status: int = 200
    ) -> HttpResponse:
        shown = _context(appeal, user=request.user, at=clock.now())
        return self.rendered(
            request,
            "admin/enforcement/appeal.html",
            status=status,
            title=shown["cover"].title,
            form=form,
            **shown,
        )


def _context(appeal: Appeal, *, user: User, at: datetime) -> dict[str, Any]:
    """Return what the page of an appeal shows to one person at one moment."""
    decision, case = appeal.decision, appeal.decision.case
    revision = decision.revision
    rows = Category.objects.filter(guidelines=decision.guidelines_id, code__in=decision.categories)
    due, urgency = board.due_words(appeal, at)
    others = Appeal.objects.filter(decision__case=case).exclude(pk=appeal.pk)
    kept = (
        appeal.state == AppealState.IN_REVIEW and appeal.taken_until is not None and appeal.taken_until > at
    )
    return {
        "appeal": appeal,
        "cover": covering.of(case, user=user, at=at),
        "next": reverse("admin:appeal", args=[appeal.pk]),
        "case": case,
        "application": case.application,
        "said": workspace.Said.of(decision, dict(rows.values_list("code", "name"))),
        "revision": revision,
        "sections": answered.sections(revision, case, before=changes.base(case)),
        "facts": [(name, answered.plain(value)) for name, value in case.application.facts.items()],
        "others": list(others.select_related("filed_by", "decided_by").order_by("-pk")),
        "timeline": workspace.timeline(case, case.decisions.all(), [appeal, *others]),
        "due": due,
        "urgency": urgency,
        "is_open": appeal.state in OPEN_STATES,
        "mine": appeal.state == AppealState.IN_REVIEW and appeal.taken_by_id == user.pk,
        "held": appeal if kept and appeal.taken_by_id != user.pk else None,
        "may_decide": may_decide(user, appeal),
        "why_not": _why_not(user, appeal),
        "kept_hours": int(appeals.KEPT_FOR.total_seconds() // 3600),
    }


def _why_not(user: User, appeal: Appeal) -> str:
    """Return why this person may read the appeal and not decide it; empty when they may."""
    decision = appeal.decision
    if user.pk == decision.decided_by_id:
        return _("You made this decision, so somebody else decides whether it was right.")
    if user.pk == decision.signed_by_id:
        return _("You signed this decision, so somebody else decides whether it was right.")
    if user.pk == appeal.filed_by_id:
        return _("You filed this, so somebody else decides it.")
    if decision.second == SecondPerson.SENIOR and not may_decide(user, appeal):
        return _("A senior reviewer had to sign this decision, so a senior reviewer decides this.")
    return ""
