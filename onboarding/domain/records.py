"""The rows of an uploaded list, read as a stream: CSV or JSONL bytes in, records and problems out.

Nothing longer than MOST_BYTES is ever held, whatever the file holds; a problem names the physical line,
counted from 1, on which its record begins.
"""

import csv
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

MOST_BYTES = 262_144  # of one record: a use case of 100 pages, and small enough to hold a thousand times over
MOST_DEEP = 20  # levels of a nested JSON value
BLOCK = 65_536  # bytes read at a time while an overlong line is passed over
BOM = b"\xef\xbb\xbf"
TOO_LONG = format_lazy(
    gettext_lazy("The row is longer than {most} KiB; nothing of it was kept."), most=MOST_BYTES // 1024
)
NOT_TEXT = {
    b"PK\x03\x04": gettext_lazy("a spreadsheet or zip file"),
    b"\xd0\xcf\x11\xe0": gettext_lazy("an old spreadsheet file"),
    b"\x1f\x8b": gettext_lazy("a compressed file"),
    b"%PDF": gettext_lazy("a PDF"),
    b"\xff\xfe": gettext_lazy("UTF-16 text"),
    b"\xfe\xff": gettext_lazy("UTF-16 text"),
}
# A cell of RFC 4180, for the lines after a broken quote: a stray quote there is the inside of its text.
CELL = r'(?:"(?:[^"]|"")*+"|[^"{0}\r\n]*+)'


class UnreadableFile(Exception):
    """The file as a whole cannot be imported; the message says why and what to do."""


@dataclass(frozen=True)
class Record:
    """One row: field name -> value, as the file has it."""

    line: int
    fields: dict[str, Any]


@dataclass(frozen=True)
class Broken:
    """A row that cannot be read; nothing of it is kept."""

    line: int
    problem: str


@dataclass(frozen=True)
class Line:
    """A physical line: None for `raw` where it was longer than MOST_BYTES; `quotes` counts double quotes."""

    number: int
    raw: bytes | None
    quotes: int


class TooLong(Exception):
    """A CSV record passed the ceiling; the reader stands behind it."""


class Lines:
    """The physical lines of a stream, with one line of looking ahead."""

    def __init__(self, stream: BinaryIO):
        self.stream, self.number, self.bytes_read = stream, 0, 0
        self._ahead: Line | None = None

    def peek(self) -> Line | None:
        self._ahead = self._ahead or self._read()
        return self._ahead

    def next(self) -> Line | None:
        line, self._ahead = self._ahead or self._read(), None
        return line

    def _read(self) -> Line | None:
        raw = self.stream.readline(MOST_BYTES + 1)
        if not raw:
            return None
        self.number += 1
        self.bytes_read += len(raw)
        quotes = raw.count(b'"')
        if len(raw) <= MOST_BYTES or raw.endswith(b"\n"):
            return Line(self.number, raw.removeprefix(BOM) if self.number == 1 else raw, quotes)
        return Line(self.number, None, quotes + self._pass_over())

    def _pass_over(self) -> int:
        """Read to the end of the line without holding it; return the number of double quotes met."""
        quotes = 0
        while piece := self.stream.readline(BLOCK):
            self.bytes_read += len(piece)
            quotes += piece.count(b'"')
            if piece.endswith(b"\n"):
                break
        return quotes


class Records:
    """Iterate over a list's rows: `Record` or `Broken` each. Raises UnreadableFile, at once or at the end.

    `columns` are a CSV file's column names, None for JSONL; `lines.bytes_read` tells how far the reading is.
    """

    def __init__(self, stream: BinaryIO, *, name: str):
        self.lines = Lines(stream)
        first = self._first_with_text()
        self.columns: list[str] | None = None
        if kind_of(name, first.raw or b"") == "csv":
            self.delimiter = _delimiter(first.raw or b"")
            self._feed = _Feed(self.lines)
            self._reader = csv.reader(self._feed, delimiter=self.delimiter, strict=True)
            self.columns = self._read_columns()

    def __iter__(self) -> Iterator[Record | Broken]:
        found = None
        for found in self._objects() if self.columns is None else self._rows(self.columns):
            yield found
        if found is None:
            raise UnreadableFile(_("The file has no row to import."))

    def _first_with_text(self) -> Line:
        while (line := self.lines.peek()) and line.raw is not None and not line.raw.strip():
            self.lines.next()
        if line is None:
            raise UnreadableFile(_("The file is empty."))
        for start, what in NOT_TEXT.items():
            if (line.raw or b"").startswith(start):
                raise UnreadableFile(
                    _("The file is %(what)s. Save it as CSV or JSONL, in UTF-8.") % {"what": what}
                )
        return line

    def _objects(self) -> Iterator[Record | Broken]:
        while line := self.lines.next():
            if line.raw is None:
                yield Broken(line.number, str(TOO_LONG))
            elif line.raw.strip():
                yield _object(line.number, line.raw)

    def _read_columns(self) -> list[str]:
        self._feed.start()
        try:
            columns = [cell.strip() for cell in next(self._reader)]
        except (csv.Error, TooLong):
            raise UnreadableFile(
                _("The first line must name the columns; it cannot be read as CSV.")
            ) from None
        if self._feed.problem:
            raise UnreadableFile(
                _("The first line, which names the columns: %(problem)s") % {"problem": self._feed.problem}
            )
        columns = [name or f"column {number}" for number, name in enumerate(columns, 1)]
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            raise UnreadableFile(
                _("The first line names the column %(twice)s twice.") % {"twice": clipped(twice)}
            )
        return columns

    def _rows(self, columns: list[str]) -> Iterator[Record | Broken]:
        clean = re.compile(_record_pattern(self.delimiter))
        wary = False
        while True:
            self._feed.start()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except TooLong:
                yield Broken(self._feed.first, f"{TOO_LONG}{self._feed.extent()}")
                continue
            except csv.Error:
                wary = True
                yield Broken(
                    self._feed.first, _("A quoted cell is not closed properly.") + self._feed.extent()
                )
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if wary and not clean.fullmatch(self._feed.text):
                problem = _("This belongs to the broken row above, or has a stray quotation mark.")
                yield Broken(self._feed.first, problem)
                continue
            found = self._row(columns, cells)
            wary = wary and isinstance(found, Broken)
            yield found

    def _row(self, columns: list[str], cells: list[str]) -> Record | Broken:
        line = self._feed.first
        if self._feed.problem:
            return Broken(line, self._feed.problem)
        if len(cells) != len(columns):
            says = ngettext(
                "The row has %(cells)d cell; the first line names %(columns)d columns.",
                "The row has %(cells)d cells; the first line names %(columns)d columns.",
                len(cells),
            )
            return Broken(line, says % {"cells": len(cells), "columns": len(columns)})
        fields = dict(zip(columns, cells, strict=True))
        if problem := unstorable(fields):
            return Broken(line, problem)
        return Record(line, fields)


class _Feed:
    """Hand decoded lines to csv.reader, one record between two calls of `start`."""

    def __init__(self, lines: Lines):
        self.lines = lines
        csv.field_size_limit(MOST_BYTES)
        self.start()

    def start(self) -> None:
        self.first, self.size, self.problem = 0, 0, ""
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """The record as it stands in the file."""
        return "".join(self._parts)

    def extent(self) -> str:
        """Say which lines a broken record took with it, where it took more than one."""
        last = self.lines.number
        if last <= self.first:
            return ""
        return _(" Lines %(first)d to %(last)d were passed over.") % {"first": self.first, "last": last}

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self.lines.next()
        if line is None:
            raise StopIteration
        inside = self.first > 0  # the reader asks for a further line only inside a quoted cell
        self.first = self.first or line.number
        self.size += len(line.raw or b"")
        if line.raw is None or self.size > MOST_BYTES:
            self._pass_over(still_open=inside ^ bool(line.quotes % 2))
            raise TooLong
        decoded, self.problem = _decoded(line.raw, self.problem)
        self._parts.append(decoded)
        return decoded

    def _pass_over(self, *, still_open: bool) -> None:
        """Go on to the line that closes the quoted cell we are in; its text must not be taken for rows."""
        while still_open and (line := self.lines.next()):
            still_open ^= bool(line.quotes % 2)


def kind_of(name: str, first: bytes) -> str:
    """Return "csv" or "jsonl", by the file's extension, else by its first line with text."""
    ending = name.rpartition(".")[2].lower()
    if ending in ("csv", "tsv"):
        return "csv"
    if ending in ("jsonl", "ndjson", "json"):
        return "jsonl"
    return "jsonl" if first.lstrip()[:1] in (b"{", b"[") else "csv"


def clipped(text: object, most: int = 60) -> str:
    """Return `text` in quotation marks, cut to a length a report can show."""
    shown = str(text)
    return f"“{shown if len(shown) <= most else shown[: most - 1] + '…'}”"


def unstorable(value: Any) -> str:
    """Say why PostgreSQL could not keep a parsed value (NUL, half a character, no number), or return ""."""
    waiting = [(value, 0)]
    while waiting:
        this, depth = waiting.pop()
        if depth > MOST_DEEP:
            return _("The row is nested more than %(most)d levels deep.") % {"most": MOST_DEEP}
        if isinstance(this, dict):
            waiting += [(part, depth + 1) for pair in this.items() for part in pair]
        elif isinstance(this, list):
            waiting += [(part, depth + 1) for part in this]
        elif isinstance(this, str) and (problem := _unstorable_text(this)):
            return problem
        elif isinstance(this, float) and not math.isfinite(this):
            return _("The row has a number that is not finite.")
    return ""


def _unstorable_text(text: str) -> str:
    if text.isascii():
        return _("The row has a NUL character.") if "\0" in text else ""
    if "\0" in text:
        return _("The row has a NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        return _("The row has half of a character (a lone surrogate).")
    return ""


def _object(number: int, raw: bytes) -> Record | Broken:
    decoded, problem = _decoded(raw, "")
    if problem:
        return Broken(number, problem)
    try:
        found = json.loads(decoded)
    except json.JSONDecodeError as error:
        return Broken(
            number,
            _("The line is not valid JSON: %(problem)s, at character %(place)d.")
            % {"problem": error.msg, "place": error.pos + 1},
        )
    except (ValueError, RecursionError):
        return Broken(
            number, _("The line is not usable JSON: a number is too long or a value is nested too deeply.")
        )
    if not isinstance(found, dict):
        return Broken(number, _('The line is JSON but not an object: write {"title": …} on each line.'))
    if problem := unstorable(found):
        return Broken(number, problem)
    return Record(number, found)


def _decoded(raw: bytes, problem: str) -> tuple[str, str]:
    """Return the text, and the problem met so far or with it; unreadable bytes never stop the reading."""
    try:
        return raw.decode(), problem
    except UnicodeDecodeError as error:
        return raw.decode(errors="replace"), problem or _(
            "The text is not UTF-8 (byte %(place)d of the line)."
        ) % {"place": error.start + 1}


def _delimiter(header: bytes) -> str:
    """Return the separator the line of column names uses most, outside quotes: comma, semicolon or tab."""
    bare = re.sub(rb'"[^"]*"', b"", header)
    return max((",", ";", "\t"), key=lambda mark: bare.count(mark.encode()))


def _record_pattern(delimiter: str) -> str:
    cell = CELL.format(re.escape(delimiter))
    return rf"{cell}(?:{re.escape(delimiter)}{cell})*+\r?\n?"
