"""The clocks of invitations: they run from letters that were sent, not from letters that were written.

Payers. Each may run twice and beside itself; a letter that is never sent, or given up, starts nothing: the invitation
then stays open, and the board names it until a person sees to the letter.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from audit import ledger
from audit.events import Event
from onboarding.domain import deadlines, notices
from onboarding.models import Invitation
from outbox import letters
from outbox.models import Letter

BATCH = 500
FIRST, REMINDER = (
    "invitation",
    "invitation_reminder",
)  # kinds of letters, and the marks that make each one only


def start_owed(*, at: datetime) -> int:
    """Start the clock of each invitation whose letter was sent; return how many."""
    return _all(_start_batch, at)


def remind_owed(*, at: datetime) -> int:
    """Write the reminders that are due; return how many."""
    return _all(_remind_batch, at)


def count_reminders(*, at: datetime) -> int:
    """Note the reminders that were sent, and move the deadlines they came too late for; return how many."""
    return _all(_count_batch, at)


def letters_of(kind: str, **fields: object) -> QuerySet[Letter]:
    """Return the letter of this kind to the invitation of the outer query, where it is as `fields` say."""
    mark = Concat(Value(f"{kind}:"), Cast(OuterRef("pk"), models.CharField()))
    return Letter.objects.filter(once=mark, **fields)


def _all(pay: Callable[[datetime], int], at: datetime) -> int:
    paid = 0
    while batch := pay(at):
        paid += batch
    return paid


@transaction.atomic
def _start_batch(at: datetime) -> int:
    taken = _taken(Invitation.objects.undelivered().filter(Exists(letters_of(FIRST, sent_at__isnull=False))))
    sent = _sent(FIRST, taken)
    for invitation in taken:
        days, zone = invitation.seat.entry.program.invitation_days, zone_of(invitation)
        invitation.delivered_at = sent[invitation.pk]
        invitation.expires_at = deadlines.runs_out(invitation.delivered_at, days=days, zone=zone)
        invitation.remind_at = deadlines.reminds(invitation.delivered_at, days=days, zone=zone)
    Invitation.objects.bulk_update(taken, ["delivered_at", "expires_at", "remind_at"])
    _record(Event.INVITATION_DELIVERED, taken, at)
    return len(taken)


@transaction.atomic
def _remind_batch(at: datetime) -> int:
    taken = _taken(Invitation.objects.to_remind(at))
    Invitation.objects.filter(pk__in=[invitation.pk for invitation in taken]).update(reminded_at=at)
    letters.write_many((letter(REMINDER, invitation) for invitation in taken), at=at)
    return len(taken)


@transaction.atomic
def _count_batch(at: datetime) -> int:
    owed = Invitation.objects.offered().filter(reminded_at__isnull=False, reminder_delivered_at=None)
    taken = _taken(owed.filter(Exists(letters_of(REMINDER, sent_at__isnull=False))))
    sent = _sent(REMINDER, taken)
    for invitation in taken:
        reminded_at = invitation.reminder_delivered_at = sent[invitation.pk]
        assert invitation.expires_at is not None  # the database refuses a reminder without
        invitation.expires_at = deadlines.after_reminder(
            invitation.expires_at, reminded_at=reminded_at, zone=zone_of(invitation)
        )
    Invitation.objects.bulk_update(taken, ["reminder_delivered_at", "expires_at"])
    _record(Event.INVITATION_REMINDED, taken, at)
    return len(taken)


def zone_of(invitation: Invitation) -> ZoneInfo:
    """Return the zone its deadlines are kept in: the owner's if that is a person, else that of who applied."""
    entry = invitation.seat.entry
    reader = entry.owner.person or entry.application.applicant
    return ZoneInfo(reader.time_zone) if reader else entry.program.zone


def letter(kind: str, invitation: Invitation, **more: Any) -> letters.Draft:
    """Return a letter about an invitation, its deadline in the zone it is kept in."""
    entry = invitation.seat.entry
    return notices.draft(
        kind,
        entry.application,
        about=invitation,
        once=f"{kind}:{invitation.pk}",
        days=entry.program.invitation_days,
        expires_at=invitation.expires_at and invitation.expires_at.astimezone(zone_of(invitation)),
        **more,
    )


def _taken(owed: QuerySet[Invitation]) -> list[Invitation]:
    return list(
        owed.select_for_update(skip_locked=True, of=("self",))
        .select_related(
            "seat__entry__application__applicant",
            "seat__entry__application__owner",
            "seat__entry__application__program",
            "seat__entry__program",
            "seat__entry__owner__person",
        )
        .order_by("pk")[:BATCH]
    )


def _sent(kind: str, invitations: Sequence[Invitation]) -> dict[int, datetime]:
    """Return when the letter of each was sent."""
    marks = {f"{kind}:{invitation.pk}": invitation.pk for invitation in invitations}
    rows = Letter.objects.filter(once__in=marks, sent_at__isnull=False)
    return {marks[row.once]: row.sent_at for row in rows if row.once and row.sent_at}


def _record(event: Event, invitations: Sequence[Invitation], at: datetime) -> None:
    each = {one.pk: {"expires_at": one.expires_at.isoformat()} for one in invitations if one.expires_at}
    ledger.record_many(event, subjects=invitations, actor="worker", at=at, each=each)
