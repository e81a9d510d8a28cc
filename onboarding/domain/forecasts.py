"""When the plan reaches a place in line: weeks walked once, then any place by bisection. Nothing is kept per entry.

The method. A seat whose holder lets the first invitation run out is needed twice: the holder comes back once, before
everybody else. What the weeks of the plan bring the line forward is therefore a little less than their seats. Let u be
the share of seats that go again, less that of declined and expired seats which the plan carries over to later weeks;
seen in m past weeks with mean u' and standard deviation s between weeks (at least the one that chance alone makes).
After weeks of L1..LK seats the line has moved by

    sum(L) - u' * S,   S = the seats whose invitations have had the time to run out by then

give or take t * s * sqrt(sum of squares of those weeks' seats + S*S/m): the weeks' own spread, and that u' was seen in
m weeks only. With t Student's quantile of 0.90 and m-1 degrees of freedom these are the bounds of an 80 % prediction
interval for the sum of future observations (Hahn and Meeker, Statistical Intervals, on predicting a future mean).

Not in it: people before one who leave the line, pauses, and changes of the plan; how often it was right is measured
(`onboarding.domain.backtests`).
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil, floor, sqrt

ENOUGH_WEEKS = 8  # weeks whose invitations were answered, before what was observed says anything
LOOKED_BACK = timedelta(weeks=26)
NO_END = 2**62
MOST_WEEKS = 520  # nobody is told a date beyond ten years
# Student's t, one-sided 0.90, for 1 to 25 degrees of freedom.
T90 = (
    3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345, 1.341, 1.337,
    1.333, 1.330, 1.328, 1.325, 1.323, 1.321, 1.319, 1.318, 1.316,
)  # fmt: skip


@dataclass(frozen=True)
class WeekAhead:
    """A week of the plan and how many seats it has; of the running one those that are left."""

    starts_at: datetime
    ends_at: datetime
    seats: int


@dataclass(frozen=True)
class Outcome:
    """What became of the invitations of one past week; `again`: first ones that ran out, so that a seat goes again."""

    accepted: int
    declined: int
    expired: int
    again: int

    @property
    def settled(self) -> int:
        return self.accepted + self.declined + self.expired


@dataclass(frozen=True)
class Observed:
    """What was observed in the weeks looked back on: those in which invitations were settled."""

    outcomes: tuple[Outcome, ...] = ()

    @property
    def weeks(self) -> int:
        return len(self.outcomes)

    @property
    def is_enough(self) -> bool:
        return self.weeks >= ENOUGH_WEEKS

    @property
    def settled(self) -> int:
        return sum(outcome.settled for outcome in self.outcomes)

    def per_cent(self, what: str) -> int:
        """Return how many of 100 settled invitations were `accepted`, `declined`, `expired` or gone `again`."""
        return round(100 * sum(getattr(outcome, what) for outcome in self.outcomes) / (self.settled or 1))

    @property
    def accepted(self) -> int:
        return self.per_cent("accepted")

    @property
    def declined(self) -> int:
        return self.per_cent("declined")

    @property
    def expired(self) -> int:
        return self.per_cent("expired")

    @property
    def share_accepted(self) -> float:
        return sum(outcome.accepted for outcome in self.outcomes) / (self.settled or 1)

    @property
    def share_again(self) -> float:
        return sum(outcome.again for outcome in self.outcomes) / (self.settled or 1)

    @property
    def share_returned(self) -> float:
        return sum(outcome.declined + outcome.expired for outcome in self.outcomes) / (self.settled or 1)

    def lost(self, carry: float) -> tuple[float, float]:
        """Return which share of its seats a week loses for the line, and its standard deviation between weeks.

        Seats that go again are lost; of those declined or run out `carry` (0 to 1) come back by the rule of carrying
        over. The deviation is never below what chance alone would make.
        """
        shares = [
            (outcome.again - carry * (outcome.declined + outcome.expired)) / outcome.settled
            for outcome in self.outcomes
        ]
        mean = self.share_again - carry * self.share_returned
        if self.weeks < 2:
            return mean, 0.0
        apart = sum((share - mean) ** 2 for share in shares) / (self.weeks - 1)
        again = self.share_again
        of_one = again * (1 - carry) ** 2 + (self.share_returned - again) * carry**2 - mean**2
        return mean, sqrt(max(apart, of_one * self.weeks / self.settled, 0.0))


@dataclass(frozen=True)
class Forecast:
    """When a place is reached: the first and the last week of the range, and the likeliest; `history` None without."""

    earliest: datetime
    latest: datetime
    likely: datetime
    history: Observed | None


@dataclass(frozen=True)
class Outlook:
    """How far the line has moved at the end of each week ahead: at most, likely, at least, in people."""

    weeks: Sequence[WeekAhead]
    most: Sequence[float]
    likely: Sequence[float]
    least: Sequence[float]
    observed: Observed

    def of(self, place: int) -> Forecast | None:
        """Return the forecast of a place (from 1); None where the weeks walked do not surely reach it."""
        last = bisect_left(self.least, place)
        if last == len(self.weeks):
            return None
        first, likely = bisect_left(self.most, place), bisect_left(self.likely, place)
        return Forecast(
            earliest=self.weeks[first].starts_at,
            latest=self.weeks[last].ends_at,
            likely=self.weeks[likely].starts_at,
            history=self.observed if self.observed.is_enough else None,
        )

    def same_until(self, place: int) -> int:
        """Return the last place whose forecast is the one of this place."""
        ends = [
            floor(bounds[at])
            for bounds in (self.most, self.likely, self.least)
            if (at := bisect_left(bounds, place)) < len(bounds)
        ]
        return max(min(ends), place) if ends else NO_END

    def closed(self, at: datetime) -> list[tuple[int, int, datetime, datetime]]:
        """Return (first place, last place, from, to) for each range of dates that is over at a moment."""
        found, place = [], 1
        while (forecast := self.of(place)) and forecast.latest <= at:
            last = self.same_until(place)
            found.append((place, last, forecast.earliest, forecast.latest))
            place = last + 1
        return found


def outlook(
    weeks: Sequence[WeekAhead],
    observed: Observed,
    *,
    offered: int = 0,
    invitation_days: int = 7,
    carry: float = 0.0,
) -> Outlook:
    """Return how far these weeks move the line; `offered` invitations are open now. See the method above.

    `carry` is the part of declined and expired seats that a later week takes over, 0 to 1.

    Below ENOUGH_WEEKS observed weeks it is the plan alone: the three are one.
    """
    plan = [float(seats) for seats in accumulate(week.seats for week in weeks)]
    if not observed.is_enough:
        return Outlook(weeks, plan, plan, plan, observed)
    lag = ceil(invitation_days / 7)
    share, spread = observed.lost(carry)
    t = T90[min(observed.weeks - 1, len(T90)) - 1]
    most, likely, least, squares = [], [], [], float(offered) ** 2
    for number, moved in enumerate(plan):
        settled = float(offered)  # seats whose invitations have had their time by the end of this week
        if number >= lag:
            settled += plan[number - lag]
            squares += weeks[number - lag].seats ** 2
        give_or_take = t * spread * sqrt(squares + settled**2 / observed.weeks)
        likely.append(moved - share * settled)
        most.append(min(moved + carry * settled, likely[-1] + give_or_take))
        least.append(likely[-1] - give_or_take)
    most, likely, least = (list(accumulate(each, max)) for each in (most, likely, least))
    return Outlook(weeks, most, likely, least, observed)
