"""Asking for keys: a promise on the grant, which `paying` keeps."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.keys import locking, naming
from onboarding.models import Grant, Key
from onboarding.states import LIVE_GRANT_STATES, Environment, GrantState
from outbox import hints

MOST_LIVE = 10  # keys of one grant: enough for a team's services, few enough to look through


class GrantHasEnded(Exception):
    def __init__(self, grant: Grant):
        super().__init__(
            _("This access is %(state)s; it gets no more keys.")
            % {"state": grant.get_state_display().lower()}
        )


class KeyBeingMade(Exception):
    def __init__(self) -> None:
        super().__init__(_("A key is being made already. Ask again when it is there, in a minute."))


class TooManyKeys(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("This access has %(most)d keys, as many as one may have. Revoke one you do not need.")
            % {"most": MOST_LIVE}
        )


class LiveNotAllowed(Exception):
    def __init__(self) -> None:
        super().__init__(_("Trial access has test keys only; live keys come with production access."))


class AccessStopped(Exception):
    """Its owner asks for a key while the access does not work."""

    def __init__(self, grant: Grant):
        state = _("over") if grant.state == GrantState.ACTIVE else grant.get_state_display().lower()
        super().__init__(_("This access is %(state)s; no key can be asked for.") % {"state": state})


@transaction.atomic
def ask(grant: Grant, *, environment: Environment, name: str, by: User, at: datetime) -> Grant:
    """Ask for one more key, as its owner; Celery issues it within a minute and writes when it can be opened.

    Without a name it is called by its number. Raises NotYours, AccessStopped, TooOften and what `owe` raises.
    """
    grant = locking.locked_grant(grant.pk, by=by)
    if grant.state != GrantState.ACTIVE or grant.expires_at <= at:
        raise AccessStopped(grant)
    locking.not_too_often(grant, Key, at=at)
    owe(grant, environment=environment, name=name, by=by, at=at)
    return grant


def owe(grant: Grant, *, environment: Environment, name: str, by: ledger.Actor, at: datetime) -> None:
    """Promise one more key on a grant its caller has locked (or just made); Celery issues it.

    One request at a time. Without a `name` the key is called by its number. Raises GrantHasEnded, KeyBeingMade,
    TooManyKeys, LiveNotAllowed, BadName, NameTaken.
    """
    if grant.state not in LIVE_GRANT_STATES:
        raise GrantHasEnded(grant)
    if grant.key_owed:
        raise KeyBeingMade
    if grant.keys.live().count() >= MOST_LIVE:
        raise TooManyKeys
    if environment == Environment.LIVE and grant.tier.environment != Environment.LIVE:
        raise LiveNotAllowed
    name = naming.clean(name) or naming.by_number(grant)
    naming.must_be_free(name, grant)
    grant.key_request += 1
    grant.key_owed, grant.key_environment, grant.key_name = True, environment, name
    grant.save(update_fields=["key_owed", "key_request", "key_environment", "key_name"])
    ledger.record(
        Event.GRANT_KEY_OWED,
        subject=grant,
        actor=by,
        at=at,
        request=grant.key_request,
        environment=environment,
    )
    transaction.on_commit(partial(hints.later, "onboarding.tasks.issue_owed_keys"), robust=True)
