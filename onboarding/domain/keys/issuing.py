"""Asking for keys, and issuing them: a promise on the grant, paid by Celery exactly once."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import notices
from onboarding.domain.keys import locking, naming
from onboarding.models import Grant, Key
from onboarding.states import LIVE_GRANT_STATES, Environment, GrantState
from outbox import hints, letters

CHUNK = 1000
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


def issue_owed(*, at: datetime) -> int:
    """Issue a key for each grant that is owed one; return how many. Safe to run twice and beside itself.

    Key, letter, ledger row and the debt commit together, chunk by chunk: a crash leaves whole chunks owed.
    """
    issued = 0
    while taken := _issue_chunk(at):
        issued += taken
    return issued


@transaction.atomic
def _issue_chunk(at: datetime) -> int:
    grants = list(
        Grant.objects.owed_a_key()
        .filter(given_at__lte=at)  # one given since this payer read the clock is the next payer's
        .select_for_update(skip_locked=True, of=("self",))
        .select_related(
            "tier", "program", "application__applicant", "application__owner", "application__program"
        )
        .order_by("pk")[:CHUNK]
    )
    if not grants:
        return 0
    made = Key.objects.bulk_create(
        Key(
            grant=grant,
            request=grant.key_request,
            name=grant.key_name,
            environment=grant.key_environment,
            issued_at=at,
            open_by=at + timedelta(days=grant.program.unopened_key_days),
            expires_at=grant.expires_at,
            access_changed_at=at,
        )
        for grant in grants
    )
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(
        key_owed=False, key_environment="", key_name=""
    )
    ledger.record_many(
        Event.KEY_ISSUED,
        subjects=made,
        actor="worker",
        at=at,
        each={key.pk: {"grant": key.grant_id} for key in made},
    )
    letters.write_many((_letter("key_ready", key) for key in made), at=at)
    return len(grants)


def _letter(kind: str, key: Key) -> letters.Draft:
    return notices.draft(
        kind,
        key.grant.application,
        about=key,
        once=f"{kind}:{key.pk}",
        url=notices.page("grant", str(key.grant.public_id)),
        key_name=key.name,
        expires_at=key.open_by.astimezone(key.grant.program.zone),
    )
