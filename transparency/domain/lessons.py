"""Lessons learned: written, reviewed by a second person, published and frozen; corrections are dated notes below."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from policies import markdown
from transparency.models import Lesson, LessonNote
from transparency.permissions import (
    may_edit_lesson,
    may_publish_lesson,
    may_review_lesson,
    may_write_lessons,
)
from transparency.states import LESSON_TRANSITIONS, LessonState

TEXT_MOST, LINKS_MOST, LABEL_MOST = 20_000, 20, 120
LINKED = {  # pages that stay: versions of guidelines, what is known of models, reports
    "guidelines_version", "guidelines_category", "guidelines_changes", "weakness", "evaluations", "practices",
    "transparency_report", "transparency_version", "lesson",
}  # fmt: skip


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else has to do this: who wrote a lesson does not review it, and who reviewed it does not "
                "publish it."
            )
        )


class IllegalMove(Exception):
    def __init__(self, lesson: Lesson, to: LessonState):
        super().__init__(
            _("This lesson is “%(state)s”; it cannot become “%(to)s”.")
            % {"state": lesson.get_state_display().lower(), "to": str(to.label).lower()}
        )


class BadLesson(Exception):
    """What is missing or wrong, as a sentence; `field` is where."""

    def __init__(self, field: str, says: str):
        self.field = field
        super().__init__(says)


@dataclass(frozen=True)
class Words:
    """What a lesson says; links are (label, address of a public page of this site)."""

    title: str
    on: date
    happened: str
    changed: str
    links: list[dict[str, str]] = field(default_factory=list)

    @property
    def digest(self) -> str:
        said = json.dumps(asdict(self), sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()


def published() -> QuerySet[Lesson]:
    """Return what everybody reads, the newest first, each with its notes."""
    found = Lesson.objects.filter(state=LessonState.PUBLISHED).order_by("-published_at", "-pk")
    return found.prefetch_related(Prefetch("notes", LessonNote.objects.order_by("pk")))


@transaction.atomic
def write(slug: str, words: Words, *, by: User, at: datetime) -> Lesson:
    """Begin a lesson as a draft. Raises NotForYou, BadLesson."""
    if not may_write_lessons(by):
        raise NotForYou
    words = _checked(words, at)
    kept = {"written_at": at, "written_by": by} | asdict(words)
    made, is_new = Lesson.objects.get_or_create(
        slug=slug, defaults=kept
    )  # one of two at once finds the other's
    if not is_new:
        raise BadLesson("slug", _("Another lesson has this address already."))
    _record(Event.LESSON_WRITTEN, made, by, at, digest=words.digest)
    return made


@transaction.atomic
def edit(lesson: Lesson, words: Words, *, by: User, at: datetime) -> Lesson:
    """Change the words of a draft; a review it had is void. Raises NotForYou, BadLesson, IllegalMove."""
    lesson = _locked(lesson)
    if lesson.state not in (LessonState.DRAFT, LessonState.REVIEWED):
        raise IllegalMove(lesson, LessonState.DRAFT)
    if not may_edit_lesson(by, lesson):
        raise NotForYou
    words = _checked(words, at)
    for name, value in asdict(words).items():
        setattr(lesson, name, value)
    lesson.state, lesson.reviewed_at, lesson.reviewed_by = LessonState.DRAFT, None, None
    lesson.written_at, lesson.written_by = at, by
    lesson.save()
    _record(Event.LESSON_WRITTEN, lesson, by, at, digest=words.digest)
    return lesson


@transaction.atomic
def review(lesson: Lesson, *, by: User, at: datetime) -> Lesson:
    """Vouch for a draft as a second person. Raises NotForYou, IllegalMove."""
    lesson = _moved(lesson, LessonState.REVIEWED)
    if not may_review_lesson(by, lesson):
        raise NotForYou
    lesson.state, lesson.reviewed_at, lesson.reviewed_by = LessonState.REVIEWED, at, by
    lesson.save(update_fields=["state", "reviewed_at", "reviewed_by"])
    _record(Event.LESSON_REVIEWED, lesson, by, at, digest=_words(lesson).digest)
    return lesson


@transaction.atomic
def publish(lesson: Lesson, *, by: User, at: datetime) -> Lesson:
    """Publish a reviewed lesson for good. Raises NotForYou, IllegalMove."""
    lesson = _moved(lesson, LessonState.PUBLISHED)
    if not may_publish_lesson(by, lesson):
        raise NotForYou
    lesson.state, lesson.published_at, lesson.published_by = LessonState.PUBLISHED, at, by
    lesson.save(update_fields=["state", "published_at", "published_by"])
    _record(Event.LESSON_PUBLISHED, lesson, by, at, digest=_words(lesson).digest, on=str(lesson.on))
    return lesson


@transaction.atomic
def drop(lesson: Lesson, *, by: User, at: datetime) -> Lesson:
    """Leave a draft unpublished; the staff still see it. Raises NotForYou, IllegalMove."""
    lesson = _moved(lesson, LessonState.DROPPED)
    if not may_write_lessons(by):
        raise NotForYou
    lesson.state = LessonState.DROPPED
    lesson.save(update_fields=["state"])
    _record(Event.LESSON_DROPPED, lesson, by, at)
    return lesson


@transaction.atomic
def note(lesson: Lesson, text: str, *, by: User, at: datetime) -> LessonNote:
    """Add a correction below a published lesson. Raises NotForYou, BadLesson."""
    lesson = _locked(lesson)
    if not may_write_lessons(by):
        raise NotForYou
    if lesson.state != LessonState.PUBLISHED:
        raise BadLesson("text", _("It is not published yet: change its words instead."))
    text = _text("text", text)
    made = LessonNote.objects.create(lesson=lesson, text=text, added_at=at, added_by=by)
    ledger.record(
        Event.LESSON_NOTED, subject=made, actor=by, at=at, lesson=lesson.pk,
        text_hash=hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip
    return made


def _checked(words: Words, at: datetime) -> Words:
    title = " ".join(markdown.printable(words.title).split())
    if not title or len(title) > 150:
        raise BadLesson("title", _("Write between 1 and %(most)s characters.") % {"most": 150})
    if words.on > at.date():
        raise BadLesson("on", _("The day lies ahead; write it down once it happened."))
    happened, changed = _text("happened", words.happened), _text("changed", words.changed)
    if len(words.links) > LINKS_MOST:
        raise BadLesson("links", _("At most %(most)s links.") % {"most": LINKS_MOST})
    return Words(title, words.on, happened, changed, [_link(link) for link in words.links])


def _text(name: str, text: str) -> str:
    text = markdown.printable(text).replace("\r\n", "\n").strip()
    if not text or len(text) > TEXT_MOST:
        raise BadLesson(name, _("Write between 1 and %(most)s characters.") % {"most": grouped(TEXT_MOST)})
    return text


def _link(link: dict[str, str]) -> dict[str, str]:
    """Return a link to a page that stays; addresses of other sites belong into the text."""
    label, url = markdown.printable(link["label"]).strip()[:LABEL_MOST], link["url"].strip()
    try:
        parts = urlsplit(url)
        name = "" if parts.scheme or parts.netloc or len(url) > 500 else resolve(parts.path).url_name
    except (Resolver404, ValueError):  # of urlsplit, for “//[”
        name = ""
    if name not in LINKED:
        raise BadLesson(
            "links",
            _(
                "“%(url)s” is no page of the guidelines, weaknesses, evaluations, practices, reports or lessons."
            )
            % {"url": url[:80]},
        )
    return {"label": label or url, "url": url}


def _words(lesson: Lesson) -> Words:
    return Words(lesson.title, lesson.on, lesson.happened, lesson.changed, lesson.links)


def _locked(lesson: Lesson) -> Lesson:
    return Lesson.objects.select_for_update().get(pk=lesson.pk)


def _moved(lesson: Lesson, to: LessonState) -> Lesson:
    lesson = _locked(lesson)
    if to not in LESSON_TRANSITIONS[lesson.state]:
        raise IllegalMove(lesson, to)
    return lesson


def _record(event: Event, lesson: Lesson, by: User, at: datetime, **details: Any) -> None:
    ledger.record(event, subject=lesson, actor=by, at=at, slug=lesson.slug, **details)
