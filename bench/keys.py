"""Keys for a batch of grants: `python bench/keys.py [--json] [--grants N] [--rounds N]`; 10,000 grants unless said.

On a throw-away database: one grant is made by the product's own verbs and copied, each copy with an owner of its own,
every tenth of an organisation. Measured is the payer itself, from grants that are owed a key to keys that can be
opened: keys, ledger rows, letters and the debt, all committed. Beside it, in the same rounds, a loop over grants that
writes the same rows one grant after the other, each in its own transaction, as one task per key does without its
queue. What both wrote is compared, row by row. Then two payers at once, as two workers have it; and how long people
wait from accepting an invitation to a key they can open, with a real Celery worker and the hint that accepting sends.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: Python has a module `queue` too

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from multiprocessing import get_context  # noqa: E402
from typing import Any  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from audit import clock, ledger  # noqa: E402
from audit.events import Event  # noqa: E402
from audit.models import LedgerEntry  # noqa: E402
from onboarding.domain import invitations, keys, notices, waitlist  # noqa: E402
from onboarding.models import Grant, Invitation, Key  # noqa: E402
from onboarding.states import KeyState  # noqa: E402
from outbox import letters  # noqa: E402
from outbox.models import Letter  # noqa: E402
from tests.factories import (  # noqa: E402
    make_grant,
    make_long_line,
    make_organisation,
    make_program,
    make_rate,
)

A = 1_000_000  # the ids of the copies come after it
LOOPED = 1_000  # grants a round of the loop: it takes its time
OURS, LOOP, TWO = "one payer (limit 3,000)", "a loop of the same rows", "two payers at once"
WORKER = ("-m", "celery", "-A", "config", "worker", "--concurrency=1", "--without-gossip", "--without-mingle")
Took = dict[str, list[float]]


def copy(row: models.Model, times: int, /, **columns: str) -> None:
    """Copy a row so many times in one statement; `columns` are SQL, in which `n` counts and `old` is the row."""
    fields = [field for field in row._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
    names = [field.column for field in fields]
    fresh = {field.column: "gen_random_uuid()" for field in fields if isinstance(field, models.UUIDField)}
    columns = fresh | columns
    values = [columns.get(name, f'old."{name}"') for name in names]
    listed = ", ".join(f'"{name}"' for name in names)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({listed}) SELECT {', '.join(values).replace('%', '%%')} "
            f"FROM {table} old, generate_series(1, %s) n WHERE old.id = %s",
            [times, row.pk],
        )


def fill(grants: int) -> None:
    """Make `grants` grants; every tenth owner is an organisation, its member the applicant."""
    grant = make_grant(at=clock.now())
    application, owner = grant.application, grant.owner
    organisation = make_organisation(owner.person, name="O'Brien & Söhne <Labs>")
    membership = organisation.memberships.get()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # a copy needs no trigger
        place, is_team = f"{A} + n", "n % 10 = 0"
        copy(owner.person, grants, id=place, email="'owner' || n || '@bench.example'",
             full_name="'Zoë <' || n || '> O''Neil & Co'")  # fmt: skip
        copy(organisation, grants, id=place)
        copy(membership, grants, id=place, organisation_id=place, user_id=place)
        copy(owner, grants, id=place, person_id=f"CASE WHEN NOT {is_team} THEN {place} END",
             organisation_id=f"CASE WHEN {is_team} THEN {place} END")  # fmt: skip
        copy(application, grants, id=place, number="'B' || n", owner_id=place, applicant_id=place,
             title="'Case \"' || n || '\" & others'")  # fmt: skip
        copy(grant, grants, id=place, application_id=place, owner_id=place, seat_id=place, revision_id="NULL",
             key_owed="false", key_name="''", key_environment="''", key_request="0")  # fmt: skip
    Grant.objects.filter(pk=grant.pk).update(key_owed=False, key_name="", key_environment="")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def owe(most: int) -> None:
    """Owe each of the first `most` copies one more key, as accepting an invitation does."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE onboarding_grant SET key_owed = true, key_request = key_request + 1, key_environment = 'test',
               key_name = 'Key ' || (key_request + 1) WHERE id > %s AND id <= %s""",
            [A, A + most],
        )


def loop(*, at: datetime) -> int:
    """Issue what is owed grant by grant: lock, key, debt, ledger row, letter, commit."""
    issued = 0
    for pk in Grant.objects.owed_a_key().values_list("pk", flat=True):
        with transaction.atomic():
            grant = (
                Grant.objects.owed_a_key()
                .select_for_update(of=("self",))
                .select_related("program", "application__applicant", "application__owner", "application__program")
                .get(pk=pk)
            )  # fmt: skip
            key = Key.objects.create(
                grant=grant, request=grant.key_request, name=grant.key_name, environment=grant.key_environment,
                issued_at=at, open_by=at + timedelta(days=grant.program.unopened_key_days),
                expires_at=grant.expires_at, access_changed_at=at,
            )  # fmt: skip
            grant.key_owed, grant.key_environment, grant.key_name = False, "", ""
            grant.save(update_fields=["key_owed", "key_environment", "key_name"])
            ledger.record(Event.KEY_ISSUED, subject=key, actor="worker", at=at, grant=grant.pk)
            said = notices.draft(
                "key_ready", grant.application, about=key, once=f"key_ready:{key.pk}",
                url=notices.page("grant", str(grant.public_id)), key_name=key.name,
                expires_at=key.open_by.astimezone(grant.program.zone),
            )  # fmt: skip
            letters.write_many([said], at=at)
        issued += 1
    return issued


def rows_of(at: datetime) -> dict[int, tuple[Any, ...]]:
    """Return by grant what was written for the keys of this moment, without what counts or is drawn."""
    made = {key.pk: key for key in Key.objects.filter(issued_at=at)}
    told = {row.subject_id: row for row in LedgerEntry.objects.filter(event=Event.KEY_ISSUED, at=at)}
    wrote = {row.about_id: row for row in Letter.objects.filter(kind="onboarding/key_ready", due_at=at)}
    apart = {"id", "pk", "key_id", "request", "name", "issued_at", "open_by", "access_changed_at", "once"}
    apart |= {"at", "recorded_at", "written_at", "due_at", "about_id", "subject_id"}

    def said(row: models.Model) -> dict[str, Any]:
        return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in apart}

    found = {}
    for pk, key in made.items():
        letter = said(wrote[str(pk)])
        texts = {what: letter[what].replace(key.name, "KEY") for what in ("subject", "text", "html")}
        found[key.grant_id] = (said(key), said(told[str(pk)]), letter | texts)
    return found


def timed(pay: Callable[..., int], most: int) -> tuple[float, dict[int, tuple[Any, ...]]]:
    """Owe so many keys and let `pay` issue them; return keys a second, and what it wrote by grant."""
    owe(most)
    at = clock.now()
    began = time.perf_counter()
    issued = pay(at=at)
    took = time.perf_counter() - began
    assert issued == most, f"{issued} of {most} were issued"
    return most / took, rows_of(at)


def side_by_side(grants: int) -> float:
    """Return keys a second of two payers at once on one batch."""
    owe(grants)
    at = clock.now()
    connection.close()
    with get_context("fork").Pool(2) as pool:
        pool.map(_warmed, range(2), 1)  # both have a connection and their templates before the clock starts
        began = time.perf_counter()
        paying = [pool.apply_async(_paying, (at,)) for _ in range(2)]
        issued = sum(each.get() for each in paying)
        took = time.perf_counter() - began
    assert issued == grants, f"{issued} of {grants} were issued"
    return grants / took


def _warmed(_: int) -> None:
    keys.issue_owed(at=datetime(2000, 1, 1, tzinfo=UTC))
    time.sleep(0.2)


def _paying(at: datetime) -> int:
    return keys.issue_owed(at=at)


def accepts(number: int) -> list[float]:
    """Return for each of so many invitations the milliseconds from accepting to a key that can be opened.

    A real Celery worker issues them, by the hint that accepting sends; beat does not run.
    """
    program = make_program()
    make_rate(program, number)
    make_long_line(program, number)
    waitlist.admit(program, by="bench", at=clock.now())
    invitations.tell_owed(at=clock.now())
    offered = Invitation.objects.filter(seat__week__program=program).order_by("pk")
    took = []
    with subprocess.Popen(
        [sys.executable, *WORKER], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as worker:
        try:
            for place, invitation in enumerate(offered.select_related("seat__entry__application__applicant")):
                by = invitation.seat.entry.application.applicant
                at, began = clock.now(), time.perf_counter()
                grant = invitations.accept(invitation, by=by, at=at)
                while not Key.objects.filter(grant=grant, state=KeyState.ISSUED).exists():
                    assert time.perf_counter() - began < 120, "no worker issues keys"
                    time.sleep(0.002)
                if place:  # the first one waits for the worker to start
                    took.append((time.perf_counter() - began) * 1000)
        finally:
            worker.terminate()
    return took


def measure(grants: int, rounds: int) -> tuple[Took, int]:
    """Return what -> a figure for each round, and the statements of one chunk."""
    found: Took = {OURS: [], LOOP: [], TWO: []}
    timed(keys.issue_owed, LOOPED), timed(loop, 50)  # not counted: caches, plans
    for _ in range(rounds):
        rate, ours = timed(keys.issue_owed, grants)
        found[OURS].append(rate)
        rate, theirs = timed(loop, min(LOOPED, grants))
        found[LOOP].append(rate)
        unlike = [grant for grant, rows in theirs.items() if rows != ours[grant]]
        assert not unlike, f"Of {len(unlike)} grants both did not write the same, such as {unlike[0]}"
        found[TWO].append(side_by_side(grants))
    owe(LOOPED)
    with CaptureQueriesContext(connection) as asked:
        keys.issue_owed(at=clock.now())
    return found, len(asked)


def report(found: Took, grants: int, statements: int, waited: list[float]) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    figures = {what: _figure(values, "keys/s") for what, values in found.items()}
    figures["statements for 1,000 keys, with the question whether more are owed"] = _figure(
        [statements], "statements"
    )
    if waited:
        percent = statistics.quantiles(waited, n=100, method="inclusive")
        what = f"from accepting to a key that can be opened, {len(waited)} accepts"
        figures[f"{what}, median"] = _figure([statistics.median(waited)], "ms")
        figures[f"{what}, p99 (limit 1,000)"] = _figure([percent[98]], "ms")
        figures[f"{what}, longest"] = _figure([max(waited)], "ms")
    medians = {what: statistics.median(values) for what, values in found.items()}
    machine = (
        f"{grants:,} grants; {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"load {os.getloadavg()[0]:.1f} when it ended"
    )
    ratios = {"batch/loop": round(medians[OURS] / medians[LOOP], 1)}
    return {"name": "keys", "figures": figures, "ratios": ratios, "machine": machine}


def _figure(values: list[float], unit: str) -> dict[str, object]:
    median, least, most = statistics.median(values), min(values), max(values)
    return {"median": round(median, 1), "min": round(least, 1), "max": round(most, 1), "unit": unit}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--grants", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--accepts", type=int, default=201)
    given = asked.parse_args()
    call_command("migrate", verbosity=0)
    waited = accepts(given.accepts) if given.accepts else []
    fill(given.grants)
    rates, statements = measure(given.grants, given.rounds)
    found = report(rates, given.grants, statements, waited)
    if given.json:
        print(json.dumps(found))
        return
    for what, figure in found["figures"].items():
        print(f"{what:75} {figure['median']:>8} ({figure['min']} to {figure['max']}) {figure['unit']}")
    print(found["ratios"], found["machine"])


if __name__ == "__main__":
    main()
