"""Many letters that differ in a few words only: the sheet is rendered once, and each letter is filled in.

Rendering one letter takes templates a few milliseconds of processor time; a batch of ten thousand took twenty seconds
for nothing but that. What is written is exactly what `letters.write_many` would write: a test compares them. A sheet
that shares nothing but its language is kept by the process: so are single letters cheap.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.template.loader import render_to_string
from django.utils.html import escape

from outbox import hints, letters

# As `letters.Letter` keeps them; the times come from PostgreSQL or with the statement.
INSERT = """
    INSERT INTO outbox_letter (kind, recipient, subject, text, html, about_type, about_id, once, passing, due_at,
        tries, problem)
    SELECT r.kind, r.recipient, r.subject, r.text, r.html, r.about_type, r.about_id, r.once, r.passing, %s, 0, ''
    FROM json_to_recordset(%s::json) AS r(kind text, recipient text, subject text, text text, html text,
        about_type text, about_id text, once text, passing bool)
    ON CONFLICT DO NOTHING"""


@dataclass(frozen=True)
class Copy:
    """One letter of a sheet: to whom, about which row, and the words that stand in it as they are."""

    to: str
    about_id: int
    once: str
    words: dict[str, Any]


@dataclass(frozen=True)
class Sheet:
    """Letters of one kind and language about rows of one model; `context` is what all of them share.

    Each copy has the same names of words, and the templates print them as they are: no filter, no condition.
    """

    kind: str
    about: type[models.Model]
    context: dict[str, Any]
    language: str
    copies: Sequence[Copy] = field(default_factory=list)
    passing: bool = False  # they hold one-time links: blanked once they are sent


def write(sheets: Iterable[Sheet], *, at: datetime) -> int:
    """Write the letters of all sheets in one statement and hint their payer; return how many were new.

    A letter whose `once` stands in the outbox already is left out.
    """
    rows = [row for sheet in sheets for row in _filled(sheet)]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [at, json.dumps(rows, ensure_ascii=False)])
        written = cursor.rowcount
    transaction.on_commit(partial(hints.later, "outbox.tasks.send_owed"), robust=True)
    return written


def _filled(sheet: Sheet) -> Iterable[dict[str, str | bool]]:
    if not sheet.copies:
        return
    names = tuple(sheet.copies[0].words)
    with letters.read_in(sheet.language, ""):
        subject, text, html = (_filler(sheet, ending, names) for ending in letters.ENDINGS)
        for copy in sheet.copies:
            words = [str(word) for word in copy.words.values()]
            yield {
                "kind": sheet.kind,
                "recipient": copy.to,
                "subject": " ".join(subject(words).split())[:200],
                "text": text(words).strip() + "\n",
                "html": html([escape(word) for word in words]),
                "about_type": sheet.about._meta.label_lower,
                "about_id": str(copy.about_id),
                "once": copy.once,
                "passing": sheet.passing,
            }


def _filler(sheet: Sheet, ending: str, names: tuple[str, ...]) -> Callable[[list[str]], str]:
    if sheet.context:
        return _with_gaps(sheet.kind, ending, names, sheet.context)
    return _kept(sheet.kind, ending, names, sheet.language, settings.BASE_URL)


@lru_cache(maxsize=256)  # kinds, their three templates, languages
def _kept(
    kind: str, ending: str, names: tuple[str, ...], language: str, base_url: str
) -> Callable[[list[str]], str]:
    return _with_gaps(kind, ending, names, {})


def _with_gaps(
    kind: str, ending: str, names: tuple[str, ...], shared: dict[str, Any]
) -> Callable[[list[str]], str]:
    """Render one template of a sheet with gaps for these words; return what fills the gaps.

    A gap is marked by a random token: no word that somebody typed can look like one.
    """
    token = secrets.token_hex(12)
    marks = {name: f"{token}x{number}x" for number, name in enumerate(names)}
    app, _, letter = kind.partition("/")
    context = shared | {"base_url": settings.BASE_URL} | marks
    rendered = render_to_string(f"{app}/letters/{letter}{ending}", context)
    pieces = re.split(f"{token}x([0-9]+)x", rendered)
    literal, gaps = pieces[::2], [int(number) for number in pieces[1::2]]

    def fill(words: list[str]) -> str:
        parts = [literal[0]]
        for gap, following in zip(gaps, literal[1:], strict=True):
            parts += (words[gap], following)
        return "".join(parts)

    return fill
