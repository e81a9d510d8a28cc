"""While Redis is away: state from PostgreSQL, and each process admits its own share of the limits.

Of P gateway processes (GATEWAY_PROCESSES, of all machines together) each admits floor(L / P) of every limit L, by the
same formulas. Together they never admit more than L while Redis is away; where a limit is smaller than P, nothing
passes until Redis is back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from enforcement.gateway import limits
from enforcement.gateway.asked import Asked, request_name
from enforcement.gateway.database import Database, Found
from enforcement.gateway.limits import DAY, MINUTE, Held, Limit, Standing, drained, fits
from enforcement.gateway.verdicts import Verdict
from onboarding.projection import Projection

FRESH = 0.5  # seconds a row of PostgreSQL is used again
MOST_ROWS = 10_000
MOST_SHARES = 100_000


@dataclass
class Share:
    """What one process admitted of one limit for whoever shares it."""

    used: int = 0
    at: int = 0  # microseconds of a minute's, the day of a day's


class Fallback:
    """The decisions of one process without Redis."""

    def __init__(self, database: Database, *, processes: int) -> None:
        self._database = database
        self._processes = max(processes, 1)
        self._rows: dict[tuple[str, ...], tuple[Found, float]] = {}
        self._shares: dict[tuple[str, str], Share] = {}

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
            return Verdict(code, *names, what, most_output=known.most_output)
        standing = self._count(known, asked, now)
        code = "rate_limited" if standing.hit else "ok"
        # Redis reserves nothing here: what is reported of this request is counted there in full.
        request = request_name(now, 0) if code == "ok" else ""
        return Verdict(code, *names, "", standing, known.conditions, known.most_output, request)

    def _count(self, known: Projection, asked: Asked, now: int) -> Standing:
        """Count one request in this process' share of every limit, if it fits all of them. Shadow limits rest."""
        ours = f"{known.owner}:{known.program}:{known.counted}"
        subjects = {"o": ours, "k": known.key, "p": known.program}
        if asked.end_user:
            subjects["e"] = f"{ours}:{asked.end_user}"
        looked_at = [
            self._look(limit, subjects[limit.level], asked, now)
            for limit in limits.of(known.limits)
            if limit.level in subjects and not limit.is_shadow
        ]
        if all(held.fits for _, held in looked_at):
            looked_at = [(share, _charged(share, held, asked, now)) for share, held in looked_at]
        return Standing(now, tuple(held for _, held in looked_at), asked.tokens)

    def _look(self, limit: Limit, subject: str, asked: Asked, now: int) -> tuple[Share, Held]:
        """Return the share and how it stands under this process' part of the limit."""
        if len(self._shares) >= MOST_SHARES:
            self._sweep(now)
        share = self._shares.setdefault((limit.code, subject), Share())
        part, count = Limit(limit.code, limit.most // self._processes), _count_of(limit, asked)
        if limit.is_of_minute:
            used = drained(share.used, passed=now - share.at, limit=part.most)
            return share, Held(part, used, fits(used, limit=part.most, count=count))
        used = share.used if share.at == now // 1_000_000 // DAY else 0
        return share, Held(part, used, used + max(count, 1) <= part.most)

    def _sweep(self, now: int) -> None:
        """Forget the end users whose minute is over: an owner may have any number of them."""
        self._shares = {
            name: share for name, share in self._shares.items() if name[0] != "erm" or now - share.at < MINUTE
        }


def _count_of(limit: Limit, asked: Asked) -> int:
    return asked.tokens if limit.is_of_tokens else 1


def _charged(share: Share, held: Held, asked: Asked, now: int) -> Held:
    """Put the request into the share; return how the limit stands then."""
    count = _count_of(held.limit, asked)
    if held.limit.is_of_minute:
        share.used, share.at = held.used + count * MINUTE, now
    else:
        share.used, share.at = held.used + count, now // 1_000_000 // DAY
    return Held(held.limit, share.used, True)


def _refusal(known: Projection, asked: Asked, now: int) -> tuple[str, str] | None:
    """Return code and cause of a refusal, in the order script.lua asks; None where only the limits may refuse."""
    checks = (
        ("revoked_key", "", known.state == "revoked"),
        ("expired_key", "", known.state == "expired" or now >= known.expires * 1_000_000),
        ("suspended", "", known.state != "active"),
        ("terms_not_accepted", "", not known.accepted),
        ("end_user_suspended", "", asked.end_user in known.kept_out),
        ("outside_scope", "scope", asked.scope not in ("", known.environment)),
        ("outside_scope", "model", asked.model not in ("", *known.models)),
        ("outside_scope", "output", 0 < known.most_output < asked.output),
    )
    return next(((code, what) for code, what, refuses in checks if refuses), None)
