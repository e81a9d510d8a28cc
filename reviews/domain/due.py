"""When a case is due: working days by lane, Monday to Friday but the program's days off, in its own zone.

Ordinary cases 2 working days, as OpenAI's app review of 2022 promised; those that hold or refuse 10, the upper end of
Azure's limited-access reviews. A working day has 24 hours; the clock stands still on other days, and while the
applicant is asked.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policies.states import STRICTEST_FIRST, Lane

WORKING_DAYS: dict[str, int] = {Lane.MONITOR: 2, Lane.NOTIFY: 2, Lane.HOLD: 10, Lane.REFUSE: 10}
SATURDAY = 5  # datetime.weekday()
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """In which zone a program's days begin, and which of them nobody works beside Saturdays and Sundays."""

    zone: ZoneInfo
    off: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        return day.weekday() < SATURDAY and day not in self.off

    def local(self, moment: datetime) -> datetime:
        """Return the wall clock there, or the next working day's 0:00 when nobody works on that day."""
        wall = moment.astimezone(self.zone).replace(tzinfo=None)
        return wall if self.works_on(wall.date()) else self.next_day(wall)

    def next_day(self, wall: datetime) -> datetime:
        """Return 0:00 of the next working day."""
        day = wall.date() + DAY
        while not self.works_on(day):
            day += DAY
        return datetime.combine(day, time())

    def moment(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC)


def due_at(lane: str, *, since: datetime, calendar: Calendar) -> datetime:
    """Return when a case of this lane, waiting since `since`, is due (UTC)."""
    return working_days_after(since, days=WORKING_DAYS[lane], calendar=calendar)


def working_days_after(start: datetime, *, days: int, calendar: Calendar) -> datetime:
    """Return the same local time so many working days later (UTC); a day off counts from the next, 0:00."""
    return working_time_after(start, left=timedelta(days=days), calendar=calendar)


def working_time_after(start: datetime, *, left: timedelta, calendar: Calendar) -> datetime:
    """Return when so much working time has passed after `start` (UTC)."""
    wall = calendar.local(start)
    while (today := _midnight_after(wall) - wall) <= left:
        wall, left = calendar.next_day(wall), left - today
    return calendar.moment(wall + left)


def working_time_between(start: datetime, end: datetime, *, calendar: Calendar) -> timedelta:
    """Return how much working time lies between two moments; none when the end is not after the start."""
    wall, last = calendar.local(start), calendar.local(end)
    passed = timedelta()
    while wall < last:
        stop = min(_midnight_after(wall), last)
        passed += stop - wall
        wall = stop if stop == last else calendar.next_day(wall)
    return passed


def resumed(due: datetime, *, stopped_at: datetime, at: datetime, calendar: Calendar) -> datetime:
    """Return when a case is due (UTC) whose clock stood still from `stopped_at` until now.

    It has the working time it had left; what was late already is as late as it was.
    """
    if due <= stopped_at:
        return at - (stopped_at - due)
    left = working_time_between(stopped_at, due, calendar=calendar)
    return working_time_after(at, left=left, calendar=calendar)


def after_amendment(due: datetime, *, was: str, now: str, sent_at: datetime, calendar: Calendar) -> datetime:
    """Return when a case is due whose applicant changed the answers at `sent_at`.

    Never later than promised, unless the answers now ask for a stricter lane: that one's days count from the change.
    A milder lane may bring it forward.
    """
    fresh = due_at(now, since=sent_at, calendar=calendar)
    stricter = STRICTEST_FIRST.index(Lane(now)) < STRICTEST_FIRST.index(Lane(was))
    return max(due, fresh) if stricter else min(due, fresh)


def last_day(due: datetime, *, calendar: Calendar) -> date:
    """Return the last working day there is: a case due on Monday at 0:00 has to be done on Friday."""
    day = (due.astimezone(calendar.zone) - timedelta(microseconds=1)).date()
    while not calendar.works_on(day):
        day -= DAY
    return day


def _midnight_after(wall: datetime) -> datetime:
    return datetime.combine(wall.date() + DAY, time())
