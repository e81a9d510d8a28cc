"""Write the ledger: one row per state change, in the transaction of the change."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from audit.events import Event
from audit.models import LedgerEntry

Actor = models.Model | str
CHUNK = 2000


class NotInATransaction(Exception):
    """The ledger was written outside the transaction of the change it tells."""

    def __init__(self) -> None:
        super().__init__(_("A ledger row is written in the transaction of the change it records."))


def name_of(actor: Actor) -> str:
    """Return `user:<pk>` for a person, `system:<name>` for a machine named by a plain word."""
    return f"system:{actor}" if isinstance(actor, str) else f"user:{actor.pk}"


def kind_of(subject: models.Model | type[models.Model]) -> str:
    """Return the name a subject's kind has in the ledger, such as `onboarding.application`."""
    return subject._meta.label_lower


def digest(text: str) -> str:
    """Return a salted SHA-256 of `text`: 8 bytes of salt and 16 of hash, hex; equal texts differ."""
    return _digest(text, salt=secrets.token_hex(8))


def is_digest_of(text: str, kept: str) -> bool:
    """Return whether this digest was made from this text, such as a written reason that still stands in its row."""
    return secrets.compare_digest(_digest(text, salt=kept.partition(":")[0]), kept)


def _digest(text: str, *, salt: str) -> str:
    return f"{salt}:{hashlib.sha256(f'{salt}{text}'.encode()).hexdigest()[:32]}"


def record(
    event: Event, *, subject: models.Model, actor: Actor, at: datetime, reason: str = "", **details: Any
) -> None:
    """Record one event; raises NotInATransaction outside a transaction."""
    record_many(event, subjects=[subject], actor=actor, at=at, reason=reason, **details)


def record_many(
    event: Event,
    *,
    subjects: Iterable[models.Model],
    actor: Actor,
    at: datetime,
    reason: str = "",
    each: dict[Any, dict[str, Any]] | None = None,
    **details: Any,
) -> None:
    """Record the same event for many subjects in one statement per CHUNK; `each` adds details by subject pk."""
    if not transaction.get_connection().in_atomic_block:
        raise NotInATransaction
    written_by, each = name_of(actor), each or {}
    LedgerEntry.objects.bulk_create(
        (
            LedgerEntry(
                at=at,
                event=event,
                subject_type=kind_of(subject),
                subject_id=str(subject.pk),
                actor=written_by,
                reason=reason,
                details=details | each.get(subject.pk, {}),
            )
            for subject in subjects
        ),
        batch_size=CHUNK,
    )


def record_selected(
    event: Event,
    *,
    subject: type[models.Model],
    ids: models.QuerySet[Any, Any],
    actor: Actor,
    at: datetime,
    reason: str = "",
    **details: Any,
) -> int:
    """Record the same event for each row a query finds, in one statement; return how many.

    `ids` selects one column, the subjects' primary keys, in the order the ledger is to have. What is written is what
    `record_many` would write, but no row passes through this process: its memory stays flat at any number. Raises
    NotInATransaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInATransaction
    select, params = ids.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {LedgerEntry._meta.db_table}
                (at, event, subject_type, subject_id, actor, reason, details)
                SELECT %s, %s, %s, chosen.id::text, %s, %s, %s::jsonb FROM ({select}) AS chosen (id)""",
            [at, event, kind_of(subject), name_of(actor), reason, json.dumps(details), *params],
        )
        return int(cursor.rowcount)


def record_each(
    event: Event,
    *,
    subject: type[models.Model],
    each: dict[int, dict[str, Any]],
    actor: Actor,
    at: datetime,
    reason: str = "",
) -> None:
    """Record the same event for rows known by primary key, each with details of its own, in one statement.

    What is written is what `record_many` would write, in the order of `each`, without an object for each row. Raises
    NotInATransaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInATransaction
    rows = [{"id": str(pk), "details": details} for pk, details in each.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO audit_ledgerentry (at, event, subject_type, subject_id, actor, reason, details)
               SELECT %s, %s, %s, row.id, %s, %s, row.details
               FROM json_to_recordset(%s::json) AS row(id text, details jsonb)""",
            [at, event, kind_of(subject), name_of(actor), reason, json.dumps(rows)],
        )


def of(subject: models.Model) -> models.QuerySet[LedgerEntry]:
    """Return the events of one subject, oldest first."""
    return LedgerEntry.objects.filter(subject_type=kind_of(subject), subject_id=str(subject.pk)).order_by(
        "id"
    )
