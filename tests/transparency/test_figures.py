"""A quarter counted: the same as by slow plain Python, the same bytes each time, nothing small shown."""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from audit import seals
from audit.models import LedgerEntry
from tests.factories import make_application
from tests.transparency import slowly, year
from transparency.domain import definitions, figures, quarters, reports, suppression

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = quarters.named("2026Q2")
BY_HAND = {  # written down by a person, or a list: their tests are elsewhere
    "authority", "double_review_agreement", "weaknesses",
}  # fmt: skip


@pytest.fixture(scope="module")
def counted(django_db_setup, django_db_blocker):
    """Return a year of 600 applications, counted both ways; made once, and gone afterwards."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        seal = year.make(600, start=START)
        yield {
            "seal": seal,
            "fast": figures.raw(SECOND, seal),
            "slow": slowly.count(SECOND, seal),
            "text": figures.count(SECOND, seal),
        }
        transaction.set_rollback(True)


def test_every_figure_is_what_plain_python_counts(counted):
    fast = {
        metric: {
            figure: {cell: float(value) for cell, value in cells.items()} for figure, cells in found.items()
        }
        for metric, found in counted["fast"].items()
        if metric not in BY_HAND
    }
    slow = counted["slow"]

    assert sorted(set(fast) - set(slow)) == []
    wrong = [
        (metric, figure, cell, fast[metric].get(figure, {}).get(cell), value)
        for metric, found in slow.items()
        for figure, cells in found.items()
        for cell, value in cells.items()
        if not math.isclose(fast.get(metric, {}).get(figure, {}).get(cell, 0), value, abs_tol=1e-6)
    ]
    more = [
        (metric, figure, cell)
        for metric, found in fast.items()
        for figure, cells in found.items()
        for cell, value in cells.items()
        if value and cell not in slow[metric].get(figure, {})
    ]
    assert (wrong, more) == ([], [])


def test_there_is_something_in_nearly_every_table(counted):
    filled = {
        (metric, figure)
        for metric, found in counted["fast"].items()
        for figure, cells in found.items()
        if any(cells.values())
    }

    assert len(filled) > 40


def test_the_same_sealed_entries_give_the_same_bytes_whatever_came_later(counted):
    make_application(at=START + timedelta(days=100))
    seals.seal(at=START + timedelta(days=400))

    assert figures.count(SECOND, counted["seal"]) == counted["text"]


def test_what_is_sealed_later_counts_for_a_later_seal(counted):
    before = LedgerEntry.objects.count()
    make_application(at=START + timedelta(days=101))
    later = seals.seal(at=START + timedelta(days=401))

    assert LedgerEntry.objects.count() > before
    assert figures.digest(figures.count(SECOND, later)) != figures.digest(counted["text"])


def test_nothing_small_is_shown_and_nothing_hidden_can_be_computed_from_the_published_text(counted):
    said = json.loads(counted["text"])
    asked = {metric.id: metric for metric in definitions.shipped().metrics}
    small, tables, missing = [], [], set()
    for metric in said["metrics"]:
        for table, defined in zip(metric["tables"], asked[metric["id"]].tables, strict=True):
            if not defined.get("people", True):
                continue
            raw = counted["fast"][metric["id"]].get(table["id"], {})
            cells = {
                f"{metric['id']}:{table['id']}:{c['id']}": int(raw.get(c["id"], 0)) for c in table["cells"]
            }
            tables.append(suppression.Table(cells, defined["total"]))
            missing |= {
                f"{metric['id']}:{table['id']}:{c['id']}" for c in table["cells"] if c["value"] is None
            }
            if table["adds_up"] and table["total"] is None:
                missing.add(defined["total"])
            small += [c for c in table["cells"] if c["value"] and c["value"] < said["small_cell_below"]]

    assert small == []
    assert missing
    assert suppression.computable(tables, missing) == set()


def test_a_share_is_hidden_with_what_it_is_made_of(counted):
    shown = dict(reports.flat(json.loads(counted["text"])))
    shares = [key for key in shown if key[1].startswith("share/")]

    assert len(shares) == 10
    assert shown["decisions", "outcome/rejected"] is None or shown["accept_share", "share/all"] is not None


def test_thirty_metrics_are_defined_each_with_its_words_and_its_query():
    metrics = definitions.shipped().metrics
    queried = [m for m in metrics if m.tables or m.measures]

    assert len(metrics) == 30
    assert all(m.says.endswith(".") and m.name and m.unit for m in metrics)
    assert all("WITH ledger AS" in m.query for m in queried)
    assert all(m.list_query or m.shares or m.query for m in metrics)


@pytest.mark.parametrize(("differ", "told"), [(2, None), (9, 0.5)])
def test_agreement_is_not_told_where_the_counts_it_follows_from_are_hidden(differ, told):
    (metric,) = (each for each in definitions.shipped().metrics if each.id == "double_review_agreement")
    name = "double_review_agreement:pairs:"
    public = {f"{name}agree": 20} | ({f"{name}differ": differ} if differ >= 5 else {})
    counted = figures._Counted(metric, found={"kappa": {"n": Decimal(22), "kappa": Decimal("0.5")}})

    assert figures._measures(counted, public, 5)["rows"][0]["values"] == [told]
