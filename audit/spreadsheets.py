"""Tables as text that spreadsheets open: lines of CSV, and cells that none of them runs."""

import csv
from collections.abc import Iterable, Iterator

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that starts like this


class _Echo:
    """A file that hands each line back."""

    def write(self, line: str) -> str:
        return line


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: what could be one begins with an apostrophe."""
    return f"'{text}" if text.startswith(FORMULA) else text


def lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Return rows as lines of CSV, one at a time: however many there are, one is in memory."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow(row)
