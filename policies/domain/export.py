"""What a person accepted, for the copy of everything of theirs."""

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from policies.models import Acceptance


def of_person(user: User) -> dict[str, Any]:
    mine = Acceptance.objects.filter(user=user).order_by("pk")
    return {
        "acceptances": mine.values("document", "version", "text_hash", "accepted_at").iterator(chunk_size=500)
    }


def things_of(user: User) -> list[QuerySet[Any]]:
    return [Acceptance.objects.filter(user=user)]
