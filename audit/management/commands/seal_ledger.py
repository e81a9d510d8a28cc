"""Seal the ledger: hash everything committed since the last seal into the chain."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from audit import clock, seals


class Command(BaseCommand):
    help = "Seals what no seal covers yet and prints the new seal. Keep its number and hash somewhere else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, **options: Any) -> None:
        seal = seals.seal(at=clock.now())
        if options["json"]:
            made = seal and {"number": seal.number, "entries": seal.entries, "hash": seal.hash}
            self.stdout.write(json.dumps({"ok": True, "seal": made}))
        elif seal:
            self.stdout.write(f"Seal {seal.number} over {seal.entries:,} entries: {seal.hash}")
        else:
            self.stdout.write("Every entry is under a seal already.")
