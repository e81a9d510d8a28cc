"""How far two people who looked at the same thing agree: raw, kappa and AC1, each with a 95 % interval. No database.

Three figures, because each alone misleads: where 97 % are approved, who guesses agrees nearly as often as who reads. A
raw 0.95 is a kappa of 0.26 there, and an AC1 of 0.95.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

Z = 1.959964  # of the normal distribution, for 95 %
Table = Mapping[tuple[Hashable, Hashable], int]


@dataclass(frozen=True)
class Figure:
    """A coefficient and its 95 % interval; both None where it is undefined, the interval where nothing varies."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Agreement:
    """What `n` pairs of views say. Raw lies in 0..1, kappa and AC1 in -1..1."""

    n: int
    raw: Figure
    kappa: Figure
    ac1: Figure


def of(pairs: Iterable[tuple[Hashable, Hashable]], *, scale: int) -> Agreement:
    """Return the agreement of pairs of answers (first, second) on a scale of so many answers, 2 or more."""
    table = Counter(pairs)
    n = table.total()
    agreed = sum(count for (first, second), count in table.items() if first == second)
    return Agreement(n, wilson(agreed, n), kappa(table), ac1(table, scale=scale))


def wilson(hits: int, n: int) -> Figure:
    """Return a share with Wilson's score interval (E. B. Wilson 1927, JASA 22:209-212); undefined of nothing."""
    if n == 0:
        return Figure()
    share = hits / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return Figure(share, max(middle - half, 0.0), min(middle + half, 1.0))


def kappa(table: Table) -> Figure:
    """Return Cohen's kappa (J. Cohen 1960, Educational and Psychological Measurement 20:37-46).

    The variance is the large-sample one of Fleiss, Cohen and Everitt 1969, Psychological Bulletin 72:323-327, eq. 13.
    Undefined of nothing, and where both only ever gave one and the same answer: chance alone would agree as well.
    """
    n, cells, first, second = _shares(table)
    if n == 0:
        return Figure()
    seen = sum(share for (a, b), share in cells.items() if a == b)
    chance = sum(first[a] * second[a] for a in first)
    if 1 - chance < 1e-12:
        return Figure()
    same = sum(
        share * ((1 - chance) - (first[a] + second[a]) * (1 - seen)) ** 2
        for (a, b), share in cells.items()
        if a == b
    )
    other = sum(share * (second[a] + first[b]) ** 2 for (a, b), share in cells.items() if a != b)
    spread = same + (1 - seen) ** 2 * other - (seen * chance - 2 * chance + seen) ** 2
    return _figure((seen - chance) / (1 - chance), spread / (n * (1 - chance) ** 4))


def ac1(table: Table, *, scale: int) -> Figure:
    """Return Gwet's AC1 for two people, `scale` answers to choose from.

    Coefficient and variance: K. L. Gwet 2008, British Journal of Mathematical and Statistical Psychology 61:29-48,
    the variance without its factor for a finite population. Undefined of nothing and on a scale of one answer.
    """
    n, cells, first, second = _shares(table)
    if n == 0 or scale < 2:
        return Figure()
    seen = sum(share for (a, b), share in cells.items() if a == b)
    usual = {answer: (first[answer] + second[answer]) / 2 for answer in {*first, *second}}
    chance = sum(share * (1 - share) for share in usual.values()) / (scale - 1)
    value = (seen - chance) / (1 - chance)
    alike = sum(share * (1 - usual[a]) for (a, b), share in cells.items() if a == b) / (scale - 1)
    apart = (
        sum(share * (1 - (usual[a] + usual[b]) / 2) ** 2 for (a, b), share in cells.items())
        / (scale - 1) ** 2
    )
    spread = (
        seen * (1 - seen)
        - 4 * (1 - value) * (alike - seen * chance)
        + 4 * (1 - value) ** 2 * (apart - chance**2)
    )
    return _figure(value, spread / (n * (1 - chance) ** 2))


def _shares(
    table: Table,
) -> tuple[int, dict[tuple[Hashable, Hashable], float], Counter, Counter]:
    """Return the number of pairs, each cell's share of them, and the margins of the first and the second."""
    n = sum(table.values())
    cells = {pair: count / n for pair, count in table.items() if count}
    first: Counter = Counter()
    second: Counter = Counter()
    for (a, b), share in cells.items():
        first[a] += share  # type: ignore[assignment]
        second[b] += share  # type: ignore[assignment]
    return n, cells, first, second


def _figure(value: float, variance: float) -> Figure:
    """Return a coefficient within its bounds; no interval where nothing varies, a width of 0 would claim too much."""
    if variance < 1e-12:
        return Figure(value)
    half = Z * sqrt(variance)
    return Figure(value, max(value - half, -1.0), min(value + half, 1.0))
