"""Invitations: told by a payer, answered by the owner, expired by the clock."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import applications, grants, notices, waitlist
from onboarding.models import Application, Grant, Invitation, WaitlistEntry
from onboarding.permissions import may_answer_invitation
from onboarding.states import INVITATION_TRANSITIONS, EntryState, InvitationState
from outbox import letters

log = logging.getLogger(__name__)

BATCH = 500


class InvitationIsOver(Exception):
    def __init__(self, invitation: Invitation):
        said = "has expired" if invitation.state == InvitationState.OFFERED else f"is {invitation.state}"
        super().__init__(f"This invitation {said}; nothing was changed.")


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__("Only the owner of the application may answer its invitation.")


def tell_owed(*, at: datetime) -> int:
    """Write the letters of untold invitations and start their clocks; return how many. Safe to run twice.

    A crash between two batches leaves the rest owed; a letter and its `told_at` commit together.
    """
    told = 0
    while batch := _tell_batch(at):
        told += batch
    return told


@transaction.atomic
def _tell_batch(at: datetime) -> int:
    invitations = list(
        Invitation.objects.untold()
        .select_for_update(skip_locked=True, of=("self",))
        .select_related(
            "seat__entry__application__applicant", "seat__entry__application__program", "seat__entry__program"
        )
        .order_by("pk")[:BATCH]
    )
    for invitation in invitations:
        invitation.told_at = at
        invitation.expires_at = at + timedelta(days=invitation.seat.entry.program.invitation_days)
    Invitation.objects.bulk_update(invitations, ["told_at", "expires_at"])
    letters.write_many((_letter("invitation", invitation) for invitation in invitations), at=at)
    return len(invitations)


@transaction.atomic
def accept(invitation: Invitation, *, by: User, at: datetime) -> Grant:
    """Take the seat: the entry is admitted, a grant is given, a key is owed. Raises NotYours, InvitationIsOver.

    Accepting again what was accepted returns the same grant: a double click is one answer.
    """
    invitation, entry = _locked(invitation)
    if not may_answer_invitation(by, invitation):
        raise NotYours
    if invitation.state == InvitationState.ACCEPTED:
        return Grant.objects.get(seat_id=invitation.seat_id)
    _answer(invitation, InvitationState.ACCEPTED, Event.INVITATION_ACCEPTED, by, at)
    waitlist.move(entry, to=EntryState.ADMITTED, event=Event.ENTRY_ADMITTED, by=by, at=at)
    return grants.give(entry.application, seat=invitation.seat, by=by, at=at)


@transaction.atomic
def decline(invitation: Invitation, *, by: User, at: datetime) -> Invitation:
    """Give the seat up and leave the line; the approval lapses. Raises NotYours, InvitationIsOver."""
    invitation, entry = _locked(invitation)
    if not may_answer_invitation(by, invitation):
        raise NotYours
    if invitation.state == InvitationState.DECLINED:
        return invitation
    _answer(invitation, InvitationState.DECLINED, Event.INVITATION_DECLINED, by, at)
    waitlist.move(entry, to=EntryState.LEFT, event=Event.ENTRY_LEFT, by=by, at=at)
    applications.lapse(entry.application, by=by, at=at, reason="declined")
    return invitation


def expire_due(*, at: datetime) -> int:
    """Expire invitations whose time is over; return how many. The first time the old place in line comes back.

    One transaction each: expiry is rare, and a failure must not hold up the others. Safe to run twice.
    """
    expired = 0
    for pk in list(
        Invitation.objects.offered().filter(expires_at__lte=at).values_list("pk", flat=True)[:BATCH]
    ):
        try:
            expired += _expire(pk, at)
        except Exception:
            log.exception("Invitation %s could not be expired", pk)
    return expired


@transaction.atomic
def _expire(pk: int, at: datetime) -> bool:
    invitation, entry = _locked(Invitation(pk=pk))
    if invitation.state != InvitationState.OFFERED or not _is_over(invitation, at):
        return False  # answered while we waited for the lock
    invitation.state = InvitationState.EXPIRED
    invitation.save(update_fields=["state"])
    ledger.record(Event.INVITATION_EXPIRED, subject=invitation, actor="beat", at=at)
    if entry.returned:
        waitlist.move(entry, to=EntryState.LEFT, event=Event.ENTRY_LEFT, by="beat", at=at)
        applications.lapse(entry.application, by="beat", at=at, reason="invitation_expired_twice")
    else:
        entry.returned = True
        waitlist.move(entry, to=EntryState.WAITING, event=Event.ENTRY_RETURNED, by="beat", at=at)
    letters.write_many(
        [_letter("invitation_expired", invitation, returned=entry.state == EntryState.WAITING)], at=at
    )
    return True


def _locked(invitation: Invitation) -> tuple[Invitation, WaitlistEntry]:
    """Lock application, entry, invitation in the one order everybody keeps."""
    found = Invitation.objects.select_related("seat__entry").get(pk=invitation.pk)
    Application.objects.select_for_update().get(pk=found.seat.entry.application_id)
    entry = (
        WaitlistEntry.objects.select_for_update(of=("self",))
        .select_related("application__applicant", "application__program", "program", "owner")
        .get(pk=found.seat.entry_id)
    )
    locked = Invitation.objects.select_for_update(of=("self",)).select_related("seat").get(pk=found.pk)
    locked.seat.entry = entry
    return locked, entry


def _answer(invitation: Invitation, to: InvitationState, event: Event, by: User, at: datetime) -> None:
    if to not in INVITATION_TRANSITIONS[invitation.state] or _is_over(invitation, at):
        raise InvitationIsOver(invitation)
    invitation.state, invitation.answered_at, invitation.answered_by = to, at, by
    invitation.save(update_fields=["state", "answered_at", "answered_by"])
    ledger.record(event, subject=invitation, actor=by, at=at)


def _is_over(invitation: Invitation, at: datetime) -> bool:
    return invitation.expires_at is not None and invitation.expires_at <= at


def _letter(kind: str, invitation: Invitation, **more: Any) -> letters.Draft:
    entry = invitation.seat.entry
    expires_at = invitation.expires_at and invitation.expires_at.astimezone(entry.program.zone)
    return notices.draft(
        kind,
        entry.application,
        about=invitation,
        once=f"{kind}:{invitation.pk}",
        expires_at=expires_at,
        **more,
    )
