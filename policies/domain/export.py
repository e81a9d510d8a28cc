"""What a person accepted, subscribed to and commented, for the copy of everything of theirs."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.domain.erasure import addresses
from accounts.models import User
from policies.models import Acceptance, Comment, CommentRevision, ConsulteeInvitation, Subscription


def of_person(user: User) -> dict[str, Any]:
    mine = Acceptance.objects.filter(user=user).order_by("pk")
    return {
        "acceptances": mine.values("document", "version", "text_hash", "accepted_at").iterator(
            chunk_size=500
        ),
        "subscriptions": _subscriptions(user).values("email", "language", "asked_at", "confirmed_at"),
        "comments": _comments(user).values(
            "number", "state", "consultation__guidelines__version", "email", "name", "affiliation_kind",
            "affiliation_name", "sent_at", "confirmed_at", "decided_at", "reason", "note", "objection", "objected_at",
        ),
        "comment_revisions": CommentRevision.objects.filter(comment__in=_comments(user)).values(
            "comment__number", "number", "words", "sent_at"
        ),
        "invitations_to_comment": _invited(user).values(
            "consultation__guidelines__version", "email", "name", "affiliation_name", "invited_at", "withdrawn_at"
        ),
    }  # fmt: skip


def _comments(user: User) -> QuerySet[Comment]:
    return Comment.objects.filter(Q(user=user) | Q(email__in=_addresses(user))).order_by("pk")


def _invited(user: User) -> QuerySet[ConsulteeInvitation]:
    return ConsulteeInvitation.objects.filter(email__in=_addresses(user))


def _addresses(user: User) -> list[str]:
    return [email.lower() for email in addresses(user)]


def _subscriptions(user: User) -> QuerySet[Subscription]:
    return Subscription.objects.filter(email__in=_addresses(user))


def things_of(user: User) -> list[QuerySet[Any]]:
    return [Acceptance.objects.filter(user=user), _subscriptions(user), _comments(user), _invited(user)]
