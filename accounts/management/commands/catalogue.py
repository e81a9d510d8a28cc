"""Bring the catalogues of translations up to date, or say what they lack."""

import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from gettext import GNUTranslations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.languages import Language

LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "tests", "bench", "demo", "devstack", "deploy", "docs", "static", "migrations"
)
READ_NOT_WALKED = "content_of_files.py"  # xgettext reads no YAML: its words are put into a file it does read
# Words in the files of content that are said to people. Guidelines are not here: a version is in one language.
CONTENT = {
    "onboarding/content/questions.yaml": frozenset(
        ("says", "name", "intro", "question", "short", "hint", "example", "why", "label")
    ),
    "onboarding/content/countries.yaml": None,  # all values
    "reviews/content/reasons.yaml": frozenset(("name", "template")),
    "transparency/content/report_metrics.yaml": frozenset(
        ("name", "unit", "says", "title", "cells", "heads")
    ),
}


class Command(BaseCommand):
    help = "Bring the catalogues under locale/ up to date; needs GNU gettext."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; say what is missing and stop."
        )

    def handle(self, *, check: bool, **options: Any) -> None:
        wrong = []
        with TemporaryDirectory() as place:
            copy = Path(place, "tree")
            shutil.copytree(settings.BASE_DIR, copy, ignore=LEFT_OUT)
            Path(copy, "locale").mkdir(exist_ok=True)
            Path(copy, READ_NOT_WALKED).write_text("".join(f"_({text!r})\n" for text in content(copy)))
            for language in Language.values:
                if language != settings.LANGUAGE_CODE:
                    wrong += self._bring_up(copy, language, check=check)
        if wrong:
            raise CommandError("\n".join(wrong))

    def _bring_up(self, copy: Path, language: str, *, check: bool) -> list[str]:
        kept = Path(settings.BASE_DIR, "locale", language, "LC_MESSAGES", "django.po")
        made = copy / kept.relative_to(settings.BASE_DIR)
        _run(
            sys.executable, "-m", "django", "makemessages", "--locale", language, "--no-obsolete", "--no-wrap",
            "--add-location", "file", "--extension", "html,txt,py", cwd=copy,
        )  # fmt: skip
        compiled = made.with_suffix(".mo")
        _run("msgfmt", "--check-format", "--output-file", str(compiled), str(made), cwd=copy)
        missing = _left(made)
        if not check:
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(made, kept)
            shutil.copy(compiled, kept.with_suffix(".mo"))
            self.stdout.write(f"{language}: {len(missing)} left to translate.")
            return []
        wrong = [f"{language}: not translated: {text}" for text in missing]
        behind = Path(made.parent, "kept.mo")
        if kept.exists():
            _run("msgfmt", "--output-file", str(behind), str(kept), cwd=copy)
        if not kept.exists() or _says(behind) != _says(compiled):
            wrong.append(f"{language}: the catalogue is not up to date; run `python manage.py catalogue`.")
        elif _says(kept.with_suffix(".mo")) != _says(compiled):
            wrong.append(
                f"{language}: the compiled catalogue is not up to date; run `python manage.py catalogue`."
            )
        return wrong


def content(root: Path) -> list[str]:
    """Return every word of the files of content that people read, each once, in the files' order."""
    found: dict[str, None] = {}
    for name, fields in CONTENT.items():
        for text in _words(yaml.safe_load((root / name).read_text("utf-8")), fields, said=fields is None):
            found.setdefault(text)
    return list(found)


def _words(part: object, fields: frozenset[str] | None, *, said: bool) -> list[str]:
    if isinstance(part, dict):
        inside = ((value, said or (fields is not None and key in fields)) for key, value in part.items())
        return [text for value, is_said in inside for text in _words(value, fields, said=is_said)]
    if isinstance(part, list):
        return [text for value in part for text in _words(value, fields, said=said)]
    return [part] if said and isinstance(part, str) and part.strip() else []


def _left(catalogue: Path) -> list[str]:
    """Return what is not translated, or only guessed from a text that is alike."""
    left = []
    for kind in ("--untranslated", "--only-fuzzy"):
        listed = _run("msgattrib", kind, "--no-obsolete", "--no-wrap", str(catalogue), cwd=catalogue.parent)
        left += [line.removeprefix("msgid ") for line in listed.splitlines() if line.startswith("msgid ")][1:]
    return left


def _says(compiled: Path) -> dict[object, str]:
    """Return what a compiled catalogue says, without its header: releases of gettext differ in how they write it."""
    with compiled.open("rb") as file:
        said = dict(vars(GNUTranslations(file))["_catalog"])
    said.pop("", None)
    return said


def _run(*words: str, cwd: Path) -> str:
    without = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    try:
        done = subprocess.run(words, cwd=cwd, check=True, capture_output=True, text=True, env=without)
    except FileNotFoundError:
        raise CommandError(
            f"{words[0]} is missing: install GNU gettext (Debian: apt-get install gettext)."
        ) from None
    except subprocess.CalledProcessError as error:
        raise CommandError(f"{' '.join(words[:4])}: {error.stderr.strip()}") from None
    return done.stdout
