"""Saved views: filters of the queue under a name, each reviewer's own."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from reviews.models import SavedView

NAME_MOST = 40  # characters
VIEWS_MOST = 20  # of one person


class BadView(Exception):
    """No name, too long a name, or too many views."""


@transaction.atomic
def save(
    reviewer: User, *, name: str, filters: Mapping[str, str], is_default: bool, at: datetime
) -> SavedView:
    """Keep filters under a name; the same name again replaces what it stood for. Raises BadView."""
    name = name.strip()
    if not name or len(name) > NAME_MOST or "\0" in name:
        raise BadView(_("Give the view a name of at most %(most)s characters.") % {"most": NAME_MOST})
    _lock(reviewer)
    mine = SavedView.objects.filter(reviewer=reviewer)
    if not mine.filter(name=name).exists() and mine.count() >= VIEWS_MOST:
        raise BadView(_("You have %(most)s views already. Delete one first.") % {"most": VIEWS_MOST})
    if is_default:
        mine.update(is_default=False)
    view, _is_new = SavedView.objects.update_or_create(
        reviewer=reviewer,
        name=name,
        defaults={"filters": dict(filters), "is_default": is_default, "saved_at": at},
    )
    return view


@transaction.atomic
def make_default(view: SavedView) -> None:
    """Let the desk of its reviewer open with this view, or with everything if it did already."""
    _lock(view.reviewer)
    was = SavedView.objects.filter(pk=view.pk, is_default=True).exists()
    SavedView.objects.filter(reviewer=view.reviewer_id, is_default=True).update(is_default=False)
    if not was:
        SavedView.objects.filter(pk=view.pk).update(is_default=True)


def drop(view: SavedView) -> None:
    """Delete a view; twice is once."""
    SavedView.objects.filter(pk=view.pk).delete()


def _lock(reviewer: User) -> None:
    list(User.objects.select_for_update(no_key=True).filter(pk=reviewer.pk).values_list("pk"))
