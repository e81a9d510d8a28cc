"""When a case is due: working days by lane, Monday to Friday in the program's own zone.

Ordinary cases 2 working days, as OpenAI's app review of 2022 promised; those that hold or refuse 10, the upper end of
Azure's limited-access reviews. Public holidays are not known here.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policies.states import STRICTEST_FIRST, Lane

WORKING_DAYS: dict[str, int] = {Lane.MONITOR: 2, Lane.NOTIFY: 2, Lane.HOLD: 10, Lane.REFUSE: 10}
SATURDAY = 5  # datetime.weekday()


def due_at(lane: str, *, since: datetime, zone: ZoneInfo) -> datetime:
    """Return when a case of this lane, waiting since `since`, is due (UTC)."""
    return working_days_after(since, days=WORKING_DAYS[lane], zone=zone)


def working_days_after(start: datetime, *, days: int, zone: ZoneInfo) -> datetime:
    """Return the same local time so many working days later (UTC); what comes at a weekend counts from Monday, 0:00."""
    local = _working(start.astimezone(zone).replace(tzinfo=None))
    weeks, rest = divmod(days, 5)
    rest += 2 if local.weekday() + rest >= SATURDAY else 0
    return (local + timedelta(weeks=weeks, days=rest)).replace(tzinfo=zone).astimezone(UTC)


def stretched(due: datetime, *, waited: timedelta, zone: ZoneInfo) -> datetime:
    """Return the due time moved on by the time the case waited for somebody else (UTC); never into a weekend."""
    local = _working((due + waited).astimezone(zone).replace(tzinfo=None))
    return local.replace(tzinfo=zone).astimezone(UTC)


def after_amendment(due: datetime, *, was: str, now: str, sent_at: datetime, zone: ZoneInfo) -> datetime:
    """Return when a case is due whose applicant changed the answers at `sent_at`.

    Never later than promised, unless the answers now ask for a stricter lane: that one's days count from the change.
    A milder lane may bring it forward.
    """
    fresh = due_at(now, since=sent_at, zone=zone)
    stricter = STRICTEST_FIRST.index(Lane(now)) < STRICTEST_FIRST.index(Lane(was))
    return max(due, fresh) if stricter else min(due, fresh)


def last_day(due: datetime, *, zone: ZoneInfo) -> date:
    """Return the last working day there is: a case due on Monday at 0:00 has to be done on Friday."""
    day = (due.astimezone(zone) - timedelta(microseconds=1)).date()
    return day - timedelta(days=max(0, day.weekday() - SATURDAY + 1))


def _working(local: datetime) -> datetime:
    """Return this local time, or the Monday after it, 0:00, when it lies in a weekend."""
    if local.weekday() < SATURDAY:
        return local
    return datetime.combine(local.date() + timedelta(days=7 - local.weekday()), time())
