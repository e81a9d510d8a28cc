"""Who took part in a consultation, in figures; counts of fewer than five people are hidden.

One hidden count could be worked out from the total, so that the next smallest goes with it.
"""

from dataclasses import dataclass

from django.db.models import Count

from policies.models import CommentRevision, Consultation, ConsultationQuestion
from policies.states import AffiliationKind, CommentState, WithheldFor

LEAST = 5


@dataclass(frozen=True)
class Cell:
    """`count` is None where it is hidden."""

    name: str
    count: int | None


@dataclass(frozen=True)
class Asked:
    """The answers the shown comments give to one question; words are counted only."""

    question: ConsultationQuestion
    given: int
    cells: list[Cell]

    @property
    def most(self) -> int:
        return max([cell.count or 0 for cell in self.cells] or [0]) or 1


@dataclass(frozen=True)
class Participation:
    received: int
    shown: int
    by_kind: list[Cell]
    withheld: list[Cell]
    invited: Cell
    answered: Cell
    answers: list[Asked]

    @property
    def most(self) -> int:
        return max([cell.count or 0 for cell in self.by_kind] or [0]) or 1


def of(consultation: Consultation) -> Participation:
    """Return the figures of one consultation; four queries, whatever its size."""
    rows = consultation.comments.received().order_by()
    counted = list(rows.values_list("state", "affiliation_kind", "reason").annotate(n=Count("pk")))
    kinds, reasons, total, shown = dict[str, int](), dict[str, int](), 0, 0
    for state, kind, reason, number in counted:
        total += number
        kinds[kind] = kinds.get(kind, 0) + number
        shown += number if state in (CommentState.SHOWN, CommentState.UNNAMED) else 0
        if reason:
            reasons[reason] = reasons.get(reason, 0) + number
    standing = consultation.invitations.filter(withdrawn_at=None)
    invited, answered = standing.count(), standing.filter(comment__in=rows).count()
    return Participation(
        total,
        shown,
        hidden([(str(label), kinds.get(kind, 0)) for kind, label in [*AffiliationKind.choices, ("", "")]]),
        hidden([(str(label), reasons.get(reason, 0)) for reason, label in WithheldFor.choices]),
        Cell("", invited),
        Cell("", answered if answered == 0 or answered >= LEAST else None),
        _answers(consultation),
    )


def hidden(counts: list[tuple[str, int]]) -> list[Cell]:
    """Return the counts, without those from 1 to 4; a single one takes the next smallest with it."""
    small = {name for name, count in counts if 0 < count < LEAST}
    if len(small) == 1:
        others = [(count, name) for name, count in counts if count >= LEAST]
        small |= {min(others)[1]} if others else set()
    return [Cell(name, None if name in small else count) for name, count in counts]


def _answers(consultation: Consultation) -> list[Asked]:
    """Count what the shown comments answer: each of them is public already, so nothing is hidden."""
    questions = list(consultation.questions.all())
    said: dict[str, dict[str, int]] = {}
    if questions:
        shown = latest_words(consultation)
        for words in shown:
            for key, text in words.get("answers", {}).items():
                counts = said.setdefault(key, {})
                counts[text] = counts.get(text, 0) + 1
    found = []
    for question in questions:
        counts = said.get(str(question.pk), {})
        cells = [Cell(label, counts.get(value, 0)) for value, label in question.choices]
        found.append(Asked(question, sum(counts.values()), cells))
    return found


def latest_words(consultation: Consultation) -> list[dict[str, dict[str, str]]]:
    """Return what each shown comment says now."""
    latest = (
        CommentRevision.objects.filter(comment__in=consultation.comments.public())
        .order_by("comment_id", "-number")
        .distinct("comment_id")
    )
    return list(latest.values_list("words", flat=True))
