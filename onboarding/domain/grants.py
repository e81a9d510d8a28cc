"""Grants: the right to use, given once for an accepted seat, suspended and resumed, revoked, expired.

What is approved later, by requests, changes the same grant: see `raise_to_production`, `amend` and `renew`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import bounds, keys, notices, terms
from onboarding.domain.answers import USE_CHANGED
from onboarding.domain.programs import SayWhy
from onboarding.models import Application, Grant, Key, Program, Revision, Seat, Tier
from onboarding.permissions import has_part_in
from onboarding.states import (
    GRANT_TRANSITIONS,
    LIVE_GRANT_STATES,
    ApplicationKind,
    Environment,
    GrantState,
)

HELD_OVER = timedelta(days=60)  # past the end, at most, while a renewal sent in time is under review


class OwnAccess(Exception):
    def __init__(self) -> None:
        super().__init__(_("Nobody decides on their own or their organisation's access: ask a colleague."))


class IllegalMove(Exception):
    def __init__(self, grant: Grant, to: str):
        super().__init__(
            _("This access is %(state)s; it cannot become %(to)s.")
            % {"state": grant.get_state_display().lower(), "to": to}
        )


def give(application: Application, *, seat: Seat, by: User, at: datetime) -> Grant:
    """Give the grant of an accepted seat and owe its first key; called in the accepting transaction.

    With production review the grant starts in the trial tier; without it the live tier is given at once.
    """
    program = application.program
    environment = Environment.TEST if program.production_review else Environment.LIVE
    revision = application.revisions.latest("number")
    grant = Grant.objects.create(
        program=program,
        owner_id=application.owner_id,
        application=application,
        seat=seat,
        tier=Tier.objects.get(program=program, environment=environment),
        revision=revision,
        models_allowed=bounds.models(application.conditions, of=_models_of(program, revision)),
        conditions=application.conditions,
        most_per_minute=bounds.most(application.conditions, "per_minute"),
        most_per_day=bounds.most(application.conditions, "per_day"),
        given_at=at,
        expires_at=bounds.first_end(
            application.conditions,
            program=program,
            at=at,
            term=terms.first_end(application, revision, at=at),
        ),
    )
    ledger.record(
        Event.GRANT_GIVEN,
        subject=grant,
        actor=by,
        at=at,
        application=application.number,
        tier=grant.tier.name,
    )
    keys.owe(grant, environment=environment, name=_("First key"), by=by, at=at)
    return grant


@transaction.atomic
def suspend(grant: Grant, *, by: User, at: datetime, reason: str) -> Grant:
    """Stop the grant and its keys; the gateways refuse within a second. Raises SayWhy, OwnAccess, IllegalMove."""
    if not reason.strip():
        raise SayWhy
    grant = _move(grant, GrantState.SUSPENDED, Event.GRANT_SUSPENDED, by, at, reason)
    _tell("suspended", grant, at, reason)
    return grant


@transaction.atomic
def resume(grant: Grant, *, by: User, at: datetime, reason: str) -> Grant:
    """Let a suspended grant and its keys work again, with the same limits. Raises SayWhy, OwnAccess, IllegalMove."""
    if not reason.strip():
        raise SayWhy
    grant = _move(grant, GrantState.ACTIVE, Event.GRANT_RESUMED, by, at, reason)
    _tell("resumed", grant, at, reason)
    return grant


@transaction.atomic
def revoke(grant: Grant, *, by: User, at: datetime, reason: str) -> Grant:
    """End the grant for good; its keys are revoked with it. Raises SayWhy, OwnAccess, IllegalMove."""
    if not reason.strip():
        raise SayWhy
    grant = _move(grant, GrantState.REVOKED, Event.GRANT_REVOKED, by, at, reason)
    keys.end_all(grant, event=Event.KEY_REVOKED, by=by, at=at)
    _tell("revoked", grant, at, reason)
    return grant


@transaction.atomic
def give_up(grant: Grant, *, by: User, at: datetime, reason: str) -> Grant:
    """End one's own access for good, with its keys; `reason` is a code. Raises IllegalMove."""
    grant = _move(grant, GrantState.REVOKED, Event.GRANT_REVOKED, by, at, "", code=reason)
    keys.end_all(grant, event=Event.KEY_REVOKED, by=by, at=at)
    return grant


@transaction.atomic
def expire(grant: Grant, *, at: datetime, although_held: bool = False) -> bool:
    """End a grant whose time is over, with its keys; return whether it was.

    One that a sanction stops waits: a won appeal gives it back with the time it lost. `although_held`: nobody can
    win one any more.
    """
    grant = locked(grant.pk)
    if GrantState.EXPIRED not in GRANT_TRANSITIONS[grant.state] or grant.expires_at > at:
        return False  # ended, or renewed, while we waited for the lock
    if grant.sanctioned_since is not None and not although_held:
        return False
    grant = _move(grant, GrantState.EXPIRED, Event.GRANT_EXPIRED, "beat", at, "")
    keys.end_all(grant, event=Event.KEY_EXPIRED, by="beat", at=at)
    return True


def raise_to_production(grant: Grant, *, request: Application, by: ledger.Actor, at: datetime) -> Grant:
    """Give a locked trial grant the live limits and owe it a live key: no second seat, no line.

    Conditions are added to those there are; the term begins anew. For one request once. Raises IllegalMove.
    """
    if not _is_new(grant, request):
        return grant
    if grant.tier.environment == Environment.LIVE:
        raise IllegalMove(grant, _("raised: it is for production already"))
    grant.tier = Tier.objects.get(program=grant.program_id, environment=Environment.LIVE)
    grant.conditions = bounds.merged(grant.conditions, request.conditions)
    _approve_use(grant, request)
    _change(grant, request, Event.GRANT_RAISED, by, at, tier=grant.tier.name)
    # Where it cannot be owed now the holder makes one on the page of their keys: the approval does not wait.
    # The letter and the page of the request say which it was, see `Grant.live_key_owed`.
    with suppress(keys.KeyBeingMade, keys.TooManyKeys, keys.NameTaken):
        _owe_live_key(grant, by=by, at=at)
    return grant


def _owe_live_key(grant: Grant, *, by: ledger.Actor, at: datetime) -> None:
    try:
        keys.owe(grant, environment=Environment.LIVE, name=_("Live key"), by=by, at=at)
    except keys.NameTaken:
        keys.owe(grant, environment=Environment.LIVE, name="", by=by, at=at)  # called by its number


def amend(grant: Grant, *, request: Application, by: ledger.Actor, at: datetime) -> Grant:
    """Put another use in force on a locked grant: its models, and the conditions of the new decision instead.

    For one request once. Raises IllegalMove.
    """
    if not _is_new(grant, request):
        return grant
    grant.conditions = list(request.conditions)
    _approve_use(grant, request)
    _change(grant, request, Event.GRANT_AMENDED, by, at, models=grant.models_allowed)
    return grant


def renew(grant: Grant, *, request: Application, by: ledger.Actor, at: datetime) -> Grant:
    """Move the end of a locked grant; conditions are added to those there are. For one request once.

    Raises IllegalMove.
    """
    if not _is_new(grant, request):
        return grant
    grant.conditions = bounds.merged(grant.conditions, request.conditions)
    _approve_use(grant, request)
    _change(grant, request, Event.GRANT_RENEWED, by, at)
    return grant


@transaction.atomic
def recondition(
    application: Application, *, was: Sequence[dict[str, Any]], by: ledger.Actor, at: datetime
) -> Grant | None:
    """Put the corrected conditions of a locked application in force instead of those that were; return its grant.

    A day named only brings the end nearer. Nothing where no access of it lives.
    """
    found = Grant.objects.live().filter(Q(application=application) | Q(pk=application.grant_id)).first()
    if found is None:
        return None
    grant = locked(found.pk)
    kept = [condition for condition in grant.conditions if condition not in was]
    grant.conditions = bounds.merged(kept, application.conditions)
    _bound(grant)
    if named := bounds.end(application.conditions, program=grant.program):
        _move_end(grant, min(grant.expires_at, max(named, at)))
    grant.save(
        update_fields=["conditions", "models_allowed", "most_per_minute", "most_per_day", "expires_at"]
    )
    ledger.record(
        Event.GRANT_RECONDITIONED, subject=grant, actor=by, at=at, until=grant.expires_at.isoformat()
    )
    keys.access_changed(Key.objects.filter(grant=grant))
    return grant


def hold_over(grant: Grant, *, by: ledger.Actor, at: datetime) -> Grant:
    """Let a locked grant go on past its end, HELD_OVER at most, because a renewal was sent in time."""
    if grant.held_over_from is None and grant.state in LIVE_GRANT_STATES and grant.expires_at > at:
        grant.held_over_from = grant.expires_at
        _move_end(grant, grant.expires_at + HELD_OVER)
        keys.access_changed(Key.objects.filter(grant=grant))
        grant.save(update_fields=["held_over_from", "expires_at"])
        ledger.record(
            Event.GRANT_HELD_OVER, subject=grant, actor=by, at=at, until=grant.expires_at.isoformat()
        )
    return grant


def end_hold_over(grant: Grant, *, by: ledger.Actor, at: datetime) -> Grant:
    """Let a locked grant end as it would have, or now where that is past: its renewal was refused or taken back."""
    if grant.held_over_from is not None and grant.state in LIVE_GRANT_STATES:
        _move_end(grant, max(grant.held_over_from, at))
        keys.access_changed(Key.objects.filter(grant=grant))
        grant.held_over_from = None
        grant.save(update_fields=["held_over_from", "expires_at"])
        ledger.record(
            Event.GRANT_HOLD_OVER_ENDED, subject=grant, actor=by, at=at, until=grant.expires_at.isoformat()
        )
    return grant


def limit(grant: Grant, *, by: ledger.Actor, at: datetime, reason: str) -> bool:
    """Put a locked live grant on trial limits; return whether it was not there. `reason` is a code."""
    if grant.limited_since is not None or grant.state not in LIVE_GRANT_STATES:
        return False
    grant.limited_since = at
    grant.save(update_fields=["limited_since"])
    ledger.record(Event.GRANT_LIMITED, subject=grant, actor=by, at=at, reason=reason)
    keys.access_changed(Key.objects.filter(grant=grant))
    return True


def unlimit(grant: Grant, *, by: ledger.Actor, at: datetime, reason: str) -> bool:
    """Give a locked grant its own limits back; return whether it was limited. `reason` is a code."""
    if grant.limited_since is None:
        return False
    grant.limited_since = None
    grant.save(update_fields=["limited_since"])
    ledger.record(Event.GRANT_UNLIMITED, subject=grant, actor=by, at=at, reason=reason)
    keys.access_changed(Key.objects.filter(grant=grant))
    return True


def locked(pk: int) -> Grant:
    """Lock a grant, after the application that asks and before its keys: the order everybody keeps."""
    return (
        Grant.objects.select_for_update(of=("self",))
        .select_related("application__applicant", "application__program", "program", "owner", "tier")
        .get(pk=pk)
    )


def replaces_use(kind: str, given: Mapping[str, Any]) -> bool:
    """Return whether the approval of such a request puts another use in force: one of them at a time."""
    return kind == ApplicationKind.PRODUCTION or given.get(USE_CHANGED) == "yes"


def _is_new(grant: Grant, request: Application) -> bool:
    """Return whether this request has not changed the grant yet. Raises IllegalMove where the grant has ended."""
    if grant.latest_request_id == request.pk:
        return False
    if grant.state not in LIVE_GRANT_STATES:
        raise IllegalMove(grant, _("changed: it has ended"))
    return True


def _approve_use(grant: Grant, request: Application) -> None:
    """Put the use in force that was judged, where it is another one; and its models."""
    revision = request.revisions.latest("number")
    if replaces_use(request.kind, revision.answers):
        grant.revision = revision
    _bound(grant)
    request.grant = grant
    assert request.settled_at is not None, "it was told a moment ago"
    if request.kind == ApplicationKind.AMENDMENT and grant.held_over_from is not None:
        return  # the renewal under review moves the end
    end = terms.end(revision, request, at=request.settled_at)
    if named := bounds.end(request.conditions, program=grant.program):
        end = min(end, max(named, request.settled_at))
    if request.kind != ApplicationKind.AMENDMENT:
        grant.held_over_from, grant.reminded = None, 0
    _move_end(grant, end)


def _bound(grant: Grant) -> None:
    """Hold a grant to its conditions: they reach the gateway with it."""
    offered = _models_of(grant.program, grant.revision) if grant.revision else grant.models_allowed
    grant.models_allowed = bounds.models(grant.conditions, of=offered)
    grant.most_per_minute = bounds.most(grant.conditions, "per_minute")
    grant.most_per_day = bounds.most(grant.conditions, "per_day")


def _change(
    grant: Grant, request: Application, event: Event, by: ledger.Actor, at: datetime, **details: Any
) -> None:
    grant.latest_request = request
    grant.save(
        update_fields=[
            "tier", "conditions", "revision", "models_allowed", "most_per_minute", "most_per_day", "expires_at",
            "held_over_from", "reminded", "latest_request",
        ]
    )  # fmt: skip
    ledger.record(
        event, subject=grant, actor=by, at=at,
        request=request.number, until=grant.expires_at.isoformat(), **details,
    )  # fmt: skip
    keys.access_changed(Key.objects.filter(grant=grant))


def _move_end(grant: Grant, to: datetime) -> None:
    """Move the end of a locked grant and of the keys that end with it or would outlive it; the caller saves."""
    live = Key.objects.live().filter(grant=grant)
    live.filter(Q(expires_at=grant.expires_at) | Q(expires_at__gt=to)).update(expires_at=to)
    grant.expires_at = to


def _models_of(program: Program, revision: Revision) -> list[str]:
    asked = revision.answers.get("models") or []
    offered = list(program.models.values_list("code", flat=True))
    return [code for code in offered if code in asked] or offered


def _move(
    grant: Grant,
    to: GrantState,
    event: Event,
    by: ledger.Actor,
    at: datetime,
    reason: str,
    code: str = "",
) -> Grant:
    """Take the step. A written `reason` is kept as a digest; a `code` says that the owner does it themselves."""
    grant = locked(grant.pk)
    if not code and isinstance(by, User) and has_part_in(by, grant.application):
        raise OwnAccess
    if to not in GRANT_TRANSITIONS[grant.state]:
        raise IllegalMove(grant, GrantState(to).label.lower())
    stopped = to == GrantState.SUSPENDED
    grant.state = to
    grant.suspended_at = at if stopped else None
    grant.suspended_by = by if stopped and isinstance(by, User) else None
    grant.suspend_reason = reason.strip() if stopped else ""
    grant.ended_at = at if to in (GrantState.REVOKED, GrantState.EXPIRED) else None
    grant.save(update_fields=["state", "suspended_at", "suspended_by", "suspend_reason", "ended_at"])
    ledger.record(event, subject=grant, actor=by, at=at, reason=ledger.digest(reason) if reason else code)
    keys.access_changed(Key.objects.filter(grant=grant))
    return grant


def _tell(kind: str, grant: Grant, at: datetime, reason: str) -> None:
    notices.write(
        kind, grant.application, at=at, about=grant, reason=reason.strip(), url=notices.page("access")
    )
