"""Lessons learned as an Atom feed."""

from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy

from policies import markdown
from policies.feeds import SiteFeed
from transparency.domain import lessons
from transparency.models import Lesson

SHOWN = 50


class LessonsFeed(SiteFeed):
    """An entry for each published lesson, newest first; a correction is an update of its entry."""

    title = gettext_lazy("Lessons learned")
    subtitle = gettext_lazy("What went wrong, and what is done otherwise now.")

    def link(self) -> str:
        return reverse("lessons")

    def items(self) -> QuerySet[Lesson]:
        return lessons.published()[:SHOWN]

    def item_title(self, item: Any) -> str:
        return " ".join(markdown.printable(item.title).split())

    def item_description(self, item: Any) -> str:
        texts = [item.happened, item.changed, *(note.text for note in item.notes.all())]
        return "".join(markdown.rendered(markdown.printable(text)) for text in texts)

    def item_link(self, item: Any) -> str:
        return reverse("lesson", args=[item.slug])

    def item_pubdate(self, item: Any) -> datetime | date:
        return item.published_at

    def item_updateddate(self, item: Any) -> datetime | date:
        return max([item.published_at, *(note.added_at for note in item.notes.all())])
