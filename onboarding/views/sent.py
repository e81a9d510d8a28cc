"""What was sent, as people read it: a revision's answers under the texts of its own question set."""

from dataclasses import dataclass
from typing import Any

from onboarding.domain import answers, questions
from onboarding.domain.questions import Question
from onboarding.models import Application, Program, Revision

SHORT = 30  # characters, what fits a column: longer answers get the whole width


@dataclass(frozen=True)
class Said:
    question: str
    words: str
    long: bool


@dataclass(frozen=True)
class Part:
    name: str
    said: list[Said]


def parts(revision: Revision, program: Program) -> list[Part]:
    """Return the answered questions by section, in the form's order; one query, for the models' names."""
    paper = answers.paper(questions.of(revision.question_set), program)
    found = []
    for section in paper.form.sections:
        said = [
            _said(paper, question, revision.answers[question.key])
            for question in paper.form.of_section(section.key)
            if not answers.is_empty(revision.answers.get(question.key))
        ]
        if said:
            found.append(Part(section.name, said))
    return found


def unsent(application: Application, revision: Revision | None) -> list[Said]:
    """Return the questions whose unsent answer is not the one that was sent, with what was typed; often none."""
    if revision is None:
        return []
    paper = answers.paper(questions.of(application.question_set), application.program)
    return [
        Said(question.question, _words(paper, question, application.answers.get(question.key)), long=True)
        for question in paper.form.questions
        if application.answers.get(question.key) != revision.answers.get(question.key)
    ]


def _words(paper: answers.Paper, question: Question, value: Any) -> str:
    return "" if answers.is_empty(value) else answers.in_words(paper, question, value)


def _said(paper: answers.Paper, question: Question, value: Any) -> Said:
    words = answers.in_words(paper, question, value)
    is_long = question.type == "long" or max(len(words), len(question.question)) > SHORT
    return Said(question.question, words, is_long)
