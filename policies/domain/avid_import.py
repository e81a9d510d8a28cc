"""Take records of AVID's files into a program's known weaknesses, and leave alone what editors made of them since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from audit import ledger
from policies.domain import weakness_records
from policies.domain.weakness_records import Record
from policies.models import WeaknessRecord
from policies.states import Taken

# What AVID does not say: whoever imported it first or edited it since has said it.
OURS = ("severity", "status", "examples", "workaround", "must_read")


@dataclass(frozen=True)
class Found:
    """One record of a file: the revision that stands for it now, and whether the file changed anything."""

    row: WeaknessRecord
    taken: Taken


@transaction.atomic
def take(
    program_slug: str,
    read: Iterable[tuple[Record, dict[str, Any]]],
    *,
    by: ledger.Actor,
    at: datetime,
    tell: bool = True,
) -> list[Found]:
    """Publish what a file says and no earlier one said, as `avid.read` read it.

    A record whose source is what it was stays as it is, whatever editors made of it since. Of one that changed at AVID,
    severity, status and advice stay, and so does every text that an editor changed.
    """
    return [_take(program_slug, record, source, by, at, tell) for record, source in read]


def _take(
    program_slug: str, record: Record, source: dict[str, Any], by: ledger.Actor, at: datetime, tell: bool
) -> Found:
    revisions = WeaknessRecord.objects.filter(program=program_slug, code=record.code).order_by("-revision")
    imported = revisions.exclude(source={}).first()
    if imported and imported.source == source:
        return Found(revisions[0], Taken.KNOWN)
    latest = revisions.first()
    if latest:
        record = _merged(record, latest, imported or latest)
    row = weakness_records.publish(program_slug, record, by=by, at=at, source=source, tell=tell)
    if latest is None:
        return Found(row, Taken.NEW)
    return Found(row, Taken.KNOWN if row.pk == latest.pk else Taken.CHANGED)


def _merged(record: Record, latest: WeaknessRecord, imported: WeaknessRecord) -> Record:
    kept = {
        name: getattr(latest, name)
        for name in Record.model_fields
        if name in OURS or getattr(latest, name) != getattr(imported, name)
    }
    return weakness_records.checked(record.model_dump() | kept)
