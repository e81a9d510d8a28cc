"""Print the weeks to come of a program: under its plan, under another rate, with a freeze. Writes nothing."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import clock
from onboarding.domain import counts, outlooks, simulation
from onboarding.domain.rates import MOST_PER_WEEK
from onboarding.domain.simulation import Played
from onboarding.models import Program

MOST_WEEKS = 520


class Command(BaseCommand):
    help = (
        "Plays through the weeks to come from the real line; what-if by rate and by freeze. Writes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", required=True, help="The program's short name, as in its address.")
        parser.add_argument(
            "--weeks", type=int, default=12, help=f"How many, 1 to {MOST_WEEKS}; 12 otherwise."
        )
        parser.add_argument("--per-week", type=int, help="Also under this rate.")
        parser.add_argument(
            "--from-week", type=int, default=2, help="… from this week on; 1 is the running one."
        )
        parser.add_argument("--freeze-from", type=int, help="Also with nobody let in from this week on.")
        parser.add_argument("--freeze-weeks", type=int, default=1, help="… for so many weeks.")
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        program = Program.objects.filter(slug=options["program"]).first()
        if program is None:
            known = ", ".join(Program.objects.order_by("slug").values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no program “{options['program']}”. There are: {known}.")
        played = _play(program, options)
        if options["json"]:
            said = {name: [asdict(week) for week in weeks] for name, weeks in played.items()}
            self.stdout.write(
                json.dumps({"program": program.slug, **said}, default=lambda at: at.isoformat())
            )
            return
        for name, weeks in played.items():
            self.stdout.write(f"{program}, {name.replace('_', ' ')}")
            self._table(program, weeks)

    def _table(self, program: Program, weeks: list[Played]) -> None:
        self.stdout.write(
            f"{'week of':12}{'seats':>11}{'invited':>11}{'accept':>11}{'again':>11}{'waiting':>13}"
        )
        for week in weeks:
            day = f"{week.starts_at.astimezone(program.zone):%d %b %Y}"
            accepted = "–" if week.accepted is None else f"{week.accepted:,}"
            self.stdout.write(
                f"{day:12}{week.seats:>11,}{week.invited:>11,}{accepted:>11}{week.again:>11,}{week.waiting:>13,}"
            )
        last = simulation.through(weeks)
        day = f"{last.starts_at.astimezone(program.zone):%d %B %Y}" if last else ""
        self.stdout.write(
            f"The line is through in the week of {day}.\n" if last else "The line is not through.\n"
        )


def _check(options: dict[str, Any]) -> None:
    """Refuse what makes no sense, each with a sentence."""
    for name, least, most in (
        ("weeks", 1, MOST_WEEKS),
        ("per_week", 0, MOST_PER_WEEK),
        ("from_week", 1, MOST_WEEKS),
        ("freeze_from", 1, MOST_WEEKS),
        ("freeze_weeks", 1, MOST_WEEKS),
    ):
        given = options[name]
        if given is not None and not least <= given <= most:
            raise CommandError(
                f"--{name.replace('_', '-')} is a number from {least} to {most:,}, not {given:,}."
            )


def _play(program: Program, options: dict[str, Any]) -> dict[str, list[Played]]:
    at = clock.now()
    line, seen = counts.line(program), outlooks.observed(program, at=at)
    plan = outlooks.weeks_ahead(program, at=at, number=options["weeks"])
    plans = {"as_planned": plan}
    if options["per_week"] is not None:
        plans["changed"] = simulation.changed(
            plan, per_week=options["per_week"], from_week=options["from_week"]
        )
    if options["freeze_from"] is not None:
        plans["frozen"] = simulation.frozen(
            plans.get("changed", plan), from_week=options["freeze_from"], number=options["freeze_weeks"]
        )
    days, back = program.invitation_days, outlooks.carried_back(program, plan, seen, at=at)
    return {
        name: simulation.play(line, weeks, seen, invitation_days=days, carry=back)
        for name, weeks in plans.items()
    }
