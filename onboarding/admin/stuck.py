"""People for whom nothing moves, by group: how many, and a list of them in pages by key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Exists, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from audit import clock
from onboarding.admin.paging import PAGE, ids_after
from onboarding.domain import clocks
from onboarding.models import Application, Invitation, Key, Program
from onboarding.permissions import conflicts
from onboarding.states import ApplicationState, InvitationState, KeyState
from reviews.models import Case

if TYPE_CHECKING:
    from onboarding.admin.board import ProgramAdmin

SILENT = timedelta(days=4)  # an invitation nobody answers for so long is worth a look
UNUSED = timedelta(days=7)  # as is a key nobody called with for so long
MOST = 10_000  # counted; beyond it the board says “more than”
Rows = QuerySet[Any]


@dataclass(frozen=True)
class Group:
    """`rows` finds them; `application` is the path to it, `since` to the moment from which nothing moved."""

    name: Any
    rows: Callable[[Program, datetime], Rows]
    application: str
    since: str


@dataclass(frozen=True)
class Stuck:
    """How many of a group there are, at most MOST + 1, and where to see them."""

    name: Any
    people: int
    url: str

    @property
    def is_more(self) -> bool:
        return self.people > MOST


def _late(program: Program, at: datetime) -> Rows:
    return Case.objects.filter(program=program).queued().filter(due_at__lt=at)


def _asked(program: Program, at: datetime) -> Rows:
    return Application.objects.filter(program=program, state=ApplicationState.INFORMATION_REQUESTED)


def _unclaimed(program: Program, at: datetime) -> Rows:
    return Application.objects.filter(program=program, state=ApplicationState.APPROVED, applicant=None)


def _silent(program: Program, at: datetime) -> Rows:
    return Invitation.objects.filter(
        seat__week__program=program, state=InvitationState.OFFERED, offered_at__lt=at - SILENT
    )


def _undelivered(program: Program, at: datetime) -> Rows:
    """The letters that were given up are few; what they are about is found from them."""
    given_up = Exists(clocks.letters_of(clocks.FIRST, given_up_at__isnull=False)) | Exists(
        clocks.letters_of(clocks.REMINDER, given_up_at__isnull=False)
    )
    return Invitation.objects.offered().filter(given_up, seat__week__program=program)


def _unopened(program: Program, at: datetime) -> Rows:
    return Key.objects.filter(grant__program=program, state=KeyState.ISSUED)


def _unused(program: Program, at: datetime) -> Rows:
    return Key.objects.filter(
        grant__program=program, state=KeyState.ACTIVE, last_used_at=None, opened_at__lt=at - UNUSED
    )


GROUPS = {
    "late": Group(gettext_lazy("Past due with the reviewers"), _late, "application", "due_at"),
    "asked": Group(gettext_lazy("Waiting for an answer to our question"), _asked, "", "settled_at"),
    "unclaimed": Group(gettext_lazy("Approved, and nobody owns it to claim it"), _unclaimed, "", "settled_at"),
    "silent": Group(
        format_lazy(gettext_lazy("Invited, silent for {days} days"), days=SILENT.days),
        _silent, "seat__entry__application", "offered_at",
    ),
    "undelivered": Group(
        gettext_lazy("Invited, the letter was given up: its clock stands still"),
        _undelivered, "seat__entry__application", "offered_at",
    ),
    "unopened": Group(gettext_lazy("Accepted, key not opened"), _unopened, "grant__application", "issued_at"),
    "unused": Group(
        format_lazy(gettext_lazy("Key opened, not used for {days} days"), days=UNUSED.days),
        _unused, "grant__application", "opened_at",
    ),
}  # fmt: skip


def groups(program: Program, at: datetime) -> list[Stuck]:
    """Return the groups, empty ones too, in one statement; none is counted further than MOST."""
    each = [
        group.rows(program, at).order_by().values("pk")[: MOST + 1].query.sql_with_params()
        for group in GROUPS.values()
    ]
    sql = ", ".join(f"(SELECT count(*) FROM ({rows}) AS group_{n})" for n, (rows, _) in enumerate(each))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", [param for _, params in each for param in params])
        counted = cursor.fetchone()
    return [
        Stuck(group.name, people, reverse("admin:board_stuck", args=[program.slug, key]))
        for (key, group), people in zip(GROUPS.items(), counted, strict=True)
    ]


def paths(board: "ProgramAdmin") -> list[URLPattern]:
    view = board.admin_site.admin_view
    return [
        path("<slug:slug>/stuck/<slug:group>/", view(require_safe(partial(show, board))), name="board_stuck")
    ]


def show(board: "ProgramAdmin", request: HttpRequest, slug: str, group: str) -> HttpResponse:
    """List one group, the oldest row first; what its reader has a part in is left out."""
    if not board.has_view_permission(request):
        raise PermissionDenied
    program, shown = get_object_or_404(Program, slug=slug), GROUPS.get(group)
    if shown is None:
        raise Http404
    to = f"{shown.application}__" if shown.application else ""
    rows = (
        shown.rows(program, clock.now())
        .filter(pk__gt=ids_after(request))
        .exclude(conflicts(request.user, to=to))
    )
    named = rows.order_by("pk").values_list("pk", f"{to}number", f"{to}title", f"{to}pk", shown.since)
    found = list(named[: PAGE + 1])
    context = board.admin_site.each_context(request) | {
        "title": shown.name,
        "program": program,
        "rows": [
            {"number": number, "title": title, "application": pk, "since": since}
            for _, number, title, pk, since in found[:PAGE]
        ],
        "more_url": f"?after={found[PAGE - 1][0]}" if len(found) > PAGE else "",
        "is_first": not ids_after(request),
    }
    with timezone.override(program.zone):
        return render(request, "admin/onboarding/stuck.html", context)
