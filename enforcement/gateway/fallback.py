"""While Redis is away: state from PostgreSQL, and each process admits its own share of the limits.

Of P gateway processes (GATEWAY_PROCESSES, of all machines together) each admits, for one owner, program and counted
environment, floor(L / P) requests a minute by the same formula and floor(D / P) on one UTC day. Together they never
admit more than L and D while Redis is away; where a limit is smaller than P, nothing passes until Redis is back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from enforcement.gateway.asked import Asked
from enforcement.gateway.counting import Verdict
from enforcement.gateway.database import Database, Found
from enforcement.gateway.limits import DAY, MINUTE, Standing, drained, fits
from onboarding.projection import Projection

FRESH = 0.5  # seconds a row of PostgreSQL is used again
MOST_ROWS = 10_000


@dataclass
class Share:
    """What one process admitted for one owner, program and counted environment."""

    debt: int = 0
    at: int = 0  # microseconds
    day: int = 0
    spent: int = 0


class Fallback:
    """The decisions of one process without Redis."""

    def __init__(self, database: Database, *, processes: int) -> None:
        self._database = database
        self._processes = max(processes, 1)
        self._rows: dict[tuple[str, ...], tuple[Found, float]] = {}
        self._shares: dict[tuple[str, str, str], Share] = {}

    async def authorize(self, digests: Sequence[str], versions: Sequence[int], asked: Asked) -> Verdict:
        """Decide one request; raises PostgresAway, and then nothing can be known."""
        found, read_at = await self._found(tuple(digests), max(versions))
        now = found.now + int((monotonic() - read_at) * 1_000_000)
        return self._decide(found.projection, asked, now) if found.projection else Verdict("unknown_key")

    async def _found(self, digests: tuple[str, ...], version: int) -> tuple[Found, float]:
        held = self._rows.get(digests)
        if held and monotonic() - held[1] < FRESH:
            found = held[0].projection
            if version <= (found.version if found else 0):
                return held
        asked_at = monotonic()  # before the question: its answer is at least that old
        held = (await self._database.lookup(digests), asked_at)
        if len(self._rows) >= MOST_ROWS:
            self._rows.clear()
        self._rows[digests] = held
        return held

    def _decide(self, known: Projection, asked: Asked, now: int) -> Verdict:
        names = (known.key, known.grant, known.owner, known.program, known.application)
        if refused := _refusal(known, asked, now):
            code, what = refused
            return Verdict(code, *names, what)
        standing = self._count(known, now)
        fits_both = standing.fits_minute and standing.fits_day
        code = "ok" if fits_both else "rate_limited"
        return Verdict(code, *names, standing=standing, conditions=known.conditions)

    def _count(self, known: Projection, now: int) -> Standing:
        """Count one request in this process' share, if it fits both limits."""
        per_minute, per_day = known.per_minute // self._processes, known.per_day // self._processes
        share = self._shares.setdefault((known.owner, known.program, known.counted), Share(at=now))
        today = now // 1_000_000 // DAY
        if share.day != today:
            share.day, share.spent = today, 0
        debt = drained(share.debt, passed=now - share.at, limit=per_minute)
        fits_minute, fits_day = fits(debt, limit=per_minute), share.spent < per_day
        if fits_minute and fits_day:
            debt += MINUTE
            share.debt, share.at, share.spent = debt, now, share.spent + 1
        return Standing(now, per_minute, debt, per_day, share.spent, fits_minute, fits_day)


def _refusal(known: Projection, asked: Asked, now: int) -> tuple[str, str] | None:
    """Return code and cause of a refusal, in the order script.lua asks; None where only the limits may refuse."""
    checks = (
        ("revoked_key", "", known.state == "revoked"),
        ("expired_key", "", known.state == "expired" or now >= known.expires * 1_000_000),
        ("suspended", "", known.state != "active"),
        ("terms_not_accepted", "", not known.accepted),
        ("outside_scope", "scope", asked.scope not in ("", known.environment)),
        ("outside_scope", "model", asked.model not in ("", *known.models)),
    )
    return next(((code, what) for code, what, refuses in checks if refuses), None)
