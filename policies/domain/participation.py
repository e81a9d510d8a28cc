"""Who took part in a consultation, in figures; counts of fewer than five people are hidden.

The totals are public, so a hidden count goes with as many others as it takes that none can be worked out.
"""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from policies.models import Consultation, ConsultationQuestion
from policies.states import PUBLIC_COMMENTS, AffiliationKind, CommentState, QuestionKind, WithheldFor

LEAST = 5
# Of each comment what it says now; an answer in words is not counted, nor read out of the row.
ANSWERS = """
    SELECT said.question, said.answer, count(*) FROM (
        SELECT DISTINCT ON (kept.id) said.words->'answers' AS answers
        FROM policies_comment kept JOIN policies_commentrevision said ON said.comment_id = kept.id
        WHERE kept.consultation_id = %s AND kept.state = ANY(%s) ORDER BY kept.id, said.number DESC
    ) latest, jsonb_each_text(latest.answers) AS said (question, answer)
    WHERE said.question = ANY(%s) GROUP BY said.question, said.answer"""


@dataclass(frozen=True)
class Cell:
    """`count` is None where it is hidden."""

    name: str
    count: int | None


@dataclass(frozen=True)
class Asked:
    """The answers the shown comments give to one question; words are counted only."""

    question: ConsultationQuestion
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
    """Return the counts of a table whose total is public; where one is from 1 to 4, without all under 5.

    Those hidden have a sum anybody can work out. Where it leaves one only, or says each is 4, the table is hidden:
    else no count in it has one possible value, whoever knows this rule.
    """
    small = [count for _, count in counts if count < LEAST]
    if not any(small):
        return [Cell(name, count) for name, count in counts]
    if len(small) == 1 or all(count == LEAST - 1 for count in small):
        return [Cell(name, None) for name, _ in counts]
    return [Cell(name, None if count < LEAST else count) for name, count in counts]


def _answers(consultation: Consultation) -> list[Asked]:
    """Count what the shown comments answer: each of them is public already, so nothing is hidden."""
    questions = list(consultation.questions.all())
    chosen = [str(question.pk) for question in questions if question.kind != QuestionKind.TEXT]
    said: dict[tuple[str, str], int] = {}
    if chosen:
        with connection.cursor() as cursor:
            cursor.execute(ANSWERS, [consultation.pk, list(PUBLIC_COMMENTS), chosen])
            said = {(question, answer): number for question, answer, number in cursor.fetchall()}
    found = []
    for question in questions:
        cells = [Cell(label, said.get((str(question.pk), value), 0)) for value, label in question.choices]
        found.append(Asked(question, cells))
    return found
