"""Soft throttles: for a day each key of a grant may ask less often, after a rule that is on found something.

A throttle lapses by itself unless a person confirms it, and is no ban: the gateway's limit is lowered, nothing else.
The payers may run twice and beside themselves; a throttle that should have ended a minute ago is their worst mistake.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.languages import spoken
from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.domain import owed, unusual
from enforcement.models import AnomalyFinding, Throttle
from enforcement.models.anomaly import A_DAY
from onboarding.domain import limits, notices
from onboarding.domain.limits import Sort
from onboarding.models import Grant, Limit
from onboarding.permissions import may_change_access
from onboarding.states import LIVE_GRANT_STATES, LimitKind, LimitLevel, LimitPer, LimitSource
from outbox import letters

SORT = Sort(LimitLevel.KEY, LimitKind.REQUESTS, LimitPer.MINUTE)
CONFIRMED_FOR = timedelta(days=14)
FRESH = timedelta(hours=1)  # an older finding throttles nothing any more
WORKER = "anomalies"


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("Whoever manages access confirms or lifts a throttle, and never of access they have a part in.")
        )


class ThrottleIsOver(Exception):
    def __init__(self) -> None:
        super().__init__(_("This throttle has ended; nothing was changed."))


def begin_owed(*, at: datetime) -> int:
    """Throttle the grants of fresh findings whose rule says so; return how many."""
    fresh = AnomalyFinding.objects.filter(
        is_shadow=False,
        rule__throttle_to__isnull=False,
        throttle=None,
        found_at__gt=at - FRESH,
        key__grant__state__in=LIVE_GRANT_STATES,
    ).exclude(
        Exists(_limited(OuterRef("key__grant")))
    )  # those stay as they are, and would stand before all others
    return owed.settle_each(
        fresh.order_by("pk"), lambda pk: _begin(pk, at=at), what="The throttle for finding"
    )


def lapse_owed(*, at: datetime) -> int:
    """End the throttles whose time is over; return how many."""
    over = Throttle.objects.filter(ended_at=None, ends_at__lte=at).order_by("ends_at")
    return owed.settle_each(over, lambda pk: _lapse(pk, at=at), what="The end of throttle")


@transaction.atomic
def confirm(throttle: Throttle, *, by: User, at: datetime) -> Throttle:
    """Let a throttle go on for 14 days from now. Raises NotForYou, ThrottleIsOver."""
    throttle = _locked(throttle, by)
    if throttle.ended_at or throttle.ends_at <= at:
        raise ThrottleIsOver
    if throttle.confirmed_at is None:
        throttle.confirmed_at, throttle.confirmed_by, throttle.ends_at = at, by, at + CONFIRMED_FOR
        throttle.save(update_fields=["confirmed_at", "confirmed_by", "ends_at"])
        ledger.record(
            Event.THROTTLE_CONFIRMED, subject=throttle, actor=by, at=at, until=throttle.ends_at.isoformat()
        )
    return throttle


@transaction.atomic
def lift(throttle: Throttle, *, by: User, at: datetime) -> Throttle:
    """End a throttle now; twice is once. Raises NotForYou."""
    throttle = _locked(throttle, by)
    if throttle.ended_at is None:
        _end(throttle, by=by, at=at, reason="lifted")
    return throttle


@transaction.atomic
def _begin(pk: int, *, at: datetime) -> bool:
    finding = AnomalyFinding.objects.select_related("rule", "key").get(pk=pk)
    grant = Grant.objects.select_for_update(of=("self",)).get(pk=finding.key.grant_id)
    if (
        grant.state not in LIVE_GRANT_STATES or _limited(grant).exists()
    ):  # a person, or another finding, was faster
        return False
    most = finding.rule.throttle_to
    assert most is not None, "asked for only where the rule throttles"
    made = Throttle.objects.create(
        grant=grant, finding=finding, per_minute=most, began_at=at, ends_at=at + A_DAY
    )
    _limit(made, most, by=WORKER, at=at)
    ledger.record(
        Event.THROTTLE_BEGUN, subject=made, actor=WORKER, at=at, grant=grant.pk, rule=finding.rule.code,
        version=finding.rule.version, per_minute=most, until=made.ends_at.isoformat(),
    )  # fmt: skip
    _write("throttled", made, at=at)
    return True


def _limited(grant: Grant | OuterRef) -> QuerySet[Limit]:
    """Return the limits by which a throttle or a sanction holds this grant already."""
    sort = {"level": SORT.level, "kind": SORT.kind, "per": SORT.per, "environment": ""}
    return Limit.objects.in_force().filter(grant=grant, source=LimitSource.SANCTION, **sort)


@transaction.atomic
def _lapse(pk: int, *, at: datetime) -> bool:
    throttle = Throttle.objects.select_for_update(of=("self",)).select_related("grant__program").get(pk=pk)
    if throttle.ended_at or throttle.ends_at > at:
        return False
    _end(throttle, by=WORKER, at=at, reason="lapsed")
    return True


def _end(throttle: Throttle, *, by: ledger.Actor, at: datetime, reason: str) -> None:
    throttle.ended_at, throttle.ended_by = at, by if isinstance(by, User) else None
    throttle.save(update_fields=["ended_at", "ended_by"])
    _limit(throttle, None, by=by, at=at)
    ledger.record(Event.THROTTLE_ENDED, subject=throttle, actor=by, at=at, reason=reason)
    _write("throttle_ended", throttle, at=at)


def _limit(throttle: Throttle, most: int | None, *, by: ledger.Actor, at: datetime) -> None:
    grant = throttle.grant
    limits.set_limit(grant.program, SORT, most=most, by=by, at=at, grant=grant, source=LimitSource.SANCTION)


def _write(kind: str, throttle: Throttle, *, at: datetime) -> None:
    application = (
        Grant.objects.select_related("application__program", "application__applicant", "application__owner")
        .get(pk=throttle.grant_id)
        .application
    )
    reader = notices.reader_of(application)
    if reader is None:
        return
    finding = throttle.finding
    with letters.read_in(spoken(reader.language), reader.time_zone):
        says = unusual.read(finding.rule.kind, finding.figures, finding.says)
    draft = notices.draft(
        kind, application, to=reader, about=throttle, once=f"{kind}:{throttle.pk}", per_minute=throttle.per_minute,
        until=throttle.ends_at, says=says, url=notices.page("grant", str(throttle.grant.public_id)),
    )  # fmt: skip
    letters.write_many([replace(draft, kind=f"enforcement/{kind}")], at=at)


def _locked(throttle: Throttle, by: User) -> Throttle:
    found = Throttle.objects.select_for_update(of=("self",)).select_related("grant__program", "finding")
    throttle = found.get(pk=throttle.pk)
    if not may_change_access(by, throttle.grant):
        raise NotForYou
    return throttle
