"""Let the rules about unusual use look at every hour once it is copied: a payer, safe to run twice and beside itself.

A rule that is on flags, for a person to look at; at most it slows a grant down for a day (`throttles`). In shadow it
writes down what it would have flagged, and nothing else happens. Once for each rule, key and UTC day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Max

from enforcement.domain import flags, owed, unusual
from enforcement.domain.days import EPOCH_DAY
from enforcement.domain.hours import hour_of
from enforcement.domain.unusual import Hit
from enforcement.models import AnomalyFinding, AnomalyRule, UsageMark
from enforcement.models.usage import HOURS_A_DAY
from enforcement.states import AnomalyMode, FlagSource
from onboarding.models import Key

LOCK = 0x6761_7412  # first half of an advisory lock; the second is the rule
HOURS_AT_ONCE = 24  # a run catches up with so many; hours that are older are judged by no rule
WORKER = "anomalies"
NEAR = "14 days"

# Whether a person confirmed (or, with another state, decided) a flag about a grant near a moment, or one's own flag.
DECIDED_NEAR = f"""EXISTS (SELECT FROM enforcement_flag f WHERE f.state IN ({{states}}) AND (f.id = {{own}}
    OR f.grant_id = {{grant}}
    AND f.raised_at BETWEEN {{moment}} - interval '{NEAR}' AND {{moment}} + interval '{NEAR}'))"""
CONFIRMED_NEAR = DECIDED_NEAR.replace("{states}", "'confirmed'")
JUDGED_NEAR = DECIDED_NEAR.replace("{states}", "'confirmed', 'dismissed'")
_OF_FINDING = {"grant": "k.grant_id", "moment": "finding.found_at", "own": "finding.flag_id"}
MEASURE = f"""SELECT finding.rule_id, count(*), count(DISTINCT g.owner_id),
        count(*) FILTER (WHERE {JUDGED_NEAR.format(**_OF_FINDING)}),
        count(*) FILTER (WHERE {CONFIRMED_NEAR.format(**_OF_FINDING)})
    FROM enforcement_anomalyfinding finding JOIN onboarding_key k ON k.id = finding.key_id
    JOIN onboarding_grant g ON g.id = k.grant_id WHERE finding.found_at >= %s GROUP BY finding.rule_id"""


@dataclass(frozen=True)
class Measure:
    """What a rule found: hits (keys and days), owners, and of the hits that people decided near, the confirmed."""

    hits: int = 0
    owners: int = 0
    judged: int = 0
    confirmed: int = 0

    @property
    def share(self) -> int | None:
        """Per cent confirmed of what was decided; None where nothing was."""
        return round(100 * self.confirmed / self.judged) if self.judged else None


def find_owed(*, at: datetime) -> int:
    """Judge the hours that are over and copied by every rule in use; return how many findings are new.

    A rule that fails for an hour is logged and leaves that hour out: it must not keep the others from going on.
    """
    mark = UsageMark.objects.filter(pk=1).aggregate(until=Max("copied_until_at"), judged=Max("judged_hour"))
    if mark["until"] is None:
        return 0
    last = hour_of(mark["until"]) - 1
    rules = AnomalyRule.objects.exclude(mode=AnomalyMode.OFF).order_by("pk")
    found = 0
    for hour in range(max(mark["judged"] + 1, last - HOURS_AT_ONCE + 1), last + 1):
        found += owed.settle_each(
            rules, partial(_judge, hour=hour, at=at), what=f"Hour {hour}, by rule about unusual use"
        )
        UsageMark.objects.filter(pk=1, judged_hour__lt=hour).update(judged_hour=hour)
    return found


def measures(*, since: datetime) -> dict[int, Measure]:
    """Return what each rule found since then, by the rule's primary key."""
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, [since])
        return {rule: Measure(*figures) for rule, *figures in cursor.fetchall()}


def _judge(rule: int, *, hour: int, at: datetime) -> int:
    return judge(AnomalyRule.objects.get(pk=rule), hour=hour, at=at)


@transaction.atomic
def judge(rule: AnomalyRule, *, hour: int, at: datetime) -> int:
    """Write down what a rule finds about the day that ends with this hour; return how many findings are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, rule.pk])
    rule.refresh_from_db()
    if rule.mode == AnomalyMode.OFF:
        return 0
    on = EPOCH_DAY + timedelta(days=hour // HOURS_A_DAY)
    known = set(AnomalyFinding.objects.filter(rule=rule, on=on).values_list("key_id", flat=True))
    new = [
        hit
        for hit in unusual.hits(rule.kind, hour=hour, threshold=rule.threshold, minimum=rule.minimum)
        if hit.key not in known
    ]
    keys = Key.objects.select_related("grant__owner").in_bulk([hit.key for hit in new])
    for hit in new:
        _keep(rule, hit, keys[hit.key], hour=hour, at=at)
    return len(new)


def _keep(rule: AnomalyRule, hit: Hit, key: Key, *, hour: int, at: datetime) -> AnomalyFinding:
    on = EPOCH_DAY + timedelta(days=hour // HOURS_A_DAY)
    flag = None
    if rule.mode == AnomalyMode.ON:
        flag = flags.record(
            source=FlagSource.ANOMALY,
            owner=key.grant.owner,
            grant=key.grant,
            key=key,
            rule=rule.code,
            rule_version=rule.version,
            figures=hit.figures | {"says": hit.says},
            by=WORKER,
            at=at,
            idempotency=f"{rule.pk}:{key.pk}:{on}",
        )
    return AnomalyFinding.objects.create(
        rule=rule, key=key, on=on, hour=hour, is_shadow=flag is None, figures=hit.figures, says=hit.says[:400],
        found_at=at, flag=flag,
    )  # fmt: skip
