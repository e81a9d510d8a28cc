"""Suspend at once for a few named categories, before a person has looked; a person always does, within 24 hours.

Which categories: rows a policy editor sets with a reason. Never for what a grant was approved for, and never where an
appeal was won, or an exception made, against the same rule for the same use.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.domain import sanctions
from enforcement.models import EmergencyRule, Flag, Sanction, Waiver
from enforcement.models.sanction import REASON_MOST
from enforcement.permissions import may_set_emergencies, may_waive
from enforcement.states import FlagSource
from onboarding.domain.programs import SayWhy
from onboarding.models import Grant
from policies.models import Category
from policies.states import Severity

# A public report stops nobody's access, and unusual figures never do (`anomalies`); people have buttons of their own.
TRUSTED = (FlagSource.FILTER, FlagSource.INTEGRATOR, FlagSource.PARTNER)
RULE_MOST = 100  # characters, as the column has


class NotYoursToSet(Exception):
    def __init__(self) -> None:
        super().__init__(_("A policy editor or an onboarding manager sets this."))


class BadRule(Exception):
    """A category nobody knows, or words too long; says which."""


class AlreadySo(Exception):
    def __init__(self, category: str):
        super().__init__(_("“%(category)s” is set like that already.") % {"category": category})


@transaction.atomic
def set_rule(
    category: str,
    *,
    on: bool,
    least_severity: int = Severity.GRAVE,
    covered_by: Sequence[str] = (),
    by: User,
    at: datetime,
    reason: str,
) -> EmergencyRule:
    """Say whether flags of a category suspend at once; `covered_by`: categories whose approval expects such flags.

    What holds is never changed: another row takes its place. Raises NotYoursToSet, SayWhy, BadRule, AlreadySo.
    """
    if not may_set_emergencies(by):
        raise NotYoursToSet
    reason, covers = " ".join(reason.split()), sorted(set(covered_by))
    if not reason:
        raise SayWhy
    if len(reason) > REASON_MOST or least_severity not in Severity.values:
        raise BadRule(
            _("A reason has at most %(most)s characters, a severity is 0 to 3.") % {"most": REASON_MOST}
        )
    known = set(Category.objects.filter(code__in=[category, *covers]).values_list("code", flat=True))
    if missing := {category, *covers} - known:
        raise BadRule(
            _("The guidelines have no category %(missing)s.") % {"missing": ", ".join(sorted(missing))}
        )
    with transaction.get_connection().cursor() as cursor:  # two at once are one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 8))", [category])
    now = rule_for(category)
    if (now.is_on, now.least_severity, now.covered_by) == (on, least_severity, covers) if now else not on:
        raise AlreadySo(category)
    made = EmergencyRule.objects.create(
        category=category, is_on=on, least_severity=least_severity, covered_by=covers, reason=reason,
        set_by=by, set_at=at,
    )  # fmt: skip
    ledger.record(
        Event.EMERGENCY_RULE_SET, subject=made, actor=by, at=at, reason=ledger.digest(reason),
        category=category, on=on, least_severity=least_severity, covered_by=covers,
    )  # fmt: skip
    return made


def rule_for(category: str) -> EmergencyRule | None:
    """Return what holds for a category now; None: flags of it wait for a person."""
    return EmergencyRule.objects.filter(category=category).first()


def act(flag: Flag, *, by: ledger.Actor, at: datetime) -> Sanction | None:
    """Suspend the grant of a flag just written, where its category is named for that; called in its transaction.

    Returns the suspension, or None where a person decides first.
    """
    grant, rule = flag.grant, rule_for(flag.category) if flag.category else None
    if grant is None or rule is None or not rule.is_on or flag.source not in TRUSTED:
        return None
    if flag.severity < rule.least_severity or is_approved_for(grant, [flag.category, *rule.covered_by]):
        return None
    if waiver_for(flag, at=at) or sanctions.is_suspended_by_machine(flag.case):
        return None
    if sanctions.was_lifted_by_a_person(grant, rule=flag.rule, category=flag.category):
        return None  # a person looked at the same and let it go on: the next hit is theirs to judge, not a machine's
    return sanctions.suspend_at_once(flag, by=by, at=at)


def is_approved_for(grant: Grant, categories: Sequence[str]) -> bool:
    """Return whether one of these was looked at and approved for this grant: a domain of its use, or a condition."""
    return not approved_for(grant).isdisjoint(categories)


def approved_for(grant: Grant) -> set[str]:
    """Return the categories the approval of a grant covers."""
    revision = grant.revision or grant.application.revisions.latest("number")
    return set(revision.domains) | {
        said["category"] for said in grant.conditions if isinstance(said, dict) and said.get("category")
    }


def waiver_for(flag: Flag, *, at: datetime) -> Waiver | None:
    """Return the exception that keeps this flag from acting by itself: the same rule or category, the same use."""
    assert flag.grant is not None
    alike = Q(rule__in=["", flag.rule], category__in=["", flag.category])
    return Waiver.objects.in_force(at).filter(alike, grant=flag.grant).first()


@transaction.atomic
def waive(
    grant: Grant,
    *,
    rule: str = "",
    category: str = "",
    until_at: datetime | None = None,
    by: User,
    at: datetime,
    reason: str,
) -> Waiver:
    """Except a grant, for the use it is approved for now, from acting at once; `until_at`: None while that use lasts.

    With rule and category, only what is of both. Raises NotForYou, SayWhy, BadRule; AlreadySo where the same exception
    holds.
    """
    if not may_waive(by, grant):
        raise sanctions.NotForYou
    reason, rule = (" ".join(text.replace("\0", "").split()) for text in (reason, rule))
    if not reason:
        raise SayWhy
    _check_waiver(rule, category, until_at, reason, at)
    grant = Grant.objects.select_for_update(of=("self",), no_key=True).get(pk=grant.pk)
    same = Waiver.objects.in_force(at).filter(grant=grant, rule=rule, category=category)
    if same.exists():
        raise AlreadySo(" and ".join(filter(None, (rule, category))))
    made = Waiver.objects.create(
        grant=grant, revision=grant.revision, rule=rule, category=category, reason=reason,
        given_at=at, given_by=by, until_at=until_at,
    )  # fmt: skip
    ledger.record(
        Event.WAIVER_GIVEN, subject=made, actor=by, at=at, reason=ledger.digest(reason),
        grant=grant.pk, rule=rule, category=category,
    )  # fmt: skip
    return made


@transaction.atomic
def end_waiver(waiver: Waiver, *, by: User, at: datetime) -> Waiver:
    """Take an exception back; twice is once. Raises NotForYou."""
    waiver = (
        Waiver.objects.select_for_update(of=("self",)).select_related("grant__application").get(pk=waiver.pk)
    )
    if not may_waive(by, waiver.grant):
        raise sanctions.NotForYou
    if waiver.ended_at is None:
        waiver.ended_at, waiver.ended_by = at, by
        waiver.save(update_fields=["ended_at", "ended_by"])
        ledger.record(Event.WAIVER_ENDED, subject=waiver, actor=by, at=at)
    return waiver


def _check_waiver(rule: str, category: str, until_at: datetime | None, reason: str, at: datetime) -> None:
    if not (rule or category):
        raise BadRule(_("Name a rule or a category."))
    if len(reason) > REASON_MOST or len(rule) > RULE_MOST:
        raise BadRule(
            _("A reason has at most %(reason_most)s characters, a rule's name %(rule_most)s.")
            % {"reason_most": REASON_MOST, "rule_most": RULE_MOST}
        )
    if category and not Category.objects.filter(code=category).exists():
        raise BadRule(_("The guidelines have no category of this name."))
    if until_at is not None and until_at <= at:
        raise BadRule(_("An exception ends later than now; leave it empty for no end."))
