"""Seats given in one statement: entries, seats, invitations and the week's count, however many there are."""

from datetime import datetime
from typing import Any

from django.db import connection

from audit import ledger
from audit.events import Event
from onboarding.models import Invitation, Seat, WaitlistEntry, Week

# No SKIP LOCKED: whoever is first keeps the seat although their row is busy for a moment. And never a second seat in
# the same week: an invitation that ran out within its week waits for the next one.
GIVE = """
WITH chosen AS MATERIALIZED (
    SELECT entry.id, entry.priority, entry.joined_at FROM onboarding_waitlistentry entry
    WHERE entry.program_id = %(program)s AND entry.state = 'waiting' AND NOT EXISTS (
        SELECT FROM onboarding_seat had WHERE had.week_id = %(week)s AND had.entry_id = entry.id)
    ORDER BY entry.priority, entry.joined_at, entry.id LIMIT %(most)s FOR UPDATE OF entry
), moved AS (
    UPDATE onboarding_waitlistentry entry SET state = 'seated' FROM chosen WHERE entry.id = chosen.id
), given AS (
    INSERT INTO onboarding_seat (week_id, entry_id, given_at)
    SELECT %(week)s, id, %(at)s FROM chosen ORDER BY priority, joined_at, id RETURNING id
), offered AS (
    INSERT INTO onboarding_invitation (seat_id, state, offered_at, decline_reason)
    SELECT id, 'offered', %(at)s, '' FROM given ORDER BY id
), counted AS (
    UPDATE onboarding_week SET admitted = admitted + (SELECT count(*) FROM given) WHERE id = %(week)s
)
SELECT count(*), min(id) FROM given"""


def give(week: Week, *, most: int, by: ledger.Actor, at: datetime) -> int:
    """Give up to `most` seats of a locked week to the first in line; return how many.

    Three statements with their ledger rows, none of which brings a row into this process.
    """
    number, first = _one(GIVE, program=week.program_id, week=week.pk, most=most, at=at)
    if not number:
        return 0
    seats = Seat.objects.filter(
        week=week, pk__gte=first
    )  # this week's are given under its lock: nobody else's
    ledger.record_selected(
        Event.ENTRY_SEATED, subject=WaitlistEntry, ids=seats.order_by("pk").values("entry_id"), actor=by, at=at,
        week=week.pk,
    )  # fmt: skip
    offered = Invitation.objects.filter(seat__in=seats).order_by("pk").values("pk")
    ledger.record_selected(
        Event.INVITATION_OFFERED, subject=Invitation, ids=offered, actor=by, at=at, week=week.pk
    )
    return int(number)


def _one(sql: str, **params: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return tuple(cursor.fetchone())
