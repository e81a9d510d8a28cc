"""Import an existing waiting list into a program, from a CSV or JSONL file."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from audit import clock
from onboarding.domain import imports, mappings, questions
from onboarding.domain.imports import Outcome, Problem
from onboarding.domain.mappings import BadMapping, Mapping
from onboarding.domain.questions import NoQuestions
from onboarding.domain.records import UnreadableFile
from onboarding.models import Program
from policies.domain.guidelines import NoGuidelines

REFUSALS = (UnreadableFile, BadMapping, imports.ClosedToImports, NoQuestions, NoGuidelines)
HELP = """Import an existing waiting list (CSV or JSONL, UTF-8) into a program.

Each row becomes an application that waits for a reviewer. Usual names are understood: title or name;
description, purpose, summary or text; id, uid or external_id (else the row's content is its id). Other
fields are kept as imported facts; fields called human_... are never imported. Only types and hard ceilings
are checked: short or missing answers are marked. A row with a problem is reported by line, and nothing of it
is kept; the other rows are imported. Running a list again skips the rows that are there.

Exit status: 0 when the file was read to its end, even if rows had problems; 1 when the file could not be
imported (no such file or program, unreadable mapping, empty file, ...) or not one of its rows was usable.
With --json the last line is {"rows", "imported", "skipped", "errors": [{"line", "problem"}], "failed",
"short"}; `errors` lists the first 10,000, `failed` counts all."""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", help="the list: .csv, .tsv, .jsonl; else told by its content"
        )
        parser.add_argument("--program", required=True, metavar="SLUG", help="the program it goes into")
        parser.add_argument("--mapping", metavar="FILE.yaml", help="one `field: question` a line")
        parser.add_argument(
            "--owner", metavar="EMAIL", help="the account all rows belong to, who may later accept"
        )
        parser.add_argument("--dry-run", action="store_true", help="check and count, keep nothing")
        parser.add_argument("--json", action="store_true", help="print the report as one JSON line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = self._import(options)
        except CommandError as refusal:
            if options["json"]:
                self._write_json(Outcome(errors=[Problem(0, str(refusal))]))
            raise
        if options["json"]:
            self._write_json(outcome)
        else:
            self._write_summary(outcome, options)
        if outcome.rows == outcome.failed:
            raise CommandError("Not one row could be imported.")

    def _import(self, options: dict[str, Any]) -> Outcome:
        program = _program(options["program"])
        owner = _owner(options["owner"]) if options["owner"] else None
        path = _file(options["file"])
        try:
            with path.open("rb") as stream:
                return imports.import_list(
                    stream,
                    name=path.name,
                    program=program,
                    mapping=_mapping(options["mapping"]) if options["mapping"] else None,
                    owner=owner,
                    dry_run=options["dry_run"],
                    by="import_applications",
                    at=clock.now(),
                    told=None if options["json"] else self._tell,
                )
        except REFUSALS as refusal:
            raise CommandError(f"{path}: {refusal}") from None
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None

    def _tell(self, outcome: Outcome, problems: list[Problem]) -> None:
        for problem in problems:
            self.stdout.write(f"line {problem.line}: {problem.problem}")

    def _write_json(self, outcome: Outcome) -> None:
        report = {name: getattr(outcome, name) for name in ("rows", "imported", "skipped")}
        report |= {"errors": [asdict(error) for error in outcome.errors]}
        self.stdout.write(
            json.dumps(report | {"failed": outcome.failed, "short": outcome.short}, ensure_ascii=False)
        )

    def _write_summary(self, outcome: Outcome, options: dict[str, Any]) -> None:
        would = "would be imported" if options["dry_run"] else "imported"
        self.stdout.write(
            f"{outcome.rows:,} rows: {outcome.imported:,} {would} ({outcome.short:,} with a text shorter "
            f"than the form asks for), {outcome.skipped:,} skipped because they are there, "
            f"{outcome.failed:,} with a problem."
        )


def _program(slug: str) -> Program:
    program = Program.objects.filter(slug=slug).first()
    if program is None:
        slugs = ", ".join(Program.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no program {slug!r}. There is: {slugs}.")
    return program


def _owner(email: str) -> User:
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise CommandError(
            f"Nobody has an account with the e-mail {email}. They must sign up before you import for them."
        )
    return user


def _file(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        raise CommandError(f"{path} is a directory. Name one file.")
    if not path.exists():
        raise CommandError(f"There is no file {path}.")
    return path


def _mapping(name: str) -> Mapping:
    path = _file(name)
    try:
        with path.open("rb") as stream:
            source = stream.read(mappings.MAPPING_BYTES + 1)
    except OSError as error:
        raise CommandError(f"The mapping {path} cannot be read: {error.strerror}.") from None
    return mappings.read(source, form=questions.of(questions.current()))
