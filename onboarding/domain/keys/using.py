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
            """WITH mine AS (  -- in the order in which everybody locks several keys
                   SELECT k.id, least(seen.at, clock_timestamp()) AS at
                   FROM onboarding_key k JOIN unnest(%s::text[], %s::timestamptz[]) AS seen(key_id, at) USING (key_id)
                   WHERE k.opened_at IS NOT NULL
                   AND (k.last_used_at IS NULL OR k.last_used_at < least(seen.at, clock_timestamp()))
                   ORDER BY k.id FOR NO KEY UPDATE OF k)
               UPDATE onboarding_key AS k SET last_used_at = mine.at FROM mine WHERE k.id = mine.id""",
            [list(moments), list(moments.values())],
        )
        return cursor.rowcount
