"""Personal tokens for the self-service API: made, shown once, used, warned of, revoked. Only a keyed hash stays."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import secrets
from accounts.domain import notices
from accounts.languages import spoken
from accounts.models import Token, User
from accounts.scopes import Scope
from accounts.secrets import Secret
from audit import ledger
from audit.events import Event
from outbox import letters

LONGEST = timedelta(days=365)
MOST_LIVE = 20
NAME_MOST = 80
SEEN_EVERY = timedelta(minutes=5)  # so that a busy token is not one write a call
WARN_BEFORE = timedelta(days=7)
BATCH = 500
BLANKED = "(blanked)"


class BadToken(Exception):
    """What was asked for cannot be a token; the sentence says why."""


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("This token belongs to somebody else."))


def prefix() -> str:
    return f"{settings.KEY_PREFIX}_pat_"


@sensitive_variables("secret", "pepper")
@transaction.atomic
def make(
    user: User, *, name: str, scopes: Collection[str], expires_at: datetime, at: datetime
) -> tuple[Token, Secret]:
    """Make a token, tell its person, return it with its secret: the only time that exists in clear. Raises BadToken."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise BadToken(_("This account is closed."))
    name = name.replace("\0", "").strip()
    chosen = [scope.value for scope in Scope if scope.value in scopes]
    if not 1 <= len(name) <= NAME_MOST:
        raise BadToken(_("Give it a name of at most %(most)d characters.") % {"most": NAME_MOST})
    if not chosen or len(chosen) != len(set(scopes)):
        raise BadToken(_("Choose what it may be used for."))
    if not at < expires_at <= at + LONGEST:
        raise BadToken(_("It ends after today, and within a year."))
    live = Token.objects.live(at).filter(user=user)
    if live.filter(name__iexact=name).exists():
        raise BadToken(
            _("You have a token called “%(name)s”. Choose another name, or revoke that one first.")
            % {"name": name}
        )
    if live.count() >= MOST_LIVE:
        raise BadToken(
            _("You have %(most)d tokens, as many as one may have. Revoke one first.") % {"most": MOST_LIVE}
        )
    secret = secrets.mint(prefix())
    label, pepper = next(iter(settings.KEY_PEPPERS.items()))
    token = Token.objects.create(
        user=user,
        name=name,
        scopes=chosen,
        pepper=label,
        secret_hash=secrets.digest(secret, pepper),
        hint=secrets.hint_of(secret),
        made_at=at,
        expires_at=expires_at,
    )
    ledger.record(
        Event.TOKEN_MADE, subject=token, actor=user, at=at, scopes=chosen, expires_at=expires_at.isoformat()
    )
    letters.write_many([_letter("token_made", token, scopes=[Scope(each).label for each in chosen])], at=at)
    return token, secret


@sensitive_variables("secret")
def find(secret: str, *, at: datetime) -> Token | None:
    """Return the live token of an active person, and note that it was used; None for everything else."""
    if not secrets.is_well_formed(secret, prefix()):
        return None
    asked = Q()
    for label, digest in secrets.candidates(secret):
        asked |= Q(pepper=label, secret_hash=digest)
    token = Token.objects.live(at).select_related("user").filter(asked, user__is_active=True).first()
    if token and (token.last_used_at is None or token.last_used_at <= at - SEEN_EVERY):
        Token.objects.filter(pk=token.pk).update(last_used_at=at)
    return token


@transaction.atomic
def revoke(token: Token, *, by: User, at: datetime) -> Token:
    """End a token at once; twice is once. Raises NotYours."""
    token = Token.objects.select_for_update().get(pk=token.pk)
    if token.user_id != by.pk:
        raise NotYours
    if token.revoked_at is None:
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        ledger.record(Event.TOKEN_REVOKED, subject=token, actor=by, at=at)
    return token


@transaction.atomic
def revoke_all(user: User, *, by: User, at: datetime) -> int:
    """End every token of a person who leaves or has another password; return how many."""
    ending = list(Token.objects.select_for_update().filter(user=user, revoked_at=None))
    Token.objects.filter(pk__in=[token.pk for token in ending]).update(revoked_at=at)
    ledger.record_many(Event.TOKEN_REVOKED, subjects=ending, actor=by, at=at)
    return len(ending)


@transaction.atomic
def warn_owed(*, at: datetime) -> int:
    """Write to those whose token ends within WARN_BEFORE, once each; return how many. Safe to run twice."""
    soon = Token.objects.live(at).filter(warned_at=None, expires_at__lte=at + WARN_BEFORE)
    taken = list(soon.select_for_update(skip_locked=True, of=("self",)).select_related("user")[:BATCH])
    Token.objects.filter(pk__in=[token.pk for token in taken]).update(warned_at=at)
    letters.write_many((_letter("token_expiring", token) for token in taken), at=at)
    return len(taken)


def _letter(kind: str, token: Token, **more: Any) -> letters.Draft:
    return letters.Draft(
        f"accounts/{kind}",
        token.user.email,
        {
            "name": str(token.user),
            "token": token.name,
            "expires_at": token.expires_at,
            "url": notices.page("tokens"),
        }
        | more,
        about=token,
        once=f"{kind}:{token.pk}",
        language=spoken(token.user.language),
        zone=token.user.time_zone,
    )
