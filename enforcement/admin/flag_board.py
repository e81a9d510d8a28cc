"""The list of open cases of flags: in the order in which they are due, keyset pages, always as many queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Duty, may
from enforcement.admin.board import PAGE, beyond, cursor_of, mark_of
from enforcement.domain import statements
from enforcement.models import Flag, FlagCase, Sanction
from enforcement.permissions import hidden_flags, may_see_flags
from enforcement.states import Finding, FlagSource, SanctionState
from reviews.permissions import spared_categories

ON_DESK = 5
FOLLOWED = 20  # of each sort
FOLLOW_WITHIN = timedelta(
    days=30
)  # a violation from which nothing followed by then was not to have consequences


@dataclass(frozen=True)
class Row:
    case: FlagCase
    category: str  # as the guidelines name it
    source: str  # of its newest flag, in words
    due: str
    urgency: str  # the pill's class: stop (late), wait (within a day)


@dataclass(frozen=True)
class Counts:
    """What waits for one person: all of it, late, held by them."""

    open: int
    late: int
    mine: int


@dataclass(frozen=True)
class Follow:
    """What waits for a senior reviewer after a case was decided."""

    case: FlagCase
    says: str
    since: datetime


@dataclass(frozen=True)
class Board:
    rows: list[Row]
    newer_url: str
    older_url: str
    narrows: bool
    counts: Counts

    @property
    def says(self) -> str:
        return _("%(number)s shown") % {"number": len(self.rows)}


def visible_to(user: User) -> QuerySet[FlagCase]:
    """Return the open cases this person may work on: no part in them, none of a category they do not take."""
    mine = FlagCase.objects.open().exclude(hidden_flags(user)).exclude(category__in=spared_categories(user))
    return mine.exclude(Exists(Flag.objects.filter(case=OuterRef("pk"), raised_by=user)))


def page(query: Mapping[str, str], *, user: User, at: datetime) -> Board:
    """Return one page, from the place that `after` or `before` names; `source`, `severity`, `show` narrow it."""
    visible = visible_to(user)
    cases, kept = _narrowed(_shown(visible), query, user, at)
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
        rows=_rows(found, at),
        newer_url=f"?{urlencode(kept | {'before': cursor_of(found[0])})}" if has_newer and found else "",
        older_url=f"?{urlencode(kept | {'after': cursor_of(found[-1])})}" if has_older and found else "",
        narrows=bool(kept or mark),
        counts=_counts(visible, user, at),
    )


def following(case: FlagCase, user: User, *, at: datetime) -> FlagCase | None:
    """Return the open case that is due first and that nobody else holds, other than this one."""
    held = Q(taken_until__gt=at) & ~Q(taken_by=user)
    return visible_to(user).exclude(pk=case.pk).exclude(held).only("pk").first()


def to_follow(user: User, *, at: datetime) -> list[Follow]:
    """Return the sanctions this person may sign, then the violations of a month from which nothing followed yet."""
    if not may(user, Duty.MANAGE_ACCESS):
        return []
    about = ("case__grant__application", "case__owner__person", "case__owner__organisation")
    proposed = Sanction.objects.filter(state=SanctionState.PROPOSED, needs_second=True).exclude(
        proposed_by=user
    )
    seen = FlagCase.objects.exclude(hidden_flags(user))
    unsigned = proposed.filter(case__in=seen).select_related(*about).order_by("proposed_at")[:FOLLOWED]
    signs = may(user, Duty.SIGN_AS_SENIOR)
    found = [
        Follow(
            each.case, _("to sign: %(kind)s") % {"kind": each.get_kind_display().lower()}, each.proposed_at
        )
        for each in (unsigned if signs else [])
    ]
    bare = seen.filter(finding=Finding.VIOLATION, decided_at__gt=at - FOLLOW_WITHIN, grant__isnull=False)
    bare = bare.exclude(Exists(Sanction.objects.filter(case=OuterRef("pk"))))
    bare = bare.select_related("grant__application", "owner__person", "owner__organisation").order_by(
        "decided_at"
    )
    return found + [
        Follow(each, _("a violation, and no sanction yet"), each.decided_at) for each in bare[:FOLLOWED]
    ]


def on_desk(user: User, *, at: datetime) -> list[Row]:
    """Return the first few for the reviewers' desk."""
    if not may_see_flags(user) or not FlagCase.objects.open().exists():  # on most days nothing more is asked
        return []
    return _rows(list(_shown(visible_to(user))[:ON_DESK]), at)


def _counts(visible: QuerySet[FlagCase], user: User, at: datetime) -> Counts:
    late, mine = Count("pk", filter=Q(due_at__lte=at)), Count("pk", filter=Q(taken_by=user))
    return Counts(**visible.order_by().aggregate(open=Count("pk"), late=late, mine=mine))


def due_words(case: FlagCase, at: datetime) -> tuple[str, str]:
    """Return when it is due in words, and the class of its pill."""
    if case.due_at <= at:
        return _("late by %(time)s") % {"time": timesince(case.due_at, at, depth=1)}, "stop"
    return _("due in %(time)s") % {"time": timesince(at, case.due_at, depth=1)}, "wait" if (
        case.due_at - at
    ).days < 1 else ""


def _rows(cases: list[FlagCase], at: datetime) -> list[Row]:
    names = statements.clauses(case.category for case in cases)
    sources = dict(FlagSource.choices)
    return [
        Row(case, names.get(case.category, case.category), sources.get(case.source, ""), *due_words(case, at))
        for case in cases
    ]


def _shown(cases: QuerySet[FlagCase]) -> QuerySet[FlagCase]:
    newest = Flag.objects.filter(case=OuterRef("pk")).order_by("-pk")
    stopped = Sanction.objects.active().filter(case=OuterRef("pk"), proposed_by=None)
    return cases.select_related(
        "grant__application", "grant__program", "owner__person", "owner__organisation", "taken_by"
    ).annotate(count=Count("flags"), is_stopped=Exists(stopped), source=Subquery(newest.values("source")[:1]))


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
