"""Seal the ledger with a hash chain, and prove that nothing under a seal has changed.

A seal covers whatever is committed and not yet covered, so entries whose transactions commit out of id order are
taken by the next seal. Entry hashes are computed by PostgreSQL over a canonical JSON array of the row.

The chain alone cannot tell that its newest seals were cut off together with what they covered: keep a seal's number and
hash somewhere else (`seal_ledger --json` prints them) and let `verify` look for it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from audit.models import Seal

LOCK = 0x6761_7465_0001  # advisory lock: one sealer at a time
LATE_AFTER = (
    "1 day"  # no transaction is open so long: a younger entry may wait, an older one was forgotten or forged
)

# Every column a reader relies on; times as microseconds since 1970, so no session setting changes the bytes.
ENTRY_HASH = """sha256(convert_to(jsonb_build_array(
    e.id, (extract(epoch from e.at) * 1000000)::bigint, (extract(epoch from e.recorded_at) * 1000000)::bigint,
    e.event, e.subject_type, e.subject_id, e.actor, e.reason, e.details)::text, 'UTF8'))"""

UNSEALED = "NOT EXISTS (SELECT FROM audit_sealedentry s WHERE s.entry_id = e.id)"

TAKE = f"""INSERT INTO audit_sealedentry (entry_id, seal_id, hash)
    SELECT e.id, %s, {ENTRY_HASH} FROM audit_ledgerentry e WHERE e.id = ANY(%s)"""

LINK = f"""SELECT count(*), encode(sha256(convert_to(%s || ':' || %s, 'UTF8')
      || coalesce(string_agg(hash, ''::bytea ORDER BY id), '')), 'hex')
    FROM (SELECT e.id, {ENTRY_HASH} AS hash FROM audit_ledgerentry e WHERE e.id = ANY(%s)) AS taken"""

RELINK = """SELECT count(*), encode(sha256(convert_to(%s || ':' || %s, 'UTF8')
      || coalesce(string_agg(hash, ''::bytea ORDER BY entry_id), '')), 'hex')
    FROM audit_sealedentry WHERE seal_id = %s"""

FIRST_BAD = f"""SELECT s.entry_id, s.seal_id, e.id IS NULL
    FROM audit_sealedentry s LEFT JOIN audit_ledgerentry e ON e.id = s.entry_id
    WHERE e.id IS NULL OR s.hash <> {ENTRY_HASH} ORDER BY s.entry_id LIMIT 1"""

BACKDATED = f"""SELECT s.entry_id, s.seal_id FROM audit_sealedentry s
    JOIN audit_ledgerentry e ON e.id = s.entry_id JOIN audit_seal mine ON mine.id = s.seal_id
    JOIN audit_seal before ON before.number = mine.number - 1
    WHERE e.recorded_at < before.sealed_at - interval '{LATE_AFTER}' ORDER BY s.entry_id LIMIT 1"""

WAITING = f"""SELECT min(e.id) FROM audit_ledgerentry e
    WHERE e.recorded_at < clock_timestamp() - interval '{LATE_AFTER}' AND {UNSEALED}"""


@dataclass(frozen=True)
class Finding:
    """What `verify` found wrong first; `entry` is a ledger id where one can be named."""

    problem: str
    seal: int | None = None
    entry: int | None = None


@transaction.atomic
def seal(*, at: datetime) -> Seal | None:
    """Seal every committed entry no seal covers; return the new seal, or None when there is nothing to seal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(f"SELECT array_agg(e.id) FROM audit_ledgerentry e WHERE {UNSEALED}")
        ids = cursor.fetchone()[0]
        if not ids:
            return None
        previous = Seal.objects.order_by("-number").first()
        number, linked = (previous.number + 1, previous.hash) if previous else (1, "")
        cursor.execute(LINK, [linked, str(number), ids])
        entries, found = cursor.fetchone()
        made = Seal.objects.create(
            number=number, sealed_at=at, entries=entries, previous_hash=linked, hash=found
        )
        cursor.execute(TAKE, [made.pk, ids])
    return made


def verify(*, known: tuple[int, str] | None = None) -> Finding | None:
    """Recompute the whole chain; return the first thing wrong, or None when every seal holds.

    `known` is number and hash of a seal that was written down elsewhere: it must still be in the chain.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FIRST_BAD)
        if row := cursor.fetchone():
            entry, seal_, gone = row
            return Finding(
                "a sealed entry is gone" if gone else "a sealed entry was changed", _number(seal_), entry
            )
        if broken := _broken_link(cursor):
            return broken
        cursor.execute(BACKDATED)
        if row := cursor.fetchone():
            return Finding(
                "an entry claims to be older than the seal before its own", _number(row[1]), row[0]
            )
        cursor.execute(WAITING)
        if late := cursor.fetchone()[0]:
            return Finding(f"an entry is older than {LATE_AFTER} and under no seal", entry=late)
    if known and not Seal.objects.filter(number=known[0], hash=known[1]).exists():
        return Finding("the seal that was written down is not in the chain", known[0])
    return None


def _broken_link(cursor: CursorWrapper) -> Finding | None:
    """Follow the chain from the first seal; each must name the one before it and cover what it covered."""
    linked = ""
    for expected, seal_ in enumerate(Seal.objects.order_by("number"), start=1):
        if (seal_.number, seal_.previous_hash) != (expected, linked):
            return Finding(f"seal {expected} is missing or does not follow the one before it", seal_.number)
        cursor.execute(RELINK, [linked, str(seal_.number), seal_.pk])
        if cursor.fetchone() != (seal_.entries, seal_.hash):
            return Finding("the list of entries under this seal was changed", seal_.number)
        linked = seal_.hash
    return None


def _number(pk: int) -> int | None:
    return Seal.objects.filter(pk=pk).values_list("number", flat=True).first()
