"""What somebody writes in a comment: remarks on clauses, answers to questions; checked, counted in characters."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from audit import ledger
from policies.models import Consultation, ConsultationQuestion
from policies.states import AffiliationKind, QuestionKind

REMARK_MOST, ANSWER_MOST, NAME_MOST, OBJECTION_MOST = 6_000, 2_000, 120, 2_000  # characters
REMARKS_MOST = 40  # clauses


class BadComment(Exception):
    """`problems` says what is wrong, by field."""

    def __init__(self, problems: Mapping[str, str]):
        self.problems = dict(problems)
        super().__init__(" ".join(problems.values()))


@dataclass(frozen=True)
class Words:
    """A comment as it was typed; `remarks` by clause (empty: the whole text), `answers` by the id of the question."""

    remarks: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    affiliation_kind: str = ""
    affiliation_name: str = ""

    @property
    def kept(self) -> dict[str, dict[str, str]]:
        return {"remarks": dict(self.remarks), "answers": dict(self.answers)}

    @property
    def digest(self) -> str:
        return ledger.digest(json.dumps(self.kept, sort_keys=True))


def checked(words: Words, consultation: Consultation) -> Words:
    """Return the words as they are kept: trimmed, without what is empty. Raises BadComment."""
    remarks = {key: said for key, text in words.remarks.items() if (said := clean(text))}
    answers = {key: said for key, text in words.answers.items() if (said := clean(text))}
    tidy = Words(
        remarks,
        answers,
        " ".join(clean(words.name).split()),
        words.affiliation_kind,
        " ".join(clean(words.affiliation_name).split()),
    )
    questions = {str(question.pk): question for question in consultation.questions.all()}
    if problems := dict(_problems(tidy, consultation, questions)):
        raise BadComment(problems)
    return tidy


def _problems(
    words: Words, consultation: Consultation, questions: Mapping[str, ConsultationQuestion]
) -> Iterator[tuple[str, str]]:
    if not words.remarks and not words.answers:
        yield "overall", _("Write a remark, or answer a question.")
    if len(words.remarks) > REMARKS_MOST:
        yield "overall", _("At most %(most)s parts of the text in one comment.") % {"most": REMARKS_MOST}
    for clause, text in words.remarks.items():
        if clause and clause not in consultation.clauses:
            yield "overall", _("The text has no such part.")
        if len(text) > REMARK_MOST:
            yield f"clause-{clause}" if clause else "overall", too_long(REMARK_MOST, text)
    for key, text in words.answers.items():
        question = questions.get(key)
        if question is None:
            yield "overall", _("There is no such question.")
        elif question.kind == QuestionKind.TEXT and len(text) > ANSWER_MOST:
            yield f"answer-{key}", too_long(ANSWER_MOST, text)
        elif question.kind != QuestionKind.TEXT and text not in dict(question.choices):
            yield f"answer-{key}", _("Choose one of the answers given.")
    for name in ("name", "affiliation_name"):
        if len(getattr(words, name)) > NAME_MOST:
            yield name, too_long(NAME_MOST, getattr(words, name))
    if words.affiliation_kind not in ("", *AffiliationKind.values):
        yield "affiliation_kind", _("Choose one of those given, or none.")


def too_long(most: int, words: str) -> str:
    return _("At most %(most)s characters; this has %(has)s.") % {
        "most": f"{most:,}",
        "has": f"{len(words):,}",
    }


def clean(words: str) -> str:
    return words.replace("\0", "").replace("\r\n", "\n").strip()
