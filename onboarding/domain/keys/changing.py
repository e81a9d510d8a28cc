"""What an owner does with a key: another name, a stop that can be taken back, an end that cannot.

A key is stopped by its owner, a grant by staff: two states of two rows, and the gateway asks both. So an owner who
resumes a key takes back only what the owner did.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.keys import locking, naming, telling
from onboarding.models import Grant, Key, Secret
from onboarding.states import KEY_TRANSITIONS, LIVE_KEY_STATES, KeyState

ENDS = {Event.KEY_REVOKED: KeyState.REVOKED, Event.KEY_EXPIRED: KeyState.EXPIRED}


class CannotChange(Exception):
    def __init__(self, key: Key):
        super().__init__(
            _("This key is %(state)s; that cannot be done with it.")
            % {"state": key.get_state_display().lower()}
        )


@transaction.atomic
def rename(key: Key, *, name: str, by: User, at: datetime) -> Key:
    """Call a live key something else. Raises NotYours, CannotChange, BadName, NameTaken."""
    key = locking.locked_key(key, by=by)
    if key.state not in LIVE_KEY_STATES:
        raise CannotChange(key)
    name = naming.clean(name)
    if not name:
        raise naming.BadName(_("Say what the key is to be called."))
    if name == key.name:
        return key
    naming.must_be_free(name, key.grant, but=key)
    key.name = name
    key.save(update_fields=["name"])
    ledger.record(Event.KEY_RENAMED, subject=key, actor=by, at=at)
    return key


@transaction.atomic
def suspend(key: Key, *, by: User, at: datetime) -> Key:
    """Stop a key until its owner resumes it; the gateways refuse within a second. Raises NotYours, CannotChange."""
    key = _moved(key, KeyState.SUSPENDED, Event.KEY_SUSPENDED, by, at)
    telling.tell("suspended", key, by=by, at=at)
    return key


@transaction.atomic
def resume(key: Key, *, by: User, at: datetime) -> Key:
    """Let a key work again that its owner stopped, with the same secrets. Raises NotYours, CannotChange."""
    key = _moved(key, KeyState.ACTIVE, Event.KEY_RESUMED, by, at)
    telling.tell("resumed", key, by=by, at=at)
    return key


@transaction.atomic
def revoke(key: Key, *, by: User, at: datetime) -> Key:
    """End a key and its secrets for good. Raises NotYours, CannotChange."""
    key = locking.locked_key(key, by=by)
    if not end([key], Event.KEY_REVOKED, by, at):
        raise CannotChange(key)
    key.refresh_from_db(fields=["state", "ended_at", "suspended_at", "suspended_by"])
    telling.tell("revoked", key, by=by, at=at)
    return key


def end_all(grant: Grant, *, event: Event, by: ledger.Actor, at: datetime) -> int:
    """End every live key of a locked grant by KEY_REVOKED or KEY_EXPIRED; return how many."""
    return end(list(grant.keys.live().select_for_update()), event, by, at)


def prolong(grant: Grant, *, by: ledger.Actor, at: datetime) -> int:
    """Let the live keys of a locked grant end with it, after its own end was moved; return how many changed."""
    moved = list(grant.keys.live().exclude(expires_at=grant.expires_at).select_for_update())
    rows = Key.objects.filter(pk__in=[key.pk for key in moved])
    rows.update(expires_at=grant.expires_at, noticed_days=None)
    ledger.record_many(
        Event.KEY_PROLONGED, subjects=moved, actor=by, at=at, until=grant.expires_at.isoformat()
    )
    telling.access_changed(rows)
    return len(moved)


def end(keys: Sequence[Key], event: Event, by: ledger.Actor, at: datetime) -> int:
    """End those of these locked keys that can be, with their secrets; return how many."""
    to = ENDS[event]
    ending = [key for key in keys if to in KEY_TRANSITIONS[key.state]]
    if ending:
        rows = Key.objects.filter(pk__in=[key.pk for key in ending])
        rows.update(state=to, ended_at=at, suspended_at=None, suspended_by=None)
        Secret.objects.live().filter(key__in=ending).update(
            ended_at=Greatest(F("minted_at"), at), notice_owed=False
        )
        ledger.record_many(event, subjects=ending, actor=by, at=at)
        telling.access_changed(rows)
    return len(ending)


def _moved(key: Key, to: KeyState, event: Event, by: User, at: datetime) -> Key:
    key = locking.locked_key(key, by=by)
    if to not in KEY_TRANSITIONS[key.state] or key.state == KeyState.ISSUED:
        raise CannotChange(key)
    stopped = to == KeyState.SUSPENDED
    key.state = to
    key.suspended_at, key.suspended_by = (at, by) if stopped else (None, None)
    key.save(update_fields=["state", "suspended_at", "suspended_by"])
    ledger.record(event, subject=key, actor=by, at=at)
    telling.access_changed(Key.objects.filter(pk=key.pk))
    return key
