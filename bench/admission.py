"""Admitting out of a long line: `python bench/admission.py [--json] [--waiting N] [--rounds N]`; 1,000,000 unless said.

On a throw-away database filled by SQL: every place in line with its owner and application. Measured are 1,000 and
100,000 admissions by `waitlist.admit`, from asking for the week to the last deferred check of the database. Beside it,
in the same run:

- one statement, written by hand, that writes the same rows;
- a loop that takes the steps pretix publishes for its waiting list, one entry after the other: lock the entry, ask
  whether there is still room, create what is given, save the entry, write the log. Its letter is left out, in its
  favour: ours is written by a payer afterwards. It looks at the entries it needs only; pretix reads the whole line.

Each run is rolled back, after a digest of every row it wrote was taken: the three must be equal. At 100,000 the loop
runs over LOOPED entries, and its seconds are multiplied: it would take longer than everything else together.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: its names are other modules' too

import argparse  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import datetime, timedelta  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.db.models import F  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from audit import clock, ledger  # noqa: E402
from audit.events import Event  # noqa: E402
from onboarding.domain import waitlist, weeks  # noqa: E402
from onboarding.models import Invitation, Program, Seat, WaitlistEntry, Week  # noqa: E402
from onboarding.states import EntryState  # noqa: E402
from tests.factories import make_entry, make_program, make_rate  # noqa: E402

A = 1_000_000  # ids of the copies are counted from here
LOOPED = 2_000  # entries of the loop in place of 100,000
ACTOR = "beat"
OURS, STATEMENT, LOOP = "ours", "one statement", "loop"
Took = dict[str, list[float]]

STATEMENT_SQL = """
WITH chosen AS MATERIALIZED (
    SELECT id, priority, joined_at FROM onboarding_waitlistentry entry
    WHERE program_id = %(program)s AND state = 'waiting'
    AND NOT EXISTS (SELECT FROM onboarding_seat had WHERE had.week_id = %(week)s AND had.entry_id = entry.id)
    ORDER BY priority, joined_at, id LIMIT %(most)s FOR UPDATE
), moved AS (
    UPDATE onboarding_waitlistentry entry SET state = 'seated' FROM chosen WHERE entry.id = chosen.id
), given AS (
    INSERT INTO onboarding_seat (week_id, entry_id, given_at)
    SELECT %(week)s, id, %(at)s FROM chosen ORDER BY priority, joined_at, id RETURNING id, entry_id
), offered AS (
    INSERT INTO onboarding_invitation (seat_id, state, offered_at, decline_reason)
    SELECT id, 'offered', %(at)s, '' FROM given ORDER BY id RETURNING id
), counted AS (
    UPDATE onboarding_week SET admitted = admitted + (SELECT count(*) FROM given) WHERE id = %(week)s
), told AS (
    INSERT INTO audit_ledgerentry (at, event, subject_type, subject_id, actor, reason, details)
    SELECT %(at)s, 'entry.seated', 'onboarding.waitlistentry', entry_id::text, %(actor)s, '', %(details)s::jsonb
    FROM given ORDER BY id
)
INSERT INTO audit_ledgerentry (at, event, subject_type, subject_id, actor, reason, details)
SELECT %(at)s, 'invitation.offered', 'onboarding.invitation', id::text, %(actor)s, '', %(details)s::jsonb
FROM offered ORDER BY id"""

# Every column of what was written, in the order it was written; own numbers are replaced by the entry's.
WROTE = """
WITH given AS (SELECT * FROM onboarding_seat WHERE week_id = %(week)s),
offered AS (SELECT invitation.*, given.entry_id FROM onboarding_invitation invitation
    JOIN given ON given.id = invitation.seat_id),
wrote (place, row) AS (
    SELECT given.id, to_jsonb(given) - 'id' FROM given
    UNION ALL SELECT seat_id, to_jsonb(offered) - 'id' - 'seat_id' FROM offered
    UNION ALL SELECT given.id, to_jsonb(entry) FROM onboarding_waitlistentry entry
        JOIN given ON given.entry_id = entry.id
    UNION ALL SELECT 0, to_jsonb(week) FROM onboarding_week week WHERE id = %(week)s
    UNION ALL SELECT given.id, to_jsonb(told) - 'id' - 'recorded_at' FROM audit_ledgerentry told
        JOIN given ON told.subject_id = given.entry_id::text
        WHERE told.event = 'entry.seated' AND subject_type = 'onboarding.waitlistentry'
    UNION ALL SELECT seat_id, to_jsonb(told) - 'id' - 'recorded_at' - 'subject_id' FROM audit_ledgerentry told
        JOIN offered ON told.subject_id = offered.id::text
        WHERE told.event = 'invitation.offered' AND subject_type = 'onboarding.invitation')
SELECT count(*), md5(string_agg(md5(row::text), '' ORDER BY numbered, row::text))
FROM (SELECT dense_rank() OVER (ORDER BY place) AS numbered, row FROM wrote) AS each"""


def copy(row: models.Model, times: int, **columns: str) -> None:
    """Copy a row so many times in one statement; `columns` are SQL, in which `n` counts and `old` is the row."""
    fields = [field for field in row._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
    fresh = {field.column: "gen_random_uuid()" for field in fields if isinstance(field, models.UUIDField)}
    values = [(fresh | columns).get(field.column, f'old."{field.column}"') for field in fields]
    listed, table = ", ".join(f'"{field.column}"' for field in fields), row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({listed}) SELECT {', '.join(values)} "
            f"FROM {table} old, generate_series(1, {times}) n WHERE old.id = {row.pk}"
        )


def fill(waiting: int, *, at: datetime) -> Week:
    """Make a program with so many people in line, of which the later joined later; return its open week."""
    program = make_program("bench")
    make_rate(program, waiting, from_at=at - timedelta(days=30))
    entry = make_entry(program, at=at - timedelta(days=20))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica"
        )  # a copy of what is right needs no trigger
        place = f"{A} + n"
        copy(entry.owner, waiting, id=place, person_id="NULL", imported_as="'owner ' || n")
        copy(
            entry.application,
            waiting,
            id=place,
            number="'B' || n",
            owner_id=place,
            title="''",
            answers="'{}'",
        )
        copy(entry, waiting, id=place, owner_id=place, application_id=place,
             joined_at="old.joined_at + n * interval '1 second'")  # fmt: skip
    week = weeks.open_due(program, by=ACTOR, at=at)  # knows its program: asked for once, not in each run
    assert week is not None
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return week


def ours(week: Week, number: int, at: datetime) -> None:
    waitlist.admit(week.program, by=ACTOR, at=at, most=number)


def statement(week: Week, number: int, at: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM onboarding_week WHERE id = %s FOR UPDATE", [week.pk])
        cursor.execute(
            STATEMENT_SQL,
            {"program": week.program_id, "week": week.pk, "most": number, "at": at, "actor": f"system:{ACTOR}",
             "details": json.dumps({"week": week.pk})},
        )  # fmt: skip


def loop(week: Week, number: int, at: datetime) -> None:
    """Take pretix's steps for each entry of the line, in its own transaction."""
    line = WaitlistEntry.objects.waiting().filter(program=week.program_id).in_order()
    for entry in list(line[:number]):
        room = Week.objects.get(pk=week.pk)
        if room.limit - Seat.objects.filter(week=room).count() <= 0:
            break
        with transaction.atomic():
            locked = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
            if locked.state != EntryState.WAITING:
                continue
            seat = Seat.objects.create(week=week, entry=locked, given_at=at)
            invitation = Invitation.objects.create(seat=seat, offered_at=at)
            ledger.record(Event.ENTRY_SEATED, subject=locked, actor=ACTOR, at=at, week=week.pk)
            ledger.record(Event.INVITATION_OFFERED, subject=invitation, actor=ACTOR, at=at, week=week.pk)
            locked.state = EntryState.SEATED
            locked.save()
            Week.objects.filter(pk=week.pk).update(admitted=F("admitted") + 1)


WAYS: dict[str, Callable[[Week, int, datetime], None]] = {OURS: ours, STATEMENT: statement, LOOP: loop}


def peak() -> float:
    """Return the most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(way: str, week: Week, number: int, at: datetime) -> tuple[float, str]:
    """Admit, and take it back; return the seconds and a digest of every row that was written."""
    gc.collect()
    with transaction.atomic(), connection.cursor() as cursor:
        began = time.perf_counter()
        WAYS[way](week, number, at)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what a commit would check
        took = time.perf_counter() - began
        cursor.execute(WROTE, {"week": week.pk})
        rows, digest = cursor.fetchone()
        assert rows == 5 * number + 1, f"{way} wrote {rows} rows"
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute(
            "VACUUM onboarding_waitlistentry, onboarding_seat, onboarding_invitation, audit_ledgerentry"
        )
    return took, digest


def statements(week: Week, number: int, at: datetime) -> int:
    """Return how many statements an admission takes, those that begin and end it included."""
    with transaction.atomic():
        with CaptureQueriesContext(connection) as asked:
            ours(week, number, at)
        transaction.set_rollback(True)
    return len(asked)


def measure(week: Week, rounds: int, *, at: datetime, many: int) -> tuple[Took, dict[str, float]]:
    """Return what -> seconds of each round, and the figures that are counted."""
    counted: dict[str, float] = {}
    found: Took = {}
    (
        run(OURS, week, 10, at),
        run(STATEMENT, week, 10, at),
        run(LOOP, week, 10, at),
    )  # not counted: caches, plans
    base = peak()
    for number, times in ((1_000, rounds), (many, max(1, rounds // 2))):
        counted[f"statements of {number:,} admissions"] = statements(week, number, at)
        digests = set()
        for way in (OURS, STATEMENT) * times:
            took, digest = run(way, week, number, at)
            found.setdefault(f"{number:,} admissions, {way}", []).append(took)
            digests.add(digest)
        assert len(digests) == 1, "the rows differ"
        counted[f"memory over the base after {number:,}"] = round(peak() - base, 1)
    _loop(week, many, at, found)
    return found, counted


def _loop(week: Week, many: int, at: datetime, found: Took) -> None:
    """Run the loop last: it is what needs memory."""
    looped = min(LOOPED, many)
    for number in (1_000, looped):
        took, digest = run(LOOP, week, number, at)
        assert digest == run(OURS, week, number, at)[1], "the rows differ"
        if number == 1_000:
            found["1,000 admissions, loop"] = [took]
        if number == looped:
            found[f"{many:,} admissions, loop, from {looped:,}"] = [took * many / looped]


LIMITS = {
    "statements of 1,000": 10,
    "memory over": 50,
}  # and as ratios: 40 and 60 times the loop, twice the statement


def report(found: Took, counted: dict[str, float], many: int, waiting: int) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    figures = {
        what: {
            "median": round(statistics.median(took), 4), "min": round(min(took), 4), "max": round(max(took), 4),
            "unit": "s",
        }
        for what, took in found.items()
    }  # fmt: skip
    for what, value in counted.items():
        limit = next((most for name, most in LIMITS.items() if what.startswith(name)), None)
        named = what if limit is None else f"{what} (limit {limit})"
        unit = "statements" if "statements" in what else "MB"
        figures[named] = {"median": value, "min": value, "max": value, "unit": unit}
    medians = {what: statistics.median(took) for what, took in found.items()}
    ratios = {}
    for number, least in ((1_000, 40), (many, 60)):
        own = medians[f"{number:,} admissions, {OURS}"]
        looped = next(
            took for what, took in medians.items() if what.startswith(f"{number:,} admissions, loop")
        )
        ratios[f"{number:,}: loop/ours (at least {least})"] = round(looped / own, 1)
        ratios[f"{number:,}: ours/one statement (at most 2)"] = round(
            own / medians[f"{number:,} admissions, {STATEMENT}"], 2
        )
    machine = (
        f"{waiting:,} waiting; {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"load {os.getloadavg()[0]:.1f} when it ended"
    )
    return {"name": "admission", "figures": figures, "ratios": ratios, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--waiting", type=int, default=1_000_000)
    asked.add_argument("--many", type=int, default=100_000)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    call_command("migrate", verbosity=0)
    at = clock.now()
    week = fill(given.waiting, at=at)
    found, counted = measure(week, given.rounds, at=at, many=given.many)
    said = report(found, counted, given.many, Program.objects.get().entries.count())
    if given.json:
        print(json.dumps(said))
        return
    for name, figure in said["figures"].items():
        print(f"{name:62} {figure['median']:12} {figure['unit']}  ({figure['min']} to {figure['max']})")
    for name, ratio in said["ratios"].items():
        print(f"{name:62} {ratio:12}")


if __name__ == "__main__":
    main()
