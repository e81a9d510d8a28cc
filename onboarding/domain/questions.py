"""Question sets: the application form as data, in versions.

A set is loaded from a file, checked as a whole, kept as a row that never changes, and read back as `Form`: in the
reader's language where the catalogue has the words, so what is kept for good is read `as_written`.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import yaml
from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from audit import ledger
from audit.events import Event
from onboarding.domain import conditions, countries
from onboarding.models import QuestionSet
from onboarding.states import ApplicationKind

CONTENT = Path(__file__).resolve().parent.parent / "content"
YES_NO = ("yes", "no")
DOMAIN_OF = "_domain"  # `work_email_domain` reads the part behind the @ of `work_email`

Kind = Literal[
    "text", "long", "email", "url", "choice", "multi", "number", "yesno", "tick", "country", "secret_text"
]
Gate = Literal["both", "trial", "production"]
Request = Literal["production", "amendment", "renewal"]


class BadQuestions(Exception):
    """A question set cannot be used; one sentence for each place that is wrong."""


class VersionTaken(Exception):
    def __init__(self, version: str):
        super().__init__(
            _(
                "Question set %(version)s is here already, with other content. Give the changed one a new version."
            )
            % {"version": version}
        )


class NoQuestions(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("No question set is loaded yet. Run `python manage.py bootstrap`, which loads the shipped one.")
        )


class Strict(BaseModel):
    """`words` are the fields people read; the rest is for the program."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    words: ClassVar[tuple[str, ...]] = ()

    def spoken(self) -> Self:
        """Return a copy whose words, and those of its parts, are in the active language."""
        said: dict[str, Any] = {name: _said(getattr(self, name)) for name in self.words}
        for name in type(self).model_fields:
            part = getattr(self, name)
            if isinstance(part, Strict):
                said[name] = part.spoken()
            elif isinstance(part, tuple) and any(isinstance(one, Strict) for one in part):
                said[name] = tuple(one.spoken() for one in part)
        copy = self.model_copy(update=said)
        for kept in vars(copy).keys() - type(self).model_fields.keys():
            del vars(copy)[kept]  # what was computed from the words as they were
        return copy


def _said(text: str) -> str:
    return gettext(text) if text else ""


class Option(Strict):
    words = ("label",)
    value: str = Field(pattern=r"^\S+$")
    label: str


class Band(Strict):
    """Points for a number from `from_` to `to`, both included."""

    from_: int = Field(alias="from")
    to: int
    points: int = Field(ge=0)


class Rules(Strict):
    """What an answer must be. `required`: always, only at the production gate, or only in the hold lane."""

    required: bool | Literal["production", "hold"] = False
    min_length: int = Field(default=0, ge=0)
    max_length: int = Field(default=4000, ge=1)
    minimum: int = 0
    maximum: int = 2_000_000_000
    options: tuple[Option, ...] = ()
    options_from: Literal["", "models"] = ""
    exclusive: str = ""
    filler_refused: bool = False
    contact: bool = False


class Question(Strict):
    """One question. `short` names it in lists; `weighs`: the side of the risk score its weights are on.

    `gate`: trial asks it of those who want access, production of those who go into production, both at both;
    empty means what its section says. `requests`: asked only in these requests about a grant.
    """

    words = ("question", "short", "hint", "example", "why")
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    section: str
    question: str
    short: str = ""
    type: Kind
    hint: str = ""
    example: str = ""
    why: str = ""
    gate: Literal["", Gate] = ""
    requests: tuple[Request, ...] = ()
    shown_when: str = ""
    shows: Literal["", "guidelines", "weaknesses"] = ""
    rules: Rules = Rules()
    weighs: Literal["", "impact", "safeguard"] = ""
    weights: dict[str, int] = {}
    bands: tuple[Band, ...] = ()
    adds_up: bool = False

    @property
    def name(self) -> str:
        return self.short or self.question

    @property
    def options(self) -> tuple[str, ...]:
        """The values it can take, in order; empty where anything may be typed."""
        if self.type == "yesno":
            return YES_NO
        if self.type == "country":
            return tuple(countries.names())
        return tuple(option.value for option in self.rules.options)

    def label(self, value: str) -> str:
        """Return an option in plain words; an unknown one as it is."""
        if self.type == "country":
            return countries.names().get(value, value)
        if self.type in ("yesno", "tick"):
            return {"yes": _("Yes"), "no": _("No")}.get(value, value)
        return next((option.label for option in self.rules.options if option.value == value), value)


class Section(Strict):
    words = ("name", "intro")
    key: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    name: str
    intro: str = ""
    gate: Gate = "both"


class Hold(Strict):
    """A rule of the form itself that sends an application to hold."""

    words = ("says",)
    code: str
    when: str
    says: str


class Form(Strict):
    """A question set, typed."""

    version: str = Field(min_length=1, max_length=20)
    settings: dict[str, int | str | list[str]] = {}
    holds: tuple[Hold, ...] = ()
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> "Form":
        wrong = [*_doubles(self), *(line for q in self.questions for line in _faults(q, self))]
        wrong += [
            line
            for hold in self.holds
            for line in _unreadable(hold.when, _("hold %(code)s") % {"code": hold.code}, self.keys, self)
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(question.key for question in self.questions)

    @cached_property
    def by_key(self) -> dict[str, Question]:
        return {question.key: question for question in self.questions}

    def question(self, key: str) -> Question | None:
        return self.by_key.get(key)

    def section(self, key: str) -> Section | None:
        return next((section for section in self.sections if section.key == key), None)

    def gate_of(self, question: Question) -> str:
        """Return the gate a question stands at: its own, or its section's."""
        section = self.section(question.section)
        return question.gate or (section.gate if section else "both")

    def of_section(self, key: str) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.section == key)


def shipped() -> dict[str, Any]:
    """Return the question set this version of Gatehouse ships."""
    return json.loads(_shipped())


@cache
def _shipped() -> str:
    return json.dumps(yaml.safe_load((CONTENT / "questions.yaml").read_text("utf-8")))


def read(source: object) -> Form:
    """Check a question set and return it typed; raise BadQuestions with a sentence for each wrong place."""
    try:
        return Form.model_validate(source)
    except ValidationError as error:
        raise BadQuestions("\n".join(_sentences(error))) from None


def of(row: QuestionSet) -> Form:
    """Return a stored set, typed, in the active language; read once in each process and language."""
    return _of(row.text_hash, row.pk, get_language() or settings.LANGUAGE_CODE)


@lru_cache(maxsize=32)
def _of(text_hash: str, pk: int, language: str) -> Form:
    form = read(QuestionSet.objects.values_list("data", flat=True).get(pk=pk))
    return form if language == settings.LANGUAGE_CODE else form.spoken()


@contextmanager
def as_written() -> Iterator[None]:
    """Read question sets as they were written: what is kept of an application does not hang on who sent it."""
    with override(settings.LANGUAGE_CODE):
        yield


@transaction.atomic
def load(source: object, *, by: ledger.Actor, at: datetime, reason: str = "") -> QuestionSet:
    """Load a question set and make it current; the same one again changes nothing.

    Raises BadQuestions, VersionTaken.
    """
    form = read(source)
    QuestionSet.objects.select_for_update().order_by("pk").first()  # two at once: the second sees the first's
    text_hash = hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()
    taken = QuestionSet.objects.filter(version=form.version).first()
    if taken and taken.text_hash != text_hash:
        raise VersionTaken(form.version)
    if taken and taken.current:
        return taken
    QuestionSet.objects.filter(current=True).update(current=False)
    row = taken or QuestionSet(version=form.version, data=source, text_hash=text_hash, loaded_at=at)
    row.current = True
    row.save()
    ledger.record(
        Event.QUESTIONS_LOADED, subject=row, actor=by, at=at, reason=reason, version=form.version,
        text_hash=text_hash,
    )  # fmt: skip
    return row


def current() -> QuestionSet:
    """Return the set new applications start with; raise NoQuestions."""
    row = QuestionSet.objects.filter(current=True).first()
    if row is None:
        raise NoQuestions
    return row


def gates(kind: str, *, in_production: bool = False) -> frozenset[str]:
    """Return the gates whose answers count: evidence is asked for in a production review, and about its access."""
    if kind == ApplicationKind.PRODUCTION or in_production:
        return frozenset({"both", "trial", "production"})
    return frozenset({"both", "trial"})


def _doubles(form: Form) -> list[str]:
    keys = form.keys
    return [
        _("The key %(key)s is used twice.") % {"key": key}
        for key in dict.fromkeys(keys)
        if keys.count(key) > 1
    ]


def _faults(question: Question, form: Form) -> list[str]:
    where, rules = _("Question %(key)s") % {"key": question.key}, question.rules
    faults = []
    if form.section(question.section) is None:
        faults.append(
            _("%(where)s stands in section %(section)s, which is not among the sections.")
            % {"where": where, "section": question.section}
        )
    if question.type in ("choice", "multi") and not rules.options and not rules.options_from:
        faults.append(
            _("%(where)s is a %(type)s and has no options.") % {"where": where, "type": question.type}
        )
    if question.type == "secret_text" and (question.weighs or question.shown_when):
        faults.append(
            _("%(where)s is a secret: it is always asked, and nothing is judged by it.") % {"where": where}
        )
    if rules.min_length > rules.max_length or rules.minimum > rules.maximum:
        faults.append(_("%(where)s asks for more than it allows.") % {"where": where})
    if rules.exclusive and rules.exclusive not in question.options:
        faults.append(
            _("%(where)s excludes by %(exclusive)s, which is not among its options.")
            % {"where": where, "exclusive": rules.exclusive}
        )
    if question.weights.keys() - {"answered"} and set(question.weights) != set(question.options):
        faults.append(
            _("%(where)s needs a weight for each of its options and for nothing else.") % {"where": where}
        )
    if (
        bool(question.weighs) != bool(question.weights or question.bands)
        or min(question.weights.values(), default=0) < 0
    ):
        faults.append(_("%(where)s needs `weighs` and weights of 0 or more together.") % {"where": where})
    return faults + (_when_faults(question, form) if question.shown_when else [])


def _when_faults(question: Question, form: Form) -> list[str]:
    above = form.keys[: form.keys.index(question.key)]
    if faults := _unreadable(
        question.shown_when, _("shown_when of %(key)s") % {"key": question.key}, above, form
    ):
        return faults
    clauses = conditions.parse(question.shown_when).clauses
    if len(clauses) > 1 or clauses[0].op in conditions.COMPARES or conditions.SETTING in clauses[0].values:
        return [
            _("Question %(key)s is shown by more than a page's script reads: = != in contains.")
            % {"key": question.key}
        ]
    return []


def _unreadable(text: str, where: str, keys: Sequence[str], form: Form) -> list[str]:
    try:
        condition = conditions.parse(text)
    except conditions.BadCondition as error:
        return [f"{where}: {error}"]
    unknown = [key for key in condition.keys if key not in keys and key.removesuffix(DOMAIN_OF) not in keys]
    faults = [
        _("%(where)s reads %(key)s, which is no question above it.") % {"where": where, "key": key}
        for key in unknown
    ]
    for clause in condition.clauses:
        question = form.question(clause.key)
        options = question.options if question else ()
        strange = [
            value
            for value in clause.values
            if options and value not in options and value != conditions.SETTING
        ]
        faults += [
            _("%(where)s asks for %(key)s = %(value)s, which is not among its options.")
            % {"where": where, "key": clause.key, "value": value}
            for value in strange
        ]
        if clause.values == (conditions.SETTING,) and clause.key not in form.settings:
            faults.append(
                _("%(where)s reads a setting of %(key)s, which `settings` does not name.")
                % {"where": where, "key": clause.key}
            )
    return faults


def _sentences(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        said = one["msg"].removeprefix("Value error, ")
        lines += [f"{place}: {line}" if place else line for line in said.splitlines()]
    return lines
