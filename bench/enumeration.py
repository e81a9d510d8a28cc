"""How long the answer takes for a known and an unknown address: `python bench/enumeration.py [--json] [--rounds N]`.

On a throw-away database, with the product's own password hasher, pages asked in this process in turn (known, unknown,
known, …) so that what else the machine does falls on both. A ratio of medians near 1 tells a stranger nothing; that the
work is the same is held by tests/accounts/test_enumeration.py, which does not ask the clock.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: Python has a `queue` too

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

import os  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from accounts.domain import organisations  # noqa: E402
from accounts.models import User  # noqa: E402
from audit import clock  # noqa: E402

PASSWORD = "correct horse battery"
SIGN_UP = {"password1": PASSWORD, "full_name": "A B", "time_zone": "UTC"}


def ways() -> dict[str, tuple[str, Callable[[str], dict[str, str]], Client]]:
    """Return each way to ask about an address: its page, the form for an address, who asks."""
    at = clock.now()
    owner = User.objects.create_user("owner@bench.example", PASSWORD)
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    pygma = organisations.found("Pygma", "", by=owner, at=at)
    signed_in = Client()
    signed_in.force_login(owner)
    return {
        "sign up": ("/accounts/signup/", lambda email: SIGN_UP | {"email": email}, Client()),
        "new password": ("/accounts/password/reset/", lambda email: {"email": email}, Client()),
        "wrong password": (
            "/accounts/login/",
            lambda email: {"login": email, "password": "no, not it"},
            Client(),
        ),
        "invite": (
            f"/organisations/{pygma.pk}/",
            lambda email: {"email": email, "role": "member"},
            signed_in,
        ),
    }


def ask(page: str, form: dict[str, str], client: Client) -> float:
    """Return the milliseconds of one answer; nothing of it is kept."""
    cache.clear()
    with transaction.atomic():
        began = time.perf_counter()
        client.post(page, form)
        took = (time.perf_counter() - began) * 1000
        transaction.set_rollback(True)
    return took


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return way -> "known" and "unknown" -> milliseconds, asked in turn; the first few are not counted."""
    known = User.objects.create_user("known@bench.example", PASSWORD)
    EmailAddress.objects.create(user=known, email=known.email, verified=True, primary=True)
    found: dict[str, dict[str, list[float]]] = {}
    for way, (page, form, client) in ways().items():
        found[way] = {"known": [], "unknown": []}
        for number in range(-3, rounds):
            for whose, email in (("known", known.email), ("unknown", f"nobody{number}@bench.example")):
                took = ask(page, form(email), client)
                if number >= 0:
                    found[way][whose].append(took)
    return found


def report(found: dict[str, dict[str, list[float]]]) -> dict[str, object]:
    """Return the line that docs/ and bench/RESULTS.md are made from."""
    figures = {
        f"{way}, {whose}": {
            "median": round(statistics.median(took), 2),
            "min": round(min(took), 2),
            "max": round(max(took), 2),
            "unit": "ms",
        }
        for way, both in found.items()
        for whose, took in both.items()
    }
    ratios = {
        f"{way}: known/unknown": round(
            statistics.median(both["known"]) / statistics.median(both["unknown"]), 3
        )
        for way, both in found.items()
    }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {"name": "enumeration", "figures": figures, "ratios": ratios, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--rounds", type=int, default=40)
    given = asked.parse_args()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    said = report(measure(given.rounds))
    if given.json:
        print(json.dumps(said))
        return
    for name, figure in said["figures"].items():
        print(f"{name:28} {figure['median']:8} ms  ({figure['min']} to {figure['max']})")
    for name, ratio in said["ratios"].items():
        print(f"{name:28} {ratio:8}")


if __name__ == "__main__":
    main()
