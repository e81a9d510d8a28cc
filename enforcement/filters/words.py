"""Word lists: all lists together are one automaton (Aho and Corasick, 1975), one pass over a text finds every word.

A list has a word or phrase a line, with its weight after `=` where that is not 1: `pipe bomb = 0.8`. Whole words only.
A text's score is 1 minus the product of (1 - weight) over the different words in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import ahocorasick
from django.utils.translation import gettext_noop

from enforcement.filters.rules import MOST_SPANS, BadContent, Finding, Rule, lines_of
from enforcement.filters.text import Span, Text, fold, is_word, merged

MOST_WORDS = 5_000
LONGEST = 100  # characters of a word or phrase
MOST_MATCHES = 100_000  # looked at in one text: phrases inside phrases must not hold anybody up


def parse(content: str) -> dict[str, float]:
    """Return the weight of each folded word. Raises BadContent with the line it is about."""
    found: dict[str, float] = {}
    for line in lines_of(content):
        word, is_weighted, weight = line.rpartition("=") if "=" in line else (line, "", "1")
        folded = fold(word).folded.strip()
        if not folded or len(folded) > LONGEST or not (is_word(folded[0]) or is_word(folded[-1])):
            raise BadContent(
                gettext_noop("“%(line)s” is no word or phrase of 1 to %(most)s characters."),
                line=line[:60],
                most=LONGEST,
            )
        found[folded] = _weight(weight, line) if is_weighted else 1.0
    if len(found) > MOST_WORDS:
        raise BadContent(
            gettext_noop("A list has at most %(most)s words; this has %(number)s."),
            most=f"{MOST_WORDS:,}",
            number=f"{len(found):,}",
        )
    return found


def _weight(said: str, line: str) -> float:
    try:
        weight = float(said)
    except ValueError:
        weight = 0.0
    if not 0 < weight <= 1:
        raise BadContent(
            gettext_noop("“%(line)s”: after = stands a weight above 0 and at most 1, such as 0.5."),
            line=line[:60],
        )
    return weight


class Words:
    """All word lists of a set of rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        weights: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for index, rule in enumerate(rules):
            for word, weight in parse(rule.content).items():
                weights[word].append((index, weight))
        self._rules = rules
        self._automaton = ahocorasick.Automaton()
        for word, shares in weights.items():
            self._automaton.add_word(word, (word, shares))
        if weights:
            self._automaton.make_automaton()

    def scan(self, text: Text) -> list[Finding]:
        """Return a finding for each list that has a word in this text."""
        if not self._rules:
            return []
        misses: dict[int, float] = {}
        spans: dict[int, list[Span]] = defaultdict(list)
        seen: set[str] = set()
        for start, word, shares in self._matches(text.folded):
            where = text.span(start, start + len(word))
            for index, weight in shares:
                if len(spans[index]) < MOST_SPANS:
                    spans[index].append(where)
                if word not in seen:
                    misses[index] = misses.get(index, 1.0) * (1 - weight)
            seen.add(word)
        return [
            Finding(self._rules[index], round(1 - miss, 6), merged(spans[index]))
            for index, miss in misses.items()
        ]

    def _matches(self, folded: str) -> Iterable[tuple[int, str, list[tuple[int, float]]]]:
        for looked_at, (last, (word, shares)) in enumerate(self._automaton.iter(folded)):
            if looked_at >= MOST_MATCHES:
                return
            start, end = last - len(word) + 1, last + 1
            joined_before = start > 0 and is_word(folded[start - 1]) and is_word(word[0])
            joined_after = end < len(folded) and is_word(folded[end]) and is_word(word[-1])
            if not joined_before and not joined_after:
                yield start, word, shares
