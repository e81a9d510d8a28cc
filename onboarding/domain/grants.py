"""Grants: the right to use, given once for an accepted seat, suspended and resumed, revoked, expired."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import keys, notices
from onboarding.domain.programs import SayWhy
from onboarding.models import Application, Grant, Key, Seat, Tier
from onboarding.permissions import has_part_in
from onboarding.states import GRANT_TRANSITIONS, Environment, GrantState

log = logging.getLogger(__name__)

BATCH = 500


class OwnAccess(Exception):
    def __init__(self) -> None:
        super().__init__("Nobody decides on their own or their organisation's access: ask a colleague.")


class IllegalMove(Exception):
    def __init__(self, grant: Grant, to: str):
        super().__init__(f"This access is {grant.get_state_display().lower()}; it cannot become {to}.")


def give(application: Application, *, seat: Seat, expires_at: datetime, by: User, at: datetime) -> Grant:
    """Give the grant of an accepted seat and owe its first key; called in the accepting transaction.

    With production review the grant starts in the trial tier; without it the live tier is given at once.
    """
    program = application.program
    environment = Environment.TEST if program.production_review else Environment.LIVE
    asked = application.revisions.latest("number").answers.get("models") or []
    offered = list(program.models.values_list("code", flat=True))
    grant = Grant.objects.create(
        program=program,
        owner_id=application.owner_id,
        application=application,
        seat=seat,
        tier=Tier.objects.get(program=program, environment=environment),
        models_allowed=[code for code in offered if code in asked] or offered,
        conditions=application.conditions,
        given_at=at,
        expires_at=expires_at,
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


def expire_due(*, at: datetime) -> int:
    """Expire grants whose time is over, with their keys; return how many. Safe to run twice."""
    expired = 0
    for pk in list(Grant.objects.live().filter(expires_at__lte=at).values_list("pk", flat=True)[:BATCH]):
        try:
            expired += _expire(pk, at)
        except Exception:
            log.exception("Grant %s could not be expired", pk)
    return expired


@transaction.atomic
def _expire(pk: int, at: datetime) -> bool:
    grant = Grant.objects.select_for_update().get(pk=pk)
    if GrantState.EXPIRED not in GRANT_TRANSITIONS[grant.state] or grant.expires_at > at:
        return False  # ended while we waited for the lock
    grant = _move(grant, GrantState.EXPIRED, Event.GRANT_EXPIRED, "beat", at, "")
    keys.end_all(grant, event=Event.KEY_EXPIRED, by="beat", at=at)
    return True


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
    grant = (
        Grant.objects.select_for_update(of=("self",))
        .select_related("application__applicant", "application__program", "program", "owner")
        .get(pk=grant.pk)
    )
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
