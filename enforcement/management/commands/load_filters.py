"""Load the built-in filter rules."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import clock
from enforcement.domain import filter_builtin
from policies.domain import guidelines


class Command(BaseCommand):
    help = (
        "Loads the built-in filter rules, those that are new or changed. One that was measured to beat a plain keyword "
        "list is on, every other in shadow. What somebody edited or switched here stays as it is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = filter_builtin.load(at=clock.now())
        except guidelines.NoGuidelines as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(vars(loaded)))
            return
        for name, says in (
            ("on", "On"),
            ("shadow", "In shadow"),
            ("unchanged", "Unchanged"),
            ("left", "Left alone"),
        ):
            self.stdout.write(f"{says}: {', '.join(getattr(loaded, name)) or 'none'}.")
