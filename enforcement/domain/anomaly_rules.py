"""Set the rules about unusual use: off, in shadow, on; with other numbers as another version, in shadow again."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.models import AnomalyRule
from enforcement.models.anomaly import REASON_MOST
from enforcement.permissions import may_set_anomaly_rules
from enforcement.states import ANOMALY_TRANSITIONS, AnomalyKind, AnomalyMode
from onboarding.domain.programs import SayWhy

LARGEST = 1_000_000_000
# (threshold, smallest sample) a site begins with, in shadow: a floor by judgement, measured on nobody's traffic yet.
FIRST: dict[str, tuple[float, int]] = {
    AnomalyKind.VOLUME: (3, 1000),
    AnomalyKind.GROWTH: (8, 100),
    AnomalyKind.REFUSALS: (0.5, 200),
    AnomalyKind.FILTER_HITS: (0.1, 200),
    AnomalyKind.ERRORS: (0.5, 200),
    AnomalyKind.NIGHT: (0.5, 200),
    AnomalyKind.END_USERS: (50, 50),
    AnomalyKind.NETWORKS: (5, 20),
}


class NotYoursToSet(Exception):
    def __init__(self) -> None:
        super().__init__(_("Senior reviewers and policy editors set the rules about unusual use."))


class NoSuchStep(Exception):
    def __init__(self, rule: AnomalyRule, to: str):
        super().__init__(
            _("This rule is “%(mode)s”; it cannot become “%(to)s”. A rule is in shadow before it is on.")
            % {"mode": rule.mode, "to": to}
        )


class BadNumbers(Exception):
    """What was asked for is no rule; says what to write instead."""


@transaction.atomic
def put_in_place(*, at: datetime) -> int:
    """Write the first version, in shadow, of each kind that has none; return how many. Safe to run twice."""
    known = set(AnomalyRule.objects.filter(version=1).values_list("kind", flat=True))
    made = 0
    for kind in FIRST.keys() - known:
        threshold, minimum = FIRST[kind]
        rule, is_new = AnomalyRule.objects.get_or_create(
            kind=kind, version=1, defaults={"threshold": threshold, "minimum": minimum, "set_at": at}
        )
        if is_new:
            _record(rule, "", by="anomalies", at=at, why="")
            made += 1
    return made


@transaction.atomic
def switch(rule: AnomalyRule, *, to: str, by: User, at: datetime, reason: str) -> AnomalyRule:
    """Switch a rule; the same again is once. Raises NotYoursToSet, SayWhy, NoSuchStep."""
    why = _permitted(by, reason)
    rule = AnomalyRule.objects.select_for_update().get(pk=rule.pk)
    if rule.mode == to:
        return rule
    if to not in ANOMALY_TRANSITIONS[rule.mode]:
        raise NoSuchStep(rule, to)
    newer = AnomalyRule.objects.filter(kind=rule.kind, version__gt=rule.version).exists()
    if newer:
        raise BadNumbers(_("There is a newer version of this rule: switch that one."))
    before = _set(rule, AnomalyMode(to), by=by, at=at, why=why)
    _record(rule, before, by=by, at=at, why=why)
    return rule


@transaction.atomic
def rewrite(
    rule: AnomalyRule,
    *,
    threshold: float,
    minimum: int,
    throttle_to: int | None,
    by: User,
    at: datetime,
    reason: str,
) -> AnomalyRule:
    """Put a version with other numbers in the place of the newest, in shadow; the same numbers again change nothing.

    Raises NotYoursToSet, SayWhy, BadNumbers.
    """
    why = _permitted(by, reason)
    check(threshold, minimum, throttle_to)
    same_kind = AnomalyRule.objects.select_for_update().filter(kind=rule.kind).order_by("-version")
    newest = same_kind[0]
    if (newest.threshold, newest.minimum, newest.throttle_to) == (threshold, minimum, throttle_to):
        return newest
    if newest.mode != AnomalyMode.OFF:
        before = _set(newest, AnomalyMode.OFF, by=by, at=at, why=why)
        _record(newest, before, by=by, at=at, why=why)
    version = 1 + (same_kind.aggregate(most=Max("version"))["most"] or 0)
    made = AnomalyRule.objects.create(
        kind=rule.kind, version=version, threshold=threshold, minimum=minimum, throttle_to=throttle_to,
        set_at=at, set_by=by, reason=why,
    )  # fmt: skip
    _record(made, "", by=by, at=at, why=why)
    return made


def _set(rule: AnomalyRule, to: AnomalyMode, *, by: User, at: datetime, why: str) -> str:
    before, rule.mode, rule.set_at, rule.set_by, rule.reason = rule.mode, to, at, by, why
    rule.save(update_fields=["mode", "set_at", "set_by", "reason"])
    return before


def _permitted(by: User, reason: str) -> str:
    if not may_set_anomaly_rules(by):
        raise NotYoursToSet
    why = reason.strip()[:REASON_MOST]
    if not why:
        raise SayWhy
    return why


def check(threshold: float, minimum: int, throttle_to: int | None) -> None:
    """Raise BadNumbers where no rule could have these."""
    if not 0 < threshold <= LARGEST or not 1 <= minimum <= LARGEST:
        raise BadNumbers(
            _("A threshold is above 0 and a sample is at least 1; neither is beyond a thousand million.")
        )
    if throttle_to is not None and not 1 <= throttle_to <= 100_000:
        raise BadNumbers(
            _("A throttle leaves between 1 and 100,000 requests a minute; leave it empty for none.")
        )


def _record(rule: AnomalyRule, before: str, *, by: ledger.Actor, at: datetime, why: str) -> None:
    ledger.record(
        Event.ANOMALY_RULE_SET, subject=rule, actor=by, at=at, reason=ledger.digest(why) if why else "", kind=rule.kind,
        version=rule.version, before=before, mode=rule.mode, threshold=rule.threshold, minimum=rule.minimum,
        throttle_to=rule.throttle_to,
    )  # fmt: skip
