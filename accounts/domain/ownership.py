"""Handing an organisation over: an owner offers their place, another member takes it or not."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.domain import memberships, notices, organisations
from accounts.models import MemberRole, Membership, Organisation, OwnershipOffer, User
from accounts.states import OFFER_TRANSITIONS, OfferState
from audit import ledger
from audit.events import Event

log = logging.getLogger(__name__)

LASTS = timedelta(days=14)
BATCH = 500
EVENTS = {
    OfferState.TAKEN: Event.OWNERSHIP_TAKEN,
    OfferState.DECLINED: Event.OWNERSHIP_DECLINED,
    OfferState.WITHDRAWN: Event.OWNERSHIP_WITHDRAWN,
    OfferState.EXPIRED: Event.OWNERSHIP_EXPIRED,
}


class OneAtATime(Exception):
    def __init__(self) -> None:
        super().__init__(_("Ownership is offered to somebody already. Withdraw that offer first."))


class NotToOneself(Exception):
    def __init__(self) -> None:
        super().__init__(_("You are an owner. Offer your place to somebody else."))


class OfferIsOver(Exception):
    def __init__(self) -> None:
        super().__init__(_("This offer is over. Nothing was changed."))


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only the person it was made to may answer this offer."))


@transaction.atomic
def offer(membership: Membership, *, by: User, at: datetime) -> OwnershipOffer:
    """Offer one's place as an owner to another member; they are written to.

    Raises NotAnOwner, NotAMember, NotToOneself, AccountIsClosed, OneAtATime.
    """
    organisation = organisations.lock_as_owner(membership.organisation, by)
    found = Membership.objects.select_related("user").filter(pk=membership.pk).first()
    if found is None:
        raise memberships.NotAMember
    if found.user_id == by.pk:
        raise NotToOneself
    if not memberships.is_open(found.user):
        raise memberships.AccountIsClosed(found.user)
    if organisation.offers.live().exists():
        raise OneAtATime
    made = OwnershipOffer.objects.create(
        organisation=organisation, offered_to=found.user, offered_by=by, offered_at=at, expires_at=at + LASTS
    )
    ledger.record(
        Event.OWNERSHIP_OFFERED, subject=made, actor=by, at=at,
        organisation=organisation.pk, user=found.user_id,
    )  # fmt: skip
    notices.tell(
        "ownership_offered", [found.user], organisation=organisation, about=made, at=at,
        by=str(by), expires_at=made.expires_at,
    )  # fmt: skip
    return made


@transaction.atomic
def take(offered: OwnershipOffer, *, by: User, at: datetime) -> OwnershipOffer:
    """Become an owner in place of who offered, who stays a member. A double click takes once.

    Raises NotYours, OfferIsOver.
    """
    organisation = organisations.lock(offered.organisation)
    offered = _lock(offered)
    if offered.offered_to_id != by.pk:
        raise NotYours
    if offered.state == OfferState.TAKEN:
        return offered
    if offered.expires_at <= at or not memberships.is_open(offered.offered_to):
        raise OfferIsOver
    _move(offered, OfferState.TAKEN, by=by, at=at)
    theirs = Membership.objects.select_related("organisation", "user")
    taker = theirs.get(organisation=organisation, user=by)
    giver = theirs.get(organisation=organisation, user=offered.offered_by_id)
    if taker.role != MemberRole.OWNER:
        memberships.switch(taker, to=MemberRole.OWNER, by=by, at=at)
    memberships.switch(giver, to=MemberRole.MEMBER, by=by, at=at)
    told = [giver.user, *notices.owners_but(organisation, by)]
    notices.tell(
        "ownership_taken", told, organisation=organisation, about=offered, at=at,
        by=str(by), giver=str(giver.user),
    )  # fmt: skip
    return offered


@transaction.atomic
def decline(offered: OwnershipOffer, *, by: User, at: datetime) -> OwnershipOffer:
    """Leave things as they are; who offered is written to. Raises NotYours, OfferIsOver."""
    organisation = organisations.lock(offered.organisation)
    offered = _lock(offered)
    if offered.offered_to_id != by.pk:
        raise NotYours
    _move(offered, OfferState.DECLINED, by=by, at=at)
    notices.tell(
        "ownership_declined", [offered.offered_by], organisation=organisation, about=offered, at=at,
        by=str(by),
    )  # fmt: skip
    return offered


@transaction.atomic
def withdraw(offered: OwnershipOffer, *, by: User, at: datetime) -> OwnershipOffer:
    """Take an offer back; any owner may. Raises NotAnOwner, OfferIsOver."""
    organisations.lock_as_owner(offered.organisation, by)
    return _move(_lock(offered), OfferState.WITHDRAWN, by=by, at=at)


def expire_due(*, at: datetime) -> int:
    """Expire offers whose time is over; return how many. Safe to run twice, and beside itself."""
    expired = 0
    for offered in OwnershipOffer.objects.overdue(at).order_by("pk")[:BATCH]:
        try:
            expired += _expire(offered, at)
        except Exception:
            log.exception("Offer of ownership %s could not be expired", offered.pk)
    return expired


@transaction.atomic
def _expire(offered: OwnershipOffer, at: datetime) -> bool:
    organisations.lock(offered.organisation)
    offered = _lock(offered)
    if offered.state != OfferState.OFFERED:
        return False  # answered while we waited for the lock
    _move(offered, OfferState.EXPIRED, by="beat", at=at)
    return True


def live_of(organisation: Organisation) -> OwnershipOffer | None:
    """Return the offer that waits for an answer."""
    return organisation.offers.live().select_related("offered_to", "offered_by").first()


def _lock(offered: OwnershipOffer) -> OwnershipOffer:
    return (
        OwnershipOffer.objects.select_for_update(of=("self",))
        .select_related("organisation", "offered_by", "offered_to")
        .get(pk=offered.pk)
    )


def _move(offered: OwnershipOffer, to: OfferState, *, by: ledger.Actor, at: datetime) -> OwnershipOffer:
    if to not in OFFER_TRANSITIONS[offered.state]:
        raise OfferIsOver
    offered.state, offered.ended_at = to, at
    offered.save(update_fields=["state", "ended_at"])
    ledger.record(EVENTS[to], subject=offered, actor=by, at=at)
    return offered
