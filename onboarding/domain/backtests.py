"""How often the forecast was right: what it said when each past week began, held against what came true.

For the beginning of each week of the last half-year the forecast is made again from what was known then: the plan as it
was set, what had become of invitations, how many were open, who stood in line in which order. Judged are the places
whose last date is over by now, whoever has them invited or not: to count only those who were invited would leave out
the worst misses. Whoever left the line meanwhile is not judged. A pause is not known beforehand and counts as a miss.
The order is the one of today: a place that was moved by hand meanwhile counts where it stands now.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from onboarding.domain import cohorts, forecasts, outlooks
from onboarding.domain.forecasts import Observed, Outcome
from onboarding.models import BackTest, Invitation, Program, Seat, Week
from onboarding.states import InvitationState

HORIZON = 104  # weeks ahead that a forecast of the past is made for: all that can be over by now, and more

# Who stood in line at a moment, in order, the waiting ones up to a place; each with the number of their cohort.
STOOD = """
    WITH seated AS (
        SELECT entry.id, entry.priority, entry.joined_at, min(seat.given_at) AS given_at, false AS gone,
            {cohort} AS cohort
        FROM onboarding_seat seat JOIN onboarding_week week ON week.id = seat.week_id
        JOIN onboarding_waitlistentry entry ON entry.id = seat.entry_id
        WHERE week.program_id = %(program)s AND entry.joined_at < %(then)s
        GROUP BY entry.id HAVING min(seat.given_at) >= %(then)s
    ), waits AS (
        SELECT id, priority, joined_at, NULL::timestamptz, false, {cohort} FROM onboarding_waitlistentry entry
        WHERE program_id = %(program)s AND state = 'waiting' AND joined_at < %(then)s AND NOT returned
        ORDER BY priority, joined_at, id LIMIT %(most)s
    ), went AS (
        SELECT id, priority, joined_at, NULL::timestamptz, true, {cohort} FROM onboarding_waitlistentry entry
        WHERE program_id = %(program)s AND (state = 'held' OR state = 'left' AND left_at >= %(then)s)
        AND joined_at < %(then)s
        AND NOT EXISTS (SELECT FROM onboarding_seat seat WHERE seat.entry_id = entry.id)
    ), line AS (
        SELECT *, row_number() OVER (PARTITION BY cohort ORDER BY priority, joined_at, id) AS place
        FROM (TABLE seated UNION ALL TABLE waits UNION ALL TABLE went) AS every
    )"""
BY_DAY = f"""{STOOD}
    SELECT priority, (joined_at AT TIME ZONE 'UTC')::date, cohort, count(*) FROM line GROUP BY 1, 2, 3 ORDER BY 1, 2"""
# The ranges of places that are judged come as arrays.
JUDGED = f"""{STOOD}
    SELECT count(*) FILTER (WHERE given_at >= range.from_at AND given_at < range.to_at),
        count(*) FILTER (WHERE given_at < range.from_at),
        count(*) FILTER (WHERE given_at IS NULL OR given_at >= range.to_at)
    FROM line JOIN unnest(%(cohort)s::int[], %(first)s::bigint[], %(last)s::bigint[], %(from)s::timestamptz[],
        %(to)s::timestamptz[]) AS range (cohort, first, last, from_at, to_at)
        ON line.cohort = range.cohort AND place BETWEEN range.first AND range.last
    WHERE NOT gone"""


@dataclass(frozen=True)
class HitRate:
    """Of so many dates that were told and are over, how many held."""

    judged: int
    inside: int
    early: int
    late: int

    @property
    def per_cent(self) -> int:
        return round(100 * self.inside / self.judged) if self.judged else 0


def hit_rate(program: Program) -> HitRate | None:
    """Return how often the forecast was right; None where no date that was told is over yet."""
    summed = BackTest.objects.filter(week__program=program).aggregate(
        **{name: Coalesce(Sum(name), 0) for name in ("judged", "inside", "early", "late")}
    )
    return HitRate(**summed) if summed["judged"] else None


def check_owed(*, at: datetime) -> int:
    """Judge the forecasts of the last half-year anew for each program in which a week has begun since; return how many.

    Safe to run twice and beside itself: a program's rows are replaced in one transaction, under its lock.
    """
    latest = Program.objects.annotate(
        begun_at=Max("weeks__starts_at", filter=Q(weeks__starts_at__lte=at)),
        judged_at=Max("weeks__back_test__checked_at"),
    )
    owed = [
        program
        for program in latest.exclude(begun_at=None)
        if program.judged_at is None or program.judged_at < program.begun_at
    ]
    return sum(check(program, at=at) for program in owed)


def check(program: Program, *, at: datetime) -> int:
    """Judge a program's forecasts of the last half-year; return of how many weeks dates were judged.

    Nothing is locked while half a year of the line is read: nobody who joins, leaves or pauses waits for that.
    """
    past = list(program.weeks.filter(starts_at__lt=at, starts_at__gte=at - forecasts.LOOKED_BACK))
    rows = [row for week in past if (row := _judged(program, week, at))]
    with transaction.atomic():
        Program.objects.select_for_update(no_key=True).get(pk=program.pk)
        BackTest.objects.filter(week__program=program).delete()
        BackTest.objects.bulk_create(rows)
    return len(rows)


def _judged(program: Program, week: Week, at: datetime) -> BackTest | None:
    """Return what came of the dates told when a week began; None where none were, with a history, that are over."""
    then = week.starts_at
    seen = known(program, at=then)
    if not seen.is_enough:
        return None
    ahead, rules = outlooks.then(program, week, number=HORIZON)
    offered = _offered(program, at=then)
    told = [outlooks.foreseen(program, ahead, seen, offered=offered, rules=rules)]
    params: dict[str, Any] = {"program": program.pk, "then": then, "most": None}
    cohort = cohorts.expression(rules.shares, params)
    if rules.shares:  # whoever belongs to a cohort may stand anywhere: all of the line is read
        by_day = cohorts.segments(
            cohorts.fetched(BY_DAY.format(cohort=cohort), params), len(rules.shares) + 1
        )
        stood = [people for _, people in by_day]
        split = cohorts.splits(rules.shares, [each.seats for each in ahead])
        told = cohorts.outlooks(told[0], stood, split, rules)
    ranges = [(number, *each) for number, outlook in enumerate(told) for each in outlook.closed(at)]
    if not ranges:
        return None
    params["cohort"], params["first"], params["last"], params["from"], params["to"] = map(
        list, zip(*ranges, strict=True)
    )
    if not rules.shares:
        params["most"] = max(params["last"])
    [(inside, early, late)] = cohorts.fetched(JUDGED.format(cohort=cohort), params)
    judged = inside + early + late
    return BackTest(week=week, judged=judged, inside=inside, early=early, late=late, checked_at=at)


def known(program: Program, *, at: datetime) -> Observed:
    """Return what was known at a past moment of the invitations of the half-year before it."""
    before = Seat.objects.filter(entry=OuterRef("entry"), pk__lt=OuterRef("pk"))
    accepted, declined = InvitationState.ACCEPTED, InvitationState.DECLINED
    answered = Q(invitation__answered_at__lte=at)
    ran_out = Q(invitation__state=InvitationState.EXPIRED, invitation__expires_at__lte=at)
    rows = (
        Seat.objects.filter(
            week__program=program, week__ends_at__lte=at, week__starts_at__gte=at - forecasts.LOOKED_BACK
        )
        .values("week")
        .annotate(
            a=Count("pk", filter=answered & Q(invitation__state=accepted)),
            d=Count("pk", filter=answered & Q(invitation__state=declined)),
            e=Count("pk", filter=ran_out),
            g=Count("pk", filter=ran_out & Q(~Exists(before))),
        )
        .order_by("week__starts_at")
    )
    outcomes = (Outcome(row["a"], row["d"], row["e"], row["g"]) for row in rows)
    return Observed(tuple(outcome for outcome in outcomes if outcome.settled))


def _offered(program: Program, *, at: datetime) -> int:
    """Return how many invitations were open at a past moment."""
    answered = Q(answered_at__lte=at) | Q(state=InvitationState.EXPIRED, expires_at__lte=at)
    given = Invitation.objects.filter(seat__week__program=program, seat__given_at__lt=at)
    return given.exclude(answered).count()
