"""Import records of AVID as records of a program's known weaknesses."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit import clock
from onboarding.models import Program
from policies.domain import avid, weakness_records
from policies.domain.weakness_records import BadRecord, Record
from policies.states import Gravity


class Command(BaseCommand):
    help = (
        "Imports AVID's JSON files as records of a program's known weaknesses. A record that says something new is "
        "the next revision; the same again changes nothing; with a problem anywhere nothing is imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--program", required=True, help="The slug of the program.")
        parser.add_argument("--severity", choices=Gravity.values, default=Gravity.MODERATE)
        parser.add_argument(
            "--domain", action="append", default=[], help="A scrutiny domain that must read it; none: all."
        )
        parser.add_argument("--dry-run", action="store_true", help="Read and say, import nothing.")
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, files: list[Path], program: str, **options: Any) -> None:
        if not Program.objects.filter(slug=program).exists():
            raise CommandError(f"No program is called {program}.")
        read = self._read(files, options)
        before = {row.pk for row in weakness_records.of(program)}
        with transaction.atomic():
            at = clock.now()
            rows = [
                weakness_records.publish(program, record, by="command", at=at, source=source)
                for record, source in read
            ]
            new = [row for row in rows if row.pk not in before]
            if options["dry_run"]:
                transaction.set_rollback(True)
        said = {"read": len(rows), "new": len(new), "imported": 0 if options["dry_run"] else len(new)}
        if options["json"]:
            self.stdout.write(json.dumps(said))
            return
        for row in rows:
            word = f"revision {row.revision}" if row in new else "known already"
            self.stdout.write(f"{row} ({word})")
        done = "nothing was imported" if options["dry_run"] else f"{len(new)} imported"
        self.stdout.write(f"{len(rows)} records read, {len(new)} say something new; {done}.")

    def _read(self, files: list[Path], options: dict[str, Any]) -> list[tuple[Record, dict[str, Any]]]:
        found, problems = [], []
        for file in files:
            try:
                raw = file.read_bytes()
                found += avid.read(raw, severity=options["severity"], must_read=options["domain"])
            except OSError as error:
                problems.append(f"{file} cannot be read: {error.strerror}.")
            except BadRecord as bad:
                problems += [f"{file}: {problem}" for problem in bad.problems]
        if problems:
            raise CommandError("Nothing was imported.\n  " + "\n  ".join(problems))
        return found
