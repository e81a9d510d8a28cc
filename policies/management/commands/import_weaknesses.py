"""Import records of AVID as records of a program's known weaknesses."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit import clock
from onboarding.models import Program
from policies.domain import avid, avid_import
from policies.domain.weakness_records import BadRecord, Record
from policies.states import Gravity, Taken


class Command(BaseCommand):
    help = (
        "Imports AVID's JSON files as records of a program's known weaknesses. A record that says something new is "
        "the next revision, and keeps the status editors gave it; the same again changes nothing; with a problem "
        "anywhere nothing is imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--program", required=True, help="The slug of the program.")
        parser.add_argument("--severity", choices=Gravity.values, default=Gravity.MODERATE)
        parser.add_argument(
            "--domain", action="append", default=[], help="A scrutiny domain that must read it; none: all."
        )
        parser.add_argument(
            "--tell-nobody", action="store_true", help="Write no letters to holders of access."
        )
        parser.add_argument("--dry-run", action="store_true", help="Read and say, import nothing.")
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, files: list[Path], program: str, **options: Any) -> None:
        if not Program.objects.filter(slug=program).exists():
            raise CommandError(f"No program is called {program}.")
        read = self._read(files, options)
        with transaction.atomic():
            found = avid_import.take(
                program, read, by="command", at=clock.now(), tell=not options["tell_nobody"]
            )
            if options["dry_run"]:
                transaction.set_rollback(True)
        new = sum(one.taken != Taken.KNOWN for one in found)
        if options["json"]:
            said = {"read": len(found), "new": new, "imported": 0 if options["dry_run"] else new}
            self.stdout.write(json.dumps(said))
            return
        for one in found:
            number = "" if one.taken == Taken.KNOWN else f", revision {one.row.revision}"
            self.stdout.write(f"{one.row} ({one.taken.label}{number})")
        done = "nothing was imported" if options["dry_run"] else f"{new} imported"
        self.stdout.write(f"{len(found)} records read, {new} say something new; {done}.")

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
