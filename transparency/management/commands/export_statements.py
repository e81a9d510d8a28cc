"""Statements of reasons of a quarter, for the DSA Transparency Database."""

import csv
import json
from argparse import ArgumentParser
from dataclasses import asdict, fields
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from transparency.domain import quarters, statements


class Command(BaseCommand):
    help = "Prints the statements of reasons of a quarter as CSV, in the fields of the DSA Transparency Database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("quarter", help="Such as 2026Q3.")
        parser.add_argument("--json", action="store_true", help="One JSON object a line instead.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = statements.of(quarters.named(options["quarter"]))
        except quarters.BadQuarter as refusal:
            raise CommandError(str(refusal)) from None
        if options["json"]:
            for each in found:
                self.stdout.write(json.dumps(asdict(each), ensure_ascii=False))
            return
        rows = csv.writer(self.stdout, lineterminator="\n")
        rows.writerow([field.name for field in fields(statements.Statement)])
        for each in found:
            rows.writerow(asdict(each).values())
