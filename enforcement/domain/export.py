"""What a person said against a decision and what they were told, for the copy of everything of theirs.

Not in it: who decided, and what the next reviewer was asked to look at.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from enforcement.models import Appeal

CHUNK = 100


def of_person(user: User) -> dict[str, Any]:
    return {"appeals": _appeals(user)}


def things_of(user: User) -> list[QuerySet[Any]]:
    return [_theirs(user)]


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
