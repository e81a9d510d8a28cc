"""Which field of an imported list answers which question, and what one row becomes by it.

Only types and hard ceilings are checked. Real lists are short and full of gaps (584 of 669 real pitches are
under 200 characters): what the form asks more of is marked as short and left to the reviewer's question.
"""

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.languages import grouped
from onboarding.domain.answers import CEILING, Paper, is_empty
from onboarding.domain.questions import Form, Question
from onboarding.domain.records import Record, clipped

EXTERNAL_ID = "external_id"
TITLE = "title"
DESCRIPTION = "detail"
USUAL = {  # in this order: the first of a line that is there and not empty is taken
    EXTERNAL_ID: ("id", "uid", "external_id"),
    TITLE: ("title", "name"),
    DESCRIPTION: ("description", "purpose", "summary", "text"),
}
NEVER = "human_"  # judgements of people that a list carries for tests; they must not reach a reviewer
MOST_IN_A_LINE = 2_000  # characters of a text that is asked for in one line; a long one may have CEILING
MOST_FACTS = 200
MOST_ID = 200
NO_ID = "row:"  # starts the id of a row that brings none
MAPPING_BYTES = 262_144
LONGEST_NAME = 200  # Application.title and Owner.imported_as
YES_OR_NO = {"yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"}
KINDS = {
    str: gettext_lazy("text"),
    bool: gettext_lazy("true or false"),
    int: gettext_lazy("a number"),
    float: gettext_lazy("a number"),
    list: gettext_lazy("a list"),
    dict: gettext_lazy("an object"),
}


class BadMapping(Exception):
    """A mapping cannot be used; the sentence says which line of it and what to write instead."""


class BadRow(Exception):
    """A row cannot be imported; the sentence says which field and why."""


@dataclass(frozen=True)
class Row:
    """What one record becomes: an application to be."""

    line: int
    external_id: str
    called: str
    answers: dict[str, Any]
    facts: dict[str, Any]
    short: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True)
class Mapping:
    """Field -> question key (or `external_id`) as somebody wrote it; usual names fill what it leaves free."""

    by_field: dict[str, str] = field(default_factory=dict)


def plain(name: object) -> str:
    """Return a field's name as it is compared: without case, outer space and look-alike letter forms."""
    return unicodedata.normalize("NFKC", str(name)).strip().strip("\ufeff\u200b").casefold()


def is_never_imported(name: object) -> bool:
    return plain(name).startswith(NEVER)


def read(source: bytes, *, form: Form) -> Mapping:
    """Read a YAML mapping of fields to question keys. Raises BadMapping."""
    if len(source) > MAPPING_BYTES:
        raise BadMapping(
            _("A mapping is a short file; this one is longer than %(most)d KiB.")
            % {"most": MAPPING_BYTES // 1024}
        )
    try:
        found = yaml.safe_load(source.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadMapping(_("The mapping is not UTF-8 text.")) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = _(" (line %(number)d)") % {"number": mark.line + 1} if mark else ""
        raise BadMapping(
            _("The mapping is not readable YAML%(where)s. Write one `field: question` a line.")
            % {"where": where}
        ) from None
    if not isinstance(found, dict) or not found:
        raise BadMapping(_("The mapping must hold one `field: question` a line."))
    return checked(found, form=form)


def checked(found: dict[Any, Any], *, form: Form) -> Mapping:
    """Return the mapping if every line of it can be followed. Raises BadMapping."""
    by_field: dict[str, str] = {}
    taken: dict[str, Any] = {}
    for name, key in found.items():
        if not isinstance(key, str):
            raise BadMapping(
                _("The mapping gives %(name)s no question key: write `field: question`.")
                % {"name": clipped(name)}
            )
        if is_never_imported(name):
            raise BadMapping(
                _("The mapping names %(name)s: fields called %(never)s… are never imported.")
                % {"name": clipped(name), "never": NEVER}
            )
        _must_be_a_target(name, key, form)
        if key in taken:
            raise BadMapping(
                _("The mapping gives %(taken)s and %(name)s the same question %(key)s.")
                % {"taken": clipped(taken[key]), "name": clipped(name), "key": key}
            )
        taken[key] = name
        by_field[plain(name)] = key
    return Mapping(by_field)


def _must_be_a_target(name: Any, key: str, form: Form) -> None:
    if key == EXTERNAL_ID:
        return
    question = form.question(key)
    if question is None:
        hint = _(" (write the file's field first, the question after it)") if name in form.keys else ""
        raise BadMapping(
            _(
                "The mapping gives %(name)s the question %(key)s, which the form does not have%(hint)s. "
                "It has: %(keys)s."
            )
            % {"name": clipped(name), "key": clipped(key), "hint": hint, "keys": ", ".join(sorted(form.keys))}
        )
    if question.type == "tick":
        raise BadMapping(
            _("The mapping gives %(name)s the question %(key)s: only the applicant can declare that.")
            % {"name": clipped(name), "key": key}
        )


class RowReader:
    """Turn records into rows, by one mapping and the form as one program asks it."""

    def __init__(self, mapping: Mapping, *, paper: Paper, columns: list[str] | None):
        """Raises BadMapping where `columns` (of a CSV file) show that no row could ever fit."""
        self.mapping, self.paper = mapping, paper
        self.questions = {question.key: question for question in paper.form.questions}
        mapped = set(mapping.by_field.values())
        self.usual = {
            target: names
            for target, names in USUAL.items()
            if target not in mapped and (target == EXTERNAL_ID or target in self.questions)
        }
        if columns is not None:
            self._must_fit(columns)

    def _must_fit(self, columns: list[str]) -> None:
        """Refuse a CSV file whose every row would fail for the same reason."""
        here = {plain(column) for column in columns}
        for name in self.mapping.by_field:
            if name not in here:
                raise BadMapping(
                    _("The mapping names the field %(name)s; the first line has no such column.")
                    % {"name": clipped(name)}
                )
        if not here & {
            *self.usual.get(TITLE, ()),
            *(n for n, key in self.mapping.by_field.items() if key == TITLE),
        }:
            raise BadMapping(
                _("No column is called title or name. Say with a mapping which one holds the title.")
            )

    def row(self, record: Record) -> Row:
        """Return the row of a record. Raises BadRow."""
        kept = _without_judgements(record.fields)
        given: dict[str, Any] = {}
        facts: dict[str, Any] = {}
        sources = self._sources(kept)
        for name, value in kept.items():
            if target := sources.get(name):
                given[target] = value
            else:
                facts[name] = _fact(name, value)
        external_id = _external_id(given.pop(EXTERNAL_ID, None)) or _digest(kept)
        answers = {key: self._answer(key, value) for key, value in given.items() if not _is_empty(value)}
        if TITLE not in answers:
            raise BadRow(_("The row has no title and no name."))
        if len(facts) > MOST_FACTS:
            raise BadRow(
                _("The row has more than %(most)s fields that answer no question.") % {"most": MOST_FACTS}
            )
        return Row(
            line=record.line,
            external_id=external_id,
            called=_called(facts, answers[TITLE]),
            answers=answers,
            facts=facts,
            short=self._short(answers),
            size=len(str(kept)),
        )

    def _sources(self, fields: dict[str, Any]) -> dict[str, str]:
        """Return field -> target for the fields of one row: the mapping's, then the usual names."""
        by_name = {plain(name): name for name in fields}
        found = {by_name[name]: key for name, key in self.mapping.by_field.items() if name in by_name}
        for target, names in self.usual.items():
            free = [by_name[name] for name in names if name in by_name and by_name[name] not in found]
            filled = next((name for name in free if not _is_empty(fields[name])), None)
            if filled is not None:
                found[filled] = target
        return found

    def _answer(self, key: str, value: Any) -> Any:
        """Return the answer as it is stored, if its type and length allow it. Raises BadRow."""
        question = self.questions[key]
        match question.type:
            case "number":
                return _number(question, value)
            case "yesno":
                return _yes_or_no(question, value)
            case "multi":
                return _several(question, value, self.paper.options(question))
            case "choice" | "country":
                return _one_of(question, value, self.paper.options(question))
            case kind:
                return _text(question, value, CEILING if kind == "long" else MOST_IN_A_LINE)

    def _short(self, answers: dict[str, Any]) -> tuple[str, ...]:
        """Return the keys of texts shorter than the form asks for; they are marked, never refused."""
        return tuple(
            key
            for key, answer in answers.items()
            if isinstance(answer, str) and len(answer) < self.questions[key].rules.min_length
        )


def _without_judgements(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_judgements(part) for name, part in value.items() if not is_never_imported(name)
        }
    if isinstance(value, list):
        return [_without_judgements(part) for part in value]
    return value


def _is_empty(value: Any) -> bool:
    return is_empty(value) or (isinstance(value, str) and not value.strip())


def _kind(value: Any) -> str:
    return str(KINDS.get(type(value), _("nothing")))


def _text(question: Question, value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise BadRow(_("%(key)s must be text, not %(value)s.") % {"key": question.key, "value": _kind(value)})
    if len(value) > most:
        raise BadRow(
            _("%(key)s has %(length)s characters; %(most)s are the most an import takes.")
            % {"key": question.key, "length": grouped(len(value)), "most": grouped(most)}
        )
    return value.strip()


def _number(question: Question, value: Any) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRow(
            _("%(key)s must be a whole number, not %(value)s.")
            % {"key": question.key, "value": clipped(value)}
        )
    if not 0 <= value <= question.rules.maximum:
        raise BadRow(
            _("%(key)s must be from 0 to %(maximum)s.")
            % {"key": question.key, "maximum": grouped(question.rules.maximum)}
        )
    return value


def _yes_or_no(question: Question, value: Any) -> str:
    answer = YES_OR_NO.get(str(value).strip().casefold()) if isinstance(value, str | bool) else None
    if answer is None:
        raise BadRow(
            _("%(key)s must be yes or no, not %(value)s.") % {"key": question.key, "value": clipped(value)}
        )
    return answer


def _one_of(question: Question, value: Any, options: Sequence[str]) -> str:
    text = _text(question, value, MOST_IN_A_LINE)
    if text not in options:
        raise BadRow(
            _("%(key)s: %(text)s is not one of its answers%(options)s.")
            % {"key": question.key, "text": clipped(text), "options": _shown(options)}
        )
    return text


def _several(question: Question, value: Any, options: Sequence[str]) -> list[str]:
    if isinstance(value, str):
        value = [part.strip() for part in value.replace(",", "|").split("|") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise BadRow(
            _("%(key)s must be a list of texts, not %(value)s.")
            % {"key": question.key, "value": _kind(value)}
        )
    wrong = next((part for part in value if part not in options), None)
    if wrong is not None:
        raise BadRow(
            _("%(key)s: %(wrong)s is not one of its answers%(options)s.")
            % {"key": question.key, "wrong": clipped(wrong), "options": _shown(options)}
        )
    return list(dict.fromkeys(value))


def _shown(options: Sequence[str]) -> str:
    return f" ({', '.join(options)})" if len(options) <= 30 else ""


def _external_id(value: Any) -> str:
    if _is_empty(value):
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRow(_("The id must be text or a whole number, not %(value)s.") % {"value": _kind(value)})
    text = str(value).strip()
    if len(text) > MOST_ID:
        raise BadRow(
            _("The id has %(length)s characters; %(most)s are the most.")
            % {"length": grouped(len(text)), "most": MOST_ID}
        )
    return text


def _digest(fields: dict[str, Any]) -> str:
    """Return the id of a row that brings none: equal content has an equal one, whatever the fields' order."""
    canonical = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"{NO_ID}{hashlib.sha256(canonical.encode()).hexdigest()[:40]}"


def _fact(name: str, value: Any) -> Any:
    long = (
        len(value)
        if isinstance(value, str)
        else len(json.dumps(value))
        if isinstance(value, list | dict)
        else 0
    )
    if long > CEILING or len(name) > LONGEST_NAME:
        raise BadRow(
            _("%(key)s has %(length)s characters; %(most)s are the most an import takes.")
            % {"key": clipped(name), "length": grouped(long), "most": grouped(CEILING)}
        )
    return value


def _called(facts: dict[str, Any], title: str) -> str:
    """Return whom the list names: its `name` where that is not the title already, else the title."""
    name = next(
        (value for key, value in facts.items() if plain(key) == "name" and isinstance(value, str)), ""
    )
    return (name.strip() or title)[:LONGEST_NAME]
