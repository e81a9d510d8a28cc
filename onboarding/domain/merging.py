"""Two pages, one draft: what of a page is kept when the draft was saved elsewhere since the page was shown.

Answer by answer, from three versions: what the page showed (its digest comes back with the page), what was typed
on it, and what is stored now.
- Not touched on this page: what is stored stays.
- Not changed elsewhere: what was typed is kept.
- The same on both sides: there is nothing to do.
- Otherwise the two clash: that answer stays as it is stored until a person who was shown both has chosen one. A
  choice counts only for the stored answer it was made against; if that has changed again, it is asked again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onboarding.domain.answers import is_empty

MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True)
class Choice:
    """Which of two answers a person chose, and the digest of the stored one they were shown."""

    keep: str
    there: str


@dataclass(frozen=True)
class Seen:
    """What a page knew: the draft's version, the digest of each answer it showed, the choices made on it."""

    version: int
    shown: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True)
class Merged:
    """`answers` is the whole draft; `clashes` the keys to choose for; `taken` where the page shows an older answer."""

    answers: dict[str, Any]
    clashes: list[str]
    taken: list[str]


def digest(value: Any) -> str:
    """Return 16 hex digits that stand for an answer as stored; nothing for no answer."""
    if is_empty(value):
        return ""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def merge(stored: Mapping[str, Any], typed: Mapping[str, Any], *, seen: Seen, version: int) -> Merged:
    """Merge what was typed into what is stored; `version` is the stored draft's."""
    answers, clashes, taken = dict(stored), [], []
    for key, mine in typed.items():
        there = stored.get(key)
        if digest(mine) == digest(there):
            continue
        verdict = _verdict(digest(mine), digest(there), key, seen, version)
        if verdict is None:
            clashes.append(key)
        elif verdict == THEIRS:
            taken.append(key)
        else:
            answers[key] = mine
    kept = {key: value for key, value in answers.items() if not is_empty(value)}
    return Merged(kept, clashes, taken)


def _verdict(mine: str, there: str, key: str, seen: Seen, version: int) -> str | None:
    """Return whose answer counts where the two differ; None when a person has to choose."""
    choice = seen.chosen.get(key)
    if choice and choice.there == there:
        return choice.keep
    base = seen.shown.get(key)
    if base is None:  # a page that does not say what it showed: only the newest one is taken at its word
        return MINE if seen.version == version else None
    if mine == base:
        return THEIRS
    return MINE if there == base else None
