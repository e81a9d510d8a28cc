"""Forgetting what letters said and to whom: called by the payers of the apps that know whose letters they are."""

from collections.abc import Collection
from datetime import datetime

from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Cast
from django.utils.translation import gettext_noop

from outbox.models import Letter

NOBODY = "erased@erased.invalid"
BLANKED = gettext_noop("(This letter was blanked: nothing is kept of its reader any more.)")


def recall_to(addresses: Collection[str], *, at: datetime) -> int:
    """Recall every letter to these addresses that did not go out yet; return how many."""
    return Letter.objects.filter(
        recipient__in=addresses, sent_at=None, recalled_at=None, given_up_at=None
    ).update(recalled_at=at)


def blank_to(addresses: Collection[str], *, at: datetime) -> int:
    """Blank every letter to these addresses, and recall those that did not go out; return how many."""
    return _blank(Letter.objects.filter(recipient__in=addresses), at)


def blank_about(things: models.QuerySet, *, at: datetime) -> int:
    """Blank every letter about these rows, whatever address it went to; return how many."""
    ids = things.order_by().annotate(as_text=Cast("pk", models.CharField())).values("as_text")
    return _blank(Letter.objects.filter(about_type=things.model._meta.label_lower, about_id__in=ids), at)


def on_their_way(kind: str) -> models.QuerySet[Letter]:
    """Return the letters of this kind that still have to go out."""
    return Letter.objects.filter(kind=kind, sent_at=None, recalled_at=None, given_up_at=None)


def _blank(letters: models.QuerySet[Letter], at: datetime) -> int:
    """Keep that there was a letter, of which kind, about what and when; nothing else."""
    unsent = When(Q(sent_at=None, recalled_at=None), then=Value(at, models.DateTimeField()))
    return letters.exclude(recipient=NOBODY).update(
        recipient=NOBODY,
        subject=BLANKED,
        text=BLANKED,
        html="",
        problem="",
        unsubscribe_url="",
        recalled_at=Case(unsent, default="recalled_at"),
    )
