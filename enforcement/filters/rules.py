"""What a filter rule is and what it finds."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext, gettext_noop

from enforcement.filters.text import Span

MOST_CONTENT = 50_000  # characters of a rule's content
MOST_SPANS = 20  # places kept of one finding


class BadContent(Exception):
    """A rule's content cannot be used; the sentence is for the person who wrote it.

    It is looked up where it is read: the gateway, which compiles rules too, has no catalogues.
    """

    def __init__(self, sentence: str, **values: object):
        super().__init__(sentence, values)
        self.sentence, self.values = sentence, values

    def __str__(self) -> str:
        return gettext(self.sentence) % self.values

    @property
    def in_english(self) -> str:
        return self.sentence % self.values


class Kind(StrEnum):
    WORDS = "words"
    PATTERN = "pattern"
    PERSONAL = "personal"
    ENDPOINT = "endpoint"


class Action(StrEnum):
    """What follows a hit. A rule in shadow does none of them, it only counts."""

    COUNT = "count"
    FLAG = "flag"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule; `is_live` is False in shadow."""

    code: str
    number: int
    category: str
    kind: Kind
    content: str
    threshold: float = 1.0
    action: Action = Action.COUNT
    is_live: bool = True

    @property
    def name(self) -> str:
        """Return rule and version as counters and logs name them."""
        return f"{self.code}.{self.number}"


@dataclass(frozen=True, slots=True)
class Finding:
    """How much one rule found in one text: a score from 0 to 1, and where, in the original text."""

    rule: Rule
    score: float
    spans: tuple[Span, ...] = ()

    @property
    def is_hit(self) -> bool:
        return self.score >= self.rule.threshold


def lines_of(content: str) -> list[str]:
    """Return the lines that say something; `#` begins a remark. Raises BadContent."""
    if len(content) > MOST_CONTENT:
        raise BadContent(
            gettext_noop("At most %(most)s characters; this has %(number)s."),
            most=f"{MOST_CONTENT:,}",
            number=f"{len(content):,}",
        )
    kept = [line.strip() for line in content.splitlines()]
    found = [line for line in kept if line and not line.startswith("#")]
    if not found:
        raise BadContent(gettext_noop("Write at least one line."))
    return found
