"""What a report counts: the shipped definitions and their queries."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent.parent
SHIPPED, QUERIES = HERE / "content" / "report_metrics.yaml", HERE / "queries"

# What every query starts from: the ledger under the report's seal, and what of it fell into the quarter.
LEDGER = """ledger AS NOT MATERIALIZED (
    SELECT e.id, e.at, e.event, e.subject_type, e.subject_id, e.actor, e.reason, e.details FROM audit_ledgerentry e
    JOIN audit_sealedentry sealed ON sealed.entry_id = e.id
    WHERE sealed.seal_id IN (SELECT id FROM audit_seal WHERE number <= %(seal)s)),
quarter AS NOT MATERIALIZED (SELECT * FROM ledger WHERE at >= %(from)s AND at < %(until)s)"""
# Working days since Monday, 5 January 1970, 00:00 UTC: five a week, and Saturday and Sunday stand still.
WORKING_DAYS = """(floor((extract(epoch FROM {at}) / 86400 - 4) / 7) * 5
    + least(extract(epoch FROM {at}) / 86400 - 4 - floor((extract(epoch FROM {at}) / 86400 - 4) / 7) * 7, 5))"""


@dataclass(frozen=True)
class Metric:
    """One metric as it is defined; `query` and `list_query` are whole statements, empty where it has none."""

    id: str
    name: str
    unit: str
    says: str
    query: str = ""
    tables: tuple[dict[str, Any], ...] = ()
    shares: tuple[dict[str, Any], ...] = ()
    measures: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    list_query: str = ""


@dataclass(frozen=True)
class Definitions:
    version: str
    below: int
    metrics: tuple[Metric, ...]


@cache
def shipped() -> Definitions:
    """Return the definitions in the file of this app, with their queries."""
    said = yaml.safe_load(SHIPPED.read_text())
    return Definitions(
        said["version"], said["small_cell_below"], tuple(_metric(**each) for each in said["metrics"])
    )


def _metric(*, list: dict[str, Any] | None = None, **said: Any) -> Metric:
    counted = bool(said.get("tables") or said.get("measures"))
    words: dict[str, Any] = {
        name: tuple(value) if name in ("tables", "shares") else value for name, value in said.items()
    }
    return Metric(
        **words,
        query=_query(said["id"]) if counted else "",
        columns=list["columns"] if list else {},
        list_query=_query(list.get("query", said["id"])) if list else "",
    )


def _query(name: str) -> str:
    text = (QUERIES / f"{name}.sql").read_text().strip().replace("{ledger}", LEDGER)
    return re.sub(r"\{working_days\(([\w.]+)\)\}", lambda found: WORKING_DAYS.format(at=found[1]), text)
