"""The reviewers' queue at size: `python bench/queue.py [--json] [--cases N] [--rounds N]`; 400,000 cases unless said.

On a throw-away database filled set-based: one case is made by the product's own verbs and copied. Measured in this
process: the page of the desk (first, deep, filtered) with its statements, the search of all cases by words of a title,
"next" as a reviewer pulls it, the payer that ranks. Beside them, in the same rounds, what is usually built instead:
pages by OFFSET with an exact count, a next that sorts what waits, a claim that is looked for and then inserted. Of
pages, searches and next there is the time of this processor too: what others take of a busy machine is not in it.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: Python has a module `queue` too

import argparse  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import timedelta  # noqa: E402
from typing import Any  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from accounts.models import User  # noqa: E402
from audit import clock  # noqa: E402
from onboarding.models import Application, Program  # noqa: E402
from reviews.domain import claims, decisions, ranking  # noqa: E402
from reviews.models import Case  # noqa: E402
from tests.factories import make_program, make_reviewer  # noqa: E402
from tests.reviews.making import make_decision  # noqa: E402

DESK, SEARCH = "/admin/reviews/case/desk/", "/admin/reviews/case/"
PAGES, SEARCHES, PULLS, NAIVE_PULLS, RACERS, RACES = 40, 40, 200, 5, 8, 10  # a round
LIMITS = {"queue page, p95": 300, "search by words, p95": 300, "next, p99": 20, "queue page, statements": 25}
Took = dict[str, list[float]]


class Timed:
    """Milliseconds of each of many acts, by the clock and of this processor."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.used: list[float] = []

    def __call__(self, act: Callable[[], Any]) -> Any:
        began, used = time.perf_counter(), time.process_time()
        done = act()
        self.took.append((time.perf_counter() - began) * 1000)
        self.used.append((time.process_time() - used) * 1000)
        return done

    def figures(self, what: str, percent: int) -> dict[str, float]:
        return {
            f"{what}, p{percent}": at_percent(self.took, percent),
            f"{what}, median": statistics.median(self.took),
            f"{what}, least": min(self.took),
            f"{what}, p{percent} of processor time": at_percent(self.used, percent),
            f"{what}, median of processor time": statistics.median(self.used),
        }


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
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )


def fill(number: int) -> None:
    """Make `number` cases: three programs, a thousand owners, nine in ten wait, one in ten is decided and told."""
    at = clock.now()
    programs = [make_program(f"bench-{each}") for each in ("one", "two", "three")]
    decision = make_decision(by=make_reviewer("rita"), program=programs[0], at=at - timedelta(days=9))
    case, application = decision.case, decision.case.application
    ids = ", ".join(str(program.pk) for program in programs)
    program = f"(ARRAY[{ids}])[1 + n % 3]"
    first = 1_000_000
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # a copy of what is right needs no trigger
    copy(application.applicant, 1000, id=f"{first} + n", email="'owner' || n || '@bench.example'")
    copy(application.owner, 1000, id=f"{first} + n", person_id=f"{first} + n")
    title = "'Case ' || n || ' about ' || md5(n::text)"
    copy(
        application, number, id=f"{first} + n", number="'B' || n", title=title, program_id=program,
        owner_id=f"{first} + 1 + n % 1000", applicant_id=f"{first} + 1 + n % 1000",
        state="CASE WHEN n % 10 = 0 THEN 'approved' ELSE 'submitted' END", case_owed="false",
    )  # fmt: skip
    copy(
        case.revision, number, id=f"{first} + n", application_id=f"{first} + n",
        submitted_by_id=f"{first} + 1 + n % 1000",
    )  # fmt: skip
    copy(
        case, number, id=f"{first} + n", application_id=f"{first} + n", revision_id=f"{first} + n",
        program_id=program, lane="(ARRAY['monitor', 'notify', 'hold', 'refuse'])[1 + n % 4]",
        risk_score="(n::bigint * 7919) % 101", state="CASE WHEN n % 10 = 0 THEN 'decided' ELSE 'open' END",
        decided_at="CASE WHEN n % 10 = 0 THEN now() END", opened_at="now() - (n % 900000) * interval '1 second'",
        due_at="now() + ((n * 31) % 1200000 - 100000) * interval '1 second'", expectation_owed="false",
        rank_rule="''",
    )  # fmt: skip
    copy(
        decision,
        number // 10,
        id=f"{first} + n",
        case_id=f"{first} + n * 10",
        told_at="now()",
        tell_at="now()",
    )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")


def timed(act: Callable[[], object]) -> float:
    """Return the milliseconds an act takes."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def pages(client: Client) -> tuple[Timed, int]:
    """Ask for pages in turn (first, deeper and deeper, by program, by lane); return times and the most statements."""
    timing, most, deeper = Timed(), 0, DESK
    waiting = Case.objects.queued().count()
    for number in range(PAGES):
        program = Program.objects.order_by("pk").values_list("slug", flat=True)[number % 3]
        url = (DESK, deeper, f"{DESK}?program={program}", f"{DESK}?lane=hold")[number % 4]
        with CaptureQueriesContext(connection) as asked:
            answer = timing(lambda url=url: client.get(url))
        assert answer.status_code == 200, url
        most = max(most, len(asked))
        if url == deeper:
            place = number * waiting // (PAGES + 1)
            middle = Case.objects.queued()[place : place + 1].get()
            deeper = (
                f"{DESK}?after={middle.rank}~{middle.opened_at.isoformat().replace('+', '%2B')}~{middle.pk}"
            )
    return timing, most


def searches(client: Client, cases: int) -> Timed:
    """Search in turn for a word of one title, of every title, of none, and for a number."""
    timing = Timed()
    for number in range(SEARCHES):
        one = 1 + number * 7919 % cases
        words = (hashlib.md5(str(one).encode()).hexdigest()[:8], "about", f"nowhere {number}", f"B{one}")[
            number % 4
        ]
        answer = timing(lambda words=words: client.get(SEARCH, {"q": words}))
        assert (f">Case {one} about" in answer.content.decode()) == (number % 4 in (0, 3) or one == cases), (
            words
        )
    return timing


def offset_page(number: int) -> None:
    """What is usually built: an exact count and a page by OFFSET, in an order judged while asking."""
    waiting = Case.objects.filter(state__in=["open", "claimed", "awaiting_second"])
    waiting.count()
    rows = waiting.select_related("program", "application", "revision").order_by(
        "due_at", "-risk_score", "id"
    )
    start = (number * 37_000) % max(waiting.count() - 100, 1)
    list(rows.defer("application__answers", "revision__answers")[start : start + 50])


def pulls(reviewers: list[User]) -> Timed:
    """Pull and decide in turn: each pull is the whole verb, with its locks and ledger row; deciding is not counted."""
    timing = Timed()
    for number in range(PULLS):
        by, at = reviewers[number % len(reviewers)], clock.now()
        taken = timing(lambda by=by, at=at: claims.take_next(by=by, at=at))
        says = {"outcome": "approved", "reason_code": "A1_notify_list"}
        decisions.decide(taken.case, by=by, at=clock.now(), **says)
    return timing


def sorted_next() -> None:
    """What is usually built: judge everything that waits, sort it, take the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM reviews_case WHERE state = 'open' ORDER BY
               CASE WHEN due_at < now() THEN 0 WHEN due_at < now() + interval '1 day' THEN 1 ELSE 2 END,
               lane, risk_score DESC, opened_at LIMIT 1"""
        )


def race(pull: Callable[[User], int], reviewers: list[User]) -> int:
    """Let RACERS threads pull at once; return how many pulls got a case that another one had too."""
    got: list[int] = []
    start = threading.Barrier(RACERS)

    def run(by: User) -> None:
        start.wait()
        for _ in range(RACES):
            got.append(pull(by))
        connection.close()

    threads = [threading.Thread(target=run, args=(by,)) for by in reviewers[:RACERS]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(got) - len(set(got))


def naive_claim(by: User) -> int:
    """Look for the first case without a claim, then insert one: nothing lies between but luck."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM reviews_case k WHERE state = 'open'
               AND NOT EXISTS (SELECT FROM naive_claim c WHERE c.case_id = k.id)
               ORDER BY rank DESC, opened_at, id LIMIT 1"""
        )
        (found,) = cursor.fetchone()
        cursor.execute("INSERT INTO naive_claim (case_id, reviewer_id) VALUES (%s, %s)", [found, by.pk])
    return found


def our_claim(by: User) -> int:
    """Pull, and put aside what is pulled by deciding nothing: the case is not offered again in this race."""
    taken = claims.take_next(by=by, at=clock.now())
    taken.expires_at = clock.now() + timedelta(days=1)
    taken.held_at, taken.held_reason, taken.slot = clock.now(), "bench", None
    taken.save(update_fields=["expires_at", "held_at", "held_reason", "slot"])
    return taken.case_id


def at_percent(took: list[float], percent: int) -> float:
    return statistics.quantiles(took, n=100, method="inclusive")[percent - 1]


def measure(rounds: int, ranked: float, cases: int) -> tuple[Took, dict[str, str]]:
    """Return what -> a figure for each round."""
    reviewers = [make_reviewer(f"bench{number}") for number in range(RACERS)]
    client = Client()
    client.force_login(reviewers[0])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive_claim (case_id bigint, reviewer_id bigint)")
    found: Took = {}
    pages(client), searches(client, cases), pulls(reviewers)  # not counted: caches, plans
    for _ in range(rounds):
        looked, statements = pages(client)
        searched = searches(client, cases)
        naive = [timed(lambda number=number: offset_page(number)) for number in range(1, 11)]
        pulled = pulls(reviewers)
        slow = [timed(sorted_next) for _ in range(NAIVE_PULLS)]
        figures = {
            **looked.figures("queue page", 95),
            "queue page, statements": statements,
            "page by OFFSET and count, median": statistics.median(naive),
            **searched.figures("search by words", 95),
            **pulled.figures("next", 99),
            "next that sorts, the query alone, median": statistics.median(slow),
            f"cases claimed twice of {RACERS * RACES}": race(our_claim, reviewers),
            f"cases claimed twice of {RACERS * RACES}, select then insert": race(naive_claim, reviewers),
        }
        for what, value in figures.items():
            found.setdefault(what, []).append(value)
    found["ranking every case anew"] = [ranked]
    found["ranking when nothing moved"] = [timed(lambda: ranking.rank_owed(at=clock.now())) for _ in range(3)]
    return found, {
        "queue page/page by OFFSET and count": "queue page, median;page by OFFSET and count, median",
        "next/next that sorts": "next, median;next that sorts, the query alone, median",
    }


def report(found: Took, ratios: dict[str, str], cases: int) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    figures = {}
    for what, values in found.items():
        unit = "statements" if "statements" in what else "cases" if "twice" in what else "ms"
        named = f"{what} (limit {LIMITS[what]})" if what in LIMITS else what
        figures[named] = {
            "median": round(statistics.median(values), 2),
            "min": round(min(values), 2),
            "max": round(max(values), 2),
            "unit": unit,
        }
    medians = {what: statistics.median(values) for what, values in found.items()}
    divided = {}
    for name, both in ratios.items():
        ours, theirs = both.split(";")
        divided[name] = round(medians[ours] / medians[theirs], 3)
    machine = (
        f"{cases:,} cases; {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"load {os.getloadavg()[0]:.1f} when it ended"
    )
    return {"name": "queue", "figures": figures, "ratios": divided, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--cases", type=int, default=400_000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    fill(given.cases)
    ranked = timed(lambda: ranking.rank_owed(at=clock.now()))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    said = report(*measure(given.rounds, ranked, given.cases), Application.objects.count())
    if given.json:
        print(json.dumps(said))
        return
    for name, figure in said["figures"].items():
        print(f"{name:62} {figure['median']:10} {figure['unit']}  ({figure['min']} to {figure['max']})")
    for name, ratio in said["ratios"].items():
        print(f"{name:62} {ratio:10}")


if __name__ == "__main__":
    main()
