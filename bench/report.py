"""The public report at size: `python bench/report.py [--json] [--events N] [--rounds N]`; a million ledger events.

On a throw-away database with a generated year (tests/transparency/year.py). Measured: counting a quarter up to the one
seal over it, as rq's worker does, with the memory of this process and of PostgreSQL's; and the same
figures by one pass over the quarter's rows in Python, which is what is usually built instead.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: Python has a module `queue` too

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from datetime import UTC, datetime  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from audit.models import LedgerEntry, Seal  # noqa: E402
from tests.transparency import year  # noqa: E402
from transparency.domain import figures, quarters  # noqa: E402

START, QUARTER = datetime(2025, 1, 1, tzinfo=UTC), quarters.named("2025Q3")
COUNT = "counting a quarter"
GROWTH, SERVER = "growth of this process", "memory of PostgreSQL's process"
LIMITS = {COUNT: 60}


def grown() -> float:
    """Return the most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def server_memory() -> float:
    """Return the private memory of our connection's process, in MB; what it shares is PostgreSQL's cache."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    said = Path(f"/proc/{pid}/status").read_text()
    kept = dict(line.split(":", 1) for line in said.splitlines())
    return int(kept["RssAnon"].split()[0]) / 1024


def by_rows() -> Counter:
    """Count events of the quarter in Python, as a program does that reads its log."""
    found: Counter = Counter()
    rows = LedgerEntry.objects.filter(at__gte=QUARTER.start, at__lt=QUARTER.until)
    for entry in rows.iterator(chunk_size=2000):
        found[entry.event, entry.reason] += 1
    return found


def measure(seal: Seal, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {COUNT: [], GROWTH: [], SERVER: [], "one pass in Python": []}
    texts = set()
    for _ in range(rounds):
        before, began = grown(), time.perf_counter()
        texts.add(figures.count(QUARTER, seal))
        found[COUNT].append(time.perf_counter() - began)
        found[GROWTH].append(grown() - before)
        found[SERVER].append(server_memory())
        began = time.perf_counter()
        by_rows()
        found["one pass in Python"].append(time.perf_counter() - began)
    assert len(texts) == 1  # the same sealed entries, the same bytes
    return found


def report(found: dict[str, list[float]], events: int) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    shown = {
        f"{what} (limit {LIMITS[what]})" if what in LIMITS else what: {
            "median": round(statistics.median(values), 2),
            "min": round(min(values), 2),
            "max": round(max(values), 2),
            "unit": "MB" if what in (GROWTH, SERVER) else "s",
        }
        for what, values in found.items()
    }
    ratio = statistics.median(found[COUNT]) / statistics.median(found["one pass in Python"])
    machine = (
        f"{events:,} ledger events of a year; {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}; load {os.getloadavg()[0]:.1f} when it ended"
    )
    ratios = {"thirty metrics/one pass over the rows in Python": round(ratio, 3)}
    return {"name": "report", "figures": shown, "ratios": ratios, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--events", type=int, default=1_000_000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    seal = year.make(round(given.events / year.AN_APPLICATION), start=START)
    said = report(measure(seal, given.rounds), year.entries())
    for what, figure in said["figures"].items():
        print(f"{what:<40} {figure['median']:>9} {figure['unit']}  ({figure['min']} to {figure['max']})")
    if given.json:
        print(json.dumps(said))


if __name__ == "__main__":
    main()
