"""Flags in the admin: their cases, what follows, and appeals against that. Rules are the domain's."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty
from audit import clock
from enforcement.admin import flag_board, flag_page
from enforcement.admin.flag_forms import (
    AppealOutcomeForm,
    AttachForm,
    EmergencyForm,
    FindingForm,
    SanctionForm,
)
from enforcement.domain import appeals, attaching, emergencies, flag_cases, flags, sanctions, statements
from enforcement.models import Appeal, EmergencyRule, FlagCase, Sanction
from enforcement.permissions import hidden_flags, may_see_flag_case, may_see_flags, may_set_emergencies
from enforcement.states import FlagSource
from onboarding.domain.programs import SayWhy
from onboarding.models import Grant
from policies.states import Severity
from reviews.admin.paginating import CappedPaginator
from reviews.permissions import has_part_in

REFUSALS = (
    flag_cases.NotForYou, flag_cases.HeldBy, flag_cases.NotHeld, flag_cases.AlreadyDecided, flag_cases.MergedInto,
    sanctions.NotForYou, sanctions.NotConfirmed, sanctions.IllegalMove, appeals.NotForYou, appeals.HeldBy,
    appeals.NotHeld, appeals.AppealIsOver, appeals.AlreadyDecided, SayWhy, attaching.NotYoursToAttach,
    attaching.AlreadyAttached,
)  # fmt: skip
INCOMPLETE = (flag_cases.Incomplete, sanctions.Incomplete, appeals.Incomplete)


@admin.register(FlagCase)
class FlagCaseAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """The list is a search over all cases, decided ones too; the board of open ones is the way in."""

    duties = (Duty.REVIEW_CASES,)
    list_display = ("id", "category", "rule", "severity", "state", "finding", "opened_at", "decided_at")
    list_filter = ("state", "finding", "severity")
    search_fields = ("grant__application__number__iexact", "flags__receipt__iexact")
    ordering = ("-id",)
    actions = None
    show_full_result_count = False
    paginator = CappedPaginator

    def has_view_permission(self, request: HttpRequest, obj: FlagCase | None = None) -> bool:
        return may_see_flag_case(request.user, obj) if obj else may_see_flags(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FlagCase]:
        return super().get_queryset(request).exclude(hidden_flags(request.user))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send the stock page of a case to its own."""
        if not object_id.isdecimal():
            raise Http404
        return redirect("admin:flag_case", self._case(request, int(object_id)).pk)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        acts = [
            path(f"<int:pk>/{name}/", view(require_POST(act)), name=f"flag_case_{name}")
            for name, act in (("take", self.take), ("release", self.release), ("decide", self.decide),
                              ("sanction", self.sanction), ("find", self.find), ("attach", self.attach))
        ]  # fmt: skip
        return [
            path("open/", view(require_GET(self.board)), name="flags"),
            path(
                "emergencies/",
                view(require_http_methods(["GET", "POST"])(self.emergencies)),
                name="emergencies",
            ),
            path("<int:pk>/", view(require_GET(self.page)), name="flag_case"),
            *acts,
            path("raise/<int:pk>/", view(require_POST(self.raise_flag)), name="flag_raise"),
            path("<int:pk>/excerpt/<int:flag>/", view(require_POST(self.excerpt)), name="flag_excerpt"),
            path(
                "<int:pk>/sanction/<int:sanction>/<slug:verb>/",
                view(require_POST(self.act)),
                name="sanction_act",
            ),
            path(
                "<int:pk>/appeal/<int:appeal>/<slug:verb>/",
                view(require_POST(self.answer)),
                name="sanction_appeal",
            ),
            *super().get_urls(),
        ]

    def board(self, request: HttpRequest) -> HttpResponse:
        """Show the open cases in the order in which they are due."""
        if not may_see_flags(request.user):
            raise PermissionDenied
        at, user = clock.now(), request.user
        shown = flag_board.page(request.GET, user=user, at=at)
        return self.rendered(
            request, "admin/enforcement/flags.html", title=_("Flags"), board=shown, sources=FlagSource.choices,
            severities=Severity.choices[1:], query=request.GET,
            to_follow=flag_board.to_follow(user, at=at),
        )  # fmt: skip

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one case."""
        return self._show(request, self._case(request, pk))

    def raise_flag(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Flag a grant by hand, from its page; somebody else decides it."""
        grant = get_object_or_404(Grant.objects.select_related("application", "owner"), pk=pk)
        if not may_see_flags(request.user) or has_part_in(request.user, grant.application):
            raise PermissionDenied
        said = request.POST.get("said", "").strip()
        try:
            if not said:
                raise SayWhy
            flag = flags.record(
                source=FlagSource.REVIEWER,
                owner=grant.owner,
                grant=grant,
                by=request.user,
                at=clock.now(),
                said=said,
            )
        except (SayWhy, flags.BadFlag) as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, _("Flagged: %(receipt)s. Somebody else decides it.") % {"receipt": flag.receipt}
            )
        return redirect("admin:onboarding_grant_change", pk)

    def take(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take it up, or keep it longer."""
        case, at = self._case(request, pk), clock.now()
        return self._do(request, case, lambda: flag_cases.take(case, by=request.user, at=at))

    def release(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give it back to the list."""
        case, at = self._case(request, pk), clock.now()
        return self._do(request, case, lambda: flag_cases.release(case, by=request.user, at=at))

    def excerpt(self, request: HttpRequest, pk: int, flag: int) -> HttpResponse:
        """Open what one flag quoted: recorded, shown once in this answer."""
        case = self._case(request, pk)
        found = get_object_or_404(case.flags, pk=flag)
        try:
            flag_cases.open_excerpt(found, by=request.user, at=clock.now())
        except REFUSALS as error:
            messages.error(request, str(error))
            return self._show(request, case, status=409)
        return self._show(request, case, opened=found.pk)

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what it is."""
        case, at = self._case(request, pk), clock.now()
        form = FindingForm(request.POST, case=case)

        def decide() -> None:
            if request.POST.get("take"):  # somebody's time ran out while they typed
                flag_cases.take(case, by=request.user, at=at)
            flag_cases.decide(case, by=request.user, at=at, **form.cleaned_data)

        return self._do(request, case, decide, finding=form)

    @method_decorator(sensitive_post_parameters("said"))
    @sensitive_variables()
    def find(self, request: HttpRequest, pk: int) -> HttpResponse:
        """List whose access a report may be about. By POST: a reporter may have sent a whole secret."""
        case = self._case(request, pk)
        try:
            found = attaching.find(case, request.POST.get("said", ""), by=request.user, at=clock.now())
        except (flag_cases.Incomplete, *REFUSALS) as error:
            return self._refused(request, case, error)
        return self._show(
            request, case, attach=AttachForm(by=request.user, found=found), is_found=bool(found)
        )

    def attach(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say whose access a report is about; go on with the case its flags are in now.

        Whoever does not hold the case is refused before an access is looked up: its label names people.
        """
        case = self._case(request, pk)
        try:
            attaching.ready(case, by=request.user)
        except REFUSALS as error:
            return self._refused(request, case, error)
        form = AttachForm(request.POST, by=request.user)
        if form.is_valid():
            try:
                case = attaching.attach(
                    case, form.cleaned_data["grant"], by=request.user, at=clock.now(),
                    reason=form.cleaned_data["reason"],
                )  # fmt: skip
            except INCOMPLETE as error:
                form.take_problems(error.problems)
            except REFUSALS as error:
                return self._refused(request, case, error)
            else:
                messages.success(request, _("It is about this access now, with what was flagged there."))
                return redirect("admin:flag_case", case.pk)
        return self._show(request, self._case(request, pk), status=422, attach=form)

    def sanction(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write what follows from a confirmed case."""
        case, at = self._case(request, pk), clock.now()
        form = SanctionForm(request.POST, case=case)
        if case.grant is None:
            raise Http404

        def impose() -> None:
            said, key = form.said()
            sanctions.impose(case, said, grant=case.grant, key=key, by=request.user, at=at)

        return self._do(request, case, impose, sanction=form)

    def act(self, request: HttpRequest, pk: int, sanction: int, verb: str) -> HttpResponse:
        """Sign, drop or lift a sanction of this case."""
        case, at = self._case(request, pk), clock.now()
        found = get_object_or_404(Sanction, pk=sanction, case=case)
        reason = request.POST.get("reason", "")
        acts: dict[str, Callable[[], object]] = {
            "sign": lambda: sanctions.sign(found, by=request.user, at=at),
            "drop": lambda: sanctions.drop(found, by=request.user, at=at, reason=reason),
            "lift": lambda: sanctions.lift(found, by=request.user, at=at, reason=reason),
        }
        if verb not in acts:
            raise Http404
        return self._do(request, case, acts[verb])

    def answer(self, request: HttpRequest, pk: int, appeal: int, verb: str) -> HttpResponse:
        """Take up, give back or decide an appeal against a sanction of this case."""
        case, at = self._case(request, pk), clock.now()
        found = get_object_or_404(Appeal, pk=appeal, sanction__case=case)
        form = AppealOutcomeForm(request.POST, kind=found.kind, about=found.pk)

        def decide() -> None:
            typed = form.cleaned_data
            words = {"reason_code": typed["reason_code"], "explanation": typed["explanation"]}
            if not typed["outcome"]:
                raise appeals.Incomplete({"outcome": _("Choose to uphold or to deny.")})
            turn = appeals.uphold if typed["outcome"] == "upheld" else appeals.deny
            turn(found, by=request.user, at=at, **words)

        acts: dict[str, Callable[[], object]] = {
            "take": lambda: appeals.take(found, by=request.user, at=at),
            "release": lambda: appeals.release(found, by=request.user, at=at),
            "decide": decide,
        }
        if verb not in acts:
            raise Http404
        return self._do(request, case, acts[verb], outcome=form if verb == "decide" else None)

    def emergencies(self, request: HttpRequest) -> HttpResponse:
        """Show and set which categories suspend at once."""
        if not may_set_emergencies(request.user):
            raise PermissionDenied
        form = EmergencyForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                emergencies.set_rule(by=request.user, at=clock.now(), **form.cleaned_data)
            except (SayWhy, emergencies.BadRule, emergencies.AlreadySo) as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("Set. It holds from the next flag on."))
                return redirect("admin:emergencies")
        kept = list(EmergencyRule.objects.select_related("set_by")[:100])
        names = statements.clauses(code for row in kept for code in (row.category, *row.covered_by))
        rows = [
            (row, names.get(row.category, row.category), [names.get(code, code) for code in row.covered_by])
            for row in kept
        ]
        return self.rendered(
            request, "admin/enforcement/emergencies.html", title=_("Emergencies"), form=form, rows=rows,
            status=422 if form.errors else 200,
        )  # fmt: skip

    def _case(self, request: HttpRequest, pk: int) -> FlagCase:
        """Return a case this person may see: 404 for none, 403 for one in which they have a part."""
        case = get_object_or_404(flag_page.CASES, pk=pk)
        if not may_see_flag_case(request.user, case):
            raise PermissionDenied
        return case

    def _do(
        self, request: HttpRequest, case: FlagCase, act: Callable[[], object], **forms: Any
    ) -> HttpResponse:
        """Call one domain function; what it refuses is a sentence on the case as it is now."""
        form = next((each for each in forms.values() if each is not None), None)
        status = 422
        if form is None or form.is_valid():
            try:
                act()
            except INCOMPLETE as error:
                form.take_problems(error.problems)
            except REFUSALS as error:
                messages.error(request, str(error))
                status = 409
            else:
                return redirect("admin:flag_case", case.pk)
        return self._show(request, self._case(request, case.pk), status=status, **forms)

    def _refused(self, request: HttpRequest, case: FlagCase, error: Exception) -> HttpResponse:
        """Show what was refused as a sentence on the case as it is now."""
        messages.error(request, str(error))
        status = 422 if isinstance(error, INCOMPLETE) else 409
        return self._show(request, self._case(request, case.pk), status=status)

    def _show(
        self, request: HttpRequest, case: FlagCase, *, status: int = 200, opened: int = 0, **forms: Any
    ) -> HttpResponse:
        shown = flag_page.context(case, user=request.user, at=clock.now())
        forms = {
            "finding": forms.get("finding") or FindingForm(case=case),
            "sanction_form": forms.get("sanction") or SanctionForm(case=case),
            "outcome": forms.get("outcome"),
            "attach": forms.get("attach"),
            "is_found": forms.get("is_found", True),
        }
        return self.rendered(
            request,
            "admin/enforcement/flag_case.html",
            status=status,
            title=_("Flags %(pk)s") % {"pk": case.pk},
            opened=opened,
            **shown,
            **forms,
        )
