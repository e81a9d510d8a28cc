"""Seats given in one statement: entries, seats, invitations and the counts, however many there are.

Who gets one: each share of the week first takes the first of its own cohort in line order, as far as its seats reach;
whoever belongs to several shares counts for the one named first. Then the seats that are for everybody go to who is
first of all others. Where the plan says so, the seats of shares nobody asks for go on to those behind them, at once.
"""

from datetime import datetime
from typing import Any

from django.db import connection

from audit import ledger
from audit.events import Event
from onboarding.domain import cohorts, plans
from onboarding.models import Invitation, Seat, WaitlistEntry, Week
from onboarding.states import Unfilled

ORDER = "entry.priority, entry.joined_at, entry.id"  # the line's; index `entry_line` serves it
# Never a second seat in the same week: an invitation that ran out within its week waits for the next one.
IN_LINE = """entry.program_id = %(program)s AND entry.state = 'waiting' AND NOT EXISTS (
        SELECT FROM onboarding_seat had WHERE had.week_id = %(week)s AND had.entry_id = entry.id)"""

# No SKIP LOCKED: whoever is first keeps the seat although their row is busy for a moment.
FIRST = f"""chosen AS MATERIALIZED (
    SELECT entry.id, entry.priority, entry.joined_at, NULL::bigint AS share FROM onboarding_waitlistentry entry
    WHERE {IN_LINE} ORDER BY {ORDER} LIMIT %(most)s FOR UPDATE OF entry
)"""

OF_SHARE = f"""(SELECT entry.id, entry.priority, entry.joined_at, {{share}}::bigint AS share
    FROM onboarding_waitlistentry entry WHERE {IN_LINE} AND {{belongs}} ORDER BY {ORDER} LIMIT {{open}})"""

# `room` is what is left for those behind: the seats for everybody, then what no cohort asked for, share by share.
BY_SHARE = f"""asked (share, place, open) AS (VALUES {{asked}}
), picked AS MATERIALIZED ({{picked}}
), room AS (
    SELECT share, sum(seats) OVER upto - seats AS after, sum(seats) OVER upto AS upto FROM (
        SELECT NULL::bigint AS share, 0 AS place, %(everybody)s::bigint AS seats
        UNION ALL SELECT asked.share, asked.place, asked.open
            - (SELECT count(*) FROM picked WHERE picked.share = asked.share) FROM asked WHERE %(to_others)s
    ) AS each WINDOW upto AS (ORDER BY place)
), others AS (
    SELECT id, priority, joined_at, (SELECT share FROM room WHERE number > after AND number <= upto) AS share FROM (
        SELECT entry.id, entry.priority, entry.joined_at, row_number() OVER (ORDER BY {ORDER}) AS number
        FROM onboarding_waitlistentry entry
        WHERE {IN_LINE} AND NOT EXISTS (SELECT FROM picked WHERE picked.id = entry.id)
        ORDER BY {ORDER} LIMIT (SELECT max(upto) FROM room)) AS behind
), seated AS (
    SELECT * FROM (SELECT * FROM picked UNION ALL SELECT * FROM others) AS both_of
    ORDER BY priority, joined_at, id LIMIT %(most)s
), chosen AS MATERIALIZED (
    SELECT entry.id, entry.priority, entry.joined_at, seated.share
    FROM onboarding_waitlistentry entry JOIN seated ON seated.id = entry.id
    WHERE entry.state = 'waiting' ORDER BY {ORDER} FOR UPDATE OF entry
)"""

GIVE = """WITH {chosen}, moved AS (
    UPDATE onboarding_waitlistentry entry SET state = 'seated' FROM chosen WHERE entry.id = chosen.id
), given AS (
    INSERT INTO onboarding_seat (week_id, entry_id, given_at, share_id)
    SELECT %(week)s, id, %(at)s, share FROM chosen ORDER BY priority, joined_at, id RETURNING id
), offered AS (
    INSERT INTO onboarding_invitation (seat_id, state, offered_at, decline_reason)
    SELECT id, 'offered', %(at)s, '' FROM given ORDER BY id
), counted AS (
    UPDATE onboarding_week SET admitted = admitted + (SELECT count(*) FROM given) WHERE id = %(week)s
), counted_by_share AS (
    UPDATE onboarding_weekshare held SET admitted = held.admitted + taken.seats
    FROM (SELECT share, count(*) AS seats FROM chosen WHERE share IS NOT NULL GROUP BY share) AS taken
    WHERE held.id = taken.share
)
SELECT count(*), min(id) FROM given"""


def give(week: Week, *, most: int, part: tuple[int, int], by: ledger.Actor, at: datetime) -> int:
    """Give up to `most` seats of a locked week, of which `part` has come; return how many.

    Three statements with their ledger rows (a fourth where the week has shares); none brings a row into this process.
    """
    chosen, params = _chosen(week, most, part)
    number, first = _one(
        GIVE.format(chosen=chosen),
        params | {"program": week.program_id, "week": week.pk, "most": most, "at": at},
    )
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


def _chosen(week: Week, most: int, part: tuple[int, int]) -> tuple[str, dict[str, Any]]:
    """Return the SQL that chooses who is seated, and its parameters."""
    shares = list(week.shares.select_related("share").order_by("share__place")) if week.plan_id else []
    if not shares:
        return FIRST, {}
    params: dict[str, Any] = {"to_others": week.plan is not None and week.plan.unfilled == Unfilled.OTHERS}
    of_all = week.limit - sum(each.limit for each in shares)
    params["everybody"] = max(
        0, plans.released(of_all, part) - week.admitted + sum(each.admitted for each in shares)
    )
    asked, picked, earlier = [], [], ["false"]
    for place, each in enumerate(shares, start=1):
        belongs = cohorts.belongs(each.share, f"among_{place}", params)
        open_now = max(0, plans.released(each.limit, part) - each.admitted)
        asked.append(f"({each.pk}::bigint, {place}, {open_now}::bigint)")
        own = f"{belongs} AND NOT ({' OR '.join(earlier)})"
        picked.append(OF_SHARE.format(share=each.pk, belongs=own, open=open_now))
        earlier.append(belongs)
    return BY_SHARE.format(asked=", ".join(asked), picked=" UNION ALL ".join(picked)), params


def _one(sql: str, params: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return tuple(cursor.fetchone())
