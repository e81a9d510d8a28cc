"""Prove the invariants from the data alone."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

import accounts.invariants
import audit.invariants
import enforcement.invariants
import onboarding.invariants
import outbox.invariants
import policies.invariants
import reviews.invariants
import transparency.invariants

MODULES = (
    audit.invariants,
    outbox.invariants,
    accounts.invariants,
    policies.invariants,
    onboarding.invariants,
    reviews.invariants,
    enforcement.invariants,
    transparency.invariants,
)
MOST_ROWS = 20  # shown of those that break one invariant


class Command(BaseCommand):
    help = "Proves the invariants from the data alone; exit code 1 and the rows that break one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = {sentence: sql for module in MODULES for sentence, sql in module.INVARIANTS.items()}
        broken = {sentence: rows for sentence, rows in _all_rows(checked).items() if rows}
        for sentence, rows in {} if options["json"] else broken.items():
            self.stdout.write(f"BROKEN: {sentence}")
            for row in rows:
                self.stdout.write("  " + ", ".join(f"{name}={value}" for name, value in row.items()))
        if options["json"]:
            self.stdout.write(
                json.dumps({"ok": not broken, "checked": len(checked), "broken": broken}, default=_plain)
            )
        elif not broken:
            self.stdout.write(f"All {len(checked)} invariants hold.")
        if broken:
            raise SystemExit(1)


def _all_rows(checked: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Run every query on one snapshot, so that work going on beside it cannot look like a broken invariant."""
    found, ours = {}, not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if ours:  # a transaction somebody else began keeps its own isolation
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for sentence, sql in checked.items():
            cursor.execute(f"SELECT * FROM ({sql}) AS broken LIMIT {MOST_ROWS}")
            names = [column.name for column in cursor.description]
            found[sentence] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
