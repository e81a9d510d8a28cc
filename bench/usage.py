"""Usage at size: `python bench/usage.py [--json] [--keys N] [--days N] [--rounds N]`; 100,000 keys, 14 days.

On a throw-away database filled set-based: one key is made by the product's own verbs and copied with its owner and
grant. Each key has every hour of the last day and six hours of each day before; one in ten asks more than a hundred
times an hour, one in a thousand does something a rule finds. Measured in this process: what each rule about unusual
use takes for one hour, what the notices of a day's limit take for one run, what it takes to copy an hour of every key
from Redis, and again when one key in ten was touched since.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: its names are other modules' too

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import timedelta  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from audit import clock  # noqa: E402
from enforcement.domain import hours, unusual, usage_notices  # noqa: E402
from enforcement.domain.anomaly_rules import FIRST  # noqa: E402
from enforcement.domain.days import EPOCH_DAY  # noqa: E402
from enforcement.models import UsageHour  # noqa: E402
from enforcement.models.usage import HOURS_A_DAY  # noqa: E402
from onboarding import projection  # noqa: E402
from onboarding.models import Key  # noqa: E402
from tests.factories import make_secret  # noqa: E402

A = 1_000_000  # ids of the copies are counted from here
SHARE = 10  # of the keys one in so many is touched between two copies
LIMITS = {"copy of every key": 60, "notices, a run": 60}  # seconds: beat asks again after a minute

# A tenth asks 150 times an hour, the others 6 times. One in a thousand each: at night, refused, hits, errors, networks.
HOURS = """INSERT INTO enforcement_usagehour
        (key_id, hour, epoch, ok, rate_limited, suspended, outside_scope, terms_not_accepted, revoked_key, expired_key,
         tokens_in, tokens_out, end_users, networks, more)
    SELECT %(a)s + n, hour, 1,
        CASE WHEN n %% 1000 = 1 THEN CASE WHEN is_now AND hour %% 24 < 6 THEN 400 ELSE 20 END
            WHEN n %% 10 = 0 THEN 150 + (n + hour) %% 20 ELSE 6 + (n + hour) %% 5 END,
        0, CASE WHEN n %% 1000 = 2 AND is_now THEN 50 ELSE 0 END, 0, 0, 0, 0, 4000, 1000, n %% 7,
        CASE WHEN n %% 1000 = 5 AND is_now THEN 60 ELSE 1 + n %% 3 END,
        jsonb_build_object('reported', 6, 'upstream_ok', 5,
            CASE WHEN n %% 1000 = 3 AND is_now THEN 'hit:cards.1' ELSE 'upstream_error' END,
            CASE WHEN n %% 1000 IN (3, 4) AND is_now THEN 90 ELSE 1 END)
    FROM generate_series(1, %(keys)s) n, (
        SELECT hour, hour > %(last)s - 24 AS is_now FROM generate_series(%(last)s - 23 - %(past)s * 24, %(last)s) hour
        WHERE hour > %(last)s - 24 OR (hour + 3) %% 4 = 0) AS each
    ORDER BY 2, 1"""


def timed(act: Callable[[], object]) -> float:
    """Return the seconds an act takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


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


def fill(keys: int, *, past: int, last: int) -> None:
    """Make `keys` keys, each of its own owner, and their hours: `past` days and the day that ends with `last`."""
    key, _ = make_secret(at=clock.now())
    grant = key.grant
    application, owner = grant.application, grant.owner
    revision = application.revisions.latest("pk")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica"
        )  # a copy of what is right needs no trigger
        place = f"{A} + n"
        zone = "(ARRAY['UTC', 'Asia/Tokyo', 'Europe/Berlin', 'America/New_York'])[1 + n / 1000 % 4]"
        copy(owner.person, keys, id=place, email="'owner' || n || '@bench.example'", time_zone=zone)
        copy(owner, keys, id=place, person_id=place)
        copy(application, keys, id=place, number="'B' || n", owner_id=place, applicant_id=place)
        copy(revision, keys, id=place, application_id=place)
        copy(grant, keys, id=place, application_id=place, owner_id=place, seat_id=place, revision_id="NULL")
        copy(key, keys, id=place, key_id="'k_' || lpad(n::text, 16, '0')", grant_id=place)
        cursor.execute(HOURS, {"a": A, "keys": keys, "last": last, "past": past})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def count_into_redis(keys: int, *, hour: int, every: int = 1) -> None:
    """Let every n-th key be counted in this hour, as the gateways' script does."""
    redis = projection.redis()
    seconds, microseconds = redis.time()
    for start in range(1, keys + 1, 1000 * every):
        pipe = redis.pipeline(transaction=False)
        for n in range(start, min(start + 1000 * every, keys + 1), every):
            member = f"k_{n:016}:{hour}"
            for name, many in (("ok", 7), ("reported", 6), ("tokens_in", 4000), ("tokens_out", 1000)):
                pipe.hincrby(projection.USAGE + member, name, many)
            pipe.zadd(projection.TOUCHED, {member: seconds * 1_000_000 + microseconds})
        pipe.execute()


def notices(last: int) -> None:
    """Ask which levels of a day's limit are reached, as each run does; none is new."""
    day = EPOCH_DAY + timedelta(days=last // HOURS_A_DAY)
    whole = {"first": last - HOURS_A_DAY + 1, "on": day, "at": clock.now()}  # as much as at the end of a day
    with connection.cursor() as cursor:
        cursor.execute(usage_notices.LEVELS_REACHED, whole)


def measure(keys: int, rounds: int, last: int) -> dict[str, list[float]]:
    """Return what -> seconds (hits: how many) of each round."""
    found: dict[str, list[float]] = {}

    def note(what: str, value: float) -> None:
        found.setdefault(what, []).append(value)

    for round_ in range(rounds + 1):  # the first is not counted: caches
        for kind, (threshold, minimum) in FIRST.items():
            hits: list[unusual.Hit] = []
            took = timed(
                lambda kind=kind, t=threshold, m=minimum, hits=hits: hits.extend(
                    unusual.hits(kind, hour=last, threshold=t, minimum=m)
                )
            )
            if round_:
                note(f"rule {kind}, an hour", took)
                note(f"rule {kind}, hits", len(hits))
        took = timed(lambda: notices(last))
        if round_:
            note("notices, a run", took)
    for round_ in range(rounds):
        hour = last + 1 + round_
        count_into_redis(keys, hour=hour)
        note("copy of every key", timed(lambda: hours.copy_owed(at=clock.now())))
        count_into_redis(keys, hour=hour, every=SHARE)
        note("copy of one key in ten", timed(lambda: hours.copy_owed(at=clock.now())))
    return found


def report(found: dict[str, list[float]], keys: int) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    figures = {
        f"{what} (limit {LIMITS[what]})" if what in LIMITS else what: {
            "median": round(statistics.median(values), 2),
            "min": round(min(values), 2),
            "max": round(max(values), 2),
            "unit": "keys" if what.endswith("hits") else "s",
        }
        for what, values in found.items()
    }
    rows = UsageHour.objects.count()
    machine = (
        f"{keys:,} keys, {rows:,} hours of keys; {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f} when it ended"
    )
    return {"name": "usage", "figures": figures, "ratios": {}, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--keys", type=int, default=100_000)
    asked.add_argument("--days", type=int, default=unusual.HISTORY_DAYS)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    last = hours.hour_of(clock.now()) - 1
    fill(given.keys, past=given.days, last=last)
    assert Key.objects.count() == given.keys + 1
    said = report(measure(given.keys, given.rounds, last), given.keys)
    for what, figure in said["figures"].items():
        print(f"{what:<40} {figure['median']:>9} {figure['unit']}  ({figure['min']} to {figure['max']})")
    if given.json:
        print(json.dumps(said))


if __name__ == "__main__":
    main()
