"""Limits: set, replaced, ended. A row is never changed: another takes its place, so what held when stays known."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import keys
from onboarding.models import Grant, Key, Limit, Program, Tier
from onboarding.models.limit import MOST_A_DAY, MOST_A_MINUTE
from onboarding.permissions import may_handle_keys, may_set_limits
from onboarding.states import LIVE_KEY_STATES, LimitKind, LimitLevel, LimitPer, LimitSource


class BadLimit(Exception):
    """What was asked for cannot be a limit; the sentence says why."""


class NotYoursToLimit(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("Limits are set by who runs the gateway, and never of access in which one has a part.")
        )


@dataclass(frozen=True)
class Sort:
    """Which limit of a program: what shares the count, what is counted, how long, whose; see `Limit`."""

    level: str
    kind: str
    per: str
    environment: str = ""
    is_shadow: bool = False

    @property
    def largest(self) -> int:
        return MOST_A_MINUTE if self.per == LimitPer.MINUTE else MOST_A_DAY


def set_limit(
    program: Program,
    sort: Sort,
    *,
    most: int | None,
    by: ledger.Actor,
    at: datetime,
    grant: Grant | None = None,
    key: Key | None = None,
    source: str = LimitSource.STAFF,
) -> Limit | None:
    """Let at most so many pass from now on; None ends the limit. Every gateway holds it within a second.

    `by` is a machine's name only for a sanction, whose own module says who may. Returns the limit in force. Raises
    BadLimit, NotYoursToLimit.
    """
    _permit(by, grant or (key.grant if key else None), source)
    _check(sort, most)
    with transaction.atomic():
        _lock(program, grant, key)
        same = Limit.objects.in_force().filter(
            program=program, key=key, grant=grant, source=source, **asdict(sort)
        )
        before = same.first()
        if before and before.most == most:
            return before
        person = by if isinstance(by, User) else None
        if before:
            same.update(ended_at=max(at, before.set_at), ended_by=person)
            ledger.record(Event.LIMIT_ENDED, subject=before, actor=by, at=at)
        if most is None:
            made = None
        else:
            made = Limit.objects.create(
                program=program, key=key, grant=grant, source=source, most=most,
                set_at=at, set_by=person, **asdict(sort),
            )  # fmt: skip
            ledger.record(Event.LIMIT_SET, subject=made, actor=by, at=at, most=most, **asdict(sort))
        if before or made:
            keys.access_changed(_held_by(program, grant, key))
    return made


def end(row: Limit, *, by: ledger.Actor, at: datetime) -> None:
    """End a limit for good. Raises NotYoursToLimit."""
    sort = Sort(row.level, row.kind, row.per, row.environment, row.is_shadow)
    set_limit(
        row.program, sort, most=None, by=by, at=at, grant=row.grant, key=row.key, source=row.source
    )  # fmt: skip


@transaction.atomic
def limit_key(key: Key, *, kind: str, per: str, most: int | None, by: User, at: datetime) -> Limit | None:
    """Hold one's own live key to less than it may do; None takes that back.

    Never to as much or more: that would say that it may. Raises BadLimit, NotYoursToLimit; keys.TooOften where an hour
    saw too many of one key.
    """
    program = key.grant.program
    _lock(program, None, key)  # as set_limit does: no two of an hour's last at once
    if not may_handle_keys(by, key.grant):
        raise NotYoursToLimit
    key.refresh_from_db(fields=["state"])
    if key.state not in LIVE_KEY_STATES:
        raise BadLimit(_("This key has ended."))
    sort = Sort(LimitLevel.KEY, kind, per)
    _check(sort, most)
    may_do = most_for(key, kind=kind, per=per)
    if most is not None and may_do is not None and most >= may_do:
        raise BadLimit(
            _("This key may do %(most)s already; a limit of yours is lower than that.")
            % {"most": grouped(may_do)}
        )
    mine = Limit.objects.filter(key=key, source=LimitSource.OWNER)
    if most is not None and mine.filter(set_at__gt=at - timedelta(hours=1)).count() >= keys.MOST_AN_HOUR:
        raise keys.TooOften
    return set_limit(program, sort, most=most, key=key, by=by, at=at, source=LimitSource.OWNER)


def most_for(key: Key, *, kind: str, per: str) -> int | None:
    """Return how many this key may do at most, its owner's own limits left aside; None where nobody limits it."""
    found = list(
        Limit.objects.in_force()
        .exclude(source=LimitSource.OWNER)
        .exclude(level=LimitLevel.END_USER)
        .filter(Q(key=None) | Q(key=key), Q(grant=None) | Q(grant=key.grant_id), program=key.grant.program_id)
        .filter(kind=kind, per=per, environment__in=["", key.environment], is_shadow=False)
        .values_list("most", flat=True)
    )
    if kind == LimitKind.REQUESTS:
        tier = Tier.objects.get(program=key.grant.program_id, environment=key.environment)
        by_minute = per == LimitPer.MINUTE
        found.append(tier.requests_per_minute if by_minute else tier.requests_per_day)
        own = key.grant.most_per_minute if by_minute else key.grant.most_per_day
        found += [own] if own is not None else []
    return min(found, default=None)


def _lock(program: Program, grant: Grant | None, key: Key | None) -> None:
    """Let two at the same limit follow each other, in the order everybody keeps: program, grants, keys.

    A limit of one grant or key locks that grant only, so that whoever holds the grant already (a sanction) waits for
    nobody who waits for them. One of the whole program locks its grants before it tells their keys.
    """
    if holder := grant.pk if grant else key and key.grant_id:
        Grant.objects.select_for_update(no_key=True).get(pk=holder)
        return
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    live = Grant.objects.live().filter(program=program).order_by("pk")
    list(live.select_for_update(no_key=True).values_list("pk", flat=True))


def _held_by(program: Program, grant: Grant | None, key: Key | None) -> QuerySet[Key]:
    """Return the living keys whose projection names a limit of these."""
    rows = Key.objects.filter(state__in=LIVE_KEY_STATES)
    if key:
        return rows.filter(pk=key.pk)
    return rows.filter(grant=grant) if grant else rows.filter(grant__program=program)


def _permit(by: ledger.Actor, grant: Grant | None, source: str) -> None:
    if source == LimitSource.SANCTION:
        return
    if not isinstance(by, User):
        raise NotYoursToLimit
    if source == LimitSource.OWNER:
        allowed = grant is not None and may_handle_keys(by, grant)
    else:
        allowed = may_set_limits(by, grant)
    if not allowed:
        raise NotYoursToLimit


def _check(sort: Sort, most: int | None) -> None:
    known = {"level": LimitLevel, "kind": LimitKind, "per": LimitPer}
    if any(getattr(sort, name) not in choices.values for name, choices in known.items()):
        raise BadLimit(_("There is no such limit."))
    if most is not None and not 1 <= most <= sort.largest:
        raise BadLimit(
            _("A limit lies between 1 and %(most)s; leave it empty for none.")
            % {"most": grouped(sort.largest)}
        )
    if sort.level == LimitLevel.END_USER and (sort.kind, sort.per) != (LimitKind.REQUESTS, LimitPer.MINUTE):
        raise BadLimit(_("End users are limited in requests a minute only."))
    if sort.level == LimitLevel.PROGRAM and sort.environment:
        raise BadLimit(_("The ceiling of a program counts test and live keys together."))
