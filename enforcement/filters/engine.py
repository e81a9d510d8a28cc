"""A set of rules, compiled once and read by everybody: no state changes while a text is scanned."""

from collections.abc import Mapping, Sequence

from enforcement.filters import endpoints, patterns, personal, words
from enforcement.filters.endpoints import Endpoint, Endpoints, Place
from enforcement.filters.patterns import Patterns
from enforcement.filters.personal import Personal
from enforcement.filters.rules import BadContent, Finding, Kind, Rule
from enforcement.filters.text import Text, fold
from enforcement.filters.words import Words


class Ruleset:
    """Compiled rules. Raises BadContent where one cannot be."""

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        version: int = 0,
        known: Mapping[str, Place] | None = None,
        asked: Mapping[str, Endpoint] | None = None,
    ) -> None:
        def of(kind: Kind) -> list[Rule]:
            return [rule for rule in rules if rule.kind == kind]

        self.rules = tuple(rules)
        self.version = version
        self._local = (Words(of(Kind.WORDS)), Patterns(of(Kind.PATTERN)), Personal(of(Kind.PERSONAL)))
        self.has_endpoints = bool(of(Kind.ENDPOINT))
        self._remote = Endpoints(of(Kind.ENDPOINT), known or {}, asked or {})

    def scan(self, original: str) -> list[Finding]:
        """Return what the local rules find: CPU only, linear in the text. Raises TooLong."""
        text = fold(original)
        return [finding for part in self._local for finding in part.scan(text)]

    async def ask(self, original: str) -> tuple[list[Finding], list[Rule]]:
        """Return what other endpoints find, and the rules that could not be asked."""
        return await self._remote.scan(Text(original, ""))


def check(kind: Kind, content: str, known: Mapping[str, Place]) -> str:
    """Return why this content cannot be used, in a sentence; empty when it can."""
    try:
        if kind == Kind.ENDPOINT:
            endpoints.parse(content, known)
        else:
            {Kind.WORDS: words.parse, Kind.PATTERN: patterns.parse, Kind.PERSONAL: personal.parse}[kind](
                content
            )
    except BadContent as problem:
        return str(problem)
    return ""


__all__ = ["BadContent", "Finding", "Kind", "Rule", "Ruleset", "check"]
