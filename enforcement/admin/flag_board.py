"""The list of open cases of flags: in the order in which they are due, keyset pages, always as many queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.timesince import timesince

from accounts.models import User
from enforcement.admin.board import PAGE, beyond, cursor_of, mark_of
from enforcement.models import Flag, FlagCase, Sanction
from enforcement.permissions import hidden_flags, may_see_flags
from enforcement.states import FlagSource
from reviews.permissions import spared_categories

ON_DESK = 5


@dataclass(frozen=True)
class Row:
    case: FlagCase
    due: str
    urgency: str  # the pill's class: stop (late), wait (within a day)


@dataclass(frozen=True)
class Board:
    rows: list[Row]
    newer_url: str
    older_url: str

    @property
    def says(self) -> str:
        return f"{len(self.rows)} shown"


def visible_to(user: User) -> QuerySet[FlagCase]:
    """Return the open cases this person may work on: no part in them, none of a category they do not take."""
    mine = FlagCase.objects.open().exclude(hidden_flags(user)).exclude(category__in=spared_categories(user))
    return mine.exclude(Exists(Flag.objects.filter(case=OuterRef("pk"), raised_by=user)))


def page(query: Mapping[str, str], *, user: User, at: datetime) -> Board:
    """Return one page, from the place that `after` or `before` names; `source`, `severity`, `show` narrow it."""
    cases, kept = _narrowed(_shown(visible_to(user)), query, user, at)
    after, before = mark_of(query.get("after", "")), mark_of(query.get("before", ""))
    backwards = before is not None and after is None
    if mark := (before if backwards else after):
        cases = cases.filter(beyond(mark, backwards=backwards))
    if backwards:
        cases = cases.order_by("-due_at", "-id")
    found = list(cases[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    found = found[::-1] if backwards else found
    has_newer, has_older = (more, True) if backwards else (mark is not None, more)
    return Board(
        rows=[row(case, at) for case in found],
        newer_url=f"?{urlencode(kept | {'before': cursor_of(found[0])})}" if has_newer and found else "",
        older_url=f"?{urlencode(kept | {'after': cursor_of(found[-1])})}" if has_older and found else "",
    )


def on_desk(user: User, *, at: datetime) -> list[Row]:
    """Return the first few for the reviewers' desk."""
    if not may_see_flags(user) or not FlagCase.objects.open().exists():  # on most days nothing more is asked
        return []
    return [row(case, at) for case in _shown(visible_to(user))[:ON_DESK]]


def row(case: FlagCase, at: datetime) -> Row:
    if case.due_at <= at:
        return Row(case, f"late by {timesince(case.due_at, at, depth=1)}", "stop")
    return Row(
        case, f"in {timesince(at, case.due_at, depth=1)}", "wait" if (case.due_at - at).days < 1 else ""
    )


def _shown(cases: QuerySet[FlagCase]) -> QuerySet[FlagCase]:
    stopped = Sanction.objects.active().filter(case=OuterRef("pk"), proposed_by=None)
    return cases.select_related("grant__application", "grant__program", "owner", "taken_by").annotate(
        count=Count("flags"), is_stopped=Exists(stopped)
    )


def _narrowed(
    cases: QuerySet[FlagCase], query: Mapping[str, str], user: User, at: datetime
) -> tuple[QuerySet[FlagCase], dict[str, str]]:
    kept = {}
    if (source := query.get("source", "")) in FlagSource.values:
        cases, kept["source"] = (
            cases.filter(Exists(Flag.objects.filter(case=OuterRef("pk"), source=source))),
            source,
        )
    if (severity := query.get("severity", "")) in ("0", "1", "2", "3"):
        cases, kept["severity"] = cases.filter(severity__gte=int(severity)), severity
    if (show := query.get("show", "")) in ("mine", "late"):
        cases = cases.filter(taken_by=user) if show == "mine" else cases.filter(due_at__lte=at)
        kept["show"] = show
    return cases, kept
