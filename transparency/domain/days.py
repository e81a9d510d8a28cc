"""Take the figures of a UTC day once it is over, from rows that are blanked or deleted later.

A payer: it may run twice.

What applicants said of themselves goes when their account goes, filter hits go after 30 days, reviewers' minutes after
90. Counts of a day name nobody, stay, and are under the ledger's seals: a report counted years later is the same.
"""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry, Seal
from reviews.domain import care
from transparency.domain.quarters import Quarter
from transparency.models import DayFigures

LOCK = 0x6761_7465_0042  # advisory lock: one taker of days at a time
SETTLES = timedelta(hours=1)  # after midnight: what was open or under way then has ended
DAYS_AT_ONCE = 100  # of a run: a site that was away for long catches up over several
HITS_KEPT, MINUTES_KEPT = timedelta(days=29), timedelta(days=89)  # a day less than rows are kept for

APPLIED = """
    WITH sent AS (
        SELECT application.facts, revision.answers, applicant.language FROM audit_ledgerentry e
        JOIN onboarding_application application ON application.id = e.subject_id::bigint
        LEFT JOIN onboarding_revision revision ON revision.application_id = application.id
            AND revision.number = coalesce((e.details ->> 'revision')::int, 1)
        LEFT JOIN accounts_user applicant ON applicant.id = application.applicant_id AND applicant.erased_at IS NULL
        WHERE e.event IN ('application.submitted', 'application.imported') AND e.at >= %(from)s AND e.at < %(until)s),
    said AS (
        SELECT language, coalesce(nullif(answers ->> 'applicant_type', ''), facts ->> 'applicant_type') AS type,
            upper(coalesce(nullif(answers ->> 'country', ''), facts ->> 'country')) AS country FROM sent)
    SELECT 'type', type, count(*) FROM said WHERE type <> '' GROUP BY type
    UNION ALL SELECT 'country', country, count(*) FROM said WHERE country ~ '^[A-Z]{2}$' GROUP BY country
    UNION ALL SELECT 'language', language, count(*) FROM said WHERE language <> '' GROUP BY language"""
HITS = """
    SELECT 'filtered', version.category, count(*) FROM enforcement_filterhit hit
    JOIN enforcement_filterruleversion version ON version.id = hit.version_id
    WHERE hit.is_live AND hit.hit_at >= %(from)s AND hit.hit_at < %(until)s GROUP BY version.category"""
TEAM = """
    WITH open AS (
        SELECT reviewer_id, severe, extract(epoch FROM coalesce(ended_at, ends_by) - opened_at) AS seconds
        FROM reviews_exposure WHERE opened_at >= %(from)s AND opened_at < %(until)s),
    each AS (
        SELECT open.reviewer_id, part.key AS category, max(part.value::int) AS severity, sum(seconds) AS seconds
        FROM open CROSS JOIN jsonb_each_text(severe) AS part GROUP BY open.reviewer_id, part.key)
    SELECT 'team', 'severe_minutes', coalesce(round(sum(seconds) / 60), 0)::bigint FROM open
    UNION ALL SELECT 'team', 'caps_reached', count(*) FROM each
    LEFT JOIN reviews_categorychoice choice USING (reviewer_id, category)
    WHERE seconds >= 60 * CASE WHEN choice.minutes IS NOT NULL THEN least(choice.minutes, %(most)s)
        WHEN severity = 3 THEN %(grave)s ELSE %(harm)s END"""

# Under a seal: the figures of a quarter's last day (days are taken in order), the gateways' days up to its last one,
# and each part of them. A site whose gateways never counted anything has no such days.
ARE_SEALED = """
    WITH sealed AS (
        SELECT e.event, e.subject_id FROM audit_ledgerentry e JOIN audit_sealedentry s ON s.entry_id = e.id
        JOIN audit_seal seal ON seal.id = s.seal_id
        WHERE seal.number <= %(seal)s AND e.event IN ('figures.taken', 'usage.sealed')),
    hours AS (SELECT FROM enforcement_usagehour WHERE hour < %(hour_after)s),
    parts AS (
        SELECT part."on", EXISTS (
            SELECT FROM sealed WHERE event = 'usage.sealed' AND subject_id = part.id::text) AS is_sealed
        FROM enforcement_usageseal part WHERE part."on" >= %(first)s AND part."on" <= %(last)s)
    SELECT EXISTS (SELECT FROM transparency_dayfigures day JOIN sealed ON sealed.event = 'figures.taken'
            AND sealed.subject_id = day.id::text WHERE day."on" = %(last)s)
        AND NOT EXISTS (SELECT FROM parts WHERE NOT is_sealed)
        AND (EXISTS (SELECT FROM enforcement_usageseal WHERE "on" >= %(last)s) OR NOT EXISTS (SELECT FROM hours))"""


def are_sealed(quarter: Quarter, seal: Seal) -> bool:
    """Return whether all that is counted day by day for a quarter is taken, and in the ledger up to this seal."""
    asked: dict[str, Any] = {
        "seal": seal.number, "first": quarter.start.date(), "last": quarter.last_day,
        "hour_after": int(quarter.until.timestamp()) // 3600,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(ARE_SEALED, asked)
        return cursor.fetchone()[0]


def take_owed(*, at: datetime) -> int:
    """Take the figures of every day that is over and settled, oldest first; return how many."""
    first, taken = _first_untaken(), 0
    if first is None:
        return 0
    for number in range(DAYS_AT_ONCE):
        on = first + timedelta(days=number)
        if _start(on) + timedelta(days=1) + SETTLES > at:
            break
        taken += _take(on, at=at)
    return taken


@transaction.atomic
def _take(on: date, *, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if DayFigures.objects.filter(on=on).exists():
        return 0
    figures = _count(on, at=at)
    text = json.dumps(figures, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    made = DayFigures.objects.create(on=on, figures=figures, digest=digest, taken_at=at)
    ledger.record(Event.FIGURES_TAKEN, subject=made, actor="transparency", at=at, on=str(on), digest=digest)
    return 1


def _count(on: date, *, at: datetime) -> dict[str, dict[str, int]]:
    start, rule = _start(on), care.rule()
    asked: dict[str, Any] = {
        "from": start, "until": start + timedelta(days=1),
        "most": rule.most_minutes, "grave": rule.grave_minutes, "harm": rule.minutes,
    }  # fmt: skip
    queries = [APPLIED]
    queries += [HITS] if at - start < HITS_KEPT else []
    queries += [TEAM] if at - start < MINUTES_KEPT else []
    figures: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        for query in queries:
            cursor.execute(query, asked)
            for table, cell, value in cursor.fetchall():
                figures.setdefault(table, {})[cell] = value
    return figures


def _first_untaken() -> date | None:
    last = DayFigures.objects.aggregate(last=Max("on"))["last"]
    if last is not None:
        return last + timedelta(days=1)
    first = LedgerEntry.objects.order_by("at").values_list("at", flat=True).first()
    return first and first.astimezone(UTC).date()


def _start(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=UTC)
