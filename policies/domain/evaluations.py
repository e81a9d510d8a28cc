"""Results of evaluations: proposed by one policy editor, published by another; a correction is the next revision."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.domain.marked import unkeepable
from policies.domain.weakness_records import Code, Line, Long, plainly
from policies.models import Evaluation
from policies.states import EVALUATION_TRANSITIONS, EvaluationState

LOCK = (
    0x6761_7465_0052  # advisory lock: one publishing at a time, so that revisions are counted without a gap
)

Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
Needed = Annotated[Long, StringConstraints(min_length=1)]


class BadEvaluation(Exception):
    """A result that was not proposed; `problems` say what is wrong, each with its place."""

    def __init__(self, problems: Iterable[str]):
        self.problems = list(problems)
        super().__init__(" ".join(self.problems))


class SamePerson(Exception):
    def __init__(self) -> None:
        super().__init__(_("Somebody else has to publish this: who proposed a result does not publish it."))


class Overtaken(Exception):
    def __init__(self) -> None:
        super().__init__(
            _(
                "What was proposed after this is public already, and a correction comes last. Drop this one, or "
                "propose it anew."
            )
        )


class IllegalMove(Exception):
    def __init__(self, row: Evaluation):
        super().__init__(
            _("This result is “%(state)s” already.") % {"state": row.get_state_display().lower()}
        )


class Said(BaseModel):
    """What a record says; `weaknesses` are codes of the program's records of weaknesses."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    name: Line
    measures: Needed
    model: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    model_version: Short = ""
    evaluated_on: date
    method: Needed
    figure: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    unit: Short = ""
    interval: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    sample: Annotated[int, Field(ge=1, le=10**15)] | None = None
    limits: Needed
    source_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s<>\"]+)?$", max_length=1000)] = ""
    source_by: Line
    weaknesses: list[Code] = []


def checked(said: dict[str, Any]) -> Said:
    """Return a result that can be proposed. Raises BadEvaluation, which names each place."""
    if unkeepable(json.dumps(said, default=str)):
        raise BadEvaluation(
            [_("A character of the text cannot be kept: NUL, or half of a pair. Take it out.")]
        )
    try:
        return Said.model_validate(said)
    except ValidationError as error:
        raise BadEvaluation(
            f"{'.'.join(map(str, one['loc'])) or 'the record'}: {plainly(one)}." for one in error.errors()
        ) from None


@transaction.atomic
def propose(program_slug: str, said: Said, *, by: User, at: datetime) -> Evaluation:
    """Write a result down for a second person to publish; with a code that is public it is a correction."""
    if said.evaluated_on > at.date():
        raise BadEvaluation([_("The day lies ahead; write it down once it happened.")])
    words = said.model_dump(mode="json")
    digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
    made = Evaluation.objects.create(
        program=program_slug, digest=digest, proposed_at=at, proposed_by=by,
        **words | {"evaluated_on": said.evaluated_on},
    )  # fmt: skip
    _record(Event.EVALUATION_PROPOSED, made, by, at)
    return made


@transaction.atomic
def publish(row: Evaluation, *, by: User, at: datetime) -> Evaluation:
    """Publish it for good as a second person, as the next revision of its code.

    Raises IllegalMove, SamePerson, and Overtaken where a later proposal of the code is public.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    row = _locked(row, EvaluationState.PUBLISHED)
    if row.proposed_by_id == by.pk:
        raise SamePerson
    earlier = Evaluation.objects.filter(program=row.program, code=row.code)
    if earlier.filter(pk__gt=row.pk, state=EvaluationState.PUBLISHED).exists():
        raise Overtaken
    row.revision = (earlier.aggregate(last=Max("revision"))["last"] or 0) + 1
    row.state, row.published_at, row.published_by = EvaluationState.PUBLISHED, at, by
    row.save(update_fields=["state", "revision", "published_at", "published_by"])
    _record(Event.EVALUATION_PUBLISHED, row, by, at, revision=row.revision)
    return row


@transaction.atomic
def drop(row: Evaluation, *, by: User, at: datetime) -> Evaluation:
    """Leave a proposal unpublished; the staff still see it. Raises IllegalMove."""
    row = _locked(row, EvaluationState.DROPPED)
    row.state, row.dropped_at, row.dropped_by = EvaluationState.DROPPED, at, by
    row.save(update_fields=["state", "dropped_at", "dropped_by"])
    _record(Event.EVALUATION_DROPPED, row, by, at)
    return row


def published(program_slug: str) -> list[Evaluation]:
    """Return what is public, every revision: by code, the newest evaluation first, and of one its last revision."""
    found = list(Evaluation.objects.filter(program=program_slug, state=EvaluationState.PUBLISHED))
    newest = {row.code: row.evaluated_on for row in sorted(found, key=lambda row: row.revision or 0)}
    return sorted(found, key=lambda row: (-newest[row.code].toordinal(), row.code, -(row.revision or 0)))


def of(program_slug: str) -> list[Evaluation]:
    """Return the last public revision of each evaluation of a program, the newest evaluation first."""
    found: dict[str, Evaluation] = {}
    for row in published(program_slug):
        found.setdefault(row.code, row)
    return list(found.values())


def find(program_slug: str, code: str) -> Evaluation | None:
    """Return what was said last of an evaluation, published or proposed; None where nothing was."""
    said = Evaluation.objects.filter(program=program_slug, code=code)
    return said.exclude(state=EvaluationState.DROPPED).order_by("-pk").first()


def _locked(row: Evaluation, to: EvaluationState) -> Evaluation:
    row = Evaluation.objects.select_for_update().get(pk=row.pk)
    if to not in EVALUATION_TRANSITIONS[row.state]:
        raise IllegalMove(row)
    return row


def _record(event: Event, row: Evaluation, by: User, at: datetime, **more: Any) -> None:
    ledger.record(
        event, subject=row, actor=by, at=at, program=row.program, code=row.code, digest=row.digest, **more
    )
