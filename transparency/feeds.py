"""Lessons learned as an Atom feed."""

from datetime import date, datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext_lazy

from policies import markdown
from transparency.domain import lessons
from transparency.models import Lesson

SHOWN = 50


class LessonsFeed(Feed):
    """An entry for each published lesson, newest first; a correction is an update of its entry."""

    feed_type = Atom1Feed
    title = gettext_lazy("Lessons learned")
    subtitle = gettext_lazy("What went wrong, and what is done otherwise now.")
    author_name = "Gatehouse"

    def link(self) -> str:
        return reverse("lessons")

    def items(self) -> QuerySet[Lesson]:
        return lessons.published()[:SHOWN]

    def item_title(self, item: Any) -> str:
        return item.title

    def item_description(self, item: Any) -> str:
        notes = [markdown.rendered(note.text) for note in item.notes.all()]
        return "".join([markdown.rendered(item.happened), markdown.rendered(item.changed), *notes])

    def item_link(self, item: Any) -> str:
        return reverse("lesson", args=[item.slug])

    def item_pubdate(self, item: Any) -> datetime | date:
        return item.published_at

    def item_updateddate(self, item: Any) -> datetime | date:
        return max([item.published_at, *(note.added_at for note in item.notes.all())])
