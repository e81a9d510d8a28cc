"""Forecast and board at size: `python bench/forecast.py [--json] [--entries N] [--rounds N]`; a million unless said.

On a throw-away database filled set-based: one of each thing is made by the product's own verbs and copied; 26 weeks of
a thousand seats are over. Measured in this process: the dates of everybody who waits, place and dates of one, the weeks
played through, the judging of past forecasts, the manager's board and the pages of the line with their statements.
Beside them what is usually built instead: a place by counting the rows before it, and a plan walked anew for each.
"""

import sys
from pathlib import Path

sys.path[0] = str(
    Path(__file__).resolve().parent.parent
)  # not this folder: `queue` is a module of Python too

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import random  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from datetime import datetime, timedelta  # noqa: E402
from typing import Any  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from audit import clock  # noqa: E402
from onboarding.domain import backtests, counts, outlooks, places, simulation, weeks  # noqa: E402
from onboarding.models import Key, Program, WaitlistEntry  # noqa: E402
from tests.factories import make_manager, make_program, make_rate, make_secret  # noqa: E402

FIRST = 1_000_000  # ids of the copies are counted from here; seated ones from SEATED
SEATED = 5_000_000
PAST, PER_WEEK = 26, 1_000
ONES, WALKED, PAGES = 40, 200, 10  # a round
ALL, ONE, BOARD, LINE = "dates of everybody", "place and dates of one", "board", "line page"
LIMITS = {
    ALL: 5_000, f"{ONE}, p95": 50, f"{BOARD}, statements": 25, f"{BOARD}, slowest statement": 200,
    f"{LINE}, statements": 25, f"{LINE}, slowest statement": 200,
}  # fmt: skip
Took = dict[str, list[float]]


def copy(row: models.Model, times: int, /, **columns: str) -> None:
    """Copy a row so many times in one statement; `columns` are SQL, in which `n` counts and `old` is the row."""
    fields = [field for field in row._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
    fresh = {field.column: "gen_random_uuid()" for field in fields if isinstance(field, models.UUIDField)}
    values = [(fresh | columns).get(field.column, f'old."{field.column}"') for field in fields]
    listed, table = ", ".join(f'"{field.column}"' for field in fields), row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({listed}) SELECT {', '.join(values).replace('%', '%%')} "
            f"FROM {table} old, generate_series(1, %s) n WHERE old.id = %s",
            [times, row.pk],
        )


def fill(number: int) -> Program:
    """Make a program in whose line `number` people wait, with PAST weeks of PER_WEEK seats behind it."""
    at = clock.now()
    program = make_program("bench")
    make_rate(program, PER_WEEK, from_at=at - timedelta(weeks=PAST + 4))
    key, _ = make_secret(program, at=at - timedelta(weeks=PAST + 1))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # a copy of what is right needs no trigger
    _people(
        key,
        FIRST,
        number,
        state="'waiting'",
        joined_at="now() - interval '250 days' + n * interval '20 seconds'",
    )
    _past(key, at)
    counts.recount()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    return program


def _people(key: Key, first: int, number: int, **entry: str) -> None:
    application = key.grant.application
    own = f"{first} + n"
    copy(application.applicant, number, id=own, email=f"'person' || ({own}) || '@bench.example'")
    copy(application.owner, number, id=own, person_id=own)
    copy(
        application, number, id=own, number=f"'B' || ({own})", title="''", owner_id=own, applicant_id=own,
        case_owed="false", submitted_at="now() - interval '320 days'", settled_at="now() - interval '310 days'",
    )  # fmt: skip
    copy(key.grant.seat.entry, number, id=own, application_id=own, owner_id=own, **entry)


def _past(key: Key, at: datetime) -> None:
    """Seats of past weeks: of a hundred invitations 70 accepted, 5 declined, 25 ran out."""
    grant, seat = key.grant, key.grant.seat
    own, number = f"{SEATED} + n", PAST * PER_WEEK
    _people(
        key, SEATED, number, state="CASE WHEN n % 20 < 14 THEN 'admitted' ELSE 'left' END",
        joined_at="now() - interval '300 days' + n * interval '1 second'", returned="n % 20 >= 15",
        left_at="CASE WHEN n % 20 >= 14 THEN now() END",
    )  # fmt: skip
    start, _ = weeks.window(seat.week.program, at - timedelta(weeks=PAST))
    since = f"timestamptz '{start.isoformat()}'"
    copy(
        seat.week, PAST, id=f"{SEATED} + n", starts_at=f"{since} + (n - 1) * interval '7 days'",
        ends_at=f"{since} + n * interval '7 days'", admitted=str(PER_WEEK), limit=str(PER_WEEK),
        opened_at=f"{since} + (n - 1) * interval '7 days'",
    )  # fmt: skip
    given = f"{since} + ((n - 1) / {PER_WEEK}) * interval '7 days' + interval '1 minute'"
    copy(seat, number, id=own, entry_id=own, week_id=f"{SEATED} + 1 + (n - 1) / {PER_WEEK}", given_at=given)
    copy(
        seat.invitation, number, id=own, seat_id=own, offered_at=given, delivered_at=f"{given} + interval '1 hour'",
        state="CASE WHEN n % 20 < 14 THEN 'accepted' WHEN n % 20 < 15 THEN 'declined' ELSE 'expired' END",
        answered_at=f"CASE WHEN n % 20 < 15 THEN {given} + interval '2 days' END",
        answered_by_id=f"CASE WHEN n % 20 < 15 THEN {own} END", expires_at=f"{given} + interval '6 days'",
    )  # fmt: skip
    # One grant and one key for each hundred invitations' seventy that were accepted.
    taken = f"{SEATED} + (n - 1) / 14 * 20 + CASE WHEN n % 14 = 0 THEN 20 ELSE n % 14 END"
    accepted = number * 14 // 20
    since = f"{since} + ((n - 1) / {PER_WEEK * 14 // 20}) * interval '7 days' + interval '2 days'"
    copy(grant, accepted, id=taken, application_id=taken, owner_id=taken, seat_id=taken)
    copy(
        key, accepted, id=taken, grant_id=taken, key_id=f"'k' || ({taken})", issued_at=since,
        opened_at=f"{since} + interval '1 hour'",
    )  # fmt: skip


def timed(act: Callable[[], object]) -> float:
    """Return the milliseconds an act takes."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def some(program: Program, number: int) -> Iterator[WaitlistEntry]:
    """Yield entries from all over the line, other ones each time."""
    ids = random.sample(range(FIRST + 1, FIRST + counts.line(program).waiting), number)
    yield from WaitlistEntry.objects.select_related("program").filter(pk__in=ids)


def by_counting(entry: WaitlistEntry) -> tuple[int, int]:
    """What is usually built: count the rows before it, and all."""
    line = WaitlistEntry.objects.waiting().filter(program=entry.program_id)
    before = line.filter(
        Q(priority__lt=entry.priority)
        | Q(priority=entry.priority, joined_at__lt=entry.joined_at)
        | Q(priority=entry.priority, joined_at=entry.joined_at, pk__lt=entry.pk)
    )
    return before.count(), line.count()


def one(entry: WaitlistEntry, at: datetime) -> None:
    place = places.of(entry)
    places.forecast(entry, at=at, place=place)


def walked(program: Program, at: datetime) -> None:
    """Walk the weeks of the plan anew for WALKED places, as a loop over the line does."""
    week = weeks.current(program, at)
    plan = outlooks.known_plan(program, outlooks.in_order(program), at, week)
    for number in range(WALKED):
        outlooks.reach(program, 1 + number * 200, at=at, week=week, plan=plan)


def page(client: Client, url: str) -> tuple[float, int, float]:
    """Return how long a page took, its statements, and the milliseconds of the slowest."""
    with CaptureQueriesContext(connection) as asked:
        took = timed(lambda: check(client.get(url)))
    return took, len(asked), max(float(query["time"]) for query in asked) * 1000


def check(answer: Any) -> None:
    assert answer.status_code == 200, answer.status_code


def pages(client: Client, program: Program) -> dict[str, float]:
    """Ask for the board and for pages of the line from its first to its last."""
    entries, said = list(some(program, PAGES)), {}
    urls = {
        BOARD: ["/admin/onboarding/program/board/?program=bench"] * PAGES,
        LINE: [
            f"/admin/onboarding/program/bench/line/?after={each.priority}~"
            f"{each.joined_at.isoformat().replace('+', '%2B')}~{each.pk}"
            for each in entries
        ],
    }
    for what, each in urls.items():
        took = [page(client, url) for url in each]
        said[f"{what}, median"] = statistics.median(one for one, _, _ in took)
        said[f"{what}, statements"] = max(asked for _, asked, _ in took)
        said[f"{what}, slowest statement"] = max(slowest for _, _, slowest in took)
    return said


def measure(program: Program, rounds: int) -> Took:
    """Return what -> a figure for each round."""
    client, found = Client(), {}
    client.force_login(make_manager("bench"))
    pages(client, program)  # not counted: caches, plans
    for _ in range(rounds):
        for what, value in measured(client, program, clock.now()).items():
            found.setdefault(what, []).append(value)
    return found


def measured(client: Client, program: Program, at: datetime) -> dict[str, float]:
    ones = [timed(lambda entry=entry: one(entry, at)) for entry in some(program, ONES)]
    counted = [timed(lambda entry=entry: by_counting(entry)) for entry in some(program, 10)]
    waiting = counts.line(program).waiting
    return {
        ALL: timed(lambda: sum(1 for _ in outlooks.everybody(program, at=at))),
        "a plan walked for each": timed(lambda: walked(program, at)) * waiting / WALKED,
        f"{ONE}, p95": statistics.quantiles(ones, n=20, method="inclusive")[18],
        f"{ONE}, median": statistics.median(ones),
        "place by counting rows, median": statistics.median(counted),
        "52 weeks played through, three plans": timed(lambda: played(program, at)),
        "forecasts of the last half-year judged": timed(lambda: backtests.check(program, at=at)),
        **pages(client, program),
    }


def played(program: Program, at: datetime) -> None:
    line, seen = counts.line(program), outlooks.observed(program, at=at)
    plan = outlooks.weeks_ahead(program, at=at, number=52)
    for each in (
        plan,
        simulation.changed(plan, per_week=5_000),
        simulation.frozen(plan, from_week=4, number=3),
    ):
        simulation.play(line, each, seen, invitation_days=7)


def report(found: Took, entries: int) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    figures = {
        f"{what} (limit {LIMITS[what]:,})" if what in LIMITS else what: {
            "median": round(statistics.median(values), 1),
            "min": round(min(values), 1),
            "max": round(max(values), 1),
            "unit": "statements" if what.endswith("statements") else "ms",
        }
        for what, values in found.items()
    }
    middle = {what: statistics.median(values) for what, values in found.items()}
    ratios = {
        "dates of everybody/a plan walked for each": middle[ALL] / middle["a plan walked for each"],
        "place and dates of one/place by counting rows": middle[f"{ONE}, median"]
        / middle["place by counting rows, median"],
    }
    machine = (
        f"{entries:,} entries; {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"load {os.getloadavg()[0]:.1f} when it ended"
    )
    return {
        "name": "forecast",
        "figures": figures,
        "ratios": {name: round(ratio, 5) for name, ratio in ratios.items()},
        "machine": machine,
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--entries", type=int, default=1_000_000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    program = fill(given.entries)
    said = report(measure(program, given.rounds), WaitlistEntry.objects.count())
    if given.json:
        print(json.dumps(said))
        return
    for name, figure in said["figures"].items():
        print(f"{name:62} {figure['median']:12} {figure['unit']}  ({figure['min']} to {figure['max']})")
    for name, ratio in said["ratios"].items():
        print(f"{name:62} {ratio:12}")


if __name__ == "__main__":
    main()
