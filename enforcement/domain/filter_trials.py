"""Try a filter rule on texts, by the engine that reads live traffic."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from enforcement.filters import endpoints
from enforcement.filters.endpoints import Endpoint
from enforcement.filters.engine import Finding, Rule, Ruleset
from enforcement.filters.rules import Kind


def findings(rule: Rule, texts: Sequence[str]) -> list[Finding | None]:
    """Return what one rule finds in each text; a score of 0 where it finds nothing, None where it cannot be told.

    An endpoint is asked for each text in turn, at most its timeout each and not again once its circuit is open.
    Raises BadContent, TooLong.
    """
    if rule.kind == Kind.ENDPOINT:
        with ThreadPoolExecutor(1) as pool:  # the caller's thread may have a loop of its own
            return pool.submit(asyncio.run, _asked(rule, texts)).result()
    ruleset = Ruleset([rule])
    return [next(iter(ruleset.scan(text)), Finding(rule, 0.0)) for text in texts]


def outcomes(rule: Rule, texts: Sequence[str]) -> list[bool | None]:
    """Return whether a rule hits each text; None where that cannot be told."""
    return [None if finding is None else finding.is_hit for finding in findings(rule, texts)]


async def _asked(rule: Rule, texts: Sequence[str]) -> list[Finding | None]:
    known = endpoints.configured()
    asked = {name: Endpoint(place) for name, place in known.items()}
    ruleset = Ruleset([rule], known=known, asked=asked)
    found: list[Finding | None] = []
    for text in texts:
        hits, unasked = await ruleset.ask(text)
        found.append(None if unasked else next(iter(hits), Finding(rule, 0.0)))
    for endpoint in asked.values():
        await endpoint.close()
    return found
