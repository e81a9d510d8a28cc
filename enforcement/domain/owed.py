"""How enforcement's payers go through what is owed: one by one, so that none keeps the others waiting for ever."""

import logging
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

log = logging.getLogger(__name__)

BATCH = 500  # rows a payer takes at once; the rest is the next run's


def settle_each(owed: QuerySet[Any], settle: Callable[[int], int], *, what: str, most: int = BATCH) -> int:
    """Settle the first of these rows by primary key, `most` at once; return the sum of what `settle` returns.

    `settle` locks its row, asks again whether it is owed, and commits by itself. One that raises is logged with its
    error and stays owed; where a whole batch fails, what lies behind it has its turn all the same. `what` names a row
    in the log.
    """
    settled, failed = 0, list[int]()
    while pks := list(owed.exclude(pk__in=failed).values_list("pk", flat=True)[:most]):
        before = len(failed)
        for pk in pks:
            try:
                settled += settle(pk)
            except Exception:  # whatever one row holds must not stop the others
                log.exception("%s %s was not settled; it stays owed.", what, pk)
                failed.append(pk)
        if len(failed) - before < len(pks):
            break
    return settled
