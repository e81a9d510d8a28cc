"""Load usage guidelines from a file."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import clock
from policies.domain import guidelines, source
from policies.models import GuidelineVersion


class Command(BaseCommand):
    help = (
        "Loads usage guidelines from a YAML or JSON file. The first ones of a fresh site are in force at once; "
        "later ones become a draft, to be published in the admin. The same text again changes nothing; "
        "nothing is half loaded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        before = set(GuidelineVersion.objects.values_list("pk", flat=True))
        try:
            version = guidelines.load(source.checked(file.read_bytes()), by="command", at=clock.now())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except guidelines.BadGuidelines as error:
            raise CommandError(f"{file}: nothing was loaded.\n  " + "\n  ".join(error.problems)) from None
        except guidelines.VersionTaken as error:
            raise CommandError(f"{file}: {error}") from None
        new = version.pk not in before
        if options["json"]:
            self.stdout.write(json.dumps({"version": version.version, "state": version.state, "new": new}))
        elif new:
            self.stdout.write(f"Loaded {version}: {version.get_state_display().lower()}.")
        else:
            self.stdout.write(f"This text is here already as {version}; nothing changed.")
