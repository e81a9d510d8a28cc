"""Runs that a staff member waits for: a worker holds its run by an advisory lock of its database session.

A worker that dies loses its session and so the lock: that, not a clock, tells a dead run from a slow one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Kind(IntEnum):
    """First half of the advisory lock's name; the second is the number of the row that is worked on."""

    IMPORT = 0x6761_7401
    QUEUE_EXPORT = 0x6761_7402
    BACK_TEST = 0x6761_7403
    FILTER_BACK_TEST = 0x6761_7404
    LINE_BULK = 0x6761_7405
    PICK_LIST = 0x6761_7406
    REPORT = 0x6761_7407


@contextmanager
def held(kind: Kind, number: int) -> Iterator[bool]:
    """Hold a run for this session; False where another worker has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [int(kind), number])
        mine = cursor.fetchone()[0]
    try:
        yield mine
    finally:
        if mine and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [int(kind), number])


def is_held(kind: Kind, number: int) -> bool:
    """Return whether a worker that lives has this run; to be asked in a transaction, at whose end it lets go again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [int(kind), number])
        return not cursor.fetchone()[0]
