"""Weeks to come, played through in numbers: who is invited, accepts, runs out, and how long the line is afterwards.

Pure: the plan, what was observed and the length of the line come in, rows come out; nobody new joins. What is expected
is a mean, so people come in fractions and are rounded where they are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from onboarding.domain.counts import Line
from onboarding.domain.forecasts import Observed, WeekAhead


@dataclass(frozen=True)
class Played:
    """One week: seats of the plan, people invited, expected acceptances and returns, who waits at its end."""

    starts_at: datetime
    seats: int
    invited: int
    accepted: int | None  # None while too little was observed
    again: int
    waiting: int


def play(
    line: Line, weeks: Sequence[WeekAhead], observed: Observed, *, invitation_days: int, carry: float = 0.0
) -> list[Played]:
    """Return these weeks as they are expected to pass; `carry` of declined and expired seats come back, 0 to 1."""
    lag = ceil(invitation_days / 7)
    share_again = observed.share_again if observed.is_enough else 0.0
    back = carry * observed.share_returned if observed.is_enough else 0.0
    accepted = observed.share_accepted if observed.is_enough else None
    waiting = float(line.waiting)
    invited: list[float] = []
    found: list[Played] = []
    for number, week in enumerate(weeks):
        # Invitations that are open now have had their time by the end of this week, later ones a lag after.
        over = float(line.seated) if number == 0 else 0.0
        over += invited[number - lag] if number >= lag else 0.0
        again = share_again * over
        seats = week.seats + back * over if week.seats else 0.0  # a week at rate 0 lets nobody in
        invited.append(min(seats, waiting))
        waiting += again - invited[-1]
        found.append(
            Played(
                week.starts_at,
                round(seats),
                round(invited[-1]),
                None if accepted is None else round(accepted * over),
                round(again),
                round(waiting),
            )
        )
    return found


def changed(weeks: Sequence[WeekAhead], *, per_week: int, from_week: int = 2) -> list[WeekAhead]:
    """Return the weeks with another rate from the `from_week`th on (1 is the running one)."""
    return [
        replace(week, seats=per_week) if number >= from_week else week for number, week in enumerate(weeks, 1)
    ]


def frozen(weeks: Sequence[WeekAhead], *, from_week: int, number: int) -> list[WeekAhead]:
    """Return the weeks with nobody let in for `number` weeks from the `from_week`th on."""
    return [
        replace(week, seats=0) if from_week <= at < from_week + number else week
        for at, week in enumerate(weeks, 1)
    ]


def through(played: Sequence[Played]) -> Played | None:
    """Return the first week from whose end on nobody waits: those who come once more count as well."""
    found = None
    for week in reversed(played):
        if week.waiting:
            break
        found = week
    return found
