"""Minting secrets: the first by opening a key, the next by rotating it; and ending the one before."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import secrets
from onboarding.domain.keys import locking, telling
from onboarding.models import Grant, Key, Secret
from onboarding.states import GrantState, KeyState, Overlap

OVERLAPS: dict[str, timedelta] = {
    Overlap.NONE: timedelta(0),
    Overlap.HOUR: timedelta(hours=1),
    Overlap.DAY: timedelta(days=1),
    Overlap.WEEK: timedelta(days=7),
}
NOTICED_FROM = timedelta(days=2)  # a shorter overlap ends too soon after its first letter for a second one


class AlreadyOpened(Exception):
    def __init__(self, key: Key):
        assert key.opened_at is not None
        super().__init__(
            _("This key was opened on %(at)s UTC; its secret is shown only once.")
            % {"at": date_format(key.opened_at, _("d F Y, H:i"))}
        )


class CannotOpen(Exception):
    """The key's time is over, or what it belongs to is stopped."""


class CannotRotate(Exception):
    """The key has ended or was never opened, or what it belongs to is stopped."""


class RotatedMeanwhile(Exception):
    """The page that asked had not seen the newest secret: a double click, or somebody else a moment ago."""

    def __init__(self, secret: Secret):
        self.secret = secret
        super().__init__(
            _("This key was given a new secret on %(at)s UTC; it was shown then. Nothing was changed now.")
            % {"at": date_format(secret.minted_at, _("d F Y, H:i:s"))}
        )


class NoOldSecret(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only the newest secret of this key works; there is no older one to end."))


@sensitive_variables("secret")  # no error report may show it
@transaction.atomic
def open(key: Key, *, by: User, at: datetime) -> str:
    """Mint the first secret, store its keyed hash, return the secret: the only time it exists in clear.

    Raises NotYours, AlreadyOpened, CannotOpen. The row lock makes one of two simultaneous openings fail.
    """
    key = locking.locked_key(key, by=by)
    if key.opened_at:
        raise AlreadyOpened(key)
    if key.state != KeyState.ISSUED or min(key.open_by, key.expires_at) <= at:
        raise CannotOpen(_("This key’s time is over. Ask for a new one on the page of this access."))
    if stopped := _stopped(key.grant, at):
        raise CannotOpen(stopped)
    key.state, key.opened_at, key.opened_by = KeyState.ACTIVE, at, by
    key.save(update_fields=["state", "opened_at", "opened_by"])
    secret = _mint(key, number=1, by=by, at=at)
    ledger.record(Event.KEY_OPENED, subject=key, actor=by, at=at)
    telling.access_changed(Key.objects.filter(pk=key.pk))
    return secret


@sensitive_variables("secret")
@transaction.atomic
def rotate(key: Key, *, overlap: Overlap, seen: int, by: User, at: datetime) -> str:
    """Mint a new secret and return it; the one before works until the overlap is over, or not at all any more.

    `seen` is the number of the newest secret (`key.secret.number`) on the page that asked: only one of two
    clicks mints. A secret still in an earlier overlap ends at once, so that never more than two work. Key, grant
    and allowance stay the same. Raises NotYours, CannotRotate, RotatedMeanwhile, TooOften.
    """
    key = locking.locked_key(key, by=by)
    if key.state not in (KeyState.ACTIVE, KeyState.SUSPENDED) or key.expires_at <= at:
        raise CannotRotate(_("Only a key that was opened and has not ended gets a new secret."))
    if stopped := _stopped(key.grant, at):
        raise CannotRotate(stopped)
    newest = key.secrets.latest("number")
    if newest.number != seen:
        raise RotatedMeanwhile(newest)
    locking.not_too_often(key.grant, Secret, at=at)
    key.secrets.live().filter(expires_at__isnull=False).update(
        ended_at=Greatest(F("minted_at"), at), notice_owed=False
    )
    until = _until(key, overlap, at)
    _retire(newest, until, at)
    secret = _mint(key, number=newest.number + 1, by=by, at=at)
    ledger.record(
        Event.KEY_ROTATED,
        subject=key,
        actor=by,
        at=at,
        secret=newest.number + 1,
        overlap=overlap,
        until=until.isoformat() if until else "",
    )
    telling.access_changed(Key.objects.filter(pk=key.pk))
    telling.tell("rotated", key, by=by, at=at, until=until, old_hint=newest.hint)
    return secret


@transaction.atomic
def end_old_secret(key: Key, *, by: User, at: datetime) -> Key:
    """End the secret that is still in an overlap, before its time. Raises NotYours, NoOldSecret."""
    key = locking.locked_key(key, by=by)
    old = key.secrets.live().filter(expires_at__gt=at).first()
    if old is None:
        raise NoOldSecret
    old.ended_at = max(at, old.minted_at)
    old.save(update_fields=["ended_at"])
    ledger.record(Event.KEY_SECRET_ENDED, subject=key, actor=by, at=at, secret=old.number)
    telling.access_changed(Key.objects.filter(pk=key.pk))
    telling.tell("old_ended", key, by=by, at=at, old_hint=old.hint)
    return key


def _stopped(grant: Grant, at: datetime) -> str:
    """Return why no secret can be shown on this grant now, "" if one can."""
    if grant.state != GrantState.ACTIVE:
        return _("The access this key belongs to is %(state)s.") % {
            "state": grant.get_state_display().lower()
        }
    return _("The time of the access this key belongs to is over.") if grant.expires_at <= at else ""


def _until(key: Key, overlap: Overlap, at: datetime) -> datetime | None:
    """Return the whole second at which the old secret ends; None for at once. Never after key or grant."""
    until = min(at + OVERLAPS[overlap], key.expires_at, key.grant.expires_at).replace(microsecond=0)
    return until if until > at else None


def _retire(secret: Secret, until: datetime | None, at: datetime) -> None:
    if secret.ended_at is not None:  # it was found in public: it has no overlap to live on in
        return
    if until:
        secret.expires_at, secret.notice_owed = until, until - at >= NOTICED_FROM
    else:
        secret.ended_at = max(at, secret.minted_at)
    secret.save(update_fields=["expires_at", "notice_owed", "ended_at"])


@sensitive_variables("secret", "pepper")
def _mint(key: Key, *, number: int, by: User, at: datetime) -> str:
    """Mint a secret of this locked key and store its keyed hash."""
    secret = secrets.mint(key.environment)
    label, pepper = next(iter(settings.KEY_PEPPERS.items()))
    Secret.objects.create(
        key=key,
        number=number,
        digest=secrets.digest(secret, pepper),
        pepper=label,
        hint=secrets.hint_of(secret),
        minted_at=at,
        minted_by=by,
    )
    return secret
