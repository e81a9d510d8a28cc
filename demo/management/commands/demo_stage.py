"""Set the stage of `make demo`: staff in every role, and one empty program with small limits."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from audit import clock
from demo import journey, people
from demo.story import TEXTS
from onboarding.domain import programs
from onboarding.domain.programs import Limits
from onboarding.states import Environment
from policies.domain import weaknesses


class Command(BaseCommand):
    help = "Set the stage for `make demo` on a fresh development site."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION or User.objects.exists():
            raise CommandError("The stage is only for a fresh development site.")
        at = clock.now()
        staff = people.make_staff(at)
        programs.open_program(
            journey.SLUG,
            name="Demo model",
            summary="Writes docstrings.",
            models={journey.MODEL: "Demo 1"},
            limits=[
                Limits("trial", Environment.TEST, 1, 10),
                Limits("standard", Environment.LIVE, journey.LIMIT, 1000),
            ],
            by=staff["dora"],
            at=at,
            time_zone="Europe/Madrid",
            recall_minutes=0,
            refusal_recall_minutes=0,
        )
        weaknesses.publish(journey.SLUG, text=TEXTS["code-model"]["weaknesses"], by=staff["pia"], at=at)
