"""Give a fresh site what it cannot do without: guidelines, the application form, the built-in filter rules."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from audit import clock
from enforcement.domain import filter_builtin
from enforcement.models import FilterRule
from onboarding.domain import questions
from onboarding.models import QuestionSet
from policies.domain import guidelines
from policies.models import GuidelineVersion


class Command(BaseCommand):
    help = "Loads shipped guidelines, questions and filter rules where a site has none. Safe to run at every start."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        if not GuidelineVersion.objects.exists():
            guidelines.load(guidelines.shipped(), by="bootstrap", at=at)
        # Not `load` alone: it would put the shipped form back where a site has its own.
        if not QuestionSet.objects.filter(current=True).exists():
            questions.load(questions.shipped(), by="bootstrap", at=at)
        if not FilterRule.objects.exists():
            filter_builtin.load(at=at)
        version, asked = guidelines.in_force().version, questions.current()
        if options["json"]:
            self.stdout.write(json.dumps({"guidelines": version, "questions": asked.version}))
        else:
            self.stdout.write(
                f"Guidelines {version} are in force; new applications use question set {asked.version}."
            )
