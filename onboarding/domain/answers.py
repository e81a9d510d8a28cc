"""Answers: cleaned, read against the form, found wrong or counted.

Stored as JSON: text as typed, whole numbers, lists of option values, "yes"/"no"; a tick holds the version
of the text it was set under (or "yes"). Drafts keep what was typed even where it is wrong; a submission
holds only what counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from onboarding.domain import conditions, questions, sealing, wording
from onboarding.domain.conditions import HIDDEN, Answer, Condition, Context, Given
from onboarding.domain.questions import Form, Question
from onboarding.models import Program
from onboarding.states import ApplicationKind

Answers = Mapping[str, Any]
USE_CHANGED = "use_changed"  # in a request: whether the use is another than the approved one
CEILING = (
    20_000  # characters kept of one answer in a draft: five times the longest limit, so the page can say so
)


@dataclass(frozen=True)
class Paper:
    """The form as one program asks it: the gates that count, the models it offers (code -> name), for what kind."""

    form: Form
    gates: frozenset[str]
    models: Mapping[str, str]
    kind: str = ApplicationKind.ACCESS

    def counts(self, question: Question) -> bool:
        """Return whether an answer to it counts here, typed now or taken over from what was approved."""
        at_gate = self.form.gate_of(question) in self.gates
        return at_gate and (not question.requests or self.kind in question.requests)

    def is_put(self, question: Question, answers: Answers) -> bool:
        """Return whether the pages put this question; the others keep the approved answer.

        A request asks little again, until it says that the use changed: then everything.
        """
        if self.kind == ApplicationKind.ACCESS or question.requests:
            return question.key != USE_CHANGED or self.kind != ApplicationKind.AMENDMENT
        if answers.get(USE_CHANGED) == "yes":
            return True
        gate = self.form.gate_of(question)
        if self.kind == ApplicationKind.PRODUCTION:
            return gate in ("both", "production")
        return gate == "both" and question.type == "tick"

    def options(self, question: Question) -> Sequence[str]:
        return tuple(self.models) if question.rules.options_from == "models" else question.options

    def label(self, question: Question, value: str) -> str:
        return (
            self.models.get(value, value)
            if question.rules.options_from == "models"
            else question.label(value)
        )


def paper(
    form: Form, program: Program, kind: str = ApplicationKind.ACCESS, *, in_production: bool = False
) -> Paper:
    """Return the form as this program asks it; its models are read once for each program object."""
    prefetch_related_objects([program], "models")
    models = {model.code: model.name for model in program.models.all()}
    return Paper(form, questions.gates(kind, in_production=in_production), models, kind)


class Reading:
    """One set of answers read against the form: what is asked, what is given."""

    def __init__(self, paper: Paper, answers: Answers):
        self.paper, self.answers = paper, answers
        self.shown: dict[str, bool | None] = {}
        for question in paper.form.questions:  # a question reads only those above it
            self.shown[question.key] = self._is_shown(question)

    @property
    def context(self) -> Context:
        return Context(answer=self.given, options=self._options, settings=self.paper.form.settings)

    def given(self, key: str) -> Given:
        """Return the answer a condition reads: HIDDEN when not asked, None when missing or unreadable."""
        question = self.paper.form.question(key)
        if question is None:
            return self._domain(key)
        if self.shown.get(key) is False:
            return HIDDEN
        value = self.answers.get(key)
        if self.shown.get(key) is None or is_empty(value) or problem(self.paper, question, value):
            return None
        return value

    def asked(self) -> list[Question]:
        """Return the questions that are shown for certain."""
        return [question for question in self.paper.form.questions if self.shown[question.key]]

    def put(self) -> list[Question]:
        """Return the questions that are asked on the pages."""
        return [question for question in self.asked() if self.paper.is_put(question, self.answers)]

    def missing(self, condition: Condition) -> list[str]:
        """Return the shown questions whose missing answers leave the condition undecided, each once."""
        return list(dict.fromkeys(self._roots(conditions.missing(condition, self.context))))

    def _is_shown(self, question: Question) -> bool | None:
        if not self.paper.counts(question):
            return False
        if not question.shown_when:
            return True
        return conditions.evaluate(conditions.parse(question.shown_when), self.context)

    def _domain(self, key: str) -> Given:
        """Return the part behind the @ of the e-mail question `key` names, as in `work_email_domain`."""
        given = self.given(source) if (source := _email_of(self.paper.form, key)) else None
        return given.rpartition("@")[2].lower() if isinstance(given, str) else given

    def _options(self, key: str) -> Sequence[str]:
        question = self.paper.form.question(key)
        return self.paper.options(question) if question else ()

    def _roots(self, keys: Sequence[str]) -> list[str]:
        """Follow keys that may or may not be asked up to the missing answers this hangs on."""
        found: list[str] = []
        for key in keys:
            question = self.paper.form.question(_email_of(self.paper.form, key) or key)
            if question and self.shown[question.key] is None:
                found += self.missing(conditions.parse(question.shown_when))
            else:
                found.append(question.key if question else key)
        return found


def is_empty(value: object) -> bool:
    return value is None or value in ("", [], ())


def clean(form: Form, raw: Mapping[str, object]) -> dict[str, Any]:
    """Return the answers to this form's questions as stored: unknown keys left out, emptied ones None."""
    return {
        question.key: _cleaned(question, raw[question.key])
        for question in form.questions
        if question.key in raw
    }


def problems(reading: Reading, *, section: str | None = None) -> dict[str, str]:
    """Return what stands against submitting, a sentence by question, in the form's order.

    What the hold lane asks for on top is added by `applications.problems`, which knows the lane.
    """
    found: dict[str, str] = {}
    for question in reading.put():
        if section is not None and question.section != section:
            continue
        value = reading.answers.get(question.key)
        if is_empty(value):
            if is_required(question, reading.paper.gates):
                found[question.key] = unanswered(question)
        elif sentence := problem(reading.paper, question, value):
            found[question.key] = sentence
    return found


def is_required(question: Question, gates: frozenset[str]) -> bool:
    """Return whether the question must be answered whatever the lane."""
    required = question.rules.required
    return required is True or (required == "production" and "production" in gates)


def unanswered(question: Question) -> str:
    """Return what to say of an answer that is needed and not there."""
    if question.type == "tick":
        return _("Tick this to go on.")
    return (
        _("Choose an answer.")
        if question.options or question.rules.options_from
        else _("Please answer this.")
    )


def counted(reading: Reading) -> dict[str, Any]:
    """Return the answers that count: those to questions that are asked. Hidden ones are dropped."""
    return {
        q.key: reading.answers[q.key] for q in reading.asked() if not is_empty(reading.answers.get(q.key))
    }


def problem(paper: Paper, question: Question, value: Any) -> str:  # noqa: PLR0911 - one for each type
    """Return what is wrong with one answer as a sentence that says what to do; empty when nothing is."""
    match question.type:
        case "text" | "long" | "email" | "url":
            return wording.wrong_with(question, value)
        case "number":
            return _number_problem(question, value)
        case "multi":
            return _multi_problem(paper, question, value)
        case "secret_text":  # kept apart; its mark says how that went
            return str(sealing.PROBLEMS.get(value, "" if value == sealing.SEALED else unanswered(question)))
        case "tick":
            return "" if isinstance(value, str) else unanswered(question)
        case _:
            if not isinstance(value, str) or value not in paper.options(question):
                return _("Choose one of the answers on the list.")
            return _blocked(paper.form, question, value)


def in_words(paper: Paper, question: Question, value: Any) -> str:
    """Return a stored answer as people read it."""
    if question.type == "secret_text":
        return str(sealing.IN_WORDS)
    if isinstance(value, list):
        return ", ".join(paper.label(question, str(one)) for one in value)
    if question.type == "tick":
        if question.shows and value not in ("yes", "none"):
            return _("Yes, version %(version)s") % {"version": value}
        return _("Yes")
    if question.type == "number" and isinstance(value, int):
        return _written(value)
    return paper.label(question, str(value)) if paper.options(question) else str(value)


def _written(figure: int) -> str:
    """Return a number as the reader's language groups it."""
    return number_format(figure, use_l10n=True, force_grouping=True)


def _cleaned(question: Question, value: object) -> Answer | None:
    if question.type == "multi":
        said = value if isinstance(value, (list, tuple)) else [value]
        kept = list(dict.fromkeys(_text(one) for one in said if not is_empty(one)))
        return [one for one in kept if one] or None
    if isinstance(value, (list, tuple)):
        value = value[-1] if value else ""
    if question.type in ("tick", "yesno") and isinstance(value, bool):
        value = "yes" if value else ("no" if question.type == "yesno" else "")
    text = _text(value)
    if question.type == "tick" and text in ("no", "off", "false", "False"):
        return None
    if question.type == "tick" and text in ("on", "true", "True"):
        return "yes"
    if question.type == "number":
        return _number(text)
    if question.type == "email":
        text = text.replace("mailto:", "").lower()
    return text or None


def _text(value: object) -> str:
    """Return text without what PostgreSQL's JSON refuses (NUL, lone surrogates) and without edges."""
    text = "" if value is None else str(value)[:CEILING]
    text = "".join(c for c in text if c in "\n\t" or not (ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF))
    return text.strip()


def _number(text: str) -> int | str | None:
    """Return a whole number typed as 12000, 12,000 or 12 000; anything else as typed, to be shown again."""
    digits = text.replace(",", "").replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    if digits.isascii() and digits.isdigit() and len(digits) <= 15:
        return int(digits)
    return text[:40] or None


def _number_problem(question: Question, value: object) -> str:
    rules = question.rules
    if not isinstance(value, int) or isinstance(value, bool):
        return _("Write a whole number in digits.")
    if not rules.minimum <= value <= rules.maximum:
        return _("Write a number from %(least)s to %(most)s.") % {
            "least": _written(rules.minimum),
            "most": _written(rules.maximum),
        }
    return ""


def _multi_problem(paper: Paper, question: Question, value: object) -> str:
    options = paper.options(question)
    if not isinstance(value, list) or not value or any(one not in options for one in value):
        return _("Choose from the answers on the list.")
    if question.rules.exclusive in value and len(value) > 1:
        return _("“%(answer)s” cannot go with other answers.") % {
            "answer": paper.label(question, question.rules.exclusive)
        }
    return ""


def _blocked(form: Form, question: Question, value: str) -> str:
    blocked = form.settings.get(question.key) if question.type == "country" else None
    if isinstance(blocked, list) and value in blocked:
        return _("We may not offer access in %(country)s.") % {"country": question.label(value)}
    return ""


def _email_of(form: Form, key: str) -> str | None:
    source = key.removesuffix(questions.DOMAIN_OF)
    found = form.question(source) if source != key else None
    return source if found and found.type == "email" else None
