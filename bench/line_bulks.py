"""Many places changed at once: `python bench/line_bulks.py [--json] [--places N] [--rounds N]`; 10,000 unless said.

On a throw-away database. Each verb runs over the whole line in this process, chunk by chunk, as the worker of rq does;
asking N people by hand beside it. Figures: seconds, rows a second, and how far the memory of the process grew.
"""

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: see bench/forecast.py

import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from uuid import uuid4  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from audit import clock  # noqa: E402
from onboarding.domain import line_bulks, pick_rows, picks  # noqa: E402
from onboarding.states import LineVerb, Stage  # noqa: E402
from tests.factories import make_long_line, make_manager, make_program  # noqa: E402

VERBS = (LineVerb.HOLD, LineVerb.UNHOLD, LineVerb.FORWARD, LineVerb.BACK)
ASKED = "asked by hand"


def memory() -> float:
    """Return the resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measured(run: Callable[[], None]) -> tuple[float, float]:
    before, began = memory(), time.perf_counter()
    run()
    return time.perf_counter() - began, memory() - before


def rounds(places: int, times: int) -> dict[str, list[tuple[float, float]]]:
    dora, took = make_manager("bench"), {}
    for turn in range(times):
        program = make_program(f"bulk-{turn}")
        make_long_line(program, places)
        for verb in VERBS:
            bulk = line_bulks.ask(
                line_bulks.draft(program, verb=verb, by=dora, at=clock.now(), reason="To be measured")
            )
            took.setdefault(str(verb.label), []).append(measured(lambda: _change(bulk.pk)))  # noqa: B023
        picky = make_program(f"picky-{turn}", stage=Stage.INVITATION_ONLY)
        rows = [pick_rows.Row(line, f"b{turn}-{line}@example.org", "Ana", "") for line in range(places)]
        asked = picks.ask(
            picky, rows, file_name="b.csv", once=uuid4(), by=dora, at=clock.now(), reason="To be measured"
        )
        took.setdefault(ASKED, []).append(measured(lambda: _ask(asked.pk)))  # noqa: B023
    return took


def _change(pk: int) -> None:
    while line_bulks.change_chunk(pk, at=clock.now()):
        pass


def _ask(pk: int) -> None:
    while picks.ask_chunk(pk, at=clock.now()):
        pass


def report(took: dict[str, list[tuple[float, float]]], places: int) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    figures = {}
    for name, runs in took.items():
        for what, values, unit in (
            (name, [seconds for seconds, _ in runs], "s"),
            (f"{name}, rows a second", [places / seconds for seconds, _ in runs], "1/s"),
            (f"{name}, memory grown", [grown for _, grown in runs], "MB"),
        ):
            figures[what] = {
                "median": round(statistics.median(values), 2),
                "min": round(min(values), 2),
                "max": round(max(values), 2),
                "unit": unit,
            }
    machine = (
        f"{places:,} places; {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"load {os.getloadavg()[0]:.1f} when it ended"
    )
    return {"name": "line_bulks", "figures": figures, "ratios": {}, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--places", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    setup_test_environment(debug=False)  # else Django keeps every statement in memory
    call_command("migrate", verbosity=0)
    said = report(rounds(given.places, given.rounds), given.places)
    if given.json:
        print(json.dumps(said))
        return
    for name, figure in said["figures"].items():
        print(f"{name:48} {figure['median']:12} {figure['unit']}  ({figure['min']} to {figure['max']})")


if __name__ == "__main__":
    main()
