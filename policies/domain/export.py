"""What a person accepted and subscribed to, for the copy of everything of theirs."""

from typing import Any

from django.db.models import QuerySet

from accounts.domain.erasure import addresses
from accounts.models import User
from policies.models import Acceptance, Subscription


def of_person(user: User) -> dict[str, Any]:
    mine = Acceptance.objects.filter(user=user).order_by("pk")
    return {
        "acceptances": mine.values("document", "version", "text_hash", "accepted_at").iterator(
            chunk_size=500
        ),
        "subscriptions": _subscriptions(user).values("email", "language", "asked_at", "confirmed_at"),
    }


def _subscriptions(user: User) -> QuerySet[Subscription]:
    return Subscription.objects.filter(email__in=[email.lower() for email in addresses(user)])


def things_of(user: User) -> list[QuerySet[Any]]:
    return [Acceptance.objects.filter(user=user), _subscriptions(user)]
