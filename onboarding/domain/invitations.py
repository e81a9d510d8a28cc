"""Invitations: told by a payer, answered by the owner, expired by the clock; the clock itself is in `clocks`."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import applications, clocks, grants, waitlist
from onboarding.models import Application, Grant, Invitation, WaitlistEntry
from onboarding.permissions import may_answer_invitation
from onboarding.states import INVITATION_TRANSITIONS, EntryState, InvitationState
from outbox import letters

log = logging.getLogger(__name__)

BATCH = 500
WHY_MOST = 500  # characters of a reason to decline


class InvitationIsOver(Exception):
    def __init__(self, invitation: Invitation):
        said = {
            InvitationState.ACCEPTED: _("This invitation is accepted; nothing was changed."),
            InvitationState.DECLINED: _("This invitation is declined; nothing was changed."),
        }
        super().__init__(
            said.get(
                InvitationState(invitation.state), _("This invitation has expired; nothing was changed.")
            )
        )


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only the owner of the application may answer its invitation."))


def tell_owed(*, at: datetime) -> int:
    """Write the letters of untold invitations; return how many. Safe to run twice. Their clocks start when sent.

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
            "seat__entry__application__applicant",
            "seat__entry__application__owner",
            "seat__entry__application__program",
            "seat__entry__program",
            "seat__entry__owner__person",
        )
        .order_by("pk")[:BATCH]
    )
    Invitation.objects.filter(pk__in=[invitation.pk for invitation in invitations]).update(told_at=at)
    letters.write_many((clocks.letter(clocks.FIRST, invitation) for invitation in invitations), at=at)
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
def decline(invitation: Invitation, *, by: User, at: datetime, reason: str = "") -> Invitation:
    """Give the seat up and leave the line; the approval lapses. Raises NotYours, InvitationIsOver.

    Nobody has to say why; who does is heard, and it is kept with the invitation.
    """
    invitation, entry = _locked(invitation)
    if not may_answer_invitation(by, invitation):
        raise NotYours
    if invitation.state == InvitationState.DECLINED:
        return invitation
    invitation.decline_reason = reason.replace("\0", "").strip()[:WHY_MOST]  # PostgreSQL keeps no NUL
    _answer(invitation, InvitationState.DECLINED, Event.INVITATION_DECLINED, by, at)
    waitlist.move(entry, to=EntryState.LEFT, event=Event.ENTRY_LEFT, by=by, at=at)
    applications.lapse(entry.application, by=by, at=at, reason="declined")
    return invitation


def expire_due(*, at: datetime) -> int:
    """Expire invitations whose time is over; return how many. The first time the old place in line comes back.

    One transaction each: expiry is rare, and a failure must not hold up the others. Safe to run twice.
    """
    expired = 0
    for pk in list(Invitation.objects.over(at).values_list("pk", flat=True)[:BATCH]):
        try:
            expired += _expire(pk, at)
        except Exception:
            log.exception("Invitation %s could not be expired", pk)
    return expired


@transaction.atomic
def _expire(pk: int, at: datetime) -> bool:
    invitation, entry = _locked(Invitation(pk=pk))
    if invitation.state != InvitationState.OFFERED or not invitation.is_over(at):
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
        [clocks.letter("invitation_expired", invitation, returned=entry.state == EntryState.WAITING)], at=at
    )
    return True


def _locked(invitation: Invitation) -> tuple[Invitation, WaitlistEntry]:
    """Lock application, entry, invitation in the one order everybody keeps."""
    found = Invitation.objects.select_related("seat__entry").get(pk=invitation.pk)
    Application.objects.select_for_update().get(pk=found.seat.entry.application_id)
    entry = (
        WaitlistEntry.objects.select_for_update(of=("self",))
        .select_related("application__applicant", "application__program", "program", "owner__person")
        .get(pk=found.seat.entry_id)
    )
    locked = Invitation.objects.select_for_update(of=("self",)).select_related("seat").get(pk=found.pk)
    locked.seat.entry = entry
    return locked, entry


def _answer(invitation: Invitation, to: InvitationState, event: Event, by: User, at: datetime) -> None:
    if to not in INVITATION_TRANSITIONS[invitation.state] or invitation.is_over(at):
        raise InvitationIsOver(invitation)
    invitation.state, invitation.answered_at, invitation.answered_by = to, at, by
    invitation.save(update_fields=["state", "answered_at", "answered_by", "decline_reason"])
    ledger.record(event, subject=invitation, actor=by, at=at)
