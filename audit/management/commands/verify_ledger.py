"""Verify the ledger: recompute every hash of the chain."""

import json
import re
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import seals
from audit.models import LedgerEntry, Seal


class Command(BaseCommand):
    help = "Recomputes the ledger's hash chain; exit code 1 and the first bad row when something was changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="End with one JSON line.")
        parser.add_argument(
            "--known",
            metavar="NUMBER:HASH",
            help="A seal that was written down elsewhere: it must be in the chain.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = seals.verify(known=_known(options["known"]))
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {"ok": found is None, "seals": Seal.objects.count(), "finding": found and asdict(found)}
                )
            )
        elif found is None:
            head = Seal.objects.order_by("number").last()
            says = (
                f"Every one of {head.number:,} seals holds; the last is {head.number}:{head.hash}"
                if head
                else ""
            )
            self.stdout.write(says or "There is no seal yet, and nothing is wrong.")
        else:
            self.stdout.write(_sentence(found))
        if found:
            raise SystemExit(1)


def _known(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text):
        raise CommandError(
            f"--known must be NUMBER:HASH with 64 hex digits, as seal_ledger prints them, not {text!r}."
        )
    number, _, hash_ = text.partition(":")
    return int(number), hash_


def _sentence(found: seals.Finding) -> str:
    where = [f"seal {found.seal}"] if found.seal else []
    if found.entry:
        entry = LedgerEntry.objects.filter(pk=found.entry).first()
        where.append(f"entry {found.entry}" + (f" ({entry})" if entry else ""))
    return f"The ledger was tampered with: {found.problem}: {', '.join(where)}."
