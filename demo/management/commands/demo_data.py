"""Fill a fresh development site with people and applications in every state."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import User
from audit import clock
from demo import PASSWORD, account, people
from demo.story import Story


class Command(BaseCommand):
    help = "Fill a fresh development site with demo data, made only by the product's own commands."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sign-ins", action="store_true", help="Only print who can sign in.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo data has published passwords; it is refused in production.")
        if not options["sign_ins"]:
            self._fill()
        if options["json"]:
            self.stdout.write(json.dumps({"password": PASSWORD, "people": [vars(row) for row in SIGN_INS]}))
        else:
            self._print()

    @transaction.atomic
    def _fill(self) -> None:
        if User.objects.exists():
            raise CommandError("This site has people already: demo data is only for a fresh one.")
        story = Story(clock.now())
        story.tell()
        account.tell(story.staff, start=story.start, at=story.agenda.now)

    def _print(self) -> None:
        self.stdout.write(f"Sign in with the password {PASSWORD} as")
        for row in SIGN_INS:
            self.stdout.write(f"  {row.email:<28} {row.role}")


SIGN_INS = people.STAFF + people.APPLICANTS
