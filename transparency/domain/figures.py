"""Count a quarter: one statement a metric, then what is small is hidden, then shares of what is published.

Nothing here reads a clock or a row that may change: the ledger under one seal, rows the database keeps as they are, and
the sealed figures of days. So the same quarter up to the same seal is the same text, byte for byte.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from audit.models import Seal
from transparency.domain import suppression
from transparency.domain.definitions import Definitions, Metric, shipped
from transparency.domain.quarters import Quarter

Told = Callable[[int, int], None]
SHOWN = Decimal("0.1")


class TotalsDiffer(Exception):
    """Two tables of one total do not come to the same: hiding rests on that, so nothing is published."""

    def __init__(self, where: str):
        super().__init__(
            _("The table %(where)s does not come to the total it shares with another one.") % {"where": where}
        )


@dataclass
class _Counted:
    """What the query of one metric returned: {figure: {cell: value}}, and the rows of its list."""

    metric: Metric
    found: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def table(self, asked: dict[str, Any]) -> dict[str, int]:
        """Return the cells of a table by name: first those that are defined, then the others by their code."""
        found = self.found.get(asked["id"], {})
        names = [*asked["cells"], *sorted(set(found) - set(asked["cells"]))]
        return {
            f"{self.metric.id}:{asked['id']}:{cell}": int(found.get(cell, 0))
            for cell in names
            if cell in asked["cells"] or found[cell]
        }


def count(quarter: Quarter, seal: Seal, *, told: Told | None = None) -> str:
    """Return the report as its published text: JSON in one fixed form. `told(done, total)` hears of each metric.

    Raises suppression.Computable rather than publish a figure that tells a hidden one, and TotalsDiffer.
    """
    asked, when = shipped(), _when(quarter, seal)
    counted = []
    for number, metric in enumerate(asked.metrics, start=1):
        counted.append(_run(metric, when))
        if told:
            told(number, len(asked.metrics))
    said = {
        "quarter": quarter.name,
        "from": quarter.start.isoformat(),
        "until": quarter.until.isoformat(),
        "definitions": asked.version,
        "small_cell_below": asked.below,
        "ledger": {"seal": seal.number, "hash": seal.hash},
        "parameters": {name: _plain(value) for name, value in when.items()},
        "metrics": _said(counted, asked),
    }
    return json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def raw(quarter: Quarter, seal: Seal) -> dict[str, dict[str, dict[str, Decimal]]]:
    """Return what the queries count, before anything is hidden: {metric: {figure: {cell: value}}}."""
    when = _when(quarter, seal)
    return {metric.id: _run(metric, when).found for metric in shipped().metrics if metric.query}


def _when(quarter: Quarter, seal: Seal) -> dict[str, Any]:
    return {
        "seal": seal.number, "from": quarter.start, "until": quarter.until,
        "first_day": quarter.start.date(), "day_after": quarter.until.date(),
    }  # fmt: skip


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _run(metric: Metric, when: dict[str, Any]) -> _Counted:
    made = _Counted(metric)
    with connection.cursor() as cursor:
        if metric.query:
            cursor.execute(metric.query, when)
            for figure, cell, value in cursor.fetchall():
                if value is not None:
                    made.found.setdefault(figure, {})[cell] = Decimal(value)
        if metric.list_query:
            cursor.execute(metric.list_query, when)
            made.rows = [json.loads(row) if isinstance(row, str) else row for (row,) in cursor.fetchall()]
    return made


def _said(counted: list[_Counted], asked: Definitions) -> list[dict[str, Any]]:
    """Return every metric as it is published."""
    tables = [
        suppression.Table(each.table(table), table["total"])
        for each in counted
        for table in each.metric.tables
        if table.get("people", True)
    ]
    hidden = suppression.hidden(tables, below=asked.below)
    known: dict[str, int] = {}
    for each in counted:
        for table in each.metric.tables:
            cells = each.table(table)
            known |= cells
            if table["total"]:
                together = sum(cells.values())
                if known.setdefault(table["total"], together) != together:
                    raise TotalsDiffer(f"{each.metric.id}: {table['id']}")
    public = {name: value for name, value in known.items() if name not in hidden}
    return [_metric(each, public, asked.below) for each in counted]


def _metric(counted: _Counted, public: dict[str, int], below: int) -> dict[str, Any]:
    metric = counted.metric
    said: dict[str, Any] = {"id": metric.id, "name": metric.name, "unit": metric.unit, "says": metric.says}
    queries = [text for text in (metric.query, metric.list_query) if text]
    said["queries"] = [text.replace("%%", "%") for text in dict.fromkeys(queries)]
    said["tables"] = [_table(counted, table, public) for table in metric.tables]
    said["shares"] = [_share(share, public, below) for share in metric.shares]
    if metric.measures:
        said["measures"] = _measures(counted, public, below)
    if metric.columns:
        said["list"] = {"columns": _columns(metric.columns), "rows": counted.rows}
    return said


def _table(counted: _Counted, table: dict[str, Any], public: dict[str, int]) -> dict[str, Any]:
    cells = [
        {
            "id": name.split(":", 2)[2],
            "name": _name(name.split(":", 2)[2], table["cells"]),
            "value": public.get(name),
        }
        for name in counted.table(table)
    ]
    said: dict[str, Any] = {"id": table["id"], "title": table["title"], "cells": cells}
    if table["total"]:
        said["total"] = public.get(table["total"])
    said["adds_up"] = bool(table["total"])
    return said


def _share(share: dict[str, Any], public: dict[str, int], below: int) -> dict[str, Any]:
    """A share is made of published counts alone, so it tells nothing that they do not."""
    said = {"id": share["id"], "title": share["title"], "value": None, "of": None}
    if all(name in public for name in (*share["part"], *share["whole"])):
        part, whole = (sum(public[name] for name in share[side]) for side in ("part", "whole"))
        if whole >= below:
            said |= {"value": _rounded(Decimal(part) * share["times"] / whole), "of": whole}
    return said


def _measures(counted: _Counted, public: dict[str, int], below: int) -> dict[str, Any]:
    """Return means, medians and the like; none where a count it could be worked back to is hidden (`needs`)."""
    asked = counted.metric.measures
    told = all(name in public for name in asked.get("needs", []))
    rows = []
    for figure, title in asked["rows"].items():
        found = counted.found.get(figure, {})
        enough = told and found.get("n", 0) >= below
        values = [_rounded(found[cell]) if enough and cell in found else None for cell in asked["cells"]]
        rows.append({"id": figure, "name": title, "values": values})
    return {"columns": _columns(asked["cells"]), "rows": rows}


def _columns(names: dict[str, str]) -> list[dict[str, str]]:
    return [{"id": name, "name": title} for name, title in names.items()]


def _rounded(value: Decimal) -> float | int:
    shown = value.quantize(Decimal("0.001") if abs(value) <= 1 else SHOWN, rounding=ROUND_HALF_EVEN)
    return int(shown) if shown == shown.to_integral() else float(shown)


def _name(cell: str, names: dict[str, str]) -> str:
    return names.get(cell) or cell.replace("_", " ").replace("-", " ").capitalize() if cell else "None"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)
