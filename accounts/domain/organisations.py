"""Organisations: founded by a person, joined by others whom an owner adds."""

from datetime import datetime

from django.db import transaction

from accounts.models import MemberRole, Membership, Organisation, User
from accounts.permissions import may_add_member
from audit import ledger
from audit.events import Event


class NotAnOwner(Exception):
    def __init__(self, organisation: Organisation):
        super().__init__(f"Only an owner of {organisation} may add people to it.")


class AlreadyAMember(Exception):
    def __init__(self, organisation: Organisation, user: User):
        super().__init__(f"{user.email} is a member of {organisation} already.")


class NoName(Exception):
    def __init__(self) -> None:
        super().__init__("Give the organisation's full legal name.")


class StaffJoinThemselves(Exception):
    """Whoever shares an organisation with an applicant may not review them: adding reviewers would shut them out."""

    def __init__(self) -> None:
        super().__init__("This person works for the provider and cannot be added to an organisation.")


@transaction.atomic
def found(name: str, website: str, *, by: User, at: datetime) -> Organisation:
    """Create an organisation whose first owner is the person who founds it. Raises NoName."""
    if not name.strip():
        raise NoName
    organisation = Organisation.objects.create(name=name.strip(), website=website, founded_at=at)
    Membership.objects.create(organisation=organisation, user=by, role=MemberRole.OWNER, since_at=at)
    ledger.record(Event.ORGANISATION_FOUNDED, subject=organisation, actor=by, at=at)
    return organisation


@transaction.atomic
def add_member(
    organisation: Organisation, user: User, *, role: MemberRole = MemberRole.MEMBER, by: User, at: datetime
) -> Membership:
    """Add a person who has an account. Raises NotAnOwner, StaffJoinThemselves, AlreadyAMember."""
    if not may_add_member(by, organisation):
        raise NotAnOwner(organisation)
    if user.is_staff and user != by:
        raise StaffJoinThemselves
    membership, added = Membership.objects.get_or_create(
        organisation=organisation, user=user, defaults={"role": role, "since_at": at}
    )
    if not added:
        raise AlreadyAMember(organisation, user)
    ledger.record(
        Event.MEMBER_ADDED,
        subject=membership,
        actor=by,
        at=at,
        organisation=organisation.pk,
        user=user.pk,
        role=role,
    )
    return membership
