"""How far two people agree: figures against the published examples, against the jackknife, and where undefined."""

from collections import Counter
from math import sqrt

import pytest

from reviews.domain import agreement
from reviews.domain.agreement import Figure

YES, NO = "approved", "rejected"


def pairs(yes_yes: int, yes_no: int, no_yes: int, no_no: int) -> list[tuple[str, str]]:
    return [(YES, YES)] * yes_yes + [(YES, NO)] * yes_no + [(NO, YES)] * no_yes + [(NO, NO)] * no_no


def jackknife(given: list[tuple[str, str]], coefficient) -> float:
    """Return the standard error that leaving out one pair at a time gives: no formula of the module is in it."""
    n, table = len(given), Counter(given)
    without = [(coefficient(table - Counter([pair])), times) for pair, times in table.items()]
    mean = sum(value * times for value, times in without) / n
    return sqrt((n - 1) / n * sum(times * (value - mean) ** 2 for value, times in without))


def test_where_97_percent_are_approved_raw_95_means_kappa_26_and_ac1_95():
    found = agreement.of(pairs(94, 3, 2, 1), scale=2)

    assert (found.n, round(found.raw.value, 2)) == (100, 0.95)
    assert (round(found.kappa.value, 2), round(found.ac1.value, 2)) == (0.26, 0.95)


def test_kappa_is_that_of_the_textbook_with_its_standard_error():
    """Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd ed., table 18.1 and its example."""
    table = {
        ("psychotic", "psychotic"): 75, ("psychotic", "neurotic"): 1, ("psychotic", "organic"): 4,
        ("neurotic", "psychotic"): 5, ("neurotic", "neurotic"): 4, ("neurotic", "organic"): 1,
        ("organic", "psychotic"): 0, ("organic", "neurotic"): 0, ("organic", "organic"): 10,
    }  # fmt: skip

    found = agreement.kappa(table)

    assert round(found.value, 2) == 0.68
    assert (found.high - found.value) / agreement.Z == pytest.approx(0.087, abs=0.001)


def test_the_interval_of_raw_is_wilsons():
    found = agreement.wilson(95, 100)

    assert (round(found.low, 3), round(found.high, 3)) == (0.888, 0.978)


@pytest.mark.parametrize("counts", [(940, 30, 20, 10), (60, 15, 5, 20), (400, 90, 60, 450)])
def test_both_variances_are_those_of_leaving_one_out(counts):
    given = pairs(*counts)

    for figure, error in (
        (agreement.kappa(Counter(given)), jackknife(given, lambda t: agreement.kappa(t).value)),
        (agreement.ac1(Counter(given), scale=2), jackknife(given, lambda t: agreement.ac1(t, scale=2).value)),
    ):
        assert (figure.value - figure.low) / agreement.Z == pytest.approx(error, rel=0.05)


def test_nothing_is_claimed_of_no_pairs():
    found = agreement.of([], scale=4)

    assert (found.raw, found.kappa, found.ac1) == (Figure(), Figure(), Figure())


def test_kappa_is_undefined_where_both_only_ever_gave_one_answer():
    found = agreement.of(pairs(20, 0, 0, 0), scale=2)

    assert (found.kappa, found.ac1) == (Figure(), Figure(1.0))
    assert found.raw.low < 0.9


def test_perfect_agreement_has_no_interval_of_width_0():
    found = agreement.of(pairs(15, 0, 0, 5), scale=2)

    assert (found.kappa, found.ac1) == (Figure(1.0), Figure(1.0))


def test_people_who_always_differ_are_worse_than_chance():
    found = agreement.of(pairs(0, 10, 10, 0), scale=2)

    assert (found.raw.value, found.kappa.value, found.ac1.value) == (0.0, -1.0, -1.0)
