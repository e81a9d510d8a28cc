"""Joining an organisation: an owner asks an address, and only whoever proves that address can say yes.

Asking looks nothing up about the address but whether it stands on the organisation's own page already, so the answer
tells nobody who has an account here. A link alone opens nothing: it names the invitation; the address proves who it is.
"""

import hashlib
import logging
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.domain import notices, organisations, people
from accounts.models import MemberRole, Membership, Organisation, OrganisationInvitation, User
from accounts.states import JOIN_TRANSITIONS, JoinState
from audit import ledger
from audit.events import Event
from outbox import letters

log = logging.getLogger(__name__)

LASTS = timedelta(days=14)
RESEND_AFTER = timedelta(minutes=10)
MOST_LETTERS = 5  # of one organisation to one address in LASTS, whatever became of the invitations
MOST_OPEN = 50  # invitations of one organisation that wait for an answer
BATCH = 500
EVENTS = {
    JoinState.ACCEPTED: Event.JOINING_ACCEPTED,
    JoinState.DECLINED: Event.JOINING_DECLINED,
    JoinState.REVOKED: Event.JOINING_REVOKED,
    JoinState.EXPIRED: Event.JOINING_EXPIRED,
}


class AlreadyInvited(Exception):
    def __init__(self, email: str):
        super().__init__(
            _("%(email)s is invited already. Send the letter again from the list instead.") % {"email": email}
        )


class TooManyOpen(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("%(number)d invitations wait for an answer; revoke some before you send more.")
            % {"number": MOST_OPEN}
        )


class TooSoon(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("A letter was written less than %(minutes)d minutes ago. Wait a little, then send it again.")
            % {"minutes": RESEND_AFTER // timedelta(minutes=1)}
        )


class EnoughLetters(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("%(number)d letters were written to this address lately. Ask the person in another way.")
            % {"number": MOST_LETTERS}
        )


class DeclinedLately(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("Whoever has this address declined less than %(days)d days ago. Nothing was sent.")
            % {"days": LASTS.days}
        )


class InvitationIsOver(Exception):
    def __init__(self) -> None:
        super().__init__(_("This invitation is over. Ask an owner of the organisation for a new one."))


class ForAnotherAddress(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("This invitation is for an address that is not a confirmed one of yours. Nothing was changed.")
        )


class StaffJoinThemselves(Exception):
    """Whoever shares an organisation with an applicant may not review them: joining would shut reviewers out."""

    def __init__(self) -> None:
        super().__init__(_("You work for the provider, so you cannot join an applicant's organisation."))


@transaction.atomic
def invite(
    organisation: Organisation, *, email: str, role: MemberRole = MemberRole.MEMBER, by: User, at: datetime
) -> OrganisationInvitation:
    """Ask an address to join, by a letter.

    Raises NotAnOwner, AlreadyAMember, AlreadyInvited, TooManyOpen, DeclinedLately, EnoughLetters.
    """
    organisation = organisations.lock_as_owner(organisation, by)
    email = email.strip().lower()
    if organisation.memberships.filter(user__email=email).exists():
        raise organisations.AlreadyAMember(organisation, email)
    live = list(organisation.invitations.live().values_list("email", flat=True))
    if email in live:
        raise AlreadyInvited(email)
    if len(live) >= MOST_OPEN:
        raise TooManyOpen
    _must_be_bearable(organisation, email, at)
    token = secrets.token_urlsafe(32)
    invitation = OrganisationInvitation.objects.create(
        organisation=organisation,
        email=email,
        role=role,
        invited_by=by,
        invited_at=at,
        written_at=at,
        token_hash=_hash(token),
        expires_at=at + LASTS,
    )
    ledger.record(
        Event.JOINING_INVITED, subject=invitation, actor=by, at=at, organisation=organisation.pk, role=role
    )
    _write(invitation, token, at)
    return invitation


@transaction.atomic
def resend(invitation: OrganisationInvitation, *, by: User, at: datetime) -> OrganisationInvitation:
    """Write the letter again with a new link and a new end; the old link is dead from now on.

    Raises NotAnOwner, InvitationIsOver, TooSoon, EnoughLetters.
    """
    organisations.lock_as_owner(invitation.organisation, by)
    invitation = _lock(invitation)
    if invitation.state != JoinState.INVITED:
        raise InvitationIsOver
    if at < invitation.written_at + RESEND_AFTER:
        raise TooSoon
    if invitation.letters >= MOST_LETTERS:
        raise EnoughLetters
    _must_be_bearable(invitation.organisation, invitation.email, at)
    letters.recall(about=invitation, kind="accounts/invitation", at=at)
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.written_at, invitation.expires_at = _hash(token), at, at + LASTS
    invitation.letters += 1
    invitation.save(update_fields=["token_hash", "written_at", "expires_at", "letters"])
    ledger.record(Event.JOINING_RESENT, subject=invitation, actor=by, at=at, letters=invitation.letters)
    _write(invitation, token, at)
    return invitation


@transaction.atomic
def revoke(invitation: OrganisationInvitation, *, by: User, at: datetime) -> OrganisationInvitation:
    """Take an unanswered invitation back; its link leads nowhere from now on. Raises NotAnOwner, InvitationIsOver."""
    organisations.lock_as_owner(invitation.organisation, by)
    return _move(_lock(invitation), JoinState.REVOKED, by=by, at=at)


@transaction.atomic
def accept(invitation: OrganisationInvitation, *, by: User, at: datetime) -> Membership:
    """Join, as the person whose address was asked. A double click joins once.

    Raises ForAnotherAddress, InvitationIsOver, StaffJoinThemselves, AlreadyAMember.
    """
    organisation = organisations.lock(invitation.organisation)
    invitation = _lock(invitation)
    _must_be_asked(by, invitation)
    if invitation.state == JoinState.ACCEPTED and invitation.answered_by_id == by.pk:
        return _joined(organisation, by)
    if invitation.state != JoinState.INVITED or invitation.expires_at <= at:
        raise InvitationIsOver
    if not organisations.open_owners(organisation).exists():
        raise InvitationIsOver  # it ends: all who answer for it delete their accounts
    if by.is_staff:
        raise StaffJoinThemselves
    membership = organisations.add(organisation, by, role=MemberRole(invitation.role), at=at)
    _move(invitation, JoinState.ACCEPTED, by=by, at=at)
    notices.tell(
        "joined", notices.owners_but(organisation, by), organisation=organisation, about=membership, at=at,
        person=str(by), email=invitation.email, role=MemberRole(membership.role).label,
    )  # fmt: skip
    return membership


def _joined(organisation: Organisation, user: User) -> Membership:
    """Return the place an invitation gave before. Raises InvitationIsOver: one that was left opens nothing again."""
    membership = Membership.objects.filter(organisation=organisation, user=user).first()
    if membership is None:
        raise InvitationIsOver
    return membership


@transaction.atomic
def decline(invitation: OrganisationInvitation, *, by: User, at: datetime) -> OrganisationInvitation:
    """Say no, as the person whose address was asked. Raises ForAnotherAddress, InvitationIsOver."""
    invitation = _lock(invitation)
    _must_be_asked(by, invitation)
    if invitation.state == JoinState.DECLINED:
        return invitation
    return _move(invitation, JoinState.DECLINED, by=by, at=at)


def expire_due(*, at: datetime) -> int:
    """Expire invitations whose time is over; return how many. Safe to run twice, and beside itself."""
    expired = 0
    for invitation in OrganisationInvitation.objects.overdue(at).order_by("pk")[:BATCH]:
        try:
            expired += _expire(invitation, at)
        except Exception:
            log.exception("Invitation %s into an organisation could not be expired", invitation.pk)
    return expired


@transaction.atomic
def _expire(invitation: OrganisationInvitation, at: datetime) -> bool:
    invitation = _lock(invitation)
    if invitation.state != JoinState.INVITED or invitation.expires_at > at:
        return False  # answered, or sent again, while we waited for the lock
    _move(invitation, JoinState.EXPIRED, by="beat", at=at)
    return True


def revoke_those_of(organisation: Organisation, user: User, *, by: User, at: datetime) -> None:
    """Revoke what somebody asked who is no owner any more; the organisation is locked."""
    asked = organisation.invitations.live().filter(invited_by=user)
    _revoke(asked, by=by, at=at, reason="inviter_is_no_owner")


def revoke_those_to(organisation: Organisation, user: User, *, by: User, at: datetime) -> None:
    """Revoke what was asked of any proved address of somebody who goes; the organisation is locked."""
    asked = organisation.invitations.live().filter(email__in=people.proved_by(user))
    _revoke(asked, by=by, at=at, reason="member_went")


def revoke_all(organisation: Organisation, *, by: User, at: datetime) -> None:
    """Revoke whatever waits for an answer, as everybody in it deletes their account; the organisation is locked."""
    _revoke(organisation.invitations.live(), by=by, at=at, reason="organisation_ends")


def forget(user: User, addresses: Collection[str], *, instead: str, at: datetime) -> None:
    """Revoke what was asked of these addresses, and blank them and whatever address this person answered from.

    Their account is deleted.
    """
    asked = OrganisationInvitation.objects.filter(Q(email__in=addresses) | Q(answered_by=user))
    _revoke(asked.live(), by="erasure", at=at, reason="account_deleted")
    asked.update(email=instead)


def _revoke(asked: QuerySet[OrganisationInvitation], *, by: ledger.Actor, at: datetime, reason: str) -> None:
    for invitation in asked.order_by("pk"):
        locked = _lock(invitation)
        if locked.state == JoinState.INVITED:  # not answered while we waited for the lock
            _move(locked, JoinState.REVOKED, by=by, at=at, reason=reason)


def find(token: str) -> OrganisationInvitation | None:
    """Return the invitation that a link names, whatever became of it."""
    return (
        OrganisationInvitation.objects.select_related("organisation", "invited_by")
        .filter(token_hash=_hash(token))
        .first()
    )


def is_for(user: User, invitation: OrganisationInvitation) -> bool:
    """Return whether this person has proved the address that was asked."""
    return people.has_verified(user, invitation.email)


def _must_be_bearable(organisation: Organisation, email: str, at: datetime) -> None:
    """Keep an address from being written to again and again; the organisation is locked.

    Raises DeclinedLately, EnoughLetters.
    """
    lately = organisation.invitations.filter(email=email)
    if lately.filter(state=JoinState.DECLINED, answered_at__gt=at - LASTS).exists():
        raise DeclinedLately
    written = lately.filter(written_at__gt=at - LASTS).aggregate(all=Sum("letters", default=0))["all"]
    if written >= MOST_LETTERS:
        raise EnoughLetters


def _must_be_asked(user: User, invitation: OrganisationInvitation) -> None:
    if not is_for(user, invitation):
        raise ForAnotherAddress


def _lock(invitation: OrganisationInvitation) -> OrganisationInvitation:
    return (
        OrganisationInvitation.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=invitation.pk)
    )


def _move(
    invitation: OrganisationInvitation, to: JoinState, *, by: ledger.Actor, at: datetime, reason: str = ""
) -> OrganisationInvitation:
    if to not in JOIN_TRANSITIONS[invitation.state]:
        raise InvitationIsOver
    invitation.state = to
    if to in (JoinState.ACCEPTED, JoinState.DECLINED):
        assert isinstance(by, User)
        invitation.answered_at, invitation.answered_by = at, by
    else:
        letters.recall(about=invitation, kind="accounts/invitation", at=at)
    invitation.save(update_fields=["state", "answered_at", "answered_by"])
    ledger.record(
        EVENTS[to],
        subject=invitation,
        actor=by,
        at=at,
        reason=reason,
        organisation=invitation.organisation_id,
    )
    return invitation


def _write(invitation: OrganisationInvitation, token: str, at: datetime) -> None:
    """Write the letter that holds the link; its text is blanked once it is sent, and only the hash stays."""
    context = {
        "organisation": invitation.organisation.name,
        "by": str(invitation.invited_by),
        "role": MemberRole(invitation.role).label,
        "email": invitation.email,
        "expires_at": invitation.expires_at,
        "url": notices.page("join", token),
    }
    draft = letters.Draft(
        "accounts/invitation", invitation.email, context, invitation, passing=True,
        language=settings.LANGUAGE_CODE, zone=settings.TIME_ZONE,
    )  # fmt: skip
    letters.write_many([draft], at=at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
