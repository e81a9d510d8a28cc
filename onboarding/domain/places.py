"""A place in line: where an entry stands, when it is reached, and giving it up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q

from accounts.models import User
from audit.events import Event
from onboarding.domain import applications, counts, freezes, waitlist, weeks
from onboarding.models import Application, Program, Seat, WaitlistEntry
from onboarding.permissions import may_see
from onboarding.states import EntryState, InvitationState, Stage

MOST_WEEKS = 520
ENOUGH_WEEKS = 8  # weeks with seats given, before what was observed says anything
LOOKED_BACK = timedelta(weeks=26)


@dataclass(frozen=True)
class Place:
    """Where an entry stands: `position` counts from 1 among `total` waiting."""

    position: int
    total: int


@dataclass(frozen=True)
class History:
    """What was observed: `weeks` in which seats were given, and how many of 100 invitations ran out."""

    weeks: int
    returned: int

    @property
    def is_enough(self) -> bool:
        return self.weeks >= ENOUGH_WEEKS


@dataclass(frozen=True)
class Forecast:
    """When an entry is invited if the plan holds: weeks' starts, earliest and latest, and what the latest assumes.

    `history` is None while too few weeks were observed to say how many let their invitation run out.
    """

    earliest: datetime
    latest: datetime
    history: History | None


@dataclass(frozen=True)
class Reached:
    """The week in which a plan reaches a place; `ahead` counts weeks, the running one is 1."""

    starts_at: datetime
    ends_at: datetime
    ahead: int


def of(entry: WaitlistEntry) -> Place:
    """Return the entry's place among those waiting, from the counts of the line."""
    before, total = counts.before(entry)
    return Place(position=before + 1, total=total)


def forecast(entry: WaitlistEntry, *, at: datetime) -> Forecast | None:
    """Return the week the plan reaches this place; None while paused, frozen, held, closed or without a rate.

    Earliest: the rate steps as they are set now, nobody before it invited twice. Latest: a week of slack for each four,
    and where enough weeks were observed the seats that go again to those whose first invitation ran out. It is not yet
    back-tested, and the page says what it assumes.
    """
    program = entry.program
    if program.paused_at or program.stage == Stage.CLOSED or entry.state != EntryState.WAITING:
        return None
    if freezes.is_frozen(program, at=at):
        return None
    week, position, steps = weeks.current(program, at), of(entry).position, plan(program)
    free = week.limit - week.admitted if week else 0
    earliest = reach(program, position, at=at, free=free, steps=steps)
    if earliest is None:
        return None
    seen = history(program, at=at)
    share = seen.returned if seen.is_enough else 0
    latest = reach(program, position, at=at, free=free, steps=steps, again=share) or earliest
    return Forecast(
        earliest=earliest.starts_at,
        latest=latest.ends_at + timedelta(weeks=earliest.ahead // 4),
        history=seen if seen.is_enough else None,
    )


def history(program: Program, *, at: datetime) -> History:
    """Return how many of the last half-year's first invitations ran out, in hundredths, and over how many weeks."""
    seats = Seat.objects.filter(
        week__program=program,
        week__admitted__gt=0,
        week__ends_at__lte=at,
        week__starts_at__gte=at - LOOKED_BACK,
    )
    seen = seats.aggregate(
        weeks=Count("week", distinct=True),
        settled=Count("pk", filter=~Q(invitation__state=InvitationState.OFFERED)),
        ran_out=Count("pk", filter=Q(invitation__state=InvitationState.EXPIRED)),
    )
    return History(seen["weeks"], round(100 * seen["ran_out"] / seen["settled"]) if seen["settled"] else 0)


def plan(program: Program) -> list[tuple[datetime, int]]:
    """Return the rate steps as (from when, people a week): of two from the same moment the later set counts."""
    return list(program.rate_steps.order_by("from_at", "id").values_list("from_at", "per_week"))


def reach(
    program: Program,
    position: int,
    *,
    at: datetime,
    free: float,
    steps: list[tuple[datetime, int]],
    again: int = 0,
) -> Reached | None:
    """Return the week in which such a plan reaches a place; `free` seats are left in the running week.

    `again` of each 100 seats of later weeks go to people who had one before.

    None when it is not reached within ten years: nobody is told a date beyond.
    """
    starts_at, ends_at = weeks.window(program, at)
    for ahead in range(MOST_WEEKS):
        if free >= position:
            return Reached(starts_at, ends_at, ahead + 1)
        starts_at, ends_at = weeks.window(program, ends_at)
        per_week = next((per_week for from_at, per_week in reversed(steps) if from_at <= starts_at), 0)
        free += per_week * (100 - again) / 100
    return None


@transaction.atomic
def leave(entry: WaitlistEntry, *, by: User, at: datetime) -> WaitlistEntry:
    """Leave the line for good; the approval lapses. Raises applications.NotYours, waitlist.IllegalMove."""
    Application.objects.select_for_update().get(pk=entry.application_id)
    entry = WaitlistEntry.objects.select_for_update().get(pk=entry.pk)
    if not may_see(by, entry.application):
        raise applications.NotYours
    if entry.state not in (EntryState.WAITING, EntryState.HELD):
        raise waitlist.IllegalMove(entry, EntryState.LEFT)
    waitlist.move(entry, to=EntryState.LEFT, event=Event.ENTRY_LEFT, by=by, at=at)
    applications.lapse(entry.application, by=by, at=at, reason="left_the_line")
    return entry
