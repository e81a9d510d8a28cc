"""Write the gateway's projection anew, from PostgreSQL."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from onboarding import projection


class Command(BaseCommand):
    help = "Writes what the gateway knows of each opened key into Redis, from PostgreSQL. Safe at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = projection.rebuild()
        except (RedisError, OSError) as error:
            raise CommandError(
                f"Redis does not answer ({type(error).__name__}). Look at REDIS_URL."
            ) from None
        said = json.dumps({"ok": True, "written": written}) if options["json"] else f"{written} keys written."
        self.stdout.write(said)
