"""The list of open appeals: in the order in which they are due, keyset pages, always the same number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Duty, may
from enforcement.models import Appeal, FlagCase
from enforcement.permissions import conflicts, may_see_appeals, may_see_flags
from onboarding.models import Application, Program
from reviews.permissions import spared_categories
from reviews.states import SecondPerson

PAGE = 50
ON_DESK = 5
SOON = timedelta(days=2)


@dataclass(frozen=True)
class Row:
    """One appeal in one line; `is_yours_to_decide` is wrong where one made or signed what it is against."""

    appeal: Appeal
    title: str
    url: str
    against: str  # what it is against, in a word
    program: Program
    due: str
    urgency: str  # the pill's class: stop (late), wait (soon), or none
    is_yours_to_decide: bool


@dataclass(frozen=True)
class Board:
    rows: list[Row]
    newer_url: str
    older_url: str

    @property
    def says(self) -> str:
        return _("%(number)s shown") % {"number": len(self.rows)}


def visible_to(user: User) -> QuerySet[Appeal]:
    """Return the open appeals, against decisions and sanctions, without those in which this person has a part."""
    kept_away = Application.objects.filter(conflicts(user)).values("pk")
    open_ones = Appeal.objects.open().exclude(decision__case__application__in=kept_away)
    if not may_see_flags(user):  # the page of a sanction is that of its case
        return open_ones.filter(sanction=None)
    return open_ones.exclude(sanction__grant__application__in=kept_away)


def page(query: Mapping[str, str], *, user: User, at: datetime) -> Board:
    """Return one page, from the place that `after` or `before` names."""
    appeals = _whole(visible_to(user))
    after, before = mark_of(query.get("after", "")), mark_of(query.get("before", ""))
    backwards = before is not None and after is None
    if mark := (before if backwards else after):
        appeals = appeals.filter(beyond(mark, backwards=backwards))
    if backwards:
        appeals = appeals.order_by("-due_at", "-id")
    found = list(appeals[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    found = found[::-1] if backwards else found
    has_newer, has_older = (more, True) if backwards else (mark is not None, more)
    return Board(
        rows=[_row(appeal, user, at) for appeal in found],
        newer_url=f"?{urlencode({'before': cursor_of(found[0])})}" if has_newer and found else "",
        older_url=f"?{urlencode({'after': cursor_of(found[-1])})}" if has_older and found else "",
    )


@dataclass(frozen=True)
class OnDesk:
    """The open appeals this person may decide, the first due first, for the reviewers' desk."""

    rows: list[Row]
    late: int
    has_more: bool


def on_desk(user: User, *, at: datetime) -> OnDesk | None:
    """Return what the desk shows of appeals, in one query more than a reader's conflicts; None without the duty."""
    if not may_see_appeals(user):
        return None
    found = list(_whole(decidable_by(user))[: ON_DESK + 1])
    return OnDesk(
        rows=[_row(appeal, user, at) for appeal in found[:ON_DESK]],
        late=sum(appeal.due_at <= at for appeal in found[:ON_DESK]),
        has_more=len(found) > ON_DESK,
    )


def decidable_by(user: User) -> QuerySet[Appeal]:
    """Return the open appeals this person may decide: `may_decide` as a condition."""
    spared = sorted(spared_categories(user))
    mine = visible_to(user).exclude(
        Q(decision__decided_by=user)
        | Q(decision__signed_by=user)
        | Q(sanction__proposed_by=user)
        | Q(sanction__signed_by=user)
        | Q(sanction__case__decided_by=user)
        | Q(filed_by=user)
    )
    mine = mine.exclude(decision__case__severe__has_any_keys=spared).exclude(sanction__category__in=spared)
    if not may(user, Duty.SIGN_AS_SENIOR):
        mine = mine.exclude(decision__second=SecondPerson.SENIOR)
    return mine


def due_words(appeal: Appeal, at: datetime) -> tuple[str, str]:
    """Return when it is due in words, and the class of its pill."""
    if appeal.due_at <= at:
        return _("late by %(time)s") % {"time": timesince(appeal.due_at, at, depth=1)}, "stop"
    day = date_format(appeal.due_at.astimezone(_program(appeal).zone), _("D j M"))
    return _("due %(day)s") % {"day": day}, "wait" if appeal.due_at - at <= SOON else ""


def _whole(appeals: QuerySet[Appeal]) -> QuerySet[Appeal]:
    """Return them with what a line shows."""
    about = ("decision__case__application", "sanction__grant__application")
    return appeals.select_related(
        *about,
        "decision__case__program",
        "sanction__grant__program",
        "sanction__case",
        "filed_by",
        "taken_by",
    ).defer("statement", *(f"{each}__answers" for each in about))


def _program(appeal: Appeal) -> Program:
    return appeal.sanction.grant.program if appeal.sanction else appeal.decision.case.program


def _row(appeal: Appeal, user: User, at: datetime) -> Row:
    due, urgency = due_words(appeal, at)
    if sanction := appeal.sanction:
        made_it = {sanction.proposed_by_id, sanction.signed_by_id, sanction.case.decided_by_id}
        url = f"{reverse('admin:flag_case', args=[sanction.case_id])}#appeal-{appeal.pk}"
        title, against = (
            sanction.grant.application.title or _("Untitled"),
            sanction.get_kind_display().lower(),
        )
    else:
        made_it = {appeal.decision.decided_by_id, appeal.decision.signed_by_id}
        url = reverse("admin:appeal", args=[appeal.pk])
        title, against = appeal.decision.case.shown_title, "decision"
    yours = user.pk not in made_it
    return Row(appeal, title, url, against, _program(appeal), due, urgency, is_yours_to_decide=yours)


def cursor_of(row: Appeal | FlagCase) -> str:
    """Return the place of a row in the order in which things are due."""
    return f"{row.due_at.isoformat()}~{row.pk}"


def mark_of(cursor: str) -> tuple[datetime, int] | None:
    """Return the place a cursor names; None for none, or one that somebody made up."""
    try:
        due, pk = cursor.replace("\0", "").split("~")
        due_at, number = parse_datetime(due), int(pk)
    except ValueError:
        return None
    known = due_at is not None and due_at.tzinfo is not None and 0 <= number < 2**63
    return (due_at, number) if known else None


def beyond(mark: tuple[datetime, int], *, backwards: bool) -> Q:
    """Return the condition on rows after, or before, a place."""
    due_at, pk = mark
    if backwards:
        return Q(due_at__lt=due_at) | Q(due_at=due_at, pk__lt=pk)
    return Q(due_at__gt=due_at) | Q(due_at=due_at, pk__gt=pk)
