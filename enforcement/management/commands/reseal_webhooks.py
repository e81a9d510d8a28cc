"""Bring the secret of every webhook under the newest key."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from enforcement.domain import webhooks


class Command(BaseCommand):
    help = "Encrypts secrets of webhooks under the newest of FIELD_KEYS; then older keys may be taken out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, **options: Any) -> None:
        changed = webhooks.reseal()
        said = json.dumps({"resealed": changed}) if options["json"] else f"{changed} encrypted anew."
        self.stdout.write(said)
