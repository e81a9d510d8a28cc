"""What people who deleted their account said against a decision, and what was answered: withdrawn, then blanked.

So are the words of flags about them, and what they reported themselves. Their webhooks end, without address and
secret. Kind, outcome, reason, category, figures and dates stay for the public report.
"""

from contextlib import suppress
from copy import copy
from datetime import datetime
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When

from accounts.domain import erasure, owners
from accounts.models import Part, User
from enforcement.domain import appeals, filter_hits, webhooks
from enforcement.models import (
    Appeal,
    AppealQuerySet,
    Flag,
    FlagCase,
    LeakReport,
    Sanction,
    Waiver,
    Webhook,
    WebhookTry,
)
from onboarding.domain.erasure import BLANKED
from outbox import erasure as letters


def let_go(user: User, *, at: datetime) -> None:
    """Withdraw what is open, in the person's own name; called in the transaction that asks."""
    acting = copy(user)
    acting.is_active = True  # whoever asked is shut out by now, or will be at the end of this transaction
    for appeal in _theirs(user).open():
        with suppress(appeals.AppealIsOver):  # decided while we waited for its lock
            appeals.withdraw(appeal, by=acting, at=at)
    webhooks.end(_hooks(user), by=user, at=at)


def erase_owed(*, at: datetime) -> int:
    """Blank the appeals of people who deleted their account; return how many people."""
    return erasure.pay(Part.APPEALS, _forget, at=at)


def _theirs(user: User) -> AppealQuerySet:
    ending = list(owners.ending_with(user).values_list("pk", flat=True))
    against = Q(decision__case__application__owner__in=ending) | Q(sanction__owner__in=ending)
    return Appeal.objects.filter(against)


def _hooks(user: User) -> QuerySet[Webhook]:
    return Webhook.objects.filter(owner__in=list(owners.ending_with(user).values_list("pk", flat=True)))


def _forget(user: User, at: datetime) -> None:
    let_go(user, at=at)  # what a page that was being answered filed after all
    theirs = _theirs(user)
    letters.blank_about(theirs, at=at)
    _blank(theirs)
    LeakReport.objects.filter(secret__key__grant__owner__in=owners.ending_with(user).values("pk")).update(
        place=""
    )
    WebhookTry.objects.filter(delivery__webhook__in=_hooks(user)).update(problem="")  # it may name the host
    _hooks(user).update(url=BLANKED, secret="", old_secret="", old_until=None)
    ending = list(owners.ending_with(user).values_list("pk", flat=True))
    flagged = Flag.objects.filter(Q(owner__in=ending) | Q(raised_by=user))
    letters.blank_about(flagged, at=at)
    flagged.update(excerpt="", excerpt_until=None, reply_to="")
    _blank(flagged, "said")
    _blank(FlagCase.objects.filter(owner__in=ending))
    sanctioned = Sanction.objects.filter(owner__in=ending)
    letters.blank_about(sanctioned, at=at)
    _blank(sanctioned)
    _blank(Waiver.objects.filter(grant__owner__in=ending))
    filter_hits.forget(ending)


def _blank(rows: QuerySet[Any], *fields: str) -> None:
    """Write over the words of these rows, empty ones left empty."""
    for field in fields or rows.model.PERSONAL_FIELDS:
        rows.update(**{field: Case(When(**{field: ""}, then=Value("")), default=Value(BLANKED))})
