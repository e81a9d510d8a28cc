"""The answers of a revision as a reviewer reads them: what changed, and which passages were quoted, marked in them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from onboarding.domain import answers, questions
from onboarding.models import Revision
from reviews.domain import changes
from reviews.domain.changes import Change, Piece
from reviews.domain.findings import QUOTED
from reviews.models import Case, Finding

FIRST_SECTION = "purpose"  # read first and longest


@dataclass(frozen=True)
class Found:
    """One finding with its category's name, to read."""

    name: str
    finding: Finding


@dataclass(frozen=True)
class Run:
    """A run of characters that is one in everything: what became of it, and what it was quoted for."""

    text: str
    change: Change = Change.SAME
    quoted_for: str = ""


@dataclass(frozen=True)
class Answer:
    key: str
    question: str
    words: str
    runs: list[Run]
    is_long: bool
    is_quotable: bool
    url: str
    is_changed: bool = False
    was: str = ""  # before, where the two are not marked word by word


@dataclass(frozen=True)
class AnsweredSection:
    key: str
    name: str
    answers: list[Answer]

    @property
    def changed(self) -> int:
        return sum(answer.is_changed for answer in self.answers)


def sections(
    revision: Revision, case: Case, *, before: Revision | None = None, found: Iterable[Found] = ()
) -> list[AnsweredSection]:
    """Return the answers by section, what people wrote at length before what they ticked.

    What was answered in `before` and is not any more is among them. Passages quoted in `found` are marked.
    """
    form = questions.of(revision.question_set)
    paper = _paper(form, case)
    reader = _Reader(paper, revision, changes.changed(case, before), list(found))
    ordered = sorted(form.sections, key=lambda section: section.key != FIRST_SECTION)
    shown = []
    for section in ordered:
        given = [q for q in form.of_section(section.key) if reader.shows(q)]
        given.sort(key=lambda question: question.type != "long")
        if given:
            shown.append(AnsweredSection(section.key, section.name, [reader.read(q) for q in given]))
    return shown


def unanswered(case: Case) -> int:
    """Return how many of the questions that this application is asked have no answer."""
    paper = _paper(questions.of(case.revision.question_set), case)
    reading = answers.Reading(paper, case.revision.answers)
    return sum(answers.is_empty(case.revision.answers.get(question.key)) for question in reading.asked())


def plain(value: Any) -> str:
    """Return an imported value as text; lists and objects as the JSON they came as."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def runs(pieces: Iterable[Piece], quotes: Iterable[tuple[int, int, str]]) -> list[Run]:
    """Return pieces cut where a quote begins or ends; quotes are places in the text without what was removed."""
    quotes, cuts = list(quotes), sorted({at for start, end, _ in quotes for at in (start, end)})
    found, at = [], 0
    for piece in pieces:
        if piece.change == Change.REMOVED:
            found.append(Run(piece.text, piece.change))
            continue
        until = at + len(piece.text)
        for start, end in pairwise([at, *(cut for cut in cuts if at < cut < until), until]):
            names = dict.fromkeys(name for first, last, name in quotes if first <= start and end <= last)
            found.append(Run(piece.text[start - at : end - at], piece.change, ", ".join(names)))
        at = until
    return [run for run in found if run.text]


def _paper(form: questions.Form, case: Case) -> answers.Paper:
    return answers.paper(
        form, case.program, case.application.kind, in_production=case.application.is_about_production
    )


@dataclass(frozen=True)
class _Reader:
    """Puts the answers to one revision's questions into words."""

    paper: answers.Paper
    revision: Revision
    changed: Mapping[str, Any]
    found: list[Found]

    def shows(self, question: questions.Question) -> bool:
        key = question.key
        return not (
            answers.is_empty(self.revision.answers.get(key)) and answers.is_empty(self.changed.get(key))
        )

    def read(self, question: questions.Question) -> Answer:
        key, words = question.key, self._words(question, self.revision.answers.get(question.key))
        is_changed, is_typed = key in self.changed, question.type in QUOTED
        was = self._words(question, self.changed.get(key)) if is_changed else ""
        by_word = is_changed and is_typed
        pieces = changes.words(was, words) if by_word else [Piece(words, Change.SAME)]
        return Answer(
            key=key,
            question=question.question,
            words=words,
            runs=runs(pieces, self._quotes(key)),
            is_long=question.type == "long" or len(words) > 120,
            is_quotable=is_typed and bool(words),
            url=words if question.type == "url" and words.startswith("https://") else "",
            is_changed=is_changed,
            was="" if by_word else was,
        )

    def _words(self, question: questions.Question, value: Any) -> str:
        return "" if answers.is_empty(value) else answers.in_words(self.paper, question, value)

    def _quotes(self, key: str) -> list[tuple[int, int, str]]:
        return [
            (one.finding.quote_start or 0, one.finding.quote_end or 0, one.name)
            for one in self.found
            if one.finding.quoted_in == key
        ]
