"""The waiting line in its order, in pages by key, with each place and the dates it would be told; and its age."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit import clock
from onboarding import charts
from onboarding.admin import paging
from onboarding.domain import counts, freezes, outlooks, places
from onboarding.domain.counts import Group
from onboarding.models import Program, WaitlistEntry

if TYPE_CHECKING:
    from onboarding.admin.board import ProgramAdmin

OLDEST = 12  # weeks of joining that are shown apart; what is older stands together
GAP = 0.6  # per cent of the width between two columns


@dataclass(frozen=True)
class Column:
    """Those who joined in one week, of all priorities: `ahead` of the rule and by it, and where they are drawn."""

    name: str
    ahead: int
    waiting: int
    held: int
    x: float
    width: float
    y: float
    height: float
    y_ahead: float
    height_ahead: float


@dataclass(frozen=True)
class Ages:
    """The line by week of joining, newest last; the table says the same as the chart."""

    columns: list[Column]
    ticks: list[tuple[float, int]]
    floor: int = charts.FLOOR
    height: int = charts.HEIGHT


def ages(groups: Iterable[Group]) -> Ages | None:
    """Return who waits by priority and age; None where nobody does."""
    by_week: dict[datetime, list[int]] = {}
    for group in groups:
        _add(by_week.setdefault(group.week, [0, 0, 0]), group)
    if not by_week:
        return None
    weeks = sorted(by_week)
    this_year = weeks[-1].year
    shown = [
        (date_format(week, "j M" if week.year == this_year else "j M Y"), by_week[week])
        for week in weeks[-OLDEST:]
    ]
    older = [by_week[week] for week in weeks[:-OLDEST]]
    if older:
        shown.insert(0, (_("older"), [sum(each) for each in zip(*older, strict=True)]))
    most = charts.round_up(max(ahead + waiting for _name, (ahead, waiting, _held) in shown))
    wide = 100 / len(shown)
    return Ages(
        [_column(name, *n, number * wide, wide, most) for number, (name, n) in enumerate(shown)],
        charts.ticks(most),
    )


def _add(people: list[int], group: Group) -> None:
    people[group.priority >= 0] += group.waiting
    people[2] += group.held


def _column(name: str, ahead: int, waiting: int, held: int, x: float, wide: float, most: int) -> Column:
    y_ahead, y = charts.y(ahead, most), charts.y(ahead + waiting, most)
    return Column(
        name, ahead, waiting, held, round(x + GAP / 2, 2), round(wide - GAP, 2), y, round(y_ahead - y, 1),
        y_ahead, round(charts.FLOOR - y_ahead, 1),
    )  # fmt: skip


def paths(board: "ProgramAdmin") -> list[URLPattern]:
    view = board.admin_site.admin_view
    return [path("<slug:slug>/line/", view(require_safe(partial(show, board))), name="board_line")]


def show(board: "ProgramAdmin", request: HttpRequest, slug: str) -> HttpResponse:
    """Show one page of the line; a number that is looked for leads to its place."""
    if not board.has_view_permission(request):
        raise PermissionDenied
    program, at = get_object_or_404(Program, slug=slug), clock.now()
    number = request.GET.get("number", "").strip()[:20]
    if number:
        found = WaitlistEntry.objects.filter(
            program=program, application__number__iexact=number.replace("\0", "")
        ).first()
        if found:
            return redirect(reverse("admin:onboarding_waitlistentry_change", args=[found.pk]))
    context = board.admin_site.each_context(request) | {
        "title": _("The line"),
        "program": program,
        "looked_for": number,
        "line": counts.line(program),
        **_page(program, request, at),
    }
    with timezone.override(program.zone):
        return render(request, "admin/onboarding/line.html", context)


def _page(program: Program, request: HttpRequest, at: datetime) -> dict[str, Any]:
    after = paging.place_after(request)
    entries = _rows(program, after)
    page = entries[: paging.PAGE]
    first = places.of(page[0]).position if after and page else 1
    stands_still = program.paused_at or freezes.is_frozen(program, at=at)
    told = None
    if page and not stands_still:
        told = outlooks.teller(program, at=at, first=page[0], before=first - 1, people=len(page))
    last = page[-1] if len(entries) > paging.PAGE else None
    return {
        "rows": [
            {"entry": entry, "place": place, "forecast": told and told.tell(entry)}
            for place, entry in enumerate(page, first)
        ],
        "more_url": f"?after={paging.cursor((last.priority, last.joined_at, last.pk))}" if last else "",
        "is_first": after is None,
    }


def _rows(program: Program, after: paging.Place | None) -> list[WaitlistEntry]:
    """Return one row more than a page. A range of the index each: those of the same priority, then the others."""
    rows = WaitlistEntry.objects.waiting().filter(program=program).in_order()
    rows = rows.select_related("application", "owner__person", "owner__organisation")
    rows = rows.defer("application__answers", "application__facts")
    if after is None:
        return list(rows[: paging.PAGE + 1])
    priority, joined_at, pk = after
    later = Q(joined_at__gt=joined_at) | Q(joined_at=joined_at, pk__gt=pk)
    found = list(rows.filter(later, priority=priority, joined_at__gte=joined_at)[: paging.PAGE + 1])
    if more := paging.PAGE + 1 - len(found):
        found += rows.filter(priority__gt=priority)[:more]
    return found
