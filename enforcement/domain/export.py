"""What a person said against a decision, reported and was told, and their keys' usage: for the copy of what is theirs.

Not in it: who decided, what the next reviewer was asked to look at, and what others noticed or wrote about them.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from enforcement.models import Appeal, Flag, Sanction, UsageDay, Webhook
from enforcement.models.usage import COLUMNS
from enforcement.states import FlagSource, SanctionState

CHUNK = 100


def of_person(user: User) -> dict[str, Any]:
    return {
        "appeals": _appeals(user),
        "reports": _reports(user),
        "sanctions": _sanctions(user),
        "usage": _usage(user),
        "webhooks": _webhooks(user),
    }


def things_of(user: User) -> list[QuerySet[Any]]:
    return [_theirs(user), _reported(user), Sanction.objects.filter(owner__person=user)]


def _theirs(user: User) -> QuerySet[Appeal]:
    theirs = Q(decision__case__application__owner__person=user) | Q(sanction__owner__person=user)
    return Appeal.objects.filter(theirs | Q(filed_by=user))


def _appeals(user: User) -> Iterator[dict[str, Any]]:
    found = _theirs(user).select_related("decision__case__application", "sanction__grant__application")
    found = found.order_by("pk")
    for appeal in found.iterator(chunk_size=CHUNK):
        yield {
            "application": appeal.application.number,
            "sanction": appeal.sanction.number if appeal.sanction else None,
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


def _sanctions(user: User) -> Iterator[dict[str, Any]]:
    told = Sanction.objects.filter(owner__person=user)
    told = told.exclude(state__in=[SanctionState.PROPOSED, SanctionState.DROPPED])
    for sanction in told.order_by("pk").iterator(chunk_size=CHUNK):
        yield {
            "number": sanction.number,
            "kind": sanction.kind,
            "target": sanction.target,
            "end_user": sanction.end_user,
            "state": sanction.state,
            "reason": sanction.reason_code,
            "category": sanction.category,
            "facts": sanction.facts,
            "would_change": sanction.would_change,
            "since": sanction.active_at,
            "ends_at": sanction.ends_at,
            "closed_at": sanction.closed_at,
            "close_reason": sanction.close_reason,
        }


def _webhooks(user: User) -> list[dict[str, Any]]:
    found = Webhook.objects.filter(owner__person=user).order_by("pk")
    return [dict(each) for each in found.values("url", "made_at", "stopped_at", "stopped_because")]
