"""Count a quarter for the public report."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import clock, seals
from audit.models import Seal
from transparency import jobs
from transparency.domain import days, quarters, reports
from transparency.states import ReportState


class Command(BaseCommand):
    help = (
        "Takes the figures of days that are over, seals the ledger, and counts a quarter (such as 2026Q3) as a draft "
        "of the public report, up to the newest seal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("quarter", nargs="?", help="Such as 2026Q3.")
        parser.add_argument("--period", help="The same, such as 2026-Q3.")
        parser.add_argument("--seal", type=int, help="Count up to this seal, as an earlier report did.")
        parser.add_argument("--why", default="", help="Of a correction: why; it is published.")
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, **options: Any) -> None:
        said = options["quarter"] or options["period"]
        if not said:
            raise CommandError("Say which quarter, such as 2026Q3.")
        at = clock.now()
        try:
            quarter, seal = quarters.named(said), _seal(options["seal"])
            while days.take_owed(at=at):
                pass
            seals.seal(at=at)
            asked = reports.ask(quarter, by=None, at=at, why=options["why"], seal=seal)
        except (
            quarters.BadQuarter,
            quarters.NotOver,
            reports.NotSealed,
            reports.NotTaken,
            reports.SayWhy,
        ) as refusal:
            raise CommandError(str(refusal)) from None
        made = jobs.build(asked.pk)
        if made is None or made.state != ReportState.DRAFT:
            raise CommandError(made.problem if made else "A worker is counting it; look in the admin.")
        told = {"report": made.pk, "quarter": made.quarter, "seal": made.seal.number, "digest": made.digest}
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(
                "Draft {report} of {quarter}, up to seal {seal}. SHA-256 {digest}.".format(**told)
                + " A second person reviews it in the admin."
            )


def _seal(number: int | None) -> Seal | None:
    if number is None:
        return None
    found = Seal.objects.filter(number=number).first()
    if found is None:
        raise CommandError(f"There is no seal {number}.")
    return found
