"""Organisations: founded by a person, who is their first owner; and the errors that all acts on them share."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import MemberRole, Membership, Organisation, User
from accounts.permissions import may_manage
from audit import ledger
from audit.events import Event


class NotAnOwner(Exception):
    def __init__(self, organisation: Organisation):
        super().__init__(_("Only an owner of %(organisation)s may do that.") % {"organisation": organisation})


class AlreadyAMember(Exception):
    def __init__(self, organisation: Organisation, email: str):
        super().__init__(
            _("%(email)s is a member of %(organisation)s already.")
            % {"email": email, "organisation": organisation}
        )


class NoName(Exception):
    def __init__(self) -> None:
        super().__init__(_("Give the organisation's full legal name."))


@transaction.atomic
def found(name: str, website: str, *, by: User, at: datetime) -> Organisation:
    """Create an organisation whose first owner is the person who founds it. Raises NoName."""
    if not name.strip():
        raise NoName
    organisation = Organisation.objects.create(name=name.strip(), website=website, founded_at=at)
    Membership.objects.create(organisation=organisation, user=by, role=MemberRole.OWNER, since_at=at)
    ledger.record(Event.ORGANISATION_FOUNDED, subject=organisation, actor=by, at=at)
    return organisation


def lock(organisation: Organisation) -> Organisation:
    """Lock an organisation; whoever changes who belongs to it, or in which role, does so first."""
    return Organisation.objects.select_for_update().get(pk=organisation.pk)


def lock_as_owner(organisation: Organisation, by: User) -> Organisation:
    """Lock an organisation for one of its owners. Raises NotAnOwner, also where they ceased to be one just now."""
    organisation = lock(organisation)
    if not may_manage(by, organisation):
        raise NotAnOwner(organisation)
    return organisation


def open_owners(organisation: Organisation) -> QuerySet[Membership]:
    """Return the places of owners who can sign in and do not delete their account: who answers for it."""
    return organisation.memberships.filter(
        role=MemberRole.OWNER, user__is_active=True, user__erasure_asked_at=None
    )


def add(organisation: Organisation, user: User, *, role: MemberRole, at: datetime) -> Membership:
    """Let in somebody who asked or accepted; the organisation is locked. Raises AlreadyAMember."""
    membership, added = Membership.objects.get_or_create(
        organisation=organisation, user=user, defaults={"role": role, "since_at": at}
    )
    if not added:
        raise AlreadyAMember(organisation, user.email)
    ledger.record(
        Event.MEMBER_ADDED, subject=membership, actor=user, at=at,
        organisation=organisation.pk, user=user.pk, role=role,
    )  # fmt: skip
    return membership
