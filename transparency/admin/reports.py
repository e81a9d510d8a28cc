"""The staff's side of the public account: ask for a report, look it over, publish it, add what no ledger knows."""

import csv
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, fields

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from redis.exceptions import RedisError

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty
from audit import clock
from transparency import jobs
from transparency.domain import quarters, records, reports, standards, statements
from transparency.forms import AskForm, RecordForm, StandardsForm
from transparency.models import Record, Report
from transparency.permissions import (
    may_ask_again,
    may_drop,
    may_make_reports,
    may_publish,
    may_review,
    may_see_reports,
)
from transparency.views import drawn

log = logging.getLogger(__name__)
SHOWN = 40
VERBS: dict[str, tuple[Callable[..., Report], str]] = {
    "review": (reports.review, gettext_lazy("Reviewed. Somebody else may publish it now.")),
    "publish": (reports.publish, gettext_lazy("Published for good.")),
    "drop": (reports.drop, gettext_lazy("Dropped.")),
    "again": (reports.ask_again, gettext_lazy("A worker was asked again.")),
}


@admin.register(Report)
class ReportAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """Pages of our own; the stock list is for looking things up."""

    duties = (Duty.EDIT_POLICIES, Duty.SEE_LEDGER)
    list_display = ("quarter", "version", "state", "asked_at", "reviewed_by", "published_at")
    list_select_related = ("reviewed_by",)
    exclude = ("body",)

    def get_urls(self) -> list[URLPattern]:
        view, place = self.admin_site.admin_view, "reports/<int:pk>/"
        return [
            path("reports/", view(self.board), name="reports"),
            path("reports/records/", view(require_POST(self.add_record)), name="report_record"),
            path("reports/standards/", view(self.edit_standards), name="report_standards"),
            path("reports/statements/", view(require_GET(self.take_statements)), name="report_statements"),
            path(place, view(require_GET(self.show)), name="report"),
            path(
                f"{place}progress.json", view(require_GET(never_cache(self.progress))), name="report_progress"
            ),
            path(f"{place}<slug:verb>/", view(require_POST(self.take_step)), name="report_step"),
            *super().get_urls(),
        ]

    def board(self, request: HttpRequest) -> HttpResponse:
        """Show the newest reports and records; ask for a report by POST."""
        _must_see(request)
        form = AskForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if not may_make_reports(request.user):
                raise PermissionDenied
            if form.is_valid() and (made := self._ask(request, form)):
                return redirect("admin:report", made.pk)
        return self._board(request, form, RecordForm(), status=422 if form.errors else 200)

    def _ask(self, request: HttpRequest, form: AskForm) -> Report | None:
        said = form.cleaned_data
        try:
            made = reports.ask(said["quarter"], by=request.user, at=clock.now(), why=said["why"])
        except (quarters.NotOver, reports.NotSealed, reports.NotTaken) as refusal:
            form.add_error("quarter", str(refusal))
            return None
        except reports.SayWhy as refusal:
            form.add_error("why", str(refusal))
            return None
        _enqueue(request, made)
        return made

    def _board(
        self, request: HttpRequest, form: AskForm, record_form: RecordForm, *, status: int = 200
    ) -> HttpResponse:
        return self.rendered(
            request,
            "admin/transparency/reports.html",
            status=status,
            title=_("Public account"),
            form=form,
            record_form=record_form,
            may_make=may_make_reports(request.user),
            reports=Report.objects.defer("body", "changes").select_related("asked_by", "reviewed_by")[:SHOWN],
            records=records.standing()[:SHOWN],
        )

    def add_record(self, request: HttpRequest) -> HttpResponse:
        """Write something down for a report."""
        if not may_make_reports(request.user):
            raise PermissionDenied
        form = RecordForm(request.POST)
        if form.is_valid():
            number = form.cleaned_data["replaces"]
            earlier = Record.objects.filter(pk=number).first() if number else None
            if number and earlier is None:
                form.add_error("replaces", _("There is no such record."))
            else:
                try:
                    records.add(**form.said(), replaces=earlier, by=request.user, at=clock.now())
                except records.BadRecord as problem:
                    form.add_error(None, str(problem))
                else:
                    messages.success(request, _("Written down. It is in the next report of its quarter."))
                    return redirect("admin:reports")
        return self._board(request, AskForm(), form, status=422)

    def edit_standards(self, request: HttpRequest) -> HttpResponse:
        """Show the standards as they are edited; publish the next version by POST."""
        if not may_make_reports(request.user):
            raise PermissionDenied
        form = StandardsForm(
            request.POST if request.method == "POST" else None, initial={"text": standards.suggested()}
        )
        if request.method == "POST" and form.is_valid():
            try:
                made = standards.publish(form.cleaned_data["text"], by=request.user, at=clock.now())
            except standards.BadText as problem:
                form.add_error("text", str(problem))
            else:
                messages.success(request, _("Version %(version)s is public.") % {"version": made.version})
                return redirect("admin:report_standards")
        return self.rendered(
            request,
            "admin/transparency/standards.html",
            status=422 if form.errors else 200,
            title=_("Standards for people"),
            form=form,
            current=standards.current(),
        )

    def take_statements(self, request: HttpRequest) -> HttpResponse:
        """Give a quarter's statements of reasons as CSV or, with `as=json`, as JSON."""
        _must_see(request)
        try:
            quarter = quarters.named(request.GET.get("quarter", ""))
        except quarters.BadQuarter as problem:
            raise Http404(str(problem)) from None
        found = [asdict(each) for each in statements.of(quarter)]
        if request.GET.get("as") == "json":
            answer: HttpResponse = JsonResponse({"statements": found}, json_dumps_params={"indent": 1})
        else:
            answer = HttpResponse(content_type="text/csv; charset=utf-8")
            rows = csv.DictWriter(answer, [field.name for field in fields(statements.Statement)])
            rows.writeheader()
            rows.writerows(found)
        ending = "json" if request.GET.get("as") == "json" else "csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="statements-{quarter.name}.{ending}"'
        return answer

    def show(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a report as it will be read, with what can be done with it."""
        report = _one(request, pk)
        said = json.loads(report.body) if report.body else {"metrics": []}
        return self.rendered(
            request,
            "admin/transparency/report.html",
            title=str(report).capitalize(),
            report=report,
            said=said,
            metrics=[drawn(metric) for metric in said["metrics"]],
            under_way=jobs.is_under_way(report),
            says=_says(report),
            poll_url=reverse("admin:report_progress", args=[report.pk]),
            verbs=[verb for verb, may in _MAY.items() if may(request.user, report)],
        )

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        report = _one(request, pk)
        return JsonResponse(
            {
                "done": report.done,
                "total": report.total,
                "says": _says(report),
                "finished": not jobs.is_under_way(report),
                "url": None,
            }
        )

    def take_step(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Review, publish or drop a report; or ask a worker again for one that stands still or stopped."""
        if verb not in VERBS:
            raise Http404
        report, (step, says) = _one(request, pk), VERBS[verb]
        try:
            report = step(report, by=request.user, at=clock.now())
        except (reports.NotForYou, reports.IllegalMove, reports.SayWhy) as refusal:
            messages.error(request, str(refusal))
        else:
            if verb != "again" or _enqueue(request, report):
                messages.success(request, says)
        return redirect("admin:report", pk)


_MAY: dict[str, Callable[..., bool]] = {
    "review": may_review,
    "publish": may_publish,
    "again": may_ask_again,
    "drop": may_drop,
}


def _enqueue(request: HttpRequest, report: Report) -> bool:
    try:
        jobs.enqueue(report)
    except (RedisError, OSError) as error:
        log.warning("Report %s is not in the queue (%s).", report.pk, type(error).__name__)
        messages.warning(
            request, _("It is kept, but no worker can be asked now. Ask the worker again in a while.")
        )
        return False
    return True


def _must_see(request: HttpRequest) -> None:
    if not may_see_reports(request.user):
        raise PermissionDenied


def _one(request: HttpRequest, pk: int) -> Report:
    _must_see(request)
    people = ("asked_by", "reviewed_by", "published_by", "seal")
    return get_object_or_404(Report.objects.select_related(*people), pk=pk)


def _says(report: Report) -> str:
    if not report.total:
        return _("Waiting for a worker.")
    return _("%(done)s of %(total)s figures counted.") % {"done": report.done, "total": report.total}
