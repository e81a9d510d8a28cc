"""Letters about each published version, for whoever asked: confirmed at the address, ended with one click.

An address is kept only as long as it is subscribed, or a week until it is confirmed; then it and its letters go.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.domain.erasure import addresses
from accounts.languages import spoken
from accounts.models import User
from audit import ledger
from audit.events import Event
from outbox import erasure, letters
from policies.domain import changes, guidelines
from policies.models import GuidelineVersion, Subscription

CONFIRM_WITHIN = timedelta(days=7)
ASK_AGAIN_AFTER = timedelta(
    days=1
)  # between two letters to an address that somebody typed and nobody confirmed
ACTOR = "subscriber"  # whoever holds the link; nobody needs an account
BATCH = 500


class LinkIsOver(Exception):
    """The link is of no subscription, or nobody confirmed it in time."""


@transaction.atomic
def ask(email: str, *, language: str, at: datetime) -> None:
    """Write a letter with the link to confirm; says nothing of whether the address was known.

    An address that is subscribed, or was written to within a day, gets no other letter.
    """
    row, new = Subscription.objects.get_or_create(
        email=email.lower(),
        defaults={"language": language, "token": secrets.token_urlsafe(32), "asked_at": at},
    )
    row = Subscription.objects.select_for_update().get(pk=row.pk)
    if row.confirmed_at or (not new and at < row.asked_at + ASK_AGAIN_AFTER):
        return
    row.asked_at, row.language = at, language
    row.save(update_fields=["asked_at", "language"])
    ledger.record(Event.SUBSCRIPTION_ASKED, subject=row, actor=ACTOR, at=at)
    draft = letters.Draft(
        "policies/subscribe",
        row.email,
        {"url": page(row), "days": CONFIRM_WITHIN.days},
        row,
        f"subscribe:{row.pk}:{at:%Y%m%d%H%M%S}",
        language=spoken(language),
    )
    letters.write_many([draft], at=at)


def find(token: str, *, at: datetime) -> Subscription:
    """Return the subscription of a link. Raises LinkIsOver."""
    row = Subscription.objects.filter(token=token).first()
    if row is None or (row.confirmed_at is None and at >= row.asked_at + CONFIRM_WITHIN):
        raise LinkIsOver
    return row


@transaction.atomic
def confirm(token: str, *, at: datetime) -> Subscription:
    """Keep that whoever reads the address's mail wants the letters; again changes nothing. Raises LinkIsOver."""
    row = _locked(token, at)
    if row.confirmed_at is None:
        row.confirmed_at = at
        row.save(update_fields=["confirmed_at"])
        ledger.record(Event.SUBSCRIPTION_CONFIRMED, subject=row, actor=ACTOR, at=at)
    return row


@transaction.atomic
def end(token: str, *, at: datetime) -> None:
    """Forget the address, and what was written to it as a subscriber. Raises LinkIsOver."""
    _forget([_locked(token, at)], by=ACTOR, at=at)


@transaction.atomic
def forget(user: User, *, at: datetime) -> None:
    """Forget the subscriptions of a person's addresses; for the payer that erases an account."""
    theirs = [email.lower() for email in addresses(user)]
    _forget(
        Subscription.objects.filter(email__in=theirs).select_for_update(),
        by="erasure",
        at=at,
        reason="erased",
    )


@transaction.atomic
def drop_unconfirmed(*, at: datetime) -> int:
    """Forget addresses that nobody confirmed in time; return how many. A payer: may run twice."""
    rows = Subscription.objects.filter(confirmed_at=None, asked_at__lte=at - CONFIRM_WITHIN)
    over = list(rows.order_by("pk").select_for_update(skip_locked=True)[:BATCH])
    _forget(over, by="beat", at=at, reason="never_confirmed")
    return len(over)


def tell_owed(*, at: datetime) -> int:
    """Write to the subscribers about each version that was published; return how many letters.

    A payer: may run twice and beside itself. A letter is written once per version and address: a crash between two
    batches goes on with the next one.
    """
    owed = GuidelineVersion.objects.filter(published_at__lte=at, subscribers_told_at=None)
    told = 0
    for version in owed.order_by("published_at", "pk"):
        shown = _shown(version)
        while wrote := _tell(version, shown, at):
            told += wrote
    return told


@transaction.atomic
def _tell(version: GuidelineVersion, shown: dict[str, Any], at: datetime) -> int:
    """Write one batch of letters about a version; without any left to write, settle it."""
    turn = GuidelineVersion.objects.select_for_update(skip_locked=True, no_key=True)
    if not turn.filter(pk=version.pk, subscribers_told_at=None).exists():
        return 0  # somebody else is at it, or was
    left = Subscription.objects.live().filter(confirmed_at__lte=version.published_at)
    rows = list(left.exclude(told_of=version).order_by("pk").select_for_update()[:BATCH])
    if not rows:
        GuidelineVersion.objects.filter(pk=version.pk).update(subscribers_told_at=at)
        return 0
    letters.write_many((_letter(row, version, shown) for row in rows), at=at)
    Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(told_of=version)
    return len(rows)


def _letter(row: Subscription, version: GuidelineVersion, shown: dict[str, Any]) -> letters.Draft:
    return letters.Draft(
        "policies/published",
        row.email,
        shown | {"subscription_url": page(row)},
        row,
        f"published:{version.pk}:{row.pk}",
        language=spoken(row.language),
        unsubscribe_url=f"{page(row)}end/",
    )


def _shown(version: GuidelineVersion) -> dict[str, Any]:
    before = guidelines.before(version)
    return {
        "version": version.version,
        "material": version.material,
        "effective_at": version.effective_at,
        "counts": changes.between(before, version).counts if before else [],
        "url": _full("guidelines_version", version.version),
        "changes_url": _full("guidelines_changes", version.version, before.version) if before else "",
        "before": before.version if before else "",
    }


def page(row: Subscription) -> str:
    """Return the full address where a subscription is confirmed and ended."""
    return _full("guidelines_subscription", row.token)


def _full(name: str, *args: str) -> str:
    return settings.BASE_URL + reverse(name, args=args)


def _locked(token: str, at: datetime) -> Subscription:
    row = Subscription.objects.select_for_update().filter(pk=find(token, at=at).pk).first()
    if row is None:  # ended since it was found
        raise LinkIsOver
    return row


def _forget(rows: Iterable[Subscription], *, by: str, at: datetime, reason: str = "") -> None:
    rows = list(rows)
    found = Subscription.objects.filter(pk__in=[row.pk for row in rows])
    ledger.record_many(Event.SUBSCRIPTION_ENDED, subjects=rows, actor=by, at=at, reason=reason)
    erasure.blank_about(found, at=at)
    found.delete()
