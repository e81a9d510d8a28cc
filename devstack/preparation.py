"""The steps between empty servers and a site: tables, guidelines, demo data. Run in a process of its own.

A door: it calls management commands and nothing else. Each step may run again; demo data are made once.
"""

import hashlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from devstack import environment


def prepare_site(*, demo_data: bool) -> int:
    """Take every step, a line on standard error for each; print the demo sign-ins on standard output."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        _steps(demo_data=demo_data)
    except ImproperlyConfigured as error:
        return _refuse(f"A setting is wrong: {error}")
    except CommandError as error:
        return _refuse(str(error))
    except DatabaseError as error:
        return _refuse(f"The database refuses: {str(error).strip()}")
    return 0


def _steps(*, demo_data: bool) -> None:
    with step("Bringing the tables up to date"):
        call_command("migrate", verbosity=0, interactive=False)
    if environment.is_production():
        with step("Collecting static files"):
            call_command("collectstatic", verbosity=0, interactive=False)
    wanted = demo_data and not environment.is_production()
    if wanted and not loaded_mark().exists():
        with step(
            "Making the demo data, this once"
        ):  # before the ground: its guidelines are as old as its stories
            call_command("demo_data", stdout=io.StringIO())
        loaded_mark().touch()
    with step("Loading the guidelines and the ground every site stands on"):
        call_command("bootstrap", verbosity=0, stdout=io.StringIO())
    if wanted:
        call_command("demo_data", sign_ins=True)


def loaded_mark() -> Path:
    """Return the file that says this database has its demo data; one from outside is told by its address."""
    data = Path(os.environ["GATEHOUSE_DATA"])
    if "DATABASE_URL" in os.environ.get(environment.OURS, "").split():
        return data / "servers" / "demo-data-loaded"
    return (
        data
        / "run"
        / f"demo-data-loaded-{hashlib.sha256(os.environ['DATABASE_URL'].encode()).hexdigest()[:16]}"
    )


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say that a step begins."""
    print(f"{what} …", file=sys.stderr, flush=True)
    yield


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1
