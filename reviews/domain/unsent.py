"""Unsent work: what a reviewer has typed, kept while they type and given back when they return.

It is theirs alone, and outlives the claim, a faster colleague and a new revision. It is no state of the case, so the
ledger does not hold it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from reviews.domain import claims
from reviews.models import Case, Unsent
from reviews.permissions import may_see_case
from reviews.states import CaseState

MOST = 60_000  # characters of one case
FIELD = re.compile(r"(?:[df]-[\w-]{1,80}|note)\Z")  # of the forms on the page of a case
KEPT = timedelta(days=7)  # after the case is over


class TooMuch(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("More than %(most)s characters are typed on this page; the last ones are not saved.")
            % {"most": grouped(MOST)}
        )


class NoSuchRevision(Exception):
    def __init__(self) -> None:
        super().__init__(_("This page shows a revision that is not this application's. Load it again."))


def keep(
    case: Case, *, by: User, at: datetime, typed: Mapping[str, Sequence[str]], revision: int | None = None
) -> None:
    """Keep what somebody typed about a revision, by its number, in place of what they typed before; nothing is nothing.

    Raises NotForYou, NoSuchRevision, TooMuch.
    """
    if not may_see_case(by, case):
        raise claims.NotForYou
    about: int | None = case.revision_id
    if revision is not None and revision != case.revision.number:
        about = case.application.revisions.filter(number=revision).values_list("pk", flat=True).first()
    if about is None:
        raise NoSuchRevision
    kept = {
        name: [value.replace("\0", "") for value in values]
        for name, values in typed.items()
        if FIELD.match(name) and any(values)
    }
    if sum(len(value) for values in kept.values() for value in values) > MOST:
        raise TooMuch
    if not kept:
        Unsent.objects.filter(case=case, revision=about, reviewer=by).delete()
        return
    Unsent.objects.update_or_create(
        case=case, revision_id=about, reviewer=by, defaults={"typed": kept, "saved_at": at}
    )


def of(case: Case, *, by: User) -> Unsent | None:
    """Return this person's newest unsent work on a case, and nobody else's."""
    mine = Unsent.objects.filter(case=case, reviewer=by).select_related("revision")
    return mine.order_by("-saved_at", "-pk").first()


def forget(case: Case, *, by: User) -> None:
    """Drop what somebody has sent, or does not want any more."""
    Unsent.objects.filter(case=case, reviewer=by).delete()


def drop_over(*, at: datetime) -> int:
    """Drop what was typed about cases that are over since some days; return how many. Safe to run twice."""
    over = Unsent.objects.filter(
        case__state__in=[CaseState.DECIDED, CaseState.CLOSED], saved_at__lte=at - KEPT
    ).exclude(case__decided_at__gt=at - KEPT)
    return over.delete()[0]
