"""Bars of a published table, drawn by the server: across in per cent, down in pixels, so that words keep their size."""

from dataclasses import dataclass
from typing import Any

from onboarding import charts

ROW, BAR, ABOVE = 30, 10, 17  # of one bar with its name: pixels in all, of the bar, from the top to the bar
MOST = 16  # bars; a longer table is told by itself


@dataclass(frozen=True)
class Bar:
    """`wide` is None where the count is hidden."""

    name: str
    value: int | None
    top: int
    says_at: int
    wide: float | None


@dataclass(frozen=True)
class Bars:
    """`ticks` are (per cent across, value), the first one 0."""

    rows: list[Bar]
    ticks: list[tuple[float, int]]
    height: int
    floor: int
    thick: int = BAR


def bars(table: dict[str, Any]) -> Bars | None:
    """Return what the template draws of a table; None where a drawing would say no more than the table does."""
    cells = table["cells"]
    counts = [cell["value"] for cell in cells if cell["value"]]
    if len(counts) < 2 or len(cells) > MOST:
        return None
    most = charts.round_up(max(counts))
    rows = [
        Bar(
            cell["name"],
            cell["value"],
            number * ROW + ABOVE,
            number * ROW + ABOVE - 5,
            None if cell["value"] is None else round(100 * cell["value"] / most, 2),
        )
        for number, cell in enumerate(cells)
    ]
    floor = len(cells) * ROW + 2
    return Bars(rows, [(0, 0), (50, most // 2), (100, most)], floor + 18, floor)
