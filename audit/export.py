"""What the ledger says about somebody's things, for the copy of everything of theirs."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.db.models.functions import Cast

from audit import ledger
from audit.models import LedgerEntry

CHUNK = 500


def history(things: Iterable[models.QuerySet[Any]], *, of: models.Model) -> Iterator[dict[str, Any]]:
    """Yield the events of these rows, kind by kind, oldest first.

    Who else acted is not said, only that it was not this person; details and reasons stand with the things themselves,
    as far as they were told.
    """
    me = ledger.name_of(of)
    for rows in things:
        ids = rows.order_by().annotate(as_text=Cast("pk", models.CharField())).values("as_text")
        kind = rows.model._meta.label_lower
        entries = LedgerEntry.objects.filter(subject_type=kind, subject_id__in=ids).order_by("id")
        for entry in entries.iterator(chunk_size=CHUNK):
            machine = entry.actor.startswith("system:")
            yield {
                "at": entry.at,
                "event": entry.event,
                "says": str(entry.get_event_display()),
                "about": f"{kind} {entry.subject_id}",
                "by": "you" if entry.actor == me else "a machine" if machine else "somebody else",
            }
