"""The queue, a line and its weeks as CSV: asked for on desk and board, written by a worker of rq, read by who asked.

What rq runs stands here too (`run`): the filters are the desk's, so the file and the page cannot differ.
"""

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import IO, TYPE_CHECKING

import django_rq
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db.models import Prefetch
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from redis.exceptions import RedisError
from rq.timeouts import JobTimeoutException

from accounts.languages import grouped
from accounts.roles import Duty, may
from audit import clock, spreadsheets
from audit.spreadsheets import harmless
from onboarding.admin import line_csv
from onboarding.domain import runs
from onboarding.models import Program
from reviews.admin import queue
from reviews.domain import queue_exports
from reviews.models import Case, Claim, QueueExport
from reviews.states import Exported, QueueExportState

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin

log = logging.getLogger(__name__)
WORKER = "rq"
LONGEST = 1_800  # seconds a run may take
CHUNK = 1_000  # rows between two reports of progress
QUERY_MOST = 500  # characters
LINES = {Exported.LINE: line_csv.line, Exported.WEEKS: line_csv.weeks}
DUTIES = {Exported.QUEUE: Duty.REVIEW_CASES, Exported.LINE: Duty.SEE_LINE, Exported.WEEKS: Duty.SEE_LINE}
ROWS = {
    Exported.QUEUE: gettext_lazy("%(number)s of %(total)s cases written."),
    Exported.LINE: gettext_lazy("%(number)s of %(total)s places in line written."),
    Exported.WEEKS: gettext_lazy("%(number)s of %(total)s weeks written."),
}
WRITTEN = {
    Exported.QUEUE: gettext_lazy("%(number)s cases written."),
    Exported.LINE: gettext_lazy("%(number)s places in line written."),
    Exported.WEEKS: gettext_lazy("%(number)s weeks written."),
}
COLUMNS = (
    "number", "title", "program", "kind", "state", "lane", "risk", "level", "domains", "sent_at", "opened_at",
    "due_at", "with",
)  # fmt: skip


def paths(desk: "CaseAdmin") -> list[URLPattern]:
    view, place = desk.admin_site.admin_view, "exports/<int:number>/"
    return [
        path("exports/", view(require_POST(partial(ask, desk))), name="queue_csv_ask"),
        path(place, view(require_GET(partial(show, desk))), name="queue_csv"),
        path(f"{place}progress.json", view(require_GET(never_cache(progress))), name="queue_csv_progress"),
        path(f"{place}queue.csv", view(require_GET(download)), name="queue_csv_file"),
        path(f"{place}again/", view(require_POST(again)), name="queue_csv_again"),
        path("exports/<slug:slug>/<slug:what>/", view(require_POST(ask_line)), name="line_csv_ask"),
    ]


def ask(desk: "CaseAdmin", request: HttpRequest) -> HttpResponse:
    """Ask for the queue as the desk shows it under these filters."""
    if not may(request.user, Duty.REVIEW_CASES):
        raise PermissionDenied
    asked = queue.Filters.read(QueryDict(request.POST.get("query", "").lstrip("?")[:QUERY_MOST]))
    query = asked.url().lstrip("?")[:QUERY_MOST]
    export = queue_exports.ask(by=request.user, at=clock.now(), query=query)
    _enqueue(request, export)
    return redirect("admin:queue_csv", export.pk)


def ask_line(request: HttpRequest, slug: str, what: str) -> HttpResponse:
    """Ask for a program's line, or its weeks."""
    if not may(request.user, Duty.SEE_LINE):
        raise PermissionDenied
    program = get_object_or_404(Program, slug=slug)
    if what not in LINES:
        raise Http404
    export = queue_exports.ask(by=request.user, at=clock.now(), query=program.slug, what=what)
    _enqueue(request, export)
    return redirect("admin:queue_csv", export.pk)


def show(desk: "CaseAdmin", request: HttpRequest, number: int) -> HttpResponse:
    """Show how far it is, and the file once it is there."""
    export = _mine(request, number)
    return desk.rendered(
        request,
        "admin/reviews/queue_csv.html",
        title=_("%(what)s as CSV") % {"what": export.get_what_display()},
        written=WRITTEN[Exported(export.what)] % {"number": grouped(export.rows)},
        export=export,
        says=_says(export),
        under_way=export.state in (QueueExportState.WAITING, QueueExportState.RUNNING),
        poll_url=reverse("admin:queue_csv_progress", args=[export.pk]),
        days=queue_exports.KEPT.days,
    )


def progress(request: HttpRequest, number: int) -> HttpResponse:
    export = _mine(request, number)
    finished = export.state not in (QueueExportState.WAITING, QueueExportState.RUNNING)
    return JsonResponse(
        {"done": export.rows, "total": export.total, "says": _says(export), "finished": finished, "url": None}
    )


def download(request: HttpRequest, number: int) -> HttpResponseBase:
    """Hand the file to who asked for it, as long as it is kept and they review; each time is on record."""
    try:
        export = queue_exports.take(_mine(request, number), by=request.user, at=clock.now())
    except queue_exports.NothingToTake as refusal:
        raise Http404(str(refusal)) from None
    answer = FileResponse(
        default_storage.open(export.stored_as),
        as_attachment=True,
        filename=f"{export.what}-{export.pk}.csv",
        content_type="text/csv; charset=utf-8",
    )
    add_never_cache_headers(answer)
    return answer


def again(request: HttpRequest, number: int) -> HttpResponse:
    """Put it into the queue of the workers once more."""
    export = _mine(request, number)
    try:
        export = queue_exports.ask_again(export, by=request.user, at=clock.now())
    except queue_exports.IllegalMove as refusal:
        messages.error(request, str(refusal))
    else:
        _enqueue(request, export)
    return redirect("admin:queue_csv", export.pk)


def run(export_id: int) -> None:
    """Write one export; rq calls it. Safe to deliver twice."""
    with runs.held(runs.Kind.QUEUE_EXPORT, export_id) as mine:
        export = queue_exports.begin(export_id, by=WORKER, at=clock.now()) if mine else None
        if export:
            _run(export)


def _run(export: QueueExport) -> None:
    try:
        if not may(export.asked_by, DUTIES[export.what]):
            queue_exports.fail(
                export, gettext_noop("Who asked for it may not see this any more."), by=WORKER, at=clock.now()
            )
            return
        with tempfile.TemporaryFile("w+b") as file:
            rows = _write(export, file)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            queue_exports.finish(export, file, rows=rows, sha256=digest, by=WORKER, at=clock.now())
    except JobTimeoutException:
        queue_exports.fail(
            export, gettext_noop("It took longer than half an hour."), by=WORKER, at=clock.now()
        )
    except Exception:
        queue_exports.fail(
            export,
            gettext_noop("Something unforeseen stopped it; the log says what."),
            by=WORKER,
            at=clock.now(),
        )
        log.exception("Export %s stopped.", export.pk)


def _write(export: QueueExport, file: IO[bytes]) -> int:
    """Write the rows that the asker sees now; return how many."""
    total, lines = _of_queue(export) if export.what == Exported.QUEUE else _of_line(export)
    rows = 0
    queue_exports.tell_progress(export, rows=0, total=total)
    file.write("\ufeff".encode())  # spreadsheets take UTF-8 for something else without it
    for line in lines:
        file.write(line.encode())
        rows += 1
        if rows % CHUNK == 0:
            queue_exports.tell_progress(export, rows=rows, total=max(rows, total))
    return rows - 1  # the first line names the columns


def _of_queue(export: QueueExport) -> tuple[int, Iterator[str]]:
    """Return what the asker sees on the desk under these filters."""
    at, filters = clock.now(), queue.Filters.read(QueryDict(export.query))
    cases = queue.asked(queue.visible_to(export.asked_by), filters, export.asked_by, at)
    return cases.order_by().count(), _lines(cases)


def _of_line(export: QueueExport) -> tuple[int, Iterator[str]]:
    total, rows = LINES[export.what](Program.objects.get(slug=export.query), at=clock.now())
    return total, spreadsheets.lines([harmless(cell) for cell in row] for row in rows)


def _lines(cases: queue.QuerySet[Case]) -> Iterator[str]:
    held = Prefetch(
        "claims", Claim.objects.filter(released_at=None).select_related("reviewer"), to_attr="held"
    )
    found = cases.select_related("program", "application").prefetch_related(held)
    cells = ([harmless(cell) for cell in _cells(case)] for case in found.iterator(chunk_size=CHUNK))
    return spreadsheets.lines(chain([COLUMNS], cells))


def _cells(case: Case) -> list[str]:
    sent = case.application.submitted_at
    return [
        case.application.number,
        case.shown_title,
        case.program.name,
        case.kind,
        case.state,
        case.lane,
        str(case.risk_score),
        str(case.risk_level),
        " ".join(case.domains),
        sent.isoformat() if sent else "",
        case.opened_at.isoformat(),
        case.due_at.isoformat(),
        str(case.held[0].reviewer) if case.held else "",
    ]


def _mine(request: HttpRequest, number: int) -> QueueExport:
    """Return an export this person asked for, failed if its worker has died; nobody else's is there."""
    if not any(may(request.user, duty) for duty in DUTIES.values()):
        raise PermissionDenied
    export = get_object_or_404(QueueExport, pk=number)
    if not may(request.user, DUTIES[export.what]):
        raise PermissionDenied
    if export.asked_by_id != request.user.pk:
        raise Http404
    if export.state == QueueExportState.RUNNING:
        export = queue_exports.notice_lost(export, by=WORKER, at=clock.now())
    return export


def _enqueue(request: HttpRequest, export: QueueExport) -> None:
    try:
        django_rq.get_queue("default").enqueue("reviews.admin.queue_csv.run", export.pk, job_timeout=LONGEST)
    except (RedisError, OSError) as error:
        log.warning("Export %s is not in the queue (%s).", export.pk, type(error).__name__)
        messages.warning(
            request, _("No worker knows of it yet: the queue could not be reached. Ask again in a minute.")
        )


def _says(export: QueueExport) -> str:
    if export.state == QueueExportState.WAITING:
        return _("Waiting for a worker.")
    return ROWS[export.what] % {"number": grouped(export.rows), "total": grouped(export.total)}
