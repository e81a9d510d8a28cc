"""The desk in the admin: addresses, who may open them, and what each button calls. Rules are the domain's."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.domain import domains
from accounts.reading import OwnPages
from accounts.roles import Duty, may
from audit import clock
from enforcement.admin import board, flag_board
from onboarding.domain import sealing
from onboarding.domain.programs import SayWhy
from onboarding.models import Attachment
from onboarding.views import uploads
from policies.states import Lane
from reviews.admin import care, covering, deciding, exports, handing, quality, queue, team, workspace, writing
from reviews.admin.automatic import AutomaticPages
from reviews.admin.days_off import DaysOffPages
from reviews.admin.handing import HandingPages
from reviews.admin.paginating import CappedPaginator
from reviews.admin.rules import Rules
from reviews.admin.saved_views import SavedViewPages
from reviews.admin.workspace import Work
from reviews.domain import care as own_care
from reviews.domain import cases, claims, evidence, findings, matches, openings, slots, unsent
from reviews.models import Case
from reviews.permissions import conflicts, may_see_case

OPEN_AT_ONCE = 500  # cases opened while a page waits; the sweep opens the rest
REFUSALS = (
    claims.NotForYou, claims.HeldBy, claims.NotHeld, claims.NothingToClaim, claims.ChangedMeanwhile, slots.TooMany,
    cases.IllegalMove, findings.BadFinding,
    *deciding.REFUSALS, SayWhy,
    sealing.NothingSealed,
)  # fmt: skip


@admin.register(Case)
class CaseAdmin(OwnPages, admin.ModelAdmin):
    """The list is a search; the desk is the way in. Nothing is edited here: each button calls a domain function."""

    list_display = ("in_words", "program", "state", "lane", "risk_score", "opened_at", "due_at")
    list_display_links = None
    list_select_related = ("program", "application")
    search_fields = ("application__number__iexact", "application__title")
    ordering = ("-id",)
    actions = None
    show_full_result_count = False
    paginator = CappedPaginator
    refusals = REFUSALS

    @admin.display(description=gettext_lazy("Case"))
    def in_words(self, case: Case) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:case", args=[case.pk]), case.shown_title)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Duty.REVIEW_CASES)

    def has_view_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        return may_see_case(request.user, obj) if obj else may(request.user, Duty.REVIEW_CASES)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return super().get_queryset(request).exclude(conflicts(request.user, to="application__"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "title": _("Search cases")})

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send the stock page of a case to its workspace."""
        if not object_id.isdecimal():
            raise Http404
        return redirect("admin:case", self.case(request, object_id).pk)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("desk/", view(require_GET(self.desk)), name="desk"),
            path("<int:pk>/", view(require_GET(self.workspace)), name="case"),
            path("<int:pk>/claim/", view(require_POST(self.claim)), name="case_claim"),
            path("<int:pk>/release/", view(require_POST(self.release)), name="case_release"),
            path("<int:pk>/findings/", view(require_POST(self.findings)), name="case_findings"),
            path("<int:pk>/test-login/", view(require_POST(self.test_login)), name="case_test_login"),
            path("<int:pk>/files/<slug:token>/", view(require_GET(self.file)), name="case_file"),
            *deciding.paths(self),
            *exports.paths(self),
            *quality.paths(self),
            *writing.paths(self),
            *care.paths(view),
            *team.paths(view),
            *Rules(self.admin_site).paths(),
            *AutomaticPages(self.admin_site).paths(),
            *HandingPages(self).paths(),
            *SavedViewPages(self).paths(),
            *DaysOffPages(self).paths(),
            *super().get_urls(),
        ]

    def desk(self, request: HttpRequest) -> HttpResponse:
        """Show the queue; what was submitted a moment ago is in it."""
        if not may(request.user, Duty.REVIEW_CASES):
            raise PermissionDenied
        at = clock.now()
        cases.open_owed(at=at, most=OPEN_AT_ONCE)
        filters, views = queue.opened_with(request.GET, user=request.user)
        visible = queue.visible_to(request.user)
        return self.rendered(
            request,
            "admin/reviews/desk.html",
            title=_("Desk"),
            at=at,
            filters=filters,
            counts=queue.counts(visible, user=request.user, at=at),
            queue=queue.page(visible, filters, user=request.user, at=at),
            appeals_here=board.on_desk(request.user, at=at),
            flags_here=flag_board.on_desk(request.user, at=at),
            own_care=own_care.own(request.user),
            programs=queue.programs(),
            lanes=Lane.choices,
            shown=queue.SHOWN.items(),
            views=views,
        )

    def workspace(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one case."""
        hidden = conflicts(request.user, to="application__")
        case = self.case(request, pk, hidden=hidden)
        return self.show(request, workspace.of(case, user=request.user, at=clock.now(), hidden=hidden))

    def claim(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the case, or hold it longer."""
        case, at = self.case(request, pk), clock.now()
        shown = request.POST.get("revision", "")
        seen = int(shown) if shown.isascii() and shown.isdecimal() else None
        return self.do(request, case, lambda: claims.claim(case, by=request.user, at=at, seen=seen))

    def release(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give the case back to the queue."""
        case, at = self.case(request, pk), clock.now()
        return self.do(request, case, lambda: claims.release(case, by=request.user, at=at), to="admin:desk")

    def findings(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Save the findings, and hold the case longer."""
        case, at = self.case(request, pk), clock.now()
        work = workspace.of(case, user=request.user, at=at, data=request.POST)
        try:
            if problem := self.record_findings(request, work, at):
                return problem
        except REFUSALS as error:
            return self.refuse(request, work, error)
        unsent.keep(
            case, by=request.user, at=at, typed={name: request.POST.getlist(name) for name in request.POST}
        )
        messages.success(request, _("Your findings are saved."))
        work = workspace.of(self.case(request, pk), user=request.user, at=at, data=request.POST)
        return self.show(request, work)

    def test_login(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a production review sealed: in this one response, and on record."""
        case, at = self.case(request, pk), clock.now()
        work = workspace.of(case, user=request.user, at=at)
        try:
            work.sealed = evidence.show(case, by=request.user, at=at)
        except REFUSALS as error:
            return self.refuse(request, work, error)
        answer = self.show(request, work)
        add_never_cache_headers(answer)
        return answer

    def file(self, request: HttpRequest, pk: int, token: str) -> HttpResponseBase:
        """Hand out a file that the applicant sent, and note that it was opened."""
        case = self.case(request, pk)
        found = get_object_or_404(Attachment.objects.kept(), application=case.application_id, token=token)
        try:
            openings.record(found, case=case, by=request.user, at=clock.now())
        except claims.NotForYou as error:
            raise PermissionDenied(str(error)) from None
        return uploads.download(found)

    def case(self, request: HttpRequest, pk: object, *, hidden: Q | None = None) -> Case:
        """Return a case this person may see, or refuse: 404 for none, 403 for one they have a part in."""
        found = Case.objects.annotate(suggested=matches.suggested()).select_related(
            "application__grant__revision",
            "application__owner__organisation", "application__owner__person", "application__applicant", "program",
            "revision__question_set", "revision__guidelines",
        ).defer("revision__question_set__data", "revision__guidelines__source")  # fmt: skip
        case = get_object_or_404(found, pk=pk)
        case.application.program = case.program
        if not may_see_case(request.user, case, hidden=hidden):
            raise PermissionDenied
        if case.application.case_owed:  # sent again a moment ago: show that, not what it replaced
            cases.follow(case, at=clock.now())
            case = found.get(pk=pk)
        return case

    def record_findings(self, request: HttpRequest, work: Work, at: datetime) -> HttpResponse | None:
        """Save what was found; return the page to show when it cannot be read. Raises REFUSALS."""
        work.kept = True
        if not all(form.is_valid() for form in work.findings):
            return self.show(request, work, status=422)
        verdicts = {form.category.code: form.said() for form in work.findings if form.cleaned_data["verdict"]}
        try:
            if request.POST.get("claim") or work.mine:
                claims.claim(work.case, by=request.user, at=at)  # who types on holds the case longer
            if verdicts:
                findings.record(work.case, by=request.user, at=at, verdicts=verdicts)
        except findings.NotInTheAnswers as error:
            work.finding(error.category).add_error("quote", str(error))
            return self.show(request, work, status=422)
        return None

    def do(
        self,
        request: HttpRequest,
        case: Case,
        act: Callable[[], object],
        *,
        to: str = "admin:case",
        says: str = "",
    ) -> HttpResponse:
        """Call one domain function; a refusal is shown as a sentence on the case as it is now."""
        try:
            act()
        except REFUSALS as error:
            work = workspace.of(self.case(request, case.pk), user=request.user, at=clock.now())
            return self.refuse(request, work, error)
        if says:
            messages.success(request, says)
        return redirect(to) if to == "admin:desk" else redirect(to, case.pk)

    def refuse(self, request: HttpRequest, work: Work, error: Exception) -> HttpResponse:
        messages.error(request, str(error))
        work.case.refresh_from_db(fields=["state", "decided_at", "due_at", "version"])
        return self.show(request, work, status=409)

    def show(self, request: HttpRequest, work: Work, *, status: int = 200) -> HttpResponse:
        shown = workspace.context(work, user=request.user)
        cover = covering.of(work.case, user=request.user, at=work.at)
        organisation = work.case.application.owner.organisation
        return self.rendered(
            request,
            "admin/reviews/case.html",
            title=cover.title,
            cover=cover,
            status=status,
            proved=domains.of(organisation) if organisation else [],
            **shown,
            **handing.context(work, user=request.user),
        )
