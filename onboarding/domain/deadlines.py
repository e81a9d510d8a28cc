"""When an invitation is reminded of and runs out: working hours of the reader's own zone. Pure: no row, no clock.

The rule, as docs/guarantees.md publishes it: the days count from the moment the letter was sent. A deadline that falls
outside Monday to Friday, 9 to 17, in the reader's zone moves on to 17:00 of the next working day: never earlier than
promised, and never before a working day on which it could be kept. A reminder comes at half of the time,
moved on to 9:00 of the next working day. The deadline is never less than a day after the reminder was sent.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(9), time(17)
AFTER_REMINDER = timedelta(hours=24)  # a reminder seconds before the end reminds of nothing
SHORTEST_TO_REMIND = 2 * AFTER_REMINDER  # what is open for less is told of once


def runs_out(sent_at: datetime, *, days: int, zone: ZoneInfo) -> datetime:
    """Return the deadline of an invitation whose letter was sent then."""
    return in_working_hours(sent_at + timedelta(days=days), zone=zone, at=CLOSES)


def reminds(sent_at: datetime, *, days: int, zone: ZoneInfo) -> datetime | None:
    """Return when its reminder is due; None where the time is too short for one."""
    whole = timedelta(days=days)
    return in_working_hours(sent_at + whole / 2, zone=zone, at=OPENS) if whole > SHORTEST_TO_REMIND else None


def after_reminder(expires_at: datetime, *, reminded_at: datetime, zone: ZoneInfo) -> datetime:
    """Return the deadline once the reminder was sent: the same, or a later one where that was late."""
    earliest = reminded_at + AFTER_REMINDER
    return expires_at if earliest <= expires_at else in_working_hours(earliest, zone=zone, at=CLOSES)


def is_working(moment: datetime, zone: ZoneInfo) -> bool:
    """Return whether it is Monday to Friday, 9 to 17, there."""
    local = moment.astimezone(zone)
    return local.weekday() < 5 and OPENS <= local.time() <= CLOSES


def in_working_hours(moment: datetime, *, zone: ZoneInfo, at: time) -> datetime:
    """Return the moment itself if people work then, else the next working day at this local time (UTC)."""
    if is_working(moment, zone):
        return moment
    day = moment.astimezone(zone).date()
    while True:
        found = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if found >= moment and is_working(
            found, zone
        ):  # asked again: a zone may skip an hour, or a whole day
            return found
        day += timedelta(days=1)
