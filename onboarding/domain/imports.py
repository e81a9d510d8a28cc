"""Import an existing waiting list: a stream of rows in, applications that wait for a reviewer out.

A row is imported whole or not at all. Rows are written set-based, in one transaction a chunk, so that memory
stays flat however long the list is; a second run of the same list skips what the first one kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.domain import owners
from accounts.models import Owner, User
from audit import ledger
from audit.events import Event
from onboarding.domain import answers, questions, triage
from onboarding.domain.answers import Paper, Reading
from onboarding.domain.mappings import LONGEST_NAME, NO_ID, TITLE, BadRow, Mapping, Row, RowReader
from onboarding.domain.records import Broken, Record, Records, clipped
from onboarding.domain.triage import Judgement
from onboarding.models import Application, Program, QuestionSet, Revision
from onboarding.states import ApplicationState, Stage
from outbox import hints
from policies.domain import guidelines
from policies.models import GuidelineVersion

CHUNK = 1_000  # rows a transaction
CHUNK_CHARACTERS = 4_000_000  # or this much text, whichever comes first: long rows must not pile up
MOST_LISTED = 10_000  # problems kept for the report; all are counted


class ClosedToImports(Exception):
    def __init__(self, program: Program):
        super().__init__(
            _("%(program)s is closed: nobody can be put on its waiting list.") % {"program": program}
        )


@dataclass(frozen=True)
class Problem:
    """Why the row that begins on this line was not imported."""

    line: int
    problem: str


@dataclass
class Outcome:
    """What an import did so far: rows = imported + skipped + failed.

    `errors` holds the first MOST_LISTED of the failed; `short` counts imported rows with a text shorter than
    the form asks for.
    """

    rows: int = 0
    imported: int = 0
    skipped: int = 0
    failed: int = 0
    short: int = 0
    bytes_read: int = 0
    errors: list[Problem] = field(default_factory=list)

    def add(self, problems: list[Problem]) -> None:
        self.failed += len(problems)
        self.errors += problems[: max(0, MOST_LISTED - len(self.errors))]


@dataclass(frozen=True)
class Purpose:
    """Where rows go, on whose behalf, and what they are judged by: the same for all rows of a list."""

    program: Program
    question_set: QuestionSet
    paper: Paper
    guidelines: GuidelineVersion
    person: User | None
    owner: Owner | None
    by: ledger.Actor
    at: datetime


def import_list(
    stream: BinaryIO,
    *,
    name: str,
    program: Program,
    by: ledger.Actor,
    at: datetime,
    mapping: Mapping | None = None,
    owner: User | None = None,
    dry_run: bool = False,
    told: Callable[[Outcome, list[Problem]], None] | None = None,
) -> Outcome:
    """Import a list (CSV or JSONL bytes, read once from front to back) and return what became of its rows.

    With `owner`, all rows belong to that person, who may later accept; without, each has an owner of its own
    whom nobody can act for: it is reviewed and never admitted. `told` hears of each chunk and its problems.
    Raises ClosedToImports, records.UnreadableFile, mappings.BadMapping, questions.NoQuestions,
    guidelines.NoGuidelines.
    """
    if program.stage == Stage.CLOSED:
        raise ClosedToImports(program)
    question_set = questions.current()
    version = guidelines.in_force()
    records = Records(stream, name=name)
    with questions.as_written():  # what is judged is kept
        paper = answers.paper(questions.of(question_set), program)
    reader = RowReader(mapping or Mapping(), paper=paper, columns=records.columns)
    whose = owners.of_person(owner) if owner and not dry_run else None
    purpose = Purpose(program, question_set, paper, version, owner, whose, by, at)
    outcome = Outcome()
    with _SeenIds() as seen:
        for rows, broken in _chunks(records, reader):
            fresh, known, doubled = _sorted_out(rows, purpose, seen, dry_run)
            problems = sorted(broken + doubled, key=lambda problem: problem.line)
            outcome.rows += len(rows) + len(broken)
            outcome.imported += len(fresh)
            outcome.short += sum(bool(row.short) for row in fresh)
            outcome.skipped += known
            outcome.bytes_read = records.lines.bytes_read
            outcome.add(problems)
            if told:
                told(outcome, problems)
    return outcome


def _chunks(records: Records, reader: RowReader) -> Iterator[tuple[list[Row], list[Problem]]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    size = 0
    for record in records:
        found = _read(record, reader)
        if isinstance(found, Row):
            rows.append(found)
            size += found.size
        else:
            problems.append(found)
        if len(rows) + len(problems) >= CHUNK or size >= CHUNK_CHARACTERS:
            yield rows, problems
            rows, problems, size = [], [], 0
    if rows or problems:
        yield rows, problems


def _read(record: Record | Broken, reader: RowReader) -> Row | Problem:
    if isinstance(record, Broken):
        return Problem(record.line, record.problem)
    try:
        return reader.row(record)
    except BadRow as error:
        return Problem(record.line, str(error))


@transaction.atomic
def _sorted_out(
    rows: list[Row], purpose: Purpose, seen: "_SeenIds", dry_run: bool
) -> tuple[list[Row], int, list[Problem]]:
    """Keep what is new of a chunk; return it, how many were there already, and repetitions within the list.

    The program's row is locked, so two imports of one list at once cannot both find a row new.
    """
    if Program.objects.select_for_update(no_key=True).get(pk=purpose.program.pk).stage == Stage.CLOSED:
        raise ClosedToImports(purpose.program)
    first, doubled = seen.add(rows)
    there = _there_already(first, purpose.program)
    fresh = [row for row in first if row.external_id not in there]
    if fresh and not dry_run:
        _keep(fresh, purpose)
    return fresh, len(first) - len(fresh), doubled


def _there_already(rows: list[Row], program: Program) -> set[str]:
    """Return which external ids the program has.

    The condition on the empty id is what lets PostgreSQL use the partial unique index for so long a list.
    """
    found = Application.objects.filter(program=program, external_id__in=[row.external_id for row in rows])
    return set(found.exclude(external_id="").values_list("external_id", flat=True))


def _keep(rows: list[Row], purpose: Purpose) -> None:
    """Write rows as applications that are submitted and wait for their case: a fixed number of statements."""
    program, at = purpose.program, purpose.at
    with questions.as_written():
        judged = [
            triage.judge_reading(Reading(purpose.paper, row.answers), guidelines=purpose.guidelines)
            for row in rows
        ]
    whose = [purpose.owner] * len(rows) if purpose.owner else _owners_nobody_acts_for(rows)
    made = Application.objects.bulk_create(
        Application(
            program=program,
            owner=owner,
            applicant=purpose.person,
            title=row.answers[TITLE][:LONGEST_NAME],
            question_set=purpose.question_set,
            answers=row.answers,
            external_id=row.external_id,
            facts=row.facts,
            lane=judgement.lane,
            risk_score=judgement.risk_score,
            risk_level=judgement.risk_level,
            started_at=at,
            submitted_at=at,
            saved_at=at,
        )
        for row, owner, judgement in zip(rows, whose, judged, strict=True)
    )
    _submit(made, judged, purpose)
    figures = {a.pk: {"short": list(row.short)} for a, row in zip(made, rows, strict=True) if row.short}
    ledger.record_many(
        Event.APPLICATION_IMPORTED, subjects=made, actor=purpose.by, at=at, program=program.slug, each=figures
    )
    transaction.on_commit(partial(hints.later, "reviews.tasks.open_owed"), robust=True)


def _submit(made: list[Application], judged: list[Judgement], purpose: Purpose) -> None:
    """Move drafts to submitted, each with its first revision."""
    Revision.objects.bulk_create(
        Revision(
            application=application,
            number=1,
            answers=application.answers,
            question_set=purpose.question_set,
            guidelines=purpose.guidelines,
            lane=judgement.lane,
            lane_reasons=judgement.lane_reasons,
            domains=judgement.domains,
            risk_score=judgement.risk_score,
            risk_level=judgement.risk_level,
            risk_parts=judgement.risk_parts,
            submitted_at=purpose.at,
            submitted_by=purpose.person,
        )
        for application, judgement in zip(made, judged, strict=True)
    )
    Application.objects.filter(pk__in=[application.pk for application in made]).update(
        state=ApplicationState.SUBMITTED, case_owed=True
    )


def _owners_nobody_acts_for(rows: list[Row]) -> list[Owner]:
    return Owner.objects.bulk_create(Owner(imported_as=row.called) for row in rows)


class _SeenIds:
    """The external ids met so far, with their lines: in a temporary table, so that memory stays flat."""

    TABLE = "import_seen_ids"

    def __enter__(self) -> "_SeenIds":
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{self.TABLE}")
            cursor.execute(
                f"CREATE TEMPORARY TABLE {self.TABLE} (external_id text PRIMARY KEY, line bigint NOT NULL)"
            )
        return self

    def __exit__(self, *error: Any) -> None:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{self.TABLE}")

    def add(self, rows: list[Row]) -> tuple[list[Row], list[Problem]]:
        """Return the rows whose id is met for the first time, and a problem for each of the others."""
        lines: dict[str, int] = {}
        for row in rows:
            lines.setdefault(row.external_id, row.line)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""INSERT INTO {self.TABLE} SELECT * FROM unnest(%s::text[], %s::bigint[])
                    ON CONFLICT DO NOTHING""",
                [list(lines), list(lines.values())],
            )
            cursor.execute(
                f"SELECT external_id, line FROM {self.TABLE} WHERE external_id = ANY(%s)", [list(lines)]
            )
            met: dict[str, int] = dict(cursor.fetchall())
        first = [row for row in rows if met[row.external_id] == row.line]
        return first, [
            Problem(row.line, _same_as(row, met[row.external_id]))
            for row in rows
            if met[row.external_id] != row.line
        ]


def _same_as(row: Row, line: int) -> str:
    if row.external_id.startswith(NO_ID):
        return _("The row is the same as the one on line %(line)s.") % {"line": line}
    return _("The id %(external_id)s is on line %(line)s already.") % {
        "external_id": clipped(row.external_id),
        "line": line,
    }
