"""Many places changed at once: `python bench/line_bulks.py [--json] [--places N] [--rounds N]`; 10,000 unless said.

On a throw-away database. Each verb runs over the whole line in a process of its own, chunk by chunk, as the worker of
rq does; asking N people by hand beside it. Figures: seconds, rows a second, and how far the peak of the process's
memory grew from what it has at rest.
"""

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: see bench/forecast.py

import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import re  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402
from uuid import uuid4  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from accounts.models import User  # noqa: E402
from audit import clock  # noqa: E402
from onboarding.domain import line_bulks, pick_rows, picks  # noqa: E402
from onboarding.models import Program  # noqa: E402
from onboarding.states import LineVerb, Stage  # noqa: E402
from tests.factories import make_long_line, make_manager, make_program  # noqa: E402

VERBS = (LineVerb.HOLD, LineVerb.UNHOLD, LineVerb.FORWARD, LineVerb.BACK)
ASKED = "asked by hand"


def peak() -> float:
    """Return the most memory this process ever had, MB."""
    said = Path("/proc/self/status").read_text()  # of this program: ru_maxrss counts who started it, too
    return int(re.search(r"VmHWM:\s+(\d+) kB", said)[1]) / 1000


def rounds(places: int, times: int) -> dict[str, list[tuple[float, float]]]:
    took: dict[str, list[tuple[float, float]]] = {}
    for _ in range(times):
        tag = f"{clock.now():%H%M%S%f}"
        make_manager(f"bench-{tag}")
        make_long_line(make_program(f"bulk-{tag}"), places)
        make_program(f"picky-{tag}", stage=Stage.INVITATION_ONLY)
        for what in (*VERBS, ASKED):
            command = [sys.executable, __file__, "--one", what, "--tag", tag, "--places", str(places)]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            name = str(LineVerb(what).label) if what in VERBS else ASKED
            took.setdefault(name, []).append(tuple(json.loads(run.stdout.splitlines()[-1])))
    return took


def one(what: str, tag: str, places: int) -> tuple[float, float]:
    """Do one thing to a whole line, and return its seconds and MB."""
    dora = User.objects.get(email=f"bench-{tag}@example.org")
    before, began = peak(), time.perf_counter()
    if what == ASKED:
        program = Program.objects.get(slug=f"picky-{tag}")
        rows = [pick_rows.Row(line, f"b-{line}@example.org", "Ana", "") for line in range(places)]
        how = {
            "file_name": "b.csv",
            "once": uuid4(),
            "by": dora,
            "at": clock.now(),
            "reason": "To be measured",
        }
        asked = picks.ask(program, rows, **how)
        while picks.ask_chunk(asked.pk, at=clock.now()):
            pass
    else:
        program = Program.objects.get(slug=f"bulk-{tag}")
        bulk = line_bulks.ask(
            line_bulks.draft(program, verb=LineVerb(what), by=dora, at=clock.now(), reason="To be measured")
        )
        while line_bulks.change_chunk(bulk.pk, at=clock.now()):
            pass
    return time.perf_counter() - began, peak() - before


def report(took: dict[str, list[tuple[float, float]]], places: int) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    figures = {}
    for name, runs in took.items():
        for what, values, unit in (
            (name, [seconds for seconds, _ in runs], "s"),
            (f"{name}, rows a second", [places / seconds for seconds, _ in runs], "1/s"),
            (f"{name}, peak of memory above rest", [grown for _, grown in runs], "MB"),
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
    asked.add_argument("--one", help=argparse.SUPPRESS)
    asked.add_argument("--tag", help=argparse.SUPPRESS)
    given = asked.parse_args()
    setup_test_environment(debug=False)  # else Django keeps every statement in memory
    if given.one:
        print(json.dumps(one(given.one, given.tag, given.places)))
        return
    call_command("migrate", verbosity=0)
    said = report(rounds(given.places, given.rounds), given.places)
    if given.json:
        print(json.dumps(said))
        return
    for name, figure in said["figures"].items():
        print(f"{name:48} {figure['median']:12} {figure['unit']}  ({figure['min']} to {figure['max']})")


if __name__ == "__main__":
    main()
