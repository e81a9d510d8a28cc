"""Guidelines at size: `python bench/guidelines.py [--json] [--categories N] [--versions N] [--rounds N]` (312, 50, 20).

As large as the largest public taxonomy has leaves, in as many versions as a long-lived site has. On a throw-away
database, filled by the product's own verbs: each version changes a tenth of the categories, the last rewrites a word in
every sentence of each. Measured in this process: every public page and the editor's, with its statements; what differs
between the first and the last version, which is the largest pair. Beside it what is usually built: the words of both
whole texts through difflib at once.
"""

import argparse
import difflib
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path[0] = str(
    Path(__file__).resolve().parent.parent
)  # not this folder: Python has modules of the same names

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from audit import clock  # noqa: E402
from policies.domain import changes, guidelines  # noqa: E402
from policies.models import GuidelineVersion  # noqa: E402
from tests.factories import editor  # noqa: E402

WORDS = [
    *(
        "people",
        "data",
        "model",
        "harm",
        "check",
        "decide",
        "public",
        "private",
        "law",
        "care",
        "report",
        "study",
    ),
    *(
        "child",
        "health",
        "bank",
        "court",
        "work",
        "vote",
        "code",
        "key",
        "week",
        "rule",
        "text",
        "image",
        "voice",
    ),
    *("claim", "proof", "trust", "risk"),
]
LIMITS = {"page": 200, "statements": 25, "difference of the largest pair": 1000}


def sentence(drawn: random.Random) -> str:
    said = drawn.choices(WORDS, k=drawn.randint(9, 18))
    return f"{' '.join(said).capitalize()}."


def category(number: int, drawn: random.Random) -> dict[str, Any]:
    return {
        "id": f"c{number}",
        "name": " ".join(drawn.choices(WORDS, k=3)).capitalize(),
        "definition": " ".join(sentence(drawn) for _ in range(3)),
        "lane": "refuse",
        "example_allowed": sentence(drawn),
        "example_disallowed": sentence(drawn),
        "maps": {"air2024": [f"{number % 16}.{number}"]},
    }


def edited(part: dict[str, Any], drawn: random.Random) -> dict[str, Any]:
    """Return the category with a word of every sentence changed, as an editor who goes through all of it does."""
    told = [each.split() for each in part["definition"].split(".") if each.strip()]
    for words in told:
        words[drawn.randrange(len(words))] = "otherwise"
    return part | {
        "definition": " ".join(f"{' '.join(words)}." for words in told),
        "example_allowed": f"{part['example_allowed']} {sentence(drawn)}",
        "example_disallowed": sentence(drawn),
    }


def fill(categories: int, versions: int) -> None:
    """Publish the versions, a day apart."""
    drawn, at = random.Random(7), clock.now() - timedelta(days=versions + 20)
    parts = [category(number, drawn) for number in range(categories)]
    section = {"id": "spirit", "title": "Spirit", "text": "\n\n".join(sentence(drawn) for _ in range(40))}
    for number in range(versions):
        last = number == versions - 1
        parts = [edited(part, drawn) if last or drawn.random() < 0.1 else part for part in parts]
        source = {
            "version": f"{number + 1}.0.0",
            "prohibited": parts,
            "sections": [section],
            "effective_after_days": 0,
        }
        version = guidelines.load(source, by="bench", at=at)
        if version.state == "draft":
            guidelines.approve(version, seen=version.text_hash, by=editor("edith"), at=at)
            guidelines.publish(version, by=editor("peter"), at=at)
        at += timedelta(days=1)
        guidelines.put_in_force(at=at)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def timed(act: Callable[[], object], rounds: int) -> list[float]:
    """Return the milliseconds an act takes, each time."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return took


def in_one(old: GuidelineVersion, new: GuidelineVersion) -> list[str]:
    """What is usually built: all words of both texts through difflib."""
    said = [
        " ".join(
            f"{p.name} {p.definition} {p.example_allowed} {p.example_disallowed}" for p in v.categories.all()
        )
        for v in (old, new)
    ]
    return list(difflib.ndiff(said[0].split(), said[1].split()))


def figure(took: list[float], unit: str = "ms") -> dict[str, object]:
    return {
        "median": round(statistics.median(took), 2), "min": round(min(took), 2), "max": round(max(took), 2),
        "unit": unit,
    }  # fmt: skip


def measure(categories: int, versions: int, rounds: int) -> dict[str, object]:
    fill(categories, versions)
    old, new = (GuidelineVersion.objects.get(version=f"{n}.0.0") for n in (1, versions))
    newest = new.version
    pages = {
        "the version in force": "/guidelines/",
        "all versions": "/guidelines/versions/",
        "a category": f"/guidelines/{newest}/c7/",
        "changes since the one before": f"/guidelines/{newest}/changes-since/{versions - 1}.0.0/",
        "feed": "/guidelines/feed/",
        "the editor": f"/admin/policies/guidelineversion/{new.pk}/draft/",
        "the editor's list": "/admin/policies/guidelineversion/",
        "categories in the admin": f"/admin/policies/guidelineversion/{new.pk}/change/",
    }
    client = Client()
    client.force_login(editor("edith"))
    figures: dict[str, Any] = {}
    most = 0
    for name, address in pages.items():
        client.get(address)  # what a process reads once
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200, address
        most = max(most, len(asked))
        limit = LIMITS["difference of the largest pair" if name.startswith("changes") else "page"]
        figures[f"{name} (limit {limit})"] = figure(timed(lambda at=address: client.get(at), rounds))
    figures[f"most statements of a page (limit {LIMITS['statements']})"] = figure([most], "statements")
    ours = timed(lambda: changes.between(old, new), rounds)
    theirs = timed(lambda: in_one(old, new), 1)
    far = f"/guidelines/{newest}/changes-since/1.0.0/"
    figures["difference of the largest pair (limit 1000)"] = figure(ours)
    figures["its page (limit 1000)"] = figure(timed(lambda: client.get(far), rounds))
    figures["all words of both texts through difflib"] = figure(theirs)
    return {
        "name": "guidelines",
        "figures": figures,
        "ratios": {"all words at once/ours": round(statistics.median(theirs) / statistics.median(ours), 1)},
        "machine": f"{categories} categories, {versions} versions; {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f} when it ended",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="End with one JSON line.")
    parser.add_argument("--categories", type=int, default=312)
    parser.add_argument("--versions", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    made = measure(options.categories, options.versions, options.rounds)
    if not options.json:
        for name, value in {**made["figures"], **made["ratios"]}.items():  # type: ignore[dict-item]
            print(f"{name}: {value}")
    print(json.dumps(made))


if __name__ == "__main__":
    main()
