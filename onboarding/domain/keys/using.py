"""When a key was used last: copied from what the gateways counted."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection


def used(moments: Mapping[str, datetime]) -> int:
    """Move `last_used_at` of these keys (by public id) forward; return how many moved. Safe to run twice.

    Never backward, and never past this server's clock, whatever the counters' clock says.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE onboarding_key AS k SET last_used_at = least(seen.at, clock_timestamp())
               FROM unnest(%s::text[], %s::timestamptz[]) AS seen(key_id, at)
               WHERE k.key_id = seen.key_id AND k.opened_at IS NOT NULL
               AND (k.last_used_at IS NULL OR k.last_used_at < least(seen.at, clock_timestamp()))""",
            [list(moments), list(moments.values())],
        )
        return cursor.rowcount
