"""The figures of a consultation: no small count is shown, none can be worked out, and none is read out of texts."""

from collections import defaultdict
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.domain import participation
from policies.domain.comment_words import Words
from policies.domain.participation import hidden
from tests.policies.consulting import make_comment, make_open, moderated

MOST = 8  # counts from 0: below the limit, at it, above it


def counts_of(cells: list[tuple[str, int]]) -> list[int | None]:
    return [cell.count for cell in hidden(cells)]


def test_small_counts_are_hidden_with_the_zeros_they_could_be():
    assert counts_of([("a", 9), ("b", 3), ("c", 6), ("d", 0)]) == [9, None, 6, None]
    assert counts_of([("a", 9), ("b", 3), ("c", 6)]) == [None] * 3
    assert counts_of([("a", 9), ("b", 4), ("c", 4)]) == [None] * 3
    assert counts_of([("a", 9), ("b", 0)]) == [9, 0]


def test_two_cells_of_one_name_are_two():
    assert counts_of([("a", 9), ("a", 3), ("a", 0)]) == [9, None, None]


@pytest.mark.parametrize("width", [2, 3, 4])
def test_no_hidden_count_can_be_worked_out_by_who_knows_the_total_and_the_rule(width):
    tables = defaultdict(list)
    for table in product(range(MOST + 1), repeat=width):
        seen = tuple(counts_of([(str(n), count) for n, count in enumerate(table)]))
        tables[seen, sum(table)].append(table)

    told = [
        (seen, total)
        for (seen, total), possible in tables.items()
        for n, count in enumerate(seen)
        if count is None and len({table[n] for table in possible}) == 1
    ]
    assert told == []
    assert not any(0 < (count or 0) < participation.LEAST for seen, _ in tables for count in seen)


@pytest.mark.django_db
def test_answers_are_counted_by_the_database_whatever_else_was_said():
    asked = make_open()
    text, choice, scale = [str(question.pk) for question in asked.questions.all()]
    for liked in ("1", "4", "4"):
        said = Words({"": "x" * 5_000}, {text: "y" * 2_000, choice: "The uses", scale: liked})
        moderated(make_comment(asked, words=said))
    make_comment(asked, words=Words({}, {scale: "5"}))
    with CaptureQueriesContext(connection) as seen:
        figures = participation.of(asked)

    assert [[cell.count for cell in one.cells] for one in figures.answers] == [[], [0, 3], [1, 0, 0, 2, 0]]
    assert len(seen) == 5
