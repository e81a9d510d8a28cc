"""What a report hides: no published table lets a hidden count be computed, not even by who knows how it is hidden."""

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transparency.domain.suppression import Computable, Table, computable, hidden

COUNTS = st.integers(0, 12) | st.integers(0, 3000)


def table(counts, total="all", name="t") -> Table:
    return Table({f"{name}:{number}": count for number, count in enumerate(counts)}, total)


def seen(counts: tuple[int, ...], below: int) -> tuple:
    """Return what is published of a table with its total."""
    found = hidden([table(counts)], below=below)
    cells = tuple(None if f"t:{n}" in found else count for n, count in enumerate(counts))
    return cells, None if "all" in found else sum(counts)


def test_a_small_count_is_hidden_and_another_with_it():
    assert seen((2, 30, 40), 5) == ((None, None, 40), 72)


def test_without_a_small_count_nothing_is_hidden():
    assert seen((0, 5, 40), 5) == ((0, 5, 40), 45)


def test_where_nothing_else_can_hide_it_the_total_goes_too():
    assert seen((0, 3, 0), 5) == ((0, None, 0), None)


def test_a_figure_hidden_in_one_table_is_hidden_in_all():
    tables = [
        Table({"outcome:yes": 40, "outcome:no": 3, "outcome:ask": 9}, "all"),
        Table({"why:a": 1, "why:b": 2}, "outcome:no"),
        Table({"lane:x": 26, "lane:y": 26}, "all"),
    ]

    assert hidden(tables, below=5) == {"outcome:no", "outcome:yes", "why:a", "why:b"}


@pytest.mark.parametrize("below", [4, 5])
@pytest.mark.parametrize("cells", [1, 2, 3])
def test_no_hidden_count_follows_for_a_reader_who_knows_the_rule(cells, below):
    """Every table of small numbers: of those that look the same, each hidden cell has two values or more."""
    most, room = {1: 25, 2: 25, 3: 14}[cells], 9
    alike = defaultdict(list)
    for counts in product(range(most + room), repeat=cells):
        alike[seen(counts, below)].append(counts)

    told = [
        (shown, number)
        for shown, all_of_them in alike.items()
        for number, count in enumerate(shown[0])
        if count is None
        and len({counts[number] for counts in all_of_them}) < 2
        and sum(all_of_them[0]) <= most
    ]

    assert told == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(COUNTS, min_size=1, max_size=9),
    st.data(),
    st.integers(4, 10),
)
def test_no_hidden_count_follows_from_linked_tables(counts, data, below):
    """Two ways to take one total apart, and one that takes a cell of the first apart again."""
    other = _taken_apart(sum(counts), data)
    inner = _taken_apart(counts[0], data)
    tables = [table(counts), table(other, name="o"), table(inner, total="t:0", name="i")]

    found = hidden(tables, below=below)

    small = {name for each in tables for name, count in each.cells.items() if 0 < count < below}
    assert (small - found, computable(tables, found)) == (set(), set())


def _taken_apart(total: int, data: st.DataObject) -> list[int]:
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=5)))
    return [upper - lower for lower, upper in zip([0, *cuts], [*cuts, total], strict=True)]


def test_what_could_be_computed_is_found():
    tables = [Table({"a": 3, "b": 40}, "all"), Table({"c": 43}, "all")]

    assert computable(tables, {"a"}) == {"a"}
    assert str(Computable({"a"})) == "Hidden figures could be computed from the others: a."
