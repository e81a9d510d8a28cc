"""Write the next question set: start it from any version, save it, look at what is wrong, publish or drop it.

A draft is text, kept as typed. Publishing checks it as a whole and makes it current in one transaction; applications
that were begun stay under their own version.
"""

import difflib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import yaml
from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import conditions, questions
from onboarding.domain.programs import SayWhy
from onboarding.domain.questions import BadQuestions, Form
from onboarding.models import QuestionDraft, QuestionSet
from policies.models import Category, GuidelineVersion
from policies.states import VersionState

LONGEST = 200_000  # characters; the shipped set has 30,000
MOST_PARTS = 20_000  # mappings, lists and values with aliases written out; the shipped set has about 4,000
REASON_MOST = 500
PARTS = (
    questions.Form,
    questions.Hold,
    questions.Section,
    questions.Option,
    questions.Question,
    questions.Rules,
)
FIELDS = tuple(dict.fromkeys(name for part in PARTS for name in part.model_fields))
PLACE = re.compile(r"^questions\.(\d+)")


class Stale(Exception):
    """Somebody saved the draft since this page was opened."""

    def __init__(self, draft: QuestionDraft):
        self.draft = draft
        super().__init__(
            _("%(who)s saved this draft on %(when)s, after you opened it. Nothing was overwritten.")
            % {"who": draft.saved_by, "when": date_format(localtime(draft.saved_at), _("j F, H:i T"))}
        )


class Closed(Exception):
    def __init__(self, draft: QuestionDraft):
        super().__init__(_("This draft is published or thrown away; it cannot be changed any more."))


class NothingNew(Exception):
    def __init__(self, version: str):
        super().__init__(
            _("This is what question set %(version)s says already. Nothing was changed.")
            % {"version": version}
        )


class TooLong(Exception):
    def __init__(self, most: int, length: int):
        super().__init__(
            _("Write at most %(most)s characters; this has %(length)s.")
            % {"most": grouped(most), "length": grouped(length)}
        )


def text_of(row: QuestionSet) -> str:
    """Return a stored set as text to edit, fields in the order of the shipped file; its comments are not kept."""
    return yaml.safe_dump(_in_order(row.data), sort_keys=False, allow_unicode=True, width=110)


@transaction.atomic
def start(row: QuestionSet, *, by: User, at: datetime) -> QuestionDraft:
    """Start a draft from a version."""
    draft = QuestionDraft.objects.create(
        based_on=row, text=text_of(row), started_at=at, started_by=by, saved_at=at, saved_by=by
    )
    ledger.record(Event.QUESTION_DRAFT_STARTED, subject=draft, actor=by, at=at, version=row.version)
    return draft


@transaction.atomic
def save(draft: QuestionDraft, *, text: str, seen: int, by: User, at: datetime) -> QuestionDraft:
    """Keep the text, right or wrong; the same text again changes nothing. Raises Closed, Stale, TooLong."""
    draft = _open(draft)
    text = _plain(text)
    if len(text) > LONGEST:
        raise TooLong(LONGEST, len(text))
    if text == draft.text:
        return draft
    if seen != draft.edits:
        raise Stale(draft)
    draft.text, draft.saved_at, draft.saved_by = text, at, by
    draft.edits += 1
    draft.save(update_fields=["text", "saved_at", "saved_by", "edits"])
    ledger.record(Event.QUESTION_DRAFT_SAVED, subject=draft, actor=by, at=at, edits=draft.edits)
    return draft


@transaction.atomic
def publish(draft: QuestionDraft, *, seen: int, by: User, at: datetime, reason: str) -> QuestionSet:
    """Make the draft the current question set; `seen` is the edit that was looked at.

    Raises SayWhy, TooLong, Closed, Stale, BadQuestions, questions.VersionTaken, NothingNew.
    """
    draft, reason = _open(draft), _said(reason)
    if seen != draft.edits:
        raise Stale(draft)
    source = source_of(draft.text)
    form = questions.read(source)
    before = QuestionSet.objects.filter(current=True).first()
    row = questions.load(source, by=by, at=at, reason=ledger.digest(reason))
    if before and row.pk == before.pk:
        raise NothingNew(form.version)
    _close(draft, by, at, reason, published_as=row)
    ledger.record(Event.QUESTION_DRAFT_PUBLISHED, subject=draft, actor=by, at=at, version=form.version)
    return row


@transaction.atomic
def discard(draft: QuestionDraft, *, by: User, at: datetime, reason: str) -> QuestionDraft:
    """Throw a draft away; its text stays to be read. Raises SayWhy, TooLong, Closed."""
    draft, reason = _open(draft), _said(reason)
    _close(draft, by, at, reason)
    digest = ledger.digest(reason)
    ledger.record(Event.QUESTION_DRAFT_DISCARDED, subject=draft, actor=by, at=at, reason=digest)
    return draft


def read(text: str) -> Form:
    """Return the text as a form; raise BadQuestions with a sentence for each wrong place."""
    source = source_of(text)
    try:
        return questions.read(source)
    except BadQuestions as problem:
        raise BadQuestions("\n".join(_named(line, source) for line in str(problem).splitlines())) from None


def source_of(text: str) -> Any:
    """Return what the YAML says; raise BadQuestions where it is none, or unfolds into too much."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            raise BadQuestions(_("The text is empty."))
        for count, _part in enumerate(_parts(node)):
            if count > MOST_PARTS:
                raise BadQuestions(_("This unfolds into too many parts. Does an alias repeat too much?"))
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {"line": 1, "column": 1}
        said = _("Line %(line)s, column %(column)s: this is not YAML (%(why)s).")
        raise BadQuestions(said % (place | {"why": error.problem or error.context or ""})) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadQuestions(_("This is not YAML: %(why)s.") % {"why": str(error).splitlines()[0]}) from None


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines that differ, with three around each change: (" ", "-", "+" or "@", the line)."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    return [(line[0], line[1:]) for line in list(lines)[2:]]


def unread(form: Form) -> list[str]:
    """Return a sentence for each trigger of the guidelines in force that reads a question this set has not."""
    version = GuidelineVersion.objects.filter(state=VersionState.EFFECTIVE).first()
    found = []
    for category in Category.objects.filter(guidelines=version).order_by("position") if version else []:
        keys = [key for text in category.triggers for key in _keys(text) if not _reads(form, key)]
        if keys:
            says = _("The guidelines in force read %(keys)s for “%(name)s”; this set does not ask it.")
            found.append(says % {"keys": ", ".join(dict.fromkeys(keys)), "name": category.name})
    return found


def _in_order(part: Any) -> Any:
    """Return the parts with their fields in order again: the database keeps them in its own."""
    if isinstance(part, list):
        return [_in_order(each) for each in part]
    if not isinstance(part, dict):
        return part
    order = {name: place for place, name in enumerate(FIELDS)}
    return {name: _in_order(part[name]) for name in sorted(part, key=lambda name: order.get(name, -1))}


def _keys(text: str) -> tuple[str, ...]:
    try:
        return conditions.parse(text).keys
    except conditions.BadCondition:
        return ()


def _reads(form: Form, key: str) -> bool:
    return key in form.keys or key.removesuffix(questions.DOMAIN_OF) in form.keys


def _open(draft: QuestionDraft) -> QuestionDraft:
    draft = (
        QuestionDraft.objects.select_for_update(of=("self",))
        .select_related("saved_by", "based_on")
        .get(pk=draft.pk)
    )
    if draft.closed_at:
        raise Closed(draft)
    return draft


def _close(
    draft: QuestionDraft, by: User, at: datetime, reason: str, published_as: QuestionSet | None = None
) -> None:
    draft.closed_at, draft.closed_by, draft.close_reason = at, by, reason
    draft.published_as = published_as
    draft.save(update_fields=["closed_at", "closed_by", "close_reason", "published_as"])


def _said(reason: str) -> str:
    reason = _plain(reason).strip()
    if not reason:
        raise SayWhy
    if len(reason) > REASON_MOST:
        raise TooLong(REASON_MOST, len(reason))
    return reason


def _plain(text: str) -> str:
    """Return text without what the database refuses, with line ends as files have them."""
    return text.replace("\r\n", "\n").replace("\x00", "")


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every part of a document as often as it is written out."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, yaml.SequenceNode):
            waiting += one.value
        elif isinstance(one, yaml.MappingNode):
            waiting += [each for pair in one.value for each in pair]


def _named(line: str, source: Any) -> str:
    """Put the question's key in place of its number."""
    found = PLACE.match(line)
    try:
        key = source["questions"][int(found[1])]["key"] if found else ""
    except (KeyError, IndexError, TypeError):
        key = ""
    return PLACE.sub(f"question {key}", line) if key else line
