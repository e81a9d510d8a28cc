"""People asked by hand to apply: a list, what each row would do, asking them; who was asked, and taking it back."""

import csv
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any, Self
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from redis.exceptions import RedisError

from accounts.languages import grouped
from accounts.models import User
from audit import clock
from audit.spreadsheets import harmless
from onboarding import jobs
from onboarding.admin import paging
from onboarding.domain import pick_rows, picks, programs
from onboarding.domain.pick_rows import LeftOut, Looked, Row
from onboarding.domain.records import UnreadableFile
from onboarding.models import Pick, PickList, Program
from onboarding.permissions import may_hand_pick
from onboarding.states import PickState, RowVerdict, Stage

log = logging.getLogger(__name__)
WRONG = 422
SHOWN = 100  # rows of each kind on the page of a list that was looked at; the file has all
LISTS = 10
SALT = "onboarding.picks"
LASTS = 24 * 3600  # seconds in which a list that was looked at can be confirmed
STALE = gettext_lazy(
    "This page is older than a day, or not yours, or was changed on its way: upload the list again."
)
UNREACHABLE = gettext_lazy("It is kept, but no worker can be asked now. Ask the worker again in a while.")
REFUSALS = (programs.SayWhy, picks.NotByInvitation, picks.NobodyNew, picks.CannotWithdraw)


class Stale(Exception):
    def __init__(self) -> None:
        super().__init__(STALE)


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("List"),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("The file is empty."),
        },
        help_text=gettext_lazy(
            "CSV, UTF-8, at most 1 MB and 10,000 rows. Its first line names the columns: email; "
            "name and note if you like. The note is for the staff."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt"}),
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, auto_id="picks_%s", **options)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > pick_rows.MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 1 MB. Split it."))
        return file


class ReasonForm(forms.Form):
    """Why these people; what they are is signed, so that what is confirmed is what was shown."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("For the staff and the ledger; it stands in no letter."),
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, auto_id="picks_%s", **options)


@dataclass(frozen=True)
class Sheet:
    """A list that was looked at, as its page carries it. Nothing of it is kept before somebody confirms it."""

    program: int
    by: int
    once: UUID
    file_name: str
    looked: Looked

    def signed(self) -> str:
        left_out = [[each.line, each.why, each.email, each.says] for each in self.looked.left_out]
        said = [self.program, self.by, str(self.once), self.file_name, self.looked.new, left_out]
        return signing.dumps(said, salt=SALT, compress=True)

    @classmethod
    def read(cls, signed: str, *, program: Program, by: User) -> Self:
        """Return what `signed` wrote, for this program and person. Raises Stale."""
        try:
            of, asker, once, file_name, rows, left_out = signing.loads(signed, salt=SALT, max_age=LASTS)
        except signing.BadSignature:
            raise Stale from None
        if (of, asker) != (program.pk, by.pk):
            raise Stale
        out = [LeftOut(line, RowVerdict(why), email, says) for line, why, email, says in left_out]
        return cls(of, asker, UUID(once), file_name, Looked([Row(*row) for row in rows], out))


def paths(board: admin.ModelAdmin) -> list[URLPattern]:
    view = board.admin_site.admin_view
    page = never_cache(require_http_methods(["GET", "POST"])(partial(show, board)))
    asking = never_cache(require_POST(partial(ask, board)))
    return [
        path("<slug:slug>/picks/", view(page), name="picks"),
        path("<slug:slug>/picks/ask/", view(asking), name="picks_ask"),
        path("<slug:slug>/picks/rows.csv", view(never_cache(require_POST(rows))), name="picks_rows"),
        path("<slug:slug>/picks/<int:pk>/withdraw/", view(require_POST(withdraw)), name="pick_withdraw"),
        path(
            "<slug:slug>/picks/lists/<int:pk>/progress.json",
            view(never_cache(require_safe(progress))),
            name="pick_list_progress",
        ),
        path("<slug:slug>/picks/lists/<int:pk>/<slug:verb>/", view(require_POST(act)), name="pick_list_act"),
    ]


def show(board: admin.ModelAdmin, request: HttpRequest, slug: str) -> HttpResponse:
    """Show who was asked; with a file say what each of its rows would do, and change nothing."""
    program = _program(request, slug)
    if request.method != "POST":
        return _show(board, request, program, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(board, request, program, form, status=WRONG)
    file = form.cleaned_data["file"]
    try:
        looked = pick_rows.look(program, file.file, name=file.name, by=request.user)
    except UnreadableFile as refusal:
        form.add_error("file", str(refusal))
        return _show(board, request, program, form, status=WRONG)
    return _show_sheet(
        board, request, program, Sheet(program.pk, request.user.pk, uuid4(), file.name, looked), ReasonForm()
    )


def ask(board: admin.ModelAdmin, request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the people of a list that was looked at; a second click on the same page is the first one."""
    program = _program(request, slug)
    try:
        sheet = Sheet.read(request.POST.get("sheet", ""), program=program, by=request.user)
    except Stale as refusal:
        return _refused(board, request, program, str(refusal))
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show_sheet(board, request, program, sheet, form, status=WRONG)
    try:
        asked = picks.ask(
            program, sheet.looked.new, left_out=sheet.looked.left_out, file_name=sheet.file_name, once=sheet.once,
            by=request.user, at=clock.now(), reason=form.cleaned_data["reason"],
        )  # fmt: skip
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _show_sheet(board, request, program, sheet, form, status=WRONG)
    _enqueue(request, asked)
    return redirect("admin:picks", slug)


def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """Give every row of a list that was looked at, with what it would do, as a file."""
    program = _program(request, slug)
    try:
        looked = Sheet.read(request.POST.get("sheet", ""), program=program, by=request.user).looked
    except Stale as refusal:
        messages.error(request, str(refusal))
        return redirect("admin:picks", slug)
    found = [(row.line, row.email, str(RowVerdict.NEW.label)) for row in looked.new]
    found += [(each.line, each.email, each.says or str(each.why.label)) for each in looked.left_out]
    answer = HttpResponse(
        "\ufeff",  # spreadsheets take UTF-8 for something else without it
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{program.slug}-people-to-ask.csv"'},
    )
    written = csv.writer(answer)
    written.writerow(["line", "email", "what"])
    written.writerows((line, harmless(email), harmless(what)) for line, email, what in sorted(found))
    return answer


def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take back that somebody was asked, with the reason posted."""
    program = _program(request, slug)
    pick = get_object_or_404(Pick, pk=pk, program=program)
    try:
        picks.withdraw(pick, by=request.user, at=clock.now(), reason=_reason(request))
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            _("Taken back: %(address)s cannot use the link any more.")
            % {"address": pick.email or _("the address")},
        )
    return redirect("admin:picks", slug)


def progress(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say how far a list is, for the page that polls."""
    asked = get_object_or_404(PickList, pk=pk, program=_program(request, slug))
    return JsonResponse(
        {
            "done": asked.up_to,
            "total": asked.found,
            "says": says(asked),
            "finished": asked.finished_at is not None,
            "url": None,
        }
    )


def act(request: HttpRequest, slug: str, pk: int, verb: str) -> HttpResponse:
    """Take back all of a list that nobody took up yet; or ask the worker again for one that stands still."""
    program = _program(request, slug)
    if verb not in ("withdraw", "again"):
        raise Http404
    asked = get_object_or_404(PickList, pk=pk, program=program)
    if verb == "again":
        _enqueue(request, asked)
        return redirect("admin:picks", slug)
    try:
        number = picks.withdraw_list(asked, by=request.user, at=clock.now(), reason=_reason(request))
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        says = ngettext(
            "%(count)s taken back; who took it up already keeps it.",
            "%(count)s taken back; who took it up already keeps it.",
            number,
        )
        messages.success(request, says % {"count": grouped(number)})
    return redirect("admin:picks", slug)


def says(asked: PickList) -> str:
    if asked.finished_at is None and not asked.up_to:
        return _("Waiting for a worker.")
    out = len(asked.left_out)
    figures = {"made": grouped(asked.made), "found": grouped(asked.found), "out": grouped(out)}
    if not out:
        return _("%(made)s of %(found)s asked.") % figures
    return (
        ngettext(
            "%(made)s of %(found)s asked; %(out)s row left out.",
            "%(made)s of %(found)s asked; %(out)s rows left out.",
            out,
        )
        % figures
    )


def _program(request: HttpRequest, slug: str) -> Program:
    if not may_hand_pick(request.user):
        raise PermissionDenied
    return get_object_or_404(Program, slug=slug)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\0", "")[:500]  # PostgreSQL keeps no NUL


def _enqueue(request: HttpRequest, asked: PickList) -> None:
    try:
        jobs.enqueue_pick_list(asked)
    except (RedisError, OSError) as error:
        log.warning("List %s is not in the queue (%s).", asked.pk, type(error).__name__)
        messages.warning(request, UNREACHABLE)


def _refused(board: admin.ModelAdmin, request: HttpRequest, program: Program, says: str) -> HttpResponse:
    form = UploadForm({})
    form.errors.clear()
    form.add_error(None, says)
    return _show(board, request, program, form, status=WRONG)


def _show(
    board: admin.ModelAdmin, request: HttpRequest, program: Program, form: UploadForm, *, status: int = 200
) -> HttpResponse:
    lists = list(program.pick_lists.select_related("asked_by").defer("rows").order_by("-id")[:LISTS])
    running = next((asked for asked in lists if asked.finished_at is None), None)
    context = board.admin_site.each_context(request) | {
        "title": _("Hand-picked for %(program)s") % {"program": program.name},
        "program": program,
        "form": form,
        "takes_lists": program.stage == Stage.INVITATION_ONLY,
        "lists": [(asked, says(asked)) for asked in lists],
        "running": running,
        "running_says": says(running) if running else "",
        "poll_url": reverse("admin:pick_list_progress", args=[program.slug, running.pk]) if running else "",
        **_page(program, request),
    }
    with timezone.override(program.zone):
        return render(request, "admin/onboarding/picks.html", context, status=status)


def _page(program: Program, request: HttpRequest) -> dict[str, Any]:
    """Return one page of who was asked, newest first, of the state and address that are looked for."""
    state, email = request.GET.get("state", ""), request.GET.get("email", "").replace("\0", "").strip()
    found = Pick.objects.filter(program=program).select_related("asked_by", "withdrawn_by").order_by("-id")
    kept = {}
    if state in PickState.values:
        found, kept["state"] = found.filter(state=state), state
    if email:
        found, kept["email"] = found.filter(email=email.lower()[: pick_rows.EMAIL_MOST]), email
    after = paging.ids_after(request)
    if after:
        found = found.filter(pk__lt=after)
    shown = list(found[: paging.PAGE + 1])
    page = shown[: paging.PAGE]
    older = f"?{urlencode(kept | {'after': page[-1].pk})}" if len(shown) > paging.PAGE else ""
    return {
        "picks": page,
        "states": PickState.choices,
        "state": kept.get("state", ""),
        "email": email,
        "older_url": older,
        "newest_url": f"?{urlencode(kept)}" if after else "",
    }


def _show_sheet(
    board: admin.ModelAdmin,
    request: HttpRequest,
    program: Program,
    sheet: Sheet,
    form: ReasonForm,
    *,
    status: int = 200,
) -> HttpResponse:
    looked = sheet.looked
    why = [each.why for each in looked.left_out]
    context = board.admin_site.each_context(request) | {
        "title": _("People to ask for %(program)s") % {"program": program.name},
        "program": program,
        "form": form,
        "file_name": sheet.file_name,
        "takes_lists": program.stage == Stage.INVITATION_ONLY,
        "new": looked.new[:SHOWN],
        "new_number": len(looked.new),
        "left_out": looked.left_out[:SHOWN],
        "left_number": len(looked.left_out),
        "counts": [(verdict.label, why.count(verdict)) for verdict in RowVerdict if verdict in why],
        "sheet": sheet.signed(),
        "lasts": picks.LASTS.days,
    }
    return render(request, "admin/onboarding/picks_sheet.html", context, status=status)
