"""Records of known weaknesses: published revision by revision, found by the uses they touch."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.domain.marked import unkeepable
from policies.models import WeaknessRecord
from policies.states import Gravity, WeaknessStatus

LOCK = 0x6761_7465_0005  # advisory lock: one new revision at a time
GRAVEST_FIRST = (Gravity.CRITICAL, Gravity.HIGH, Gravity.MODERATE, Gravity.LOW)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


class BadRecord(Exception):
    """A record that was not published; `problems` say what is wrong, each with its place."""

    def __init__(self, problems: Iterable[str]):
        self.problems = list(problems)
        super().__init__(" ".join(self.problems))


class Reference(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=1000)]


class Record(BaseModel):
    """What a record says; `must_read` are codes of scrutiny domains, none meaning every use."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    title: Line
    problem_class: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] = ""
    risk_domains: list[Line] = []
    effects: list[Line] = []
    lifecycle: list[Line] = []
    severity: Gravity
    status: WeaknessStatus = WeaknessStatus.OPEN
    affected: Long = ""
    description: Annotated[Long, StringConstraints(min_length=1)]
    examples: Long = ""
    workaround: Long = ""
    must_read: list[Code] = []
    references: list[Reference] = []
    found_by: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    found_on: date | None = None


def checked(said: dict[str, Any]) -> Record:
    """Return a record that can be published. Raises BadRecord, which names each place."""
    if unkeepable(json.dumps(said, default=str)):
        raise BadRecord([_("A character of the text cannot be kept: NUL, or half of a pair. Take it out.")])
    try:
        return Record.model_validate(said)
    except ValidationError as error:
        raise BadRecord(
            f"{'.'.join(map(str, one['loc'])) or _('the record')}: {plainly(one)}." for one in error.errors()
        ) from None


@transaction.atomic
def publish(
    program_slug: str, record: Record, *, by: ledger.Actor, at: datetime, source: dict[str, Any] | None = None,
    tell: bool = True,
) -> WeaknessRecord:  # fmt: skip
    """Publish what is known now as the record's next revision; the same again changes nothing.

    Holders whose use it touches are written to by a payer; nobody is with `tell` off.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    said = record.model_dump(mode="json")
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    latest = find(program_slug, record.code)
    if latest and latest.digest == digest:
        return latest
    made = WeaknessRecord.objects.create(
        program=program_slug,
        revision=latest.revision + 1 if latest else 1,
        digest=digest,
        source=source or {},
        published_at=at,
        published_by=by if isinstance(by, User) else None,
        holders_told_at=None if tell else at,
        **said | {"found_on": record.found_on},
    )
    ledger.record(
        Event.WEAKNESS_RECORDED, subject=made, actor=by, at=at, program=program_slug, code=made.code,
        revision=made.revision, status=made.status, **({} if tell else {"told": "nobody"}),
    )  # fmt: skip
    return made


def find(program_slug: str, code: str) -> WeaknessRecord | None:
    """Return the last revision of a record, or None."""
    return WeaknessRecord.objects.filter(program=program_slug, code=code).order_by("-revision").first()


def of(program_slug: str) -> list[WeaknessRecord]:
    """Return what stands: the last revision of each record that was not withdrawn, the gravest first."""
    rows = WeaknessRecord.objects.filter(program=program_slug).newest()
    found = rows.exclude(status=WeaknessStatus.WITHDRAWN).defer("source")
    return gravest_first(found)


def gravest_first(rows: Iterable[WeaknessRecord]) -> list[WeaknessRecord]:
    """Return records in the order in which they are shown."""
    return sorted(rows, key=lambda row: (GRAVEST_FIRST.index(Gravity(row.severity)), row.code))


def touching(program_slug: str, domains: Iterable[str]) -> list[WeaknessRecord]:
    """Return what a use in these scrutiny domains must read: records for all, and those for one of its domains.

    What is fixed needs no reading.
    """
    ours = set(domains)
    return [
        row
        for row in of(program_slug)
        if row.status != WeaknessStatus.FIXED and (not row.must_read or ours & set(row.must_read))
    ]


def plainly(found: Any) -> str:
    """Return what pydantic found wrong, for whoever wrote it."""
    known = {
        "missing": _("is missing"),
        "string_pattern_mismatch": _("does not have the form asked for"),
        "string_too_short": _("must not be empty"),
        "extra_forbidden": _("is not a field of a record"),
    }
    return known.get(found["type"], found["msg"])
