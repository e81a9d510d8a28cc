"""Work on many cases and what leaves the desk; the file of one case by POST, because each taking is put on record."""

from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit import clock
from reviews.admin import bulk, queue_csv
from reviews.domain import casefile, giving

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin


def paths(desk: "CaseAdmin") -> list[URLPattern]:
    view = desk.admin_site.admin_view
    return [
        path("<int:pk>/case-file/", view(require_POST(partial(take, desk))), name="casefile"),
        *bulk.paths(desk),
        *queue_csv.paths(desk),
    ]


def take(desk: "CaseAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """Give the file of a case: as JSON where that is asked for, else as a page to read and print."""
    case = desk.case(request, pk)
    try:
        file = casefile.export(case, by=request.user, at=clock.now())
    except giving.NotForYou as error:
        raise PermissionDenied(str(error)) from None
    if request.POST.get("as") == "json":
        answer: HttpResponse = JsonResponse(file, json_dumps_params={"ensure_ascii": False, "indent": 1})
        name = f"case-{case.application.number}.json"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    else:
        title = _("Case file %(number)s") % {"number": case.application.number}
        answer = desk.rendered(request, "admin/reviews/casefile.html", title=title, file=file, case=case)
    add_never_cache_headers(answer)
    return answer
