"""Hide small cells, and as many others that no hidden one can be computed from what is left.

A count of 1 to k-1 may be somebody's. Hiding it alone is not enough: its total less the others tells it. So at least
one more cell of its table is hidden, and the hidden ones together come to at least (small ones) + k + 1: below that a
reader who knows this rule could tell them by exclusion. Which cells are added goes by their place in the table, never
by their size, because a choice by size would tell how large they are. Where there is nothing left to add, the total
is hidden, and with it everything that makes it up. A zero is nobody's and stays.

A figure that stands in more than one table (a total of several, or a cell that another table takes apart) is one
figure: hidden in one place, it is hidden in all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Table:
    """Counts by name. `total` is the name of what they add up to; empty where they overlap and add up to nothing."""

    cells: dict[str, int]
    total: str = ""

    @property
    def filled(self) -> list[str]:
        """The cells that are not 0, in the order of the table."""
        return [name for name, count in self.cells.items() if count]


class Computable(Exception):
    """A hidden figure could be computed from published ones: nothing may be published like that."""

    def __init__(self, names: Iterable[str]):
        super().__init__(
            _("Hidden figures could be computed from the others: %(names)s.")
            % {"names": ", ".join(sorted(names))}
        )


def hidden(tables: Sequence[Table], *, below: int) -> set[str]:
    """Return the names to hide where counts from 1 to `below` - 1 are small; `below` of 4 or more, or 0 for nothing.

    Raises Computable if, against the rule above, one of them follows from what stays.
    """
    chosen: list[set[str]] = [set() for _ in tables]
    found: set[str] = set()
    while True:
        before = sum(map(len, chosen))
        for number, table in enumerate(tables):
            others = set().union(*(names for other, names in enumerate(chosen) if other != number))
            chosen[number] |= _hide(table, others, below)
        found = set().union(*chosen)
        if sum(map(len, chosen)) == before:
            break
    if told := computable(tables, found):
        raise Computable(told)
    return found


def _hide(table: Table, already: set[str], below: int) -> set[str]:
    """Return what this table hides where others hide `already`."""
    filled = table.filled
    small = {name for name in filled if table.cells[name] < below or name in already}
    if not table.total:
        return small
    everything = {table.total, *filled}
    if table.total in already:
        return set(filled)
    if not small:
        return set()
    enough = len(small) + below + 1
    chosen = set(small)
    for name in filled:
        if name in small:
            continue
        chosen.add(name)
        if _sum(table, chosen) >= enough:
            return chosen
    return chosen if len(small) > 1 and chosen == small and _sum(table, chosen) >= enough else everything


def _sum(table: Table, names: Iterable[str]) -> int:
    return sum(table.cells[name] for name in names)


def computable(tables: Sequence[Table], names: set[str]) -> set[str]:
    """Return which of these hidden figures are the only solution of the tables' sums: Gauss-Jordan over fractions."""
    unknown = sorted(names)
    rows: list[list[Fraction]] = []
    for table in tables:
        if table.total:
            row = [Fraction(0)] * (len(unknown) + 1)
            signs = [(name, 1, count) for name, count in table.cells.items()]
            for name, sign, count in [*signs, (table.total, -1, sum(table.cells.values()))]:
                if name in names:
                    row[unknown.index(name)] += sign
                else:
                    row[-1] -= sign * count
            rows.append(row)
    rows = _reduced(rows, len(unknown))
    found = set()
    for row in rows:
        at = [number for number, value in enumerate(row[:-1]) if value]
        if len(at) == 1:
            found.add(unknown[at[0]])
    return found


def _reduced(rows: list[list[Fraction]], width: int) -> list[list[Fraction]]:
    place = 0
    for column in range(width):
        pivot = next((number for number in range(place, len(rows)) if rows[number][column]), None)
        if pivot is None:
            continue
        rows[place], rows[pivot] = rows[pivot], rows[place]
        rows[place] = [value / rows[place][column] for value in rows[place]]
        for number, row in enumerate(rows):
            if number != place and row[column]:
                factor = row[column]
                rows[number] = [value - factor * other for value, other in zip(row, rows[place], strict=True)]
        place += 1
    return rows
