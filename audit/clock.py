"""The one clock: PostgreSQL's. Application clocks differ between machines; limits and weeks must not."""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """Return PostgreSQL's wall-clock time, aware, UTC (`clock_timestamp`, so it moves within a transaction)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0].astimezone(UTC)
