"""A text as filters read it: without case, marks, compatibility forms and invisible characters.

Each character is folded by itself (NFKD and full case folding, Unicode 15 sections 3.11 and 3.13; combining diacritical
marks left out), so the place of every folded character in the original is known. NFKC would join neighbours.
"""

import unicodedata
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext

MOST = 65_536  # characters of a text
FILLERS = frozenset("\u115f\u1160\u3164\uffa0")  # letters by category that nobody sees

Span = tuple[int, int]


class TooLong(Exception):
    """A text is longer than filters read; the sentence is looked up where it is read, as that of BadContent."""

    def __init__(self, length: int):
        super().__init__(length)
        self.length = length

    def __str__(self) -> str:
        said = gettext("A text has at most %(most)s characters; this has %(number)s.")
        return said % {"most": f"{MOST:,}", "number": f"{self.length:,}"}


@dataclass(frozen=True, slots=True)
class Text:
    """The original, what filters read of it, and where each folded character comes from."""

    original: str
    folded: str
    places: "array[int] | None" = None  # None: every character stands where it stood

    def span(self, start: int, end: int) -> Span:
        """Return where a piece of the folded text stands in the original."""
        if start >= end:
            return (start, start) if self.places is None else (self.places[start],) * 2
        return (start, end) if self.places is None else (self.places[start], self.places[end - 1] + 1)


def fold(original: str) -> Text:
    """Return a text ready to be read. Raises TooLong."""
    if len(original) > MOST:
        raise TooLong(len(original))
    if original.isascii() and original.isprintable() and "  " not in original:
        return Text(original, original.lower())
    out: list[str] = []
    places = array("l")
    last = ""
    for place, char in enumerate(original):
        for piece in _folded(char):
            if piece == " " == last:
                continue
            last = piece
            out.append(piece)
            places.append(place)
    return Text(original, "".join(out), places)


def is_word(char: str) -> bool:
    """Return whether this character belongs to a word: a match beside one is not a whole word."""
    return char.isalnum() or char == "_"


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same places in order, each once: what overlaps or touches is one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


@lru_cache(maxsize=16_384)
def _folded(char: str) -> str:
    """Return what stands for one character; folding the result again changes nothing."""
    now, before = char, ""
    while now != before:
        before = now
        pieces = unicodedata.normalize("NFKD", now).casefold()
        now = "".join(" " if piece.isspace() else piece for piece in pieces if not _is_left_out(piece))
    return now


def _is_left_out(piece: str) -> bool:
    """Return whether nobody sees this: controls, zero-width and direction marks, accents, variation selectors."""
    if piece.isspace():
        return False
    return (
        unicodedata.category(piece) in ("Cc", "Cf")
        or "\u0300" <= piece <= "\u036f"
        or "\ufe00" <= piece <= "\ufe0f"
        or piece in FILLERS
    )
