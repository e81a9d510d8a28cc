"""Patterns: RE2, which reads a text in linear time whatever the pattern, with bounded memory.

One pattern a line. They read the folded text: small letters, no accents, single spaces.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import re2
from django.utils.translation import gettext_noop

from enforcement.filters.rules import MOST_SPANS, BadContent, Finding, Rule, lines_of
from enforcement.filters.text import Text, merged

MOST_PATTERNS = 50
LONGEST = 1_000  # characters of a pattern
MOST_MEMORY = 1 << 20  # bytes one compiled pattern may take, its states while matching included


def parse(content: str) -> list[Any]:
    """Return the compiled patterns. Raises BadContent with what RE2 says of the line."""
    lines = lines_of(content)
    if len(lines) > MOST_PATTERNS:
        raise BadContent(
            gettext_noop("A rule has at most %(most)s patterns; this has %(number)s."),
            most=MOST_PATTERNS,
            number=len(lines),
        )
    return [_compiled(line) for line in lines]


def _compiled(line: str) -> Any:
    if len(line) > LONGEST:
        raise BadContent(
            gettext_noop("A pattern has at most %(most)s characters; “%(line)s…” has %(number)s."),
            most=f"{LONGEST:,}",
            line=line[:40],
            number=f"{len(line):,}",
        )
    options = re2.Options()
    options.max_mem, options.log_errors, options.never_capture = MOST_MEMORY, False, True
    try:
        pattern = re2.compile(line, options)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise BadContent(
            gettext_noop("“%(line)s” is not a pattern of RE2: %(why)s."), line=line[:60], why=why
        ) from None
    if pattern.search("") is not None:
        raise BadContent(
            gettext_noop("“%(line)s” fits an empty text, so it fits every text."), line=line[:60]
        )
    return pattern


class Patterns:
    """All patterns of a set of rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(rule, parse(rule.content)) for rule in rules]

    def scan(self, text: Text) -> list[Finding]:
        """Return a finding for each rule with a pattern that fits somewhere."""
        found = []
        for rule, patterns in self._rules:
            spans = [
                text.span(*match.span())
                for pattern in patterns
                for match in islice(pattern.finditer(text.folded), MOST_SPANS)
            ]
            if spans:
                found.append(Finding(rule, 1.0, merged(spans)[:MOST_SPANS]))
        return found
