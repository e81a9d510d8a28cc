"""The application form as Django forms, one section each, built from a question set.

What an answer may be is said once, in the domain: these fields carry what was typed, and the domain's
sentences.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext as _

from onboarding.domain import answers, conditions, merging, sealing
from onboarding.domain.answers import Reading
from onboarding.domain.declarations import Text
from onboarding.domain.questions import Question

MOST_RADIOS = 9  # a longer list of options becomes a select
WAS = "was-"  # stands before the key of the digest a page showed
ROWS = {300: 3, 1000: 4, 2000: 6}  # lines shown by the most characters allowed


class AsTyped:
    """Mixed into fields so that Django checks nothing: the domain does."""

    def clean(self, value: Any) -> Any:
        return value


class TypedField(AsTyped, forms.CharField):
    pass


class TypedChoice(AsTyped, forms.ChoiceField):
    pass


class TypedChoices(AsTyped, forms.MultipleChoiceField):
    pass


class Checkbox(forms.CheckboxInput):
    """A tick whose value is the version of the text it stands for, so that an outdated page is noticed."""

    def __init__(self, version: str):
        super().__init__(check_test=lambda value: value == version)
        self.version = version

    def format_value(self, value: Any) -> str:
        return self.version

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        return data.get(name, "")


class SealedText(forms.Textarea):
    """A field that never shows what it was given: neither what is kept nor what was just typed."""

    def format_value(self, value: Any) -> str:
        return ""


class SectionForm(forms.Form):
    """The questions of one section that are asked, or may be once another answer on the page is given."""

    def __init__(
        self,
        reading: Reading,
        section: str,
        *,
        texts: Mapping[str, Text],
        typed: Mapping[str, Any] | None = None,
        problems: Mapping[str, str] | None = None,
        shown: Mapping[str, str] | None = None,
    ):
        """Show the stored answers, or `typed` over them; `problems` are shown at their fields.

        Each field has `was`, the digest of the answer it stands for: the stored one, unless `shown` says another.
        `depends` says that it hangs on another answer of this page, `is_off` that it is not asked as things stand.
        """
        said = dict(reading.answers) | dict(typed or {})
        super().__init__(data=said if problems else None, initial=said)
        here = {question.key for question in reading.paper.form.of_section(section)}
        for question in on_page(reading, section):
            field = _field(question, reading, texts.get(question.key))
            stored = merging.digest(reading.answers.get(question.key))
            field.was = (shown or {}).get(question.key, stored)
            field.depends = bool(_reads(question) & here)
            field.is_off = not reading.shown[question.key]
            self.fields[question.key] = field
        for key, sentence in (problems or {}).items():
            if key in self.fields:
                self.add_error(key, sentence)


def on_page(reading: Reading, section: str) -> list[Question]:
    """Return the section's questions that are asked, or hang on an answer to another one of this page."""
    here = {question.key for question in reading.paper.form.of_section(section)}
    found = []
    for question in reading.paper.form.of_section(section):
        if not reading.paper.is_put(question, reading.answers):
            continue
        in_gate = reading.paper.counts(question)
        if reading.shown[question.key] or (in_gate and _reads(question) & here):
            found.append(question)
    return found


def _reads(question: Question) -> set[str]:
    """Return the answers that decide whether it is asked."""
    return set(conditions.parse(question.shown_when).keys) if question.shown_when else set()


def typed_on(reading: Reading, section: str, post: QueryDict) -> dict[str, Any]:
    """Return what was typed on the section's page; an unticked box or unchosen option is an empty answer."""
    found: dict[str, Any] = {}
    says_what_it_has = any(name.startswith(WAS) for name in post)
    for question in on_page(reading, section):
        if says_what_it_has and WAS + question.key not in post:
            continue  # it is asked since, by an answer given elsewhere: no word on it is no answer
        if question.type == "multi":
            found[question.key] = post.getlist(question.key)
        elif question.key in post or question.type in ("choice", "yesno", "tick"):
            found[question.key] = post.get(question.key, "")
    return found


def _field(question: Question, reading: Reading, text: Text | None) -> forms.Field:
    options = [(value, reading.paper.label(question, value)) for value in reading.paper.options(question)]
    field = _bare_field(question, options, text)
    field.label = text.words if text else question.question
    field.help_text = _hint(question)
    if reading.answers.get(question.key) == sealing.SEALED and question.type == "secret_text":
        field.help_text = _("It is kept and not shown again. Type another one only to replace it.")
    field.required = answers.is_required(question, reading.paper.gates)
    field.example = question.example
    field.shows, field.body = question.shows, text.body if text else ""
    if question.rules.required == "hold":
        field.mark = _("needed unless your use is a usual one")
    return field


def _bare_field(  # noqa: PLR0911 - one for each type
    question: Question, options: list[tuple[str, str]], text: Text | None
) -> forms.Field:
    match question.type:
        case "multi":
            return TypedChoices(choices=options, widget=forms.CheckboxSelectMultiple)
        case "yesno":
            return TypedChoice(choices=options, widget=forms.RadioSelect)
        case "choice" | "country" if len(options) > MOST_RADIOS:
            return TypedChoice(
                choices=[("", _("Choose …")), *options], widget=forms.Select(attrs=_autofill(question))
            )
        case "choice" | "country":
            return TypedChoice(choices=options, widget=forms.RadioSelect)
        case "secret_text":
            return TypedField(widget=SealedText(attrs={"rows": 2, "autocomplete": "off", "data-secret": ""}))
        case "tick":
            return TypedField(widget=Checkbox(text.version if text else "yes"))
        case _:
            return TypedField(widget=_input(question))


def _input(question: Question) -> forms.Widget:
    rules = question.rules
    counted = {"data-count": "", "data-min": rules.min_length, "data-max": rules.max_length}
    match question.type:
        case "long":
            rows = next((rows for most, rows in ROWS.items() if rules.max_length <= most), 8)
            return forms.Textarea(attrs={"rows": rows, **counted})
        case "number":
            return forms.TextInput(attrs={"inputmode": "numeric", "class": "short", "autocomplete": "off"})
        case "email":
            return forms.EmailInput(attrs={"autocomplete": "email"})
        case "url":
            return forms.URLInput(attrs={"autocomplete": "url", "placeholder": "https://"})
        case _:
            return forms.TextInput(attrs=_autofill(question))


def _autofill(question: Question) -> dict[str, str]:
    known = {"full_name": "name", "country": "country", "legal_name": "organization"}
    return {"autocomplete": known[question.key]} if question.key in known else {}


def _hint(question: Question) -> str:
    if question.why and question.hint:
        return format_html("{} {}", question.hint, question.why)
    return question.hint or question.why
