"""The page of a case at size: `python bench/workspace.py [--json] [--cases N] [--pages N]` (400,000 cases, 200 pages).

On a throw-away database filled set-based: one decided case is made by the product's own verbs and copied. Each
copy gets a text of 60 to 240 words out of 30,000 as unevenly frequent as words are (Zipf), so that precedents
are looked for among texts as long and as alike as real ones; half of the cases are decided. Measured in this
process: the page of open cases, never the same twice, with its statements; what it takes to find precedents;
the payer that keeps what cases are compared by. Beside them what is usually built: the trigram similarity of
whole texts, asked of the table.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

sys.path[0] = str(
    Path(__file__).resolve().parent.parent
)  # not this folder: Python has modules of the same names

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from accounts.models import User  # noqa: E402
from audit import clock  # noqa: E402
from reviews.domain import likenesses, precedents  # noqa: E402
from reviews.models import Case  # noqa: E402
from tests.factories import make_program, make_reviewer  # noqa: E402
from tests.reviews.making import make_decision  # noqa: E402

WORDS = 30_000
FIRST = 1_000_000  # ids of the copies are counted from here
LIMITS = {"workspace, p95": 300, "workspace, statements": 25}


def texts(number: int) -> Iterator[str]:
    """Yield titles and answers; one in fifty is another one's with some words changed, as people do."""
    drawn = random.Random(4)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "il")]
    words = ["".join(drawn.choices(syllables, k=drawn.randint(2, 4))) for _ in range(WORDS)]
    weights, total = [], 0.0
    for place in range(WORDS):
        total += 1 / (place + 3)
        weights.append(total)
    known: list[list[str]] = []
    for each in range(number):
        if each % 50 == 49:
            said = [word if drawn.random() < 0.8 else drawn.choice(words) for word in drawn.choice(known)]
        else:
            said = drawn.choices(words, cum_weights=weights, k=drawn.randint(60, 240))
            if len(known) < 2000:
                known.append(said)
        yield " ".join(said)


def copy(row: models.Model, times: int, /, source: str = "", **columns: str) -> None:
    """Copy a row so many times in one statement; `columns` are SQL, in which `n` counts and `old` is the row."""
    fields = [field for field in row._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
    fresh = {field.column: "gen_random_uuid()" for field in fields if isinstance(field, models.UUIDField)}
    columns = fresh | columns
    names = [field.column for field in fields]
    values = ", ".join(columns.get(name, f'old."{name}"') for name in names).replace("%", "%%")
    listed, table = ", ".join(f'"{name}"' for name in names), row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} old, generate_series(1, %s) n {source} "
            "WHERE old.id = %s",
            [times, row.pk],
        )


def fill(number: int) -> None:
    """Make `number` cases of a tenth as many owners, every second one decided and told."""
    at = clock.now()
    reviewer = make_reviewer("rita")
    decision = make_decision(
        by=reviewer, program=make_program("bench"), at=at - timedelta(days=9), answers={"summary": "x"}
    )
    likenesses.keep_owed()
    case, application = decision.case, decision.case.application
    owners = max(number // 10, 1)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # a copy of what is right needs no trigger
        cursor.execute("CREATE TEMPORARY TABLE said (place int PRIMARY KEY, text text)")
        with cursor.copy("COPY said (place, text) FROM STDIN") as stream:
            for n, text in enumerate(texts(number), 1):
                stream.write_row((n, text))
        cursor.execute("DROP INDEX likeness_by_words")
    owner = f"{FIRST} + 1 + n % {owners}"
    email = f"'owner' || n || '@bench' || n % {max(owners // 20, 1)} || '.example'"
    copy(application.applicant, owners, id=f"{FIRST} + n", email=email)
    copy(application.owner, owners, id=f"{FIRST} + n", person_id=f"{FIRST} + n")
    said = "JOIN said ON said.place = n"
    copy(
        application, number, said, id=f"{FIRST} + n", number="'B' || n", title="left(said.text, 60)",
        owner_id=owner, applicant_id=owner, case_owed="false",
        state="CASE WHEN n % 2 = 0 THEN 'approved' ELSE 'submitted' END",
    )  # fmt: skip
    copy(
        case.revision, number, said, id=f"{FIRST} + n", application_id=f"{FIRST} + n", submitted_by_id=owner,
        answers="jsonb_build_object('summary', left(said.text, 200), 'detail', said.text)",
    )  # fmt: skip
    copy(
        case, number, id=f"{FIRST} + n", application_id=f"{FIRST} + n", revision_id=f"{FIRST} + n",
        state="CASE WHEN n % 2 = 0 THEN 'decided' ELSE 'open' END",
        decided_at="CASE WHEN n % 2 = 0 THEN now() END", expectation_owed="false", likeness_owed="false",
    )  # fmt: skip
    copy(
        case.likeness, number, said, id=f"{FIRST} + n", case_id=f"{FIRST} + n", revision_id=f"{FIRST} + n",
        text="left(said.text, 60) || E'\\n' || left(said.text, 200) || E'\\n' || said.text",
        text_hash="md5(said.text)", mail_key=email.replace("n %", f"(1 + n % {owners}) %"),
        mail_domain=f"'bench' || (1 + n % {owners}) % {max(owners // 20, 1)} || '.example'",
    )  # fmt: skip
    copy(
        decision, number // 2, id=f"{FIRST} + n", case_id=f"{FIRST} + n * 2", revision_id=f"{FIRST} + n * 2",
        outcome="CASE WHEN n % 30 = 0 THEN 'rejected' ELSE 'approved' END", told_at="now()", tell_at="now()",
        categories="'[\"fraud_spam\"]'::jsonb", facts="'x'", what_would_change="'x'", reapply_never="n % 30 = 0",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX likeness_by_words ON reviews_likeness USING gin (words)")
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")


def timed(act: Callable[[], object]) -> float:
    """Return the milliseconds an act takes."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def pages(client: Client, some: list[int]) -> tuple[list[float], int]:
    """Return the milliseconds of each page of a case, and the most statements of one."""
    took, most = [], 0
    client.get(f"/admin/reviews/case/{some[0]}/")  # what a process reads once
    for pk in some[1:]:
        with CaptureQueriesContext(connection) as asked:
            began = time.perf_counter()
            answer = client.get(f"/admin/reviews/case/{pk}/")
            took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.status_code
        most = max(most, len(asked))
    return took, most


def nearest(pk: int) -> precedents.Near:
    case = Case.objects.select_related("application", "revision__question_set").get(pk=pk)
    return precedents.near(case, hidden=Q(pk=0))


def by_trigrams(pk: int) -> None:
    """What is usually built: the most similar texts of the whole table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT other.case_id FROM reviews_likeness other, reviews_likeness mine WHERE mine.case_id = %s "
            "ORDER BY similarity(other.text, mine.text) DESC LIMIT 6",
            [pk],
        )


def keeping(some: list[int]) -> float:
    """Return how many likenesses a second the payer keeps."""
    with transaction.atomic():
        Case.objects.filter(pk__in=some).update(likeness_owed=True)
        took = timed(likenesses.keep_owed)
        transaction.set_rollback(True)
    return round(len(some) / took * 1000)


def figure(took: list[float], unit: str = "ms") -> dict[str, object]:
    return {
        "median": round(statistics.median(took), 2), "min": round(min(took), 2), "max": round(max(took), 2),
        "unit": unit,
    }  # fmt: skip


def measure(number: int, many: int) -> dict[str, object]:
    fill(number)
    client = Client()
    client.force_login(User.objects.get(email="rita@example.org"))
    drawn = random.Random(7)
    some = [FIRST + 1 + 2 * n for n in drawn.sample(range(number // 2), min(many + 1, number // 2))]
    took, most = pages(client, some)
    near = [timed(lambda pk=pk: nearest(pk)) for pk in some]
    found = [len(nearest(pk).precedents) for pk in some[:50]]
    naive = [timed(lambda pk=pk: by_trigrams(pk)) for pk in some[:2]]
    p95 = statistics.quantiles(took, n=20)[-1]
    figures = {
        f"workspace, {number:,} cases": figure(took),
        "workspace, p95": figure([p95]),
        "workspace, statements": figure([most], "statements"),
        "find precedents": figure(near),
        "precedents found": figure([float(count) for count in found], "cases"),
        "by trigrams of whole texts": figure(naive),
        "keep what cases are compared by": figure([keeping(some)], "cases/s"),
    }
    ratios = {
        "trigrams of whole texts / find precedents": round(
            statistics.median(naive) / statistics.median(near), 1
        ),
        **{f"{name}: of its limit": round(figures[name]["max"] / limit, 2) for name, limit in LIMITS.items()},
    }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {"name": "workspace", "figures": figures, "ratios": ratios, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--cases", type=int, default=400_000)
    asked.add_argument("--pages", type=int, default=200)
    given = asked.parse_args()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    print(json.dumps(measure(given.cases, given.pages), indent=None if given.json else 2))


if __name__ == "__main__":
    main()
