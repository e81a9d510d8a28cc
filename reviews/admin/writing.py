"""What reviewers write on the page of a case beside a decision: notes, and the page that saves itself."""

from functools import partial
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit import clock
from reviews.admin import workspace
from reviews.admin.short_forms import NoteForm
from reviews.domain import notes, unsent

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin


def paths(desk: "CaseAdmin") -> list[URLPattern]:
    view = desk.admin_site.admin_view
    return [
        path("<int:pk>/notes/", view(require_POST(partial(note, desk))), name="case_note"),
        path("<int:pk>/unsent/", view(require_POST(partial(save, desk))), name="case_unsent"),
    ]


def note(desk: "CaseAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """Add a note for colleagues."""
    case, at = desk.case(request, pk), clock.now()
    work = workspace.of(case, user=request.user, at=at)
    work.note_form = NoteForm(request.POST)
    if not work.note_form.is_valid():
        return desk.show(request, work, status=422)
    try:
        notes.write(case, by=request.user, at=at, text=work.note_form.cleaned_data["note"])
    except notes.BadNote as error:
        work.note_form.add_error("note", str(error))
        return desk.show(request, work, status=422)
    messages.success(request, _("Your note is there for everybody who may see this case."))
    return redirect("admin:case", case.pk)


def save(desk: "CaseAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is typed; `forget` throws it away. The script that calls this reads `saved`, or `problem`."""
    case, at = desk.case(request, pk), clock.now()
    if request.POST.get("forget"):
        unsent.forget(case, by=request.user)
        messages.success(request, _("What you had typed is thrown away."))
        return redirect("admin:case", case.pk)
    shown = request.POST.get("revision", "")
    number = int(shown) if shown.isascii() and shown.isdecimal() and len(shown) < 6 else None
    typed = {name: request.POST.getlist(name) for name in request.POST}
    try:
        unsent.keep(case, by=request.user, at=at, typed=typed, revision=number)
    except (unsent.TooMuch, unsent.NoSuchRevision) as error:
        return JsonResponse({"problem": str(error)}, status=422)
    return JsonResponse({"saved": f"{localtime(at):%H:%M}"})
