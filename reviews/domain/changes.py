"""What an applicant changed since a reviewer last judged it: word by word, against the last *reviewed* revision."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.db.models import TextChoices

from onboarding.domain import requests
from onboarding.models import Revision
from reviews.models import Case

WORD = re.compile(r"\s+|\w+|[^\w\s]")
MOST = 2_500  # words of one text that are compared one by one; beyond, a change is shown whole


class Change(TextChoices):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Piece:
    """A run of characters and what became of it."""

    text: str
    change: Change


def base(case: Case) -> Revision | None:
    """Return what the answers are compared with; None where nobody judged anything of it before.

    The last revision on which somebody decided or asked, however many were sent since; for a request about a grant
    that nobody judged yet, the use in force.
    """
    if case.revision.number > 1:
        judged = case.decisions.exclude(revision=case.revision_id).select_related("revision")
        if newest := judged.order_by("-revision__number").first():
            return newest.revision
    grant = case.application.grant
    return grant.revision if grant else None


def changed(case: Case, before: Revision | None) -> dict[str, Any]:
    """Return the answers of `before` that are others now, by question; None for one that was not given."""
    if before is None:
        return {}
    now, then = case.revision.answers, before.answers
    if before.application_id != case.application_id:
        return {key: then.get(key) for key in requests.changes(case.application, now)}
    return {key: then.get(key) for key in dict.fromkeys([*now, *then]) if now.get(key) != then.get(key)}


def words(before: str, now: str) -> list[Piece]:
    """Return both texts as one: what stayed, what was removed, what was added, word by word."""
    old, new = WORD.findall(before), WORD.findall(now)
    if max(len(old), len(new)) > MOST:
        whole = [Piece(before, Change.REMOVED), Piece(now, Change.ADDED)]
        return [piece for piece in whole if piece.text]
    found: list[Piece] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            found.append(Piece("".join(new[new_from:new_to]), Change.SAME))
            continue
        if old_to > old_from:
            found.append(Piece("".join(old[old_from:old_to]), Change.REMOVED))
        if new_to > new_from:
            found.append(Piece("".join(new[new_from:new_to]), Change.ADDED))
    return _calm(found)


def _calm(found: list[Piece]) -> list[Piece]:
    """Join changes that only a blank stays between: a rewritten sentence is one change, not eight."""
    calm: list[Piece] = []
    removed = added = ""
    for index, piece in enumerate(found):
        is_between = 0 < index < len(found) - 1 and piece.change == Change.SAME and not piece.text.strip()
        if is_between and (removed or added):
            removed, added = removed + piece.text, added + piece.text
        elif piece.change == Change.SAME:
            calm += _pair(removed, added)
            removed = added = ""
            calm.append(piece)
        elif piece.change == Change.REMOVED:
            removed += piece.text
        else:
            added += piece.text
    return calm + _pair(removed, added)


def _pair(removed: str, added: str) -> list[Piece]:
    pieces = [Piece(removed, Change.REMOVED), Piece(added, Change.ADDED)]
    return [piece for piece in pieces if piece.text]
