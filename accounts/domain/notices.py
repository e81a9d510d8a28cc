"""Letters about organisations: who is written to, and what every letter names."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from accounts.languages import spoken
from accounts.models import MemberRole, Organisation, User
from outbox import letters


def tell(
    kind: str,
    people: Iterable[User],
    *,
    organisation: Organisation,
    about: models.Model,
    at: datetime,
    **more: Any,
) -> None:
    """Write the letter `accounts/<kind>` about something in an organisation to each of these people."""
    context = {"organisation": organisation.name, "url": page("organisation", organisation.pk)} | more
    drafts = (
        letters.Draft(
            f"accounts/{kind}",
            person.email,
            {"name": str(person)} | context,
            about,
            language=spoken(person.language),
            zone=person.time_zone,
        )
        for person in people
        if person.is_active
    )
    letters.write_many(drafts, at=at)


def owners_but(organisation: Organisation, *without: User) -> list[User]:
    """Return the owners of an organisation, without those who did or feel it themselves."""
    found = User.objects.filter(
        memberships__organisation=organisation, memberships__role=MemberRole.OWNER
    ).order_by("pk")
    return list(found.exclude(pk__in=[person.pk for person in without]))


def page(name: str, *args: object) -> str:
    """Return the full address of a page, for a letter."""
    return settings.BASE_URL + reverse(name, args=args)
