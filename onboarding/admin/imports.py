"""Imports of an existing waiting list: upload, watch, read the report. A worker of rq does the work."""

import csv
import logging
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from accounts.languages import grouped
from accounts.models import User
from accounts.roles import Duty
from audit import clock
from audit.spreadsheets import harmless
from onboarding import jobs
from onboarding.admin.reading import ReadOnlyAdmin
from onboarding.domain import answers, import_jobs, mappings, questions
from onboarding.domain.mappings import BadMapping, Mapping
from onboarding.domain.records import Records, UnreadableFile
from onboarding.models import ImportJob, Program
from onboarding.models.imports import ImportState
from onboarding.states import Stage

log = logging.getLogger(__name__)
SHOWN = 200  # problems on the page; the download has all that are kept
A_PAGE = 50
UNREACHABLE = gettext_lazy(
    "The file is kept, but the queue could not be reached, so no worker knows of it yet. "
    "Ask the worker again in a minute."
)


class UploadForm(forms.Form):
    """What an import needs; a file that could never be imported is refused here, before it is kept."""

    program = forms.ModelChoiceField(
        Program.objects.exclude(stage=Stage.CLOSED),
        to_field_name="slug",
        empty_label=gettext_lazy("Choose one"),
        error_messages={"required": gettext_lazy("Choose the program it goes into.")},
    )
    file = forms.FileField(
        label=gettext_lazy("List"),
        error_messages={"required": gettext_lazy("Choose a file.")},
        help_text=gettext_lazy(
            "CSV or JSONL, UTF-8, at most 200 MB. Each row needs a title; description and id help."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.jsonl,.ndjson,.txt"}),
    )
    owner = forms.EmailField(
        label=gettext_lazy("Whose rows are they?"),
        required=False,
        help_text=gettext_lazy(
            "The e-mail of an account, who may later accept. "
            "Empty: every row can be reviewed, none can be admitted."
        ),
    )
    mapping = forms.CharField(
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "placeholder": "purpose: detail\nagency: legal_name"}
        ),
        help_text=gettext_lazy(
            "Only if the list has other names for things. "
            "One line each: the list's field, then the key of the question."
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > import_jobs.MOST_BYTES:
            raise forms.ValidationError(
                _("The file is larger than 200 MB. Split it, or use the command on the server.")
            )
        return file

    def clean_owner(self) -> User | None:
        email = self.cleaned_data["owner"].lower()
        user = User.objects.filter(email=email, is_active=True).first() if email else None
        if email and user is None:
            raise forms.ValidationError(_("Nobody has an account with this e-mail. They must sign up first."))
        return user

    def clean_mapping(self) -> Mapping | None:
        text = self.cleaned_data["mapping"]
        if not text.strip():
            return None
        try:
            return mappings.read(text.encode(), form=questions.of(questions.current()))
        except (BadMapping, questions.NoQuestions) as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def clean(self) -> dict[str, Any]:
        """Look at the first line of the file: the commonest mistakes show there."""
        given = super().clean() or {}
        if (file := given.get("file")) and given.get("program") and "mapping" in given:
            try:
                columns = Records(file.file, name=file.name).columns
                paper = answers.paper(questions.of(questions.current()), given["program"])
                mappings.RowReader(given["mapping"] or Mapping(), paper=paper, columns=columns)
            except (UnreadableFile, BadMapping, questions.NoQuestions) as refusal:
                self.add_error("file", str(refusal))
            file.seek(0)
        return given


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """Every page of imports asks for the duty; state changes in onboarding.domain.import_jobs only."""

    duties = (Duty.IMPORT_APPLICATIONS,)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("upload/", view(self.upload), name="import"),
            path("<int:pk>/report/", view(self.report), name="import_report"),
            path("<int:pk>/progress.json", view(never_cache(self.progress)), name="import_progress"),
            path("<int:pk>/problems.csv", view(self.problems), name="import_problems"),
            path("<int:pk>/again/", view(require_POST(self.again)), name="import_again"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        self._must_be_allowed(request)
        found = ImportJob.objects.select_related("program", "asked_by").defer("errors", "mapping")
        before = request.GET.get("before", "")
        if before.isdecimal() and len(before) < 19:
            found = found.filter(pk__lt=int(before))
        page = list(found[: A_PAGE + 1])
        older = f"?before={page[A_PAGE - 1].pk}" if len(page) > A_PAGE else ""
        shown = page[:A_PAGE]
        return self._page(
            request, "list", title=_("Imports"), jobs=shown, older_url=older, newer_url="?" if before else ""
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        self._must_be_allowed(request)
        if not object_id.isdecimal():
            raise Http404
        return redirect("admin:import_report", get_object_or_404(ImportJob, pk=object_id).pk)

    def upload(self, request: HttpRequest) -> HttpResponse:
        self._must_be_allowed(request)
        form = UploadForm(
            request.POST or None, request.FILES or None, initial={"program": request.GET.get("program")}
        )
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            job = import_jobs.ask(
                given["program"],
                file=given["file"],
                owner=given["owner"],
                mapping=given["mapping"].by_field if given["mapping"] else None,
                by=request.user,
                at=clock.now(),
            )
            _enqueue(request, job)
            return redirect("admin:import_report", job.pk)
        title = _("Error: import a waiting list") if form.errors else _("Import a waiting list")
        return self._page(request, "upload", title=title, form=form)

    def report(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_be_allowed(request)
        job = self._job(pk)
        shown, total = job.errors[:SHOWN], len(job.errors)
        return self._page(
            request,
            "report",
            title=_("Import of %(name)s") % {"name": job.file_name},
            job=job,
            says=_says(job),
            problems=shown,
            listed=total,
            under_way=job.state in (ImportState.WAITING, ImportState.RUNNING),
            poll_url=reverse("admin:import_progress", args=[pk]),
        )

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_be_allowed(request)
        job = self._job(pk)
        finished = job.state in (ImportState.DONE, ImportState.FAILED)
        return JsonResponse(
            {
                "done": job.bytes_read,
                "total": job.bytes_total,
                "says": _says(job),
                "finished": finished,
                "url": None,
            }
        )

    def problems(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_be_allowed(request)
        job = self._job(pk)
        answer = HttpResponse(
            "\ufeff",  # spreadsheets take UTF-8 for something else without it
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="import-{pk}-problems.csv"'},
        )
        rows = csv.writer(answer)
        rows.writerow(["line", "problem"])
        rows.writerows([error["line"], harmless(error["problem"])] for error in job.errors)
        return answer

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_be_allowed(request)
        job = self._job(pk)
        try:
            if job.state != ImportState.WAITING:
                job = import_jobs.ask_again(job, by=request.user, at=clock.now())
        except import_jobs.IllegalMove as refusal:
            messages.error(request, str(refusal))
        else:
            _enqueue(request, job)
        return redirect("admin:import_report", pk)

    def _must_be_allowed(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _job(self, pk: int) -> ImportJob:
        """Return the import, failed if its worker has died."""
        job = get_object_or_404(ImportJob.objects.select_related("program", "asked_by", "owner"), pk=pk)
        if job.state == ImportState.RUNNING:
            import_jobs.notice_lost(job, by=jobs.WORKER, at=clock.now())
            job.refresh_from_db()
        return job

    def _page(self, request: HttpRequest, view: str, **context: Any) -> HttpResponse:
        context = self.admin_site.each_context(request) | context | {"opts": self.opts}
        return TemplateResponse(request, f"admin/onboarding/import_{view}.html", context)


def _enqueue(request: HttpRequest, job: ImportJob) -> None:
    try:
        jobs.enqueue(job)
    except (RedisError, OSError) as error:
        log.warning("Import %s is not in the queue (%s).", job.pk, type(error).__name__)
        messages.warning(request, UNREACHABLE)


def _says(job: ImportJob) -> str:
    if job.state == ImportState.WAITING:
        return _("Waiting for a worker.")
    rows = ngettext("%(count)s row read", "%(count)s rows read", job.rows) % {"count": grouped(job.rows)}
    parts = [
        ngettext("%(count)s imported", "%(count)s imported", job.imported) % {"count": grouped(job.imported)}
    ]
    if job.skipped:
        parts.append(
            ngettext("%(count)s skipped", "%(count)s skipped", job.skipped) % {"count": grouped(job.skipped)}
        )
    if job.failed:
        parts.append(_("%(count)s with a problem") % {"count": grouped(job.failed)})
    return f"{rows}: {', '.join(parts)}."
