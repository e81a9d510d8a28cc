"""Published guidelines as an Atom feed."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policies.models import GuidelineVersion

SHOWN = 50


class SiteFeed(Feed):
    """An Atom feed in the site's own language and zone, as the texts in it are: the same for whoever fetches it."""

    feed_type = Atom1Feed
    language = settings.LANGUAGE_CODE
    author_name = "Gatehouse"

    def get_feed(self, obj: Any, request: HttpRequest) -> Any:
        with translation.override(settings.LANGUAGE_CODE), timezone.override(settings.TIME_ZONE):
            return super().get_feed(obj, request)


class GuidelinesFeed(SiteFeed):
    """An entry for each published version, newest first."""

    title = gettext_lazy("Usage guidelines")
    subtitle = gettext_lazy("Each version that was published, and from when it is in force.")

    def link(self) -> str:
        return reverse("guidelines_versions")

    def items(self) -> QuerySet[GuidelineVersion]:
        return GuidelineVersion.objects.told().defer("source")[:SHOWN]

    def item_title(self, item: Any) -> str:
        return _("Usage guidelines, version %(version)s") % {"version": item.version}

    def item_description(self, item: Any) -> str:
        when = date_format(localtime(item.effective_at), _("j F Y, H:i T"))
        said = _("In force from %(when)s.") % {"when": when}
        if item.acknowledge_by:
            by = date_format(localtime(item.acknowledge_by), _("j F Y, H:i T"))
            said += " " + _("A material change: holders of access acknowledge it by %(by)s.") % {"by": by}
        return said

    def item_link(self, item: Any) -> str:
        return reverse("guidelines_version", args=[item.version])

    def item_pubdate(self, item: Any) -> datetime:
        return item.published_at

    def item_updateddate(self, item: Any) -> datetime:
        return item.published_at
