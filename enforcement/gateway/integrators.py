"""The integrators a process knows: all living tokens, held in memory and read anew with every poll of denials.

So a revoked token is refused within a second, and nobody waits for PostgreSQL. While PostgreSQL is away the tokens
known before go on working.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import time

from django.conf import settings

from accounts import secrets

LIVING = "SELECT digest, id, name FROM enforcement_integrator WHERE revoked_at IS NULL"
LAST_USED = "gh:il"  # in Redis: the minute of each integrator's last use, until it is copied to PostgreSQL


@dataclass(frozen=True)
class Known:
    """An integrator whose token lives."""

    pk: int
    name: str


class Integrators:
    """The living tokens of one process, by digest, and who used theirs in which minute."""

    def __init__(self) -> None:
        self._held: dict[str, Known] = {}
        self.seen: dict[int, int] = {}

    def take(self, rows: Sequence[tuple[str, int, str]]) -> None:
        """Hold these instead of all that were held."""
        self._held = {digest: Known(pk, name) for digest, pk, name in rows}

    def find(self, secret: str) -> Known | None:
        """Return whose token this is; None for a mistyped, an unknown and a revoked one."""
        if not secrets.is_well_formed(secret, f"{settings.KEY_PREFIX}_int_"):
            return None
        found = (self._held.get(digest) for _, digest in secrets.candidates(secret))
        return next((each for each in found if each), None)

    def is_new_minute(self, known: Known) -> bool:
        """Return whether this is its first use in this minute, here."""
        minute = int(time()) // 60
        if self.seen.get(known.pk) == minute:
            return False
        self.seen[known.pk] = minute
        return True
