"""Keys: issued by Celery exactly once for each request, opened once by their owner.

The secret is minted in the owner's own POST, under the key's row lock, and only its keyed hash is stored: it is in
clear in that one response and nowhere else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, Func, QuerySet
from django.db.models.fields import DateTimeField
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import notices, secrets
from onboarding.models import Grant, Key
from onboarding.permissions import may_open
from onboarding.states import KEY_TRANSITIONS, LIVE_GRANT_STATES, Environment, GrantState, KeyState
from outbox import hints, letters

CHUNK = 1000
MOST_LIVE = 10  # keys of one grant: enough for a team's services, few enough to look through
ENDS = {Event.KEY_REVOKED: KeyState.REVOKED, Event.KEY_EXPIRED: KeyState.EXPIRED}


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


class NameTaken(Exception):
    def __init__(self, name: str):
        super().__init__(_("A key of this access is called “%(name)s” already.") % {"name": name})


class AlreadyOpened(Exception):
    def __init__(self, key: Key):
        super().__init__(
            f"This key was opened on {key.opened_at:%d %B %Y at %H:%M} UTC; its secret is shown only once."
        )


class CannotOpen(Exception):
    def __init__(self, why: str):
        super().__init__(f"This key cannot be opened: {why}")


def owe(grant: Grant, *, environment: Environment, name: str, by: ledger.Actor, at: datetime) -> None:
    """Promise one more key on a grant its caller has locked (or just made); Celery issues it.

    One request at a time. Without a `name` the key is called by its number. Raises GrantHasEnded, KeyBeingMade,
    TooManyKeys, LiveNotAllowed, NameTaken.
    """
    if grant.state not in LIVE_GRANT_STATES:
        raise GrantHasEnded(grant)
    if grant.key_owed:
        raise KeyBeingMade
    names = set(grant.keys.live().values_list("name", flat=True))
    if len(names) >= MOST_LIVE:
        raise TooManyKeys
    if environment == Environment.LIVE and grant.tier.environment != Environment.LIVE:
        raise LiveNotAllowed
    grant.key_request += 1
    name = name.strip() or _("Key %(number)d") % {"number": grant.key_request}
    if name in names:
        raise NameTaken(name)
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
        .select_related("tier", "program", "application__applicant", "application__program")
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


@sensitive_variables("secret", "pepper")  # no error report may show them
@transaction.atomic
def open(key: Key, *, by: User, at: datetime) -> str:
    """Mint the secret, store its keyed hash, return the secret: the only time it exists in clear.

    Raises AlreadyOpened, CannotOpen. The row lock makes one of two simultaneous openings fail.
    """
    grant = Grant.objects.select_for_update(of=("self",)).select_related("owner").get(pk=key.grant_id)
    key = Key.objects.select_for_update().get(pk=key.pk)
    key.grant = grant
    if not may_open(by, key):
        raise CannotOpen("it belongs to somebody else.")
    if key.opened_at:
        raise AlreadyOpened(key)
    if key.state != KeyState.ISSUED or key.open_by <= at:
        raise CannotOpen("its time is over. Ask for a new one by replying to the letter that announced it.")
    if grant.state != GrantState.ACTIVE:
        raise CannotOpen(f"the access it belongs to is {grant.get_state_display().lower()}.")
    secret = secrets.mint(key.environment)
    key.pepper, pepper = next(iter(settings.KEY_PEPPERS.items()))
    key.secret_hash, key.hint = secrets.digest(secret, pepper), secrets.hint_of(secret)
    key.state, key.opened_at, key.opened_by = KeyState.ACTIVE, at, by
    key.save(update_fields=["pepper", "secret_hash", "hint", "state", "opened_at", "opened_by"])
    ledger.record(Event.KEY_OPENED, subject=key, actor=by, at=at)
    access_changed(Key.objects.filter(pk=key.pk))
    return secret


def expire_due(*, at: datetime) -> int:
    """Expire keys that were never opened in time; return how many. Safe to run twice."""
    with transaction.atomic():
        late = Key.objects.filter(state=KeyState.ISSUED, open_by__lte=at).select_for_update(skip_locked=True)
        return _end(list(late[:CHUNK]), Event.KEY_EXPIRED, "beat", at)


def end_all(grant: Grant, *, event: Event, by: ledger.Actor, at: datetime) -> int:
    """End every live key of a locked grant by KEY_REVOKED or KEY_EXPIRED; return how many."""
    return _end(list(grant.keys.live().select_for_update()), event, by, at)


def access_changed(keys: QuerySet[Key]) -> None:
    """Tell the gateways that these keys' access changed: what they poll, and the projection that is owed.

    The time is PostgreSQL's own at this moment, not the deciding function's `at`: gateways compare it with their clock
    of the same server.
    """
    keys.filter(opened_at__isnull=False).update(
        access_version=F("access_version") + 1,
        access_changed_at=Func(function="clock_timestamp", output_field=DateTimeField()),
        projection_owed=True,
    )
    transaction.on_commit(partial(hints.later, "onboarding.tasks.project_owed"), robust=True)


def _end(keys: Sequence[Key], event: Event, by: ledger.Actor, at: datetime) -> int:
    to = ENDS[event]
    ending = [key for key in keys if to in KEY_TRANSITIONS[key.state]]
    if ending:
        rows = Key.objects.filter(pk__in=[key.pk for key in ending])
        rows.update(state=to, ended_at=at)
        ledger.record_many(event, subjects=ending, actor=by, at=at)
        access_changed(rows)
    return len(ending)


def _letter(kind: str, key: Key) -> letters.Draft:
    return notices.draft(
        kind,
        key.grant.application,
        about=key,
        once=f"{kind}:{key.pk}",
        url=notices.page("access"),
        expires_at=key.open_by.astimezone(key.grant.program.zone),
    )
