"""Seal what each key was answered on a UTC day, once the day is over and copied: a payer, safe to run twice.

Days only grow (the database refuses anything else). A day that turns out to lack something, because an hour of it was
copied after all, gets another part with the difference, in the transaction that copied it. Each part's digest is in its
seal and in the ledger, and the ledger's own seals chain it (`audit.seals`).
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min

from audit import ledger
from audit.events import Event
from enforcement.models.usage import COLUMNS, HOURS_A_DAY, UsageHour, UsageMark, UsageSeal

LOCK = 0x6761_7465_0021  # advisory lock: one builder of days at a time
EPOCH_DAY = date(1970, 1, 1)
DAYS_AT_ONCE = 40  # of a run: a site that was away for long catches up over several

SUMS = ", ".join(f"sum(sign * {name}) AS {name}" for name in COLUMNS)
# What the hours of a day hold more than its parts so far.
LACKING = f"""
    WITH counted AS (
        SELECT 1 AS sign, key_id, {", ".join(COLUMNS)}, more FROM enforcement_usagehour
            WHERE hour >= %(first)s AND hour < %(first)s + {HOURS_A_DAY}
        UNION ALL
        SELECT -1, key_id, {", ".join(COLUMNS)}, more FROM enforcement_usageday WHERE "on" = %(on)s),
    named AS (
        SELECT key_id, jsonb_object_agg(name, many) AS more FROM (
            SELECT key_id, each.key AS name, sum(sign * each.value::bigint) AS many
            FROM counted, jsonb_each_text(more) AS each WHERE more <> '{{}}' GROUP BY key_id, each.key) AS summed
        WHERE many > 0 GROUP BY key_id),
    summed AS (SELECT key_id, {SUMS} FROM counted GROUP BY key_id)
    SELECT summed.key_id, {", ".join(COLUMNS)}, coalesce(named.more, '{{}}') AS more
    FROM summed LEFT JOIN named ON named.key_id = summed.key_id
    WHERE named.more IS NOT NULL OR {" OR ".join(f"{name} > 0" for name in COLUMNS)}"""
BUILD = f"""
    INSERT INTO enforcement_usageday (key_id, "on", part, {", ".join(COLUMNS)}, more)
    SELECT key_id, %(on)s, %(part)s, {", ".join(COLUMNS)}, more FROM ({LACKING}) AS lacking"""
# Of the rows of a part, each by itself first, so that no value can pose as its neighbour.
DIGEST = f"""encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(
        day.key_id, day."on", day.part, {", ".join(f"day.{name}" for name in COLUMNS)}, day.more)::text, 'UTF8')),
        ''::bytea ORDER BY day.key_id), ''::bytea)), 'hex')"""
SEALED = f"""SELECT count(*), {DIGEST} FROM enforcement_usageday day WHERE day."on" = %(on)s AND day.part = %(part)s"""


def build_owed(*, at: datetime) -> int:
    """Build and seal every UTC day that is over and copied; return how many."""
    until = UsageMark.objects.aggregate(until=Max("copied_until_at"))["until"]
    first = _first_unbuilt()
    if until is None or first is None:
        return 0
    over = (min(until, at).date() - first).days
    for number in range(min(over, DAYS_AT_ONCE)):
        _build(first + timedelta(days=number), at=at)
    return max(min(over, DAYS_AT_ONCE), 0)


def correct(*, oldest_hour: int, at: datetime) -> int:
    """Add what days that are sealed already lack, from this hour's day on; return how many parts were added.

    Called in the transaction that copied hours, so that a sealed day and its hours never differ.
    """
    oldest = EPOCH_DAY + timedelta(days=oldest_hour // HOURS_A_DAY)
    late = UsageSeal.objects.filter(on__gte=oldest, part=1).order_by("on").values_list("on", flat=True)
    return sum(_add(on, at=at) for on in list(late))


def _first_unbuilt() -> date | None:
    last = UsageSeal.objects.aggregate(last=Max("on"))["last"]
    if last is not None:
        return last + timedelta(days=1)
    hour = UsageHour.objects.aggregate(first=Min("hour"))["first"]
    return None if hour is None else EPOCH_DAY + timedelta(days=hour // HOURS_A_DAY)


@transaction.atomic
def _build(on: date, *, at: datetime) -> None:
    lock()
    if not UsageSeal.objects.filter(on=on).exists():
        _seal(on, 1, at=at)


def _add(on: date, *, at: datetime) -> int:
    lock()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({LACKING})", _of(on))
        if not cursor.fetchone()[0]:
            return 0
    _seal(on, 1 + UsageSeal.objects.filter(on=on).count(), at=at)
    return 1


def _seal(on: date, part: int, *, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BUILD, _of(on) | {"part": part})
        cursor.execute(SEALED, {"on": on, "part": part})
        rows, digest = cursor.fetchone()
    seal = UsageSeal.objects.create(on=on, part=part, rows=rows, digest=digest, sealed_at=at)
    ledger.record(
        Event.USAGE_SEALED,
        subject=seal,
        actor="usage",
        at=at,
        on=str(on),
        part=part,
        rows=rows,
        digest=digest,
    )


def lock() -> None:
    """Let nobody else seal a day, or copy into one that is over, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _of(on: date) -> dict[str, Any]:
    return {"on": on, "first": (on - EPOCH_DAY).days * HOURS_A_DAY}
