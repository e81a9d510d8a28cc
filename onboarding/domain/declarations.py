"""Declarations: which text a tick of the form stands for, and keeping that it was accepted."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from onboarding.domain.answers import Paper
from onboarding.domain.questions import Question
from onboarding.models import Program
from policies.domain import acceptances, guidelines, weaknesses

YES = "yes"
NOTHING_PUBLISHED = "none"  # the version of known weaknesses where none have been published


@dataclass(frozen=True)
class Text:
    """What a tick stands for: the words beside it, the longer text they speak of, and the version of that."""

    document: str
    version: str
    text_hash: str
    words: str
    body: str = ""


def texts(paper: Paper, program: Program) -> dict[str, Text]:
    """Return the text of each tick as it stands now; two queries. Raises NoGuidelines."""
    ticks = (question for question in paper.form.questions if question.type == "tick")
    return {question.key: _text(question, paper, program) for question in ticks}


def settled(answers: Mapping[str, Any], now: Mapping[str, Text]) -> dict[str, Any]:
    """Return the answers with each bare "yes" replaced by the version of the text it was said to.

    So a text that changes between the tick and the submission is noticed: see `outdated`.
    """
    return {key: now[key].version if key in now and value == YES else value for key, value in answers.items()}


def outdated(answers: Mapping[str, Any], now: Mapping[str, Text]) -> dict[str, str]:
    """Return a sentence for each tick that was set under another text than the one in force."""
    return {
        key: _("This text has changed since you ticked it. Read it again and tick again.")
        for key, text in now.items()
        if answers.get(key) not in (None, YES, text.version)
    }


def keep(answers: Mapping[str, Any], now: Mapping[str, Text], *, by: User, at: datetime) -> None:
    """Keep each declaration of a submission with version, text hash and time."""
    for key, text in now.items():
        if key in answers:
            acceptances.accept(
                by, document=text.document, version=text.version, text_hash=text.text_hash, at=at
            )


def _text(question: Question, paper: Paper, program: Program) -> Text:
    document, words = f"declaration:{question.key}", question.question
    if question.shows == "guidelines":
        version = guidelines.in_force()
        return Text(document, version.version, version.text_hash, _versioned(words, version.version))
    if question.shows == "weaknesses":
        document, known = weaknesses.document(program.slug), weaknesses.current(program.slug)
        if known:
            return Text(
                document,
                str(known.version),
                known.text_hash,
                _versioned(words, str(known.version)),
                known.text,
            )
        return Text(document, NOTHING_PUBLISHED, _hash(words), words)
    return Text(document, paper.form.version, _hash(words), words)


def _versioned(words: str, version: str) -> str:
    return _("%(words)s, version %(version)s") % {"words": words, "version": version}


def _hash(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
