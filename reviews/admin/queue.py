"""The queue a reviewer sees: filters, keyset pages, capped counts, always the same number of queries."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Value
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.languages import grouped
from accounts.models import User
from accounts.roles import Duty, may
from onboarding.models import Program
from policies.models import Category, CategoryKind
from policies.states import Lane
from reviews.domain import calendars, due, ranking
from reviews.domain.due import Calendar
from reviews.models import Case, Claim, Decision, InformationRequest, RuleMatch, SavedView
from reviews.permissions import conflicts, spared_categories
from reviews.states import CaseState, SecondPerson

PAGE = 50
COUNT_MOST = 1000  # counted no further: "1,000+" says enough and stays quick with half a million rows
WORDS_MOST = 100  # characters of a search
PARTS = 6  # of the risk score, in a line of the queue
SOON = timedelta(hours=8)
REVERSED = ("rank", "-opened_at", "-id")  # the queue from its end
IN_HOURS = timedelta(days=2)  # beyond, a date says more than "in 1 week"
SHOWN = {
    "all": gettext_lazy("Everything open"),
    "mine": gettext_lazy("Held by me"),
    "sign": gettext_lazy("Waiting for my signature"),
}


@dataclass(frozen=True)
class Filters:
    """What the reviewer asked for, read from the address; what is unknown counts as not asked."""

    program: str = ""
    lane: str = ""
    show: str = "all"
    words: str = ""
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Filters":
        asked = {
            key: str(query.get(key, "")).replace("\0", "")
            for key in ("program", "lane", "show", "after", "before")
        }
        return cls(
            **asked
            | {
                "lane": asked["lane"] if asked["lane"] in Lane.values else "",
                "show": asked["show"] if asked["show"] in SHOWN else "all",
                "words": query.get("q", "").replace("\0", "").strip()[:WORDS_MOST],
            }
        )

    def asked(self) -> dict[str, str]:
        """Return what narrows the queue, by its name in the address; not the place in it."""
        narrows = {"program": self.program, "lane": self.lane, "show": self.show, "q": self.words}
        return {key: value for key, value in narrows.items() if value and value != "all"}

    @property
    def narrows(self) -> bool:
        return bool(self.program or self.lane or self.words or self.show != "all")

    def url(self, **place: str) -> str:
        return "?" + urlencode(self.asked() | {key: value for key, value in place.items() if value})


@dataclass(frozen=True)
class Row:
    """One case in one line."""

    case: Case
    domains: list[str]
    due: str
    urgency: str  # the pill's class: stop (late), wait (soon), or none
    waits: str
    claim: Claim | None
    pending: Decision | None
    is_suggested: bool  # a triage rule suggests something
    is_unanswered: bool  # a question's time passed; a person goes on without the answer
    parts: list[dict[str, Any]]
    ranked: list[ranking.Part]  # why it stands where it stands


@dataclass(frozen=True)
class Queue:
    rows: list[Row]
    newer_url: str
    older_url: str

    @property
    def says(self) -> str:
        return ngettext("%(number)s case shown", "%(number)s cases shown", len(self.rows)) % {
            "number": len(self.rows)
        }


@dataclass(frozen=True)
class Counts:
    """Figures above the queue, each counted up to COUNT_MOST."""

    waiting: str
    late: str
    soon: str  # due within a working day
    mine: str
    to_sign: str


def visible_to(user: User) -> QuerySet[Case]:
    """Return the queue without the cases in which this person has a part, and without what they opted out of."""
    queued = Case.objects.queued().exclude(conflicts(user, to="application__"))
    return queued.exclude(severe__has_any_keys=sorted(spared_categories(user)))


def page(visible: QuerySet[Case], filters: Filters, *, user: User, at: datetime) -> Queue:
    """Return one page of the queue in its order, from the place the filters name."""
    cases = asked(visible, filters, user, at)
    backwards = bool(filters.before) and not filters.after
    mark = _mark(filters.before or filters.after)
    if mark:
        cases = cases.filter(_beyond(mark, backwards=backwards))
    if backwards:
        cases = cases.order_by(*REVERSED)
    found = list(_with_parts(cases)[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    found = found[::-1] if backwards else found
    has_newer, has_older = (more, True) if backwards else (mark is not None, more)
    names = dict(
        Category.objects.filter(kind=CategoryKind.SCRUTINY).order_by("pk").values_list("code", "name")
    )
    found_calendars = calendars.of_many(case.program for case in found)
    return Queue(
        rows=[_row(case, names, found_calendars[case.program_id], at) for case in found],
        newer_url=filters.url(before=_cursor(found[0])) if has_newer and found else "",
        older_url=filters.url(after=_cursor(found[-1])) if has_older and found else "",
    )


def counts(visible: QuerySet[Case], *, user: User, at: datetime) -> Counts:
    """Count what waits, what is late, what this person holds and may sign."""
    counted = {
        "waiting": visible,
        "late": visible.filter(due_at__lt=at),
        "soon": visible.filter(rank__gte=ranking.SOON, rank__lt=ranking.LATE, due_at__gte=at),
        "mine": visible.filter(pk__in=_held(user, at)),
        "to_sign": visible.filter(pk__in=_signable(user)),
    }
    each = [
        cases.order_by().annotate(which=Value(name)).values_list("which", flat=True)[: COUNT_MOST + 1]
        for name, cases in counted.items()
    ]
    found = Counter(each[0].union(*each[1:], all=True))  # one statement: the page has few to spare
    return Counts(**{name: _capped(found[name]) for name in counted})


def opened_with(query: Mapping[str, str], *, user: User) -> tuple[Filters, list[tuple[SavedView, str]]]:
    """Return the filters the desk opens with, and this reviewer's own views with their addresses.

    An address that asks for nothing opens the default view; `?view=all` asks for everything.
    """
    mine = list(SavedView.objects.filter(reviewer=user))
    default = next((view.filters for view in mine if view.is_default), None)
    filters = Filters.read(query if query or default is None else default)
    return filters, [(view, Filters.read(view.filters).url() + "&view=" + str(view.pk)) for view in mine]


def wanted(filters: Filters) -> Q:
    """Return what "next" is narrowed to: the program and the lane; words and the rest are for looking."""
    asked = Q(program=_program(filters)) if filters.program else Q()
    return asked & Q(lane=filters.lane) if filters.lane else asked


def _program(filters: Filters) -> int:
    """Return the program the filters name, for an index; 0 for none."""
    return Program.objects.filter(slug=filters.program).values_list("pk", flat=True).first() or 0


def programs() -> list[tuple[str, str]]:
    return list(Program.objects.values_list("slug", "name"))


def due_words(case: Case, at: datetime, calendar: Calendar | None = None) -> tuple[str, str]:
    """Return when a case is due in words, and the class of its pill."""
    due_at = case.due_at
    if due_at <= at:
        return _("late by %(time)s") % {"time": timesince(due_at, at, depth=1)}, "stop"
    if due_at - at > IN_HOURS:
        day = due.last_day(due_at, calendar=calendar or calendars.of(case.program))
        return _("due %(day)s") % {"day": date_format(day, _("D j M"))}, ""
    return _("due in %(time)s") % {
        "time": timesince(at, due_at, depth=1)
    }, "wait" if due_at - at <= SOON else ""


def asked(visible: QuerySet[Case], filters: Filters, user: User, at: datetime) -> QuerySet[Case]:
    if filters.program:
        visible = visible.filter(program=_program(filters))
    if filters.lane:
        visible = visible.filter(lane=filters.lane)
    if filters.words:
        named = Q(application__title__icontains=filters.words) | Q(application__number__iexact=filters.words)
        visible = visible.filter(named)
    if filters.show == "mine":
        visible = visible.filter(pk__in=_held(user, at))
    if filters.show == "sign":
        visible = visible.filter(pk__in=_signable(user))
    return visible


def _held(user: User, at: datetime) -> QuerySet:
    return Claim.objects.live(at).filter(reviewer=user).values("case")


def _signable(user: User) -> QuerySet:
    """Return the cases that wait for a signature this person may give, their own part aside."""
    waiting = Decision.objects.unsigned().filter(told_at=None).exclude(decided_by=user)
    overturned = Decision.objects.overturned().filter(Q(decided_by=user) | Q(signed_by=user))
    waiting = waiting.exclude(case__in=overturned.values("case"))
    waiting = waiting.filter(case__state=CaseState.AWAITING_SECOND)
    if not may(user, Duty.SIGN_AS_SENIOR):
        waiting = waiting.filter(second=SecondPerson.REVIEWER)
    return waiting.values("case")


def _with_parts(cases: QuerySet[Case]) -> QuerySet[Case]:
    return (
        cases.annotate(
            is_unanswered=Exists(InformationRequest.objects.unanswered_of(OuterRef("pk"))),
            is_suggested=Exists(RuleMatch.objects.shown().filter(case=OuterRef("pk"))),
        )
        .select_related("program", "application", "revision")
        .only(
            "kind", "state", "lane", "severe", "risk_score", "risk_level", "domains", "opened_at", "due_at",
            "rank", *ranking.FIELDS,
            "program__name", "program__time_zone",
            "application__number", "application__title", "application__submitted_at", "revision__risk_parts",
        )
        .prefetch_related(
            Prefetch("claims", Claim.objects.filter(released_at=None).select_related("reviewer"), to_attr="held"),
            Prefetch(
                "decisions",
                Decision.objects.unsigned().filter(told_at=None).select_related("decided_by"),
                to_attr="unsigned",
            ),
        )
    )  # fmt: skip


def _row(case: Case, names: Mapping[str, str], calendar: Calendar, at: datetime) -> Row:
    words, urgency = due_words(case, at, calendar)
    live = [claim for claim in case.held if claim.expires_at > at]
    return Row(
        case=case,
        domains=[names.get(code, code) for code in case.domains],
        due=words,
        urgency=urgency,
        waits=timesince(case.application.submitted_at or case.opened_at, at, depth=1),
        claim=live[0] if live else None,
        is_suggested=case.is_suggested,
        is_unanswered=case.is_unanswered,
        parts=sorted(
            (part for part in case.revision.risk_parts if part.get("points")),
            key=lambda part: -part["points"],
        )[:PARTS],
        ranked=ranking.parts(case),
        pending=case.unsigned[0] if case.unsigned and case.state == CaseState.AWAITING_SECOND else None,
    )


def _cursor(case: Case) -> str:
    return f"{case.rank}~{case.opened_at.isoformat()}~{case.pk}"


def _mark(cursor: str) -> tuple[int, datetime, int] | None:
    """Return the place a cursor names; None for none, or one that somebody made up."""
    try:
        rank, opened, number = cursor.split("~")
        opened_at, place = parse_datetime(opened), (int(rank), int(number))
    except ValueError:
        return None
    known = (
        opened_at is not None and opened_at.tzinfo is not None and all(0 <= each < 2**31 for each in place)
    )
    return (place[0], opened_at, place[1]) if known else None


def _beyond(mark: tuple[int, datetime, int], *, backwards: bool) -> Q:
    """Return the condition on rows past the mark in (-rank, opened_at, id), or before it; the index serves it."""
    rank, opened_at, pk = mark
    if backwards:
        same = Q(rank=rank) & (Q(opened_at__lt=opened_at) | Q(opened_at=opened_at, pk__lt=pk))
        return Q(rank__gte=rank) & (Q(rank__gt=rank) | same)
    same = Q(rank=rank) & (Q(opened_at__gt=opened_at) | Q(opened_at=opened_at, pk__gt=pk))
    return Q(rank__lte=rank) & (Q(rank__lt=rank) | same)


def _capped(count: int) -> str:
    return f"{grouped(COUNT_MOST)}+" if count > COUNT_MOST else grouped(count)
