"""What filters hit: flags raised of it, rows dropped in time, and what it says about a rule."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.models import Owner
from enforcement.domain import flags, owed
from enforcement.domain.hours import hour_of
from enforcement.models import FilterHit
from enforcement.states import FlagSource
from reviews.domain.proportions import Share

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
BATCH = 500
NEAR = 14  # days between a hit and the flag that people decided on

COUNTED = """
    SELECT c.name, sum(c.hits), count(DISTINCT c.key_id), count(DISTINCT g.owner_id)
    FROM (SELECT h.key_id, e.key AS name, e.value::bigint AS hits
          FROM enforcement_usagehour h, jsonb_each_text(h.more) e
          WHERE h.hour >= %s AND (e.key LIKE 'hit:%%' OR e.key LIKE 'shadow:%%')) c
        JOIN onboarding_key k ON k.id = c.key_id JOIN onboarding_grant g ON g.id = k.grant_id
    GROUP BY c.name"""
FLAGGED = """
    SELECT f.rule || '.' || f.rule_version, count(*) FILTER (WHERE f.state = 'confirmed'),
        count(*) FILTER (WHERE f.state IN ('confirmed', 'dismissed'))
    FROM enforcement_flag f WHERE f.source = 'filter' AND f.raised_at >= %s GROUP BY 1"""
# A rule in shadow raises no flag. What people later said of the same access and category, whoever flagged it, tells.
NEARBY = f"""
    SELECT r.code || '.' || v.number, count(*) FILTER (WHERE d.confirmed), count(*)
    FROM enforcement_filterhit h JOIN enforcement_filterruleversion v ON v.id = h.version_id
        JOIN enforcement_filterrule r ON r.id = v.rule_id JOIN onboarding_key k ON k.id = h.key_id
        JOIN LATERAL (SELECT bool_or(f.state = 'confirmed') AS confirmed FROM enforcement_flag f
            WHERE f.grant_id = k.grant_id AND f.category = v.category AND f.state IN ('confirmed', 'dismissed')
                AND f.raised_at BETWEEN h.hit_at - interval '{NEAR} days' AND h.hit_at + interval '{NEAR} days') d
            ON d.confirmed IS NOT NULL
    WHERE NOT h.is_live AND h.hit_at >= %s GROUP BY 1"""


@dataclass(frozen=True)
class Figures:
    """What one version did in some days, or would have done in shadow; and what people then said."""

    hits: int = 0
    keys: int = 0
    owners: int = 0
    confirmed: Share | None = None


def figures(*, days: int, at: datetime) -> dict[str, Figures]:
    """Return the figures of each version by `hit:<rule>.<version>` and `shadow:<rule>.<version>`. Three queries."""
    since = at - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, [hour_of(since)])
        counted = {name: (int(hits), keys, owners) for name, hits, keys, owners in cursor.fetchall()}
        cursor.execute(FLAGGED, [since])
        told = {f"hit:{name}": Share(yes, of) for name, yes, of in cursor.fetchall() if of}
        cursor.execute(NEARBY, [since])
        told |= {f"shadow:{name}": Share(yes, of) for name, yes, of in cursor.fetchall() if of}
    return {
        name: Figures(*counted.get(name, (0, 0, 0)), told.get(name)) for name in counted.keys() | told.keys()
    }


def flag_owed(*, at: datetime) -> int:
    """Raise a flag of each hit that owes one; return how many.

    A payer: may run twice and beside itself. Flag and promise are one transaction, and the hit's number is the flag's
    mark. A hit no flag can be made of is left, and the log says why.
    """
    waiting = FilterHit.objects.filter(flag_owed=True).order_by("pk")
    return owed.settle_each(waiting, lambda pk: _flag(pk, at), what="The flag of hit")


@transaction.atomic
def _flag(pk: int, at: datetime) -> bool:
    waiting = FilterHit.objects.filter(pk=pk, flag_owed=True).select_for_update(
        skip_locked=True, of=("self",)
    )
    hit = waiting.select_related("version__rule", "key__grant__owner").first()
    if hit is None:
        return False
    hit.flag_owed = False
    hit.save(update_fields=["flag_owed"])
    try:
        flags.record(
            source=FlagSource.FILTER, owner=None, key=hit.key, end_user=hit.end_user, rule=hit.version.rule.code,
            rule_version=hit.version.number, category=hit.version.category, excerpt=hit.excerpt,
            figures={"score": hit.score, "threshold": hit.version.threshold, "action": hit.version.action},
            by="filters", at=at, idempotency=f"hit:{hit.pk}",
        )  # fmt: skip
    except flags.BadFlag as problem:
        log.error("Hit %s raises no flag: %s", hit.pk, problem)
        return False
    return True


def drop_old(*, at: datetime) -> int:
    """Delete the rows that were kept long enough; return how many. Counters and flags stay. Safe to run twice."""
    old = FilterHit.objects.filter(hit_at__lt=at - KEPT, flag_owed=False).values("pk")[: 10 * BATCH]
    return FilterHit.objects.filter(pk__in=old).delete()[0]


def forget(owners: Iterable[Owner | int]) -> None:
    """Delete what was kept of the keys of these owners."""
    FilterHit.objects.filter(key__grant__owner__in=owners).delete()
