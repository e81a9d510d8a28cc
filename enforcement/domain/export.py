"""What a person said against a decision, reported and was told, and their keys' usage: for the copy of what is theirs.

Not in it: who decided, what the next reviewer was asked to look at, and what others noticed or wrote about them.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from enforcement.models import Appeal, Flag, UsageDay
from enforcement.models.usage import COLUMNS
from enforcement.states import FlagSource

CHUNK = 100


def of_person(user: User) -> dict[str, Any]:
    return {"appeals": _appeals(user), "reports": _reports(user), "usage": _usage(user)}


def things_of(user: User) -> list[QuerySet[Any]]:
    return [_theirs(user), _reported(user)]


def _theirs(user: User) -> QuerySet[Appeal]:
    return Appeal.objects.filter(Q(decision__case__application__owner__person=user) | Q(filed_by=user))


def _appeals(user: User) -> Iterator[dict[str, Any]]:
    found = _theirs(user).select_related("decision__case__application").order_by("pk")
    for appeal in found.iterator(chunk_size=CHUNK):
        yield {
            "application": appeal.decision.case.application.number,
            "kind": appeal.kind,
            "state": appeal.state,
            "statement": appeal.statement,
            "filed_at": appeal.filed_at,
            "due_at": appeal.due_at,
            "decided_at": appeal.decided_at,
            "outcome_reason": appeal.outcome_reason,
            "explanation": appeal.explanation,
            "withdrawn_at": appeal.withdrawn_at,
        }


def _reported(user: User) -> QuerySet[Flag]:
    return Flag.objects.filter(raised_by=user).exclude(source=FlagSource.REVIEWER)


def _reports(user: User) -> Iterator[dict[str, Any]]:
    for flag in _reported(user).order_by("pk").iterator(chunk_size=CHUNK):
        yield {
            "receipt": flag.receipt,
            "category": flag.category,
            "said": flag.said,
            "reply_to": flag.reply_to,
            "state": flag.state,
            "raised_at": flag.raised_at,
        }


def _usage(user: User) -> Iterator[dict[str, Any]]:
    """Yield what each of the person's keys was answered, by sealed UTC day."""
    found = UsageDay.objects.filter(key__grant__owner__person=user).select_related("key")
    for day in found.order_by("key_id", "on", "part").iterator(chunk_size=CHUNK):
        yield (
            {"key": day.key.key_id, "on": day.on} | {name: getattr(day, name) for name in COLUMNS} | day.more
        )
