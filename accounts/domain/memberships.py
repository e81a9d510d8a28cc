"""Belonging to an organisation: roles, leaving, being removed. An owner always remains."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.domain import domains, joining, notices, organisations
from accounts.models import FormerMembership, MemberRole, Membership, Organisation, OwnershipOffer, User
from accounts.states import OfferState
from audit import ledger
from audit.events import Event


class NotAMember(Exception):
    def __init__(self) -> None:
        super().__init__(_("This person does not belong to the organisation any more. Nothing was changed."))


class LastOwner(Exception):
    def __init__(self, organisation: Organisation):
        super().__init__(
            _("%(organisation)s needs an owner. Make somebody else an owner first.")
            % {"organisation": organisation}
        )


class AccountIsClosed(Exception):
    """Somebody who cannot sign in, or deletes their account, answers for nothing."""

    def __init__(self, person: User):
        super().__init__(
            _("%(person)s cannot be an owner: their account is closed. Nothing was changed.")
            % {"person": person}
        )


@transaction.atomic
def change_role(membership: Membership, *, to: MemberRole, by: User, at: datetime) -> Membership:
    """Make a member an owner, or an owner a member; the person is written to.

    Raises NotAnOwner, NotAMember, LastOwner, AccountIsClosed.
    """
    organisation = organisations.lock_as_owner(membership.organisation, by)
    membership = _again(membership)
    if membership.role == to:
        return membership
    switch(membership, to=to, by=by, at=at)
    if membership.user_id != by.pk:
        notices.tell(
            "role_changed", [membership.user], organisation=organisation, about=membership, at=at,
            role=MemberRole(membership.role).label, is_owner=to == MemberRole.OWNER, by=str(by),
        )  # fmt: skip
    return membership


def switch(membership: Membership, *, to: MemberRole, by: User, at: datetime) -> None:
    """Write a role; the organisation is locked. Raises LastOwner, AccountIsClosed."""
    if to != MemberRole.OWNER:
        _must_leave_an_owner(membership)
    elif not is_open(membership.user):
        raise AccountIsClosed(membership.user)
    was, membership.role = membership.role, to
    membership.save(update_fields=["role"])
    ledger.record(
        Event.MEMBER_ROLE_CHANGED, subject=membership, actor=by, at=at,
        organisation=membership.organisation_id, user=membership.user_id, was=was, role=to,
    )  # fmt: skip
    if was == MemberRole.OWNER:
        _settle_what_an_owner_leaves(membership.organisation, membership.user, by=by, at=at)


@transaction.atomic
def remove(membership: Membership, *, by: User, at: datetime) -> None:
    """Take somebody out; what the organisation owns is out of their reach at once, and they are written to.

    Raises NotAnOwner, NotAMember, LastOwner.
    """
    organisation = organisations.lock_as_owner(membership.organisation, by)
    membership = _again(membership)
    person = membership.user
    _must_leave_an_owner(membership)
    _end(membership, Event.MEMBER_REMOVED, by=by, at=at)
    notices.tell(
        "removed", [person], organisation=organisation, about=organisation, at=at,
        by=str(by), url=notices.page("organisations"),
    )  # fmt: skip


@transaction.atomic
def leave(organisation: Organisation, *, by: User, at: datetime) -> None:
    """Leave; the owners are written to. Raises NotAMember, LastOwner."""
    organisation = organisations.lock(organisation)
    membership = Membership.objects.select_related("user").filter(organisation=organisation, user=by).first()
    if membership is None:
        raise NotAMember
    _must_leave_an_owner(membership)
    _end(membership, Event.MEMBER_LEFT, by=by, at=at)
    notices.tell(
        "left", notices.owners_but(organisation, by), organisation=organisation, about=organisation, at=at,
        person=str(by), email=by.email,
    )  # fmt: skip


@transaction.atomic
def leave_with_account(organisation: Organisation, *, by: User, at: datetime) -> None:
    """Leave because the account is deleted: as the last one too, and without a letter that names the person.

    Owners who delete their accounts too are enough here: where others stay, `erasure.ask` saw to an owner who stays.
    Raises NotAMember; LastOwner while members are in it and no other owner.
    """
    organisation = organisations.lock(organisation)
    membership = Membership.objects.select_related("user").filter(organisation=organisation, user=by).first()
    if membership is None:
        raise NotAMember
    others = organisation.memberships.exclude(pk=membership.pk)
    is_last_owner = membership.role == MemberRole.OWNER and not others.filter(role=MemberRole.OWNER).exists()
    if is_last_owner and others.exists():
        raise LastOwner(organisation)
    _end(membership, Event.MEMBER_LEFT, by=by, at=at)


def _end(membership: Membership, event: Event, *, by: User, at: datetime) -> None:
    ledger.record(
        event, subject=membership, actor=by, at=at,
        organisation=membership.organisation_id, user=membership.user_id, role=membership.role,
    )  # fmt: skip
    organisation, user, was = membership.organisation, membership.user, membership.role
    membership.delete()
    FormerMembership.objects.create(organisation=organisation, user=user, ended_at=at)
    joining.revoke_those_to(organisation, user, by=by, at=at)
    _withdraw(organisation.offers.live().filter(offered_to=user), by=by, at=at)
    if was == MemberRole.OWNER:
        _settle_what_an_owner_leaves(organisation, user, by=by, at=at)


def _settle_what_an_owner_leaves(organisation: Organisation, user: User, *, by: User, at: datetime) -> None:
    """End what rested on somebody's being an owner: invitations they sent, offers they made, domains they proved."""
    joining.revoke_those_of(organisation, user, by=by, at=at)
    _withdraw(organisation.offers.live().filter(offered_by=user), by=by, at=at)
    domains.end_unproved(organisation, by=by, at=at)


def _withdraw(offers: QuerySet[OwnershipOffer], *, by: User, at: datetime) -> None:
    for offer in offers.select_for_update():
        offer.state, offer.ended_at = OfferState.WITHDRAWN, at
        offer.save(update_fields=["state", "ended_at"])
        ledger.record(Event.OWNERSHIP_WITHDRAWN, subject=offer, actor=by, at=at)


def is_open(user: User) -> bool:
    """Return whether this person can still sign in, and has not asked for their account to be deleted."""
    return user.is_active and user.erasure_asked_at is None


def _must_leave_an_owner(membership: Membership) -> None:
    others = organisations.open_owners(membership.organisation).exclude(pk=membership.pk)
    if membership.role == MemberRole.OWNER and not others.exists():
        raise LastOwner(membership.organisation)


def _again(membership: Membership) -> Membership:
    """Read a membership again once its organisation is locked. Raises NotAMember."""
    found = Membership.objects.select_related("organisation", "user").filter(pk=membership.pk).first()
    if found is None:
        raise NotAMember
    return found
