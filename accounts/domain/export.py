"""What accounts keeps about a person, for the copy of everything of theirs.

Every app has such a module with two functions: `of_person` returns the sections of its part of the file (a mapping, or
rows that are read while they are written), `things_of` the rows whose history in the ledger is the person's to read.
"""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import QuerySet

from accounts.domain import erasure
from accounts.models import Membership, OrganisationInvitation, Token, User
from outbox import export as letters

Sections = dict[str, Any]


def of_person(user: User) -> Sections:
    return {
        "account": {
            "id": user.pk,
            "email": user.email,
            "full_name": user.full_name,
            "time_zone": user.time_zone,
            "language": user.language,
            "joined_at": user.joined_at,
            "last_signed_in_at": user.last_login,
            "is_staff": user.is_staff,
            "roles": list(user.groups.order_by("name").values_list("name", flat=True)),
        },
        "email_addresses": list(
            EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified", "primary")
        ),
        "ways_to_sign_in": list(
            Authenticator.objects.filter(user=user)
            .order_by("pk")
            .values("type", "created_at", "last_used_at")
        ),
        "sessions": list(
            UserSession.objects.filter(user=user)
            .order_by("pk")
            .values("ip", "user_agent", "created_at", "last_seen_at")
        ),
        "personal_tokens": list(
            user.tokens.order_by("pk").values(
                "name", "scopes", "hint", "made_at", "expires_at", "last_used_at", "revoked_at"
            )
        ),
        "organisations": _organisations(user),
        "invitations_into_organisations": _asked_to_join(user),
        "letters": letters.to(erasure.addresses(user)),
    }


def things_of(user: User) -> list[QuerySet[Any]]:
    return [
        User.objects.filter(pk=user.pk),
        Membership.objects.filter(user=user),
        OrganisationInvitation.objects.filter(email__in=erasure.addresses(user)),
        Token.objects.filter(user=user),
    ]


def _asked_to_join(user: User) -> Iterator[dict[str, Any]]:
    """Yield the invitations to the person's addresses; those they sent are about other people."""
    asked = OrganisationInvitation.objects.filter(email__in=erasure.addresses(user))
    for invitation in asked.select_related("organisation").order_by("pk").iterator(chunk_size=100):
        yield {
            "organisation": invitation.organisation.name,
            "address": invitation.email,
            "role": invitation.role,
            "state": invitation.state,
            "invited_at": invitation.invited_at,
            "answered_at": invitation.answered_at,
        }


def _organisations(user: User) -> Iterator[dict[str, Any]]:
    for mine in user.memberships.select_related("organisation").order_by("pk").iterator():
        yield {
            "name": mine.organisation.name,
            "website": mine.organisation.website,
            "you_are": mine.role,
            "since_at": mine.since_at,
        }
