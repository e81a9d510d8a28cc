"""A grant and its keys as their pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Case, IntegerField, Prefetch, Q, QuerySet, When

from accounts.models import Owner, User
from enforcement.models import Sanction
from enforcement.states import SanctionTarget
from onboarding.models import Grant, Key, Limit, Secret
from onboarding.states import LIVE_GRANT_STATES, GrantState, KeyState
from policies.domain import practices
from policies.models import Category, Practice
from reviews.domain import conditions as conditions_of
from reviews.models import Decision


class Shown(StrEnum):
    """What can be said of a key, with its grant and the clock taken into account."""

    OWED = "owed"
    READY = "ready"
    OVER = "over"  # not opened in time
    ACTIVE = "active"
    STOPPED = "stopped"  # by staff, with its grant
    SUSPENDED = "suspended"  # by its owner
    REVOKED = "revoked"
    EXPIRED = "expired"


WORKING = (Shown.ACTIVE, Shown.SUSPENDED, Shown.STOPPED)
ENDED = (Shown.OVER, Shown.REVOKED, Shown.EXPIRED)


@dataclass(frozen=True)
class ShownKey:
    """A key; `secret` is its newest, `old` the one that still works beside it."""

    shown: Shown
    key: Key | None = None
    secret: Secret | None = None
    old: Secret | None = None

    @property
    def is_ended(self) -> bool:
        return self.shown in ENDED

    @property
    def rotates(self) -> bool:
        """Whether its owner may give it a new secret now."""
        return self.shown in (Shown.ACTIVE, Shown.SUSPENDED)


@dataclass(frozen=True)
class Clause:
    """What a condition rests on: a category, by its name in the version of the guidelines it was decided under."""

    name: str
    version: str


Clauses = dict[tuple[int, str, str], Clause]  # by grant, code of the category, text of the condition


@dataclass(frozen=True)
class Holding:
    """A grant: latest key first, models as (code, name), conditions with clauses."""

    grant: Grant
    is_over: bool
    keys: list[ShownKey]
    models: list[tuple[str, str]]
    conditions: list[dict[str, Any]]
    sanctions: Sequence[Sanction] = ()

    @property
    def works(self) -> bool:
        return any(key.shown == Shown.ACTIVE for key in self.keys)

    @property
    def is_open(self) -> bool:
        """Whether its owner may ask for keys now."""
        return self.grant.state == GrantState.ACTIVE and not self.is_over

    @property
    def living(self) -> list[ShownKey]:
        return [key for key in self.keys if not key.is_ended]

    @property
    def ended(self) -> list[ShownKey]:
        return [key for key in self.keys if key.is_ended]

    @property
    def environments(self) -> list[str]:
        """The environments whose limits count here: of its tier, and of every key it has or waits for."""
        named = {key.key.environment for key in self.living if key.key} | {self.grant.tier.environment}
        return sorted(named | ({self.grant.key_environment} - {""}))


def grants_of(user: User) -> QuerySet[Grant]:
    """Return the grants this person may act for, living ones first, with what their pages read."""
    living_first = Case(When(state__in=LIVE_GRANT_STATES, then=0), default=1, output_field=IntegerField())
    people = ("opened_by", "suspended_by")
    own_limits = Prefetch("limits", Limit.objects.set_by_owners().order_by("kind", "-per"), "own_limits")
    keys_of_each = Key.objects.select_related(*people).prefetch_related("secrets", own_limits).order_by("-pk")
    return (
        Grant.objects.filter(owner__in=Owner.objects.of(user))
        .select_related("program", "tier", "owner__person", "owner__organisation", "application__applicant")
        .defer("application__answers", "application__facts")
        .prefetch_related("program__models", Prefetch("keys", keys_of_each))
        .order_by(living_first, "-pk")
    )


def sanctions_of(grants: Sequence[Grant]) -> dict[int, list[Sanction]]:
    """Return the sanctions in force that touch each of these grants, the newest first: one query."""
    found: dict[int, list[Sanction]] = {grant.pk: [] for grant in grants}
    about = Q(grant__in=grants) | Q(
        owner__in=[grant.owner_id for grant in grants], target=SanctionTarget.OWNER
    )
    for sanction in Sanction.objects.active().filter(about).select_related("key"):
        for grant in grants:
            wide = sanction.target == SanctionTarget.OWNER and sanction.owner_id == grant.owner_id
            if wide or sanction.grant_id == grant.pk:
                found[grant.pk].append(sanction)
    return found


def holding(
    grant: Grant,
    clauses: Clauses,
    at: datetime,
    sanctions: dict[int, list[Sanction]] | None = None,
) -> Holding:
    """Return a grant loaded by `grants_of` as it stands at a moment."""
    shown = [_key(key, grant, at) for key in grant.keys.all()]
    if grant.key_owed and grant.state == GrantState.ACTIVE:
        shown.insert(0, ShownKey(Shown.OWED))
    conditions = [
        {
            **one,
            "text": conditions_of.read(one),
            "clause": clauses.get((grant.pk, one.get("category", ""), one.get("text", ""))),
        }
        for one in grant.conditions
    ]
    standing = sanctions.get(grant.pk, []) if sanctions else []
    return Holding(grant, grant.expires_at <= at, shown, models_of(grant), conditions, standing)


def models_of(grant: Grant) -> list[tuple[str, str]]:
    """Return the models this grant reaches, as (code, name)."""
    names = {model.code: model.name for model in grant.program.models.all()}
    return [(code, names.get(code, "")) for code in grant.models_allowed]


def clauses(grants: Sequence[Grant]) -> Clauses:
    """Return the clause each condition of these grants rests on, as the guidelines it was decided under name it."""
    if not any(condition.get("category") for grant in grants for condition in grant.conditions):
        return {}
    about = Q(case__application__grant__in=grants) | Q(case__application__grants__in=grants)
    told = Decision.objects.filter(about).exclude(told_at=None).exclude(conditions=[]).distinct()
    decisions = list(
        told.select_related("guidelines", "case__application").prefetch_related("case__application__grants")
        .defer("guidelines__source", "case__application__answers", "case__application__facts").order_by("told_at", "pk")
    )  # fmt: skip
    rows = Category.objects.filter(guidelines__in={decision.guidelines_id for decision in decisions})
    names = {(version, code): name for version, code, name in rows.values_list("guidelines", "code", "name")}
    found: Clauses = {}
    for decision in decisions:
        application = decision.case.application
        held = {grant.pk for grant in application.grants.all()} | {application.grant_id}
        for condition in decision.conditions:  # the newest decision that set it counts
            code, text = condition.get("category", ""), condition.get("text", "")
            name = names.get((decision.guidelines_id, code))
            if name:
                found |= {(pk, code, text): Clause(name, decision.guidelines.version) for pk in held if pk}
    return found


def practices_of(grant: Grant) -> list[Practice]:
    """Return the safety practices that the grant's conditions touch."""
    if not grant.conditions:
        return []
    return practices.touching(grant.program.slug, practices.domains_of([], grant.conditions))


def _key(key: Key, grant: Grant, at: datetime) -> ShownKey:
    secrets = list(key.secrets.all())
    old = next(
        (each for each in secrets[1:] if each.ended_at is None and each.expires_at and each.expires_at > at),
        None,
    )
    return ShownKey(_shown(key, grant, at), key, secrets[0] if secrets else None, old)


def _shown(key: Key, grant: Grant, at: datetime) -> Shown:
    if key.state == KeyState.EXPIRED and key.opened_at is None:
        return Shown.OVER
    if key.state in (KeyState.REVOKED, KeyState.EXPIRED):
        return Shown(key.state)
    if key.expires_at <= at or grant.expires_at <= at:
        return Shown.EXPIRED
    if grant.state == GrantState.SUSPENDED or grant.sanctioned_since or key.sanctioned_since:
        return Shown.STOPPED
    if key.state == KeyState.ISSUED:
        return Shown.READY if key.open_by > at else Shown.OVER
    return Shown(key.state)
