"""Who may act for whom, and what an organisation's people may do."""

from accounts.models import MemberRole, Membership, Organisation, Owner, User


def may_act_for(user: User, owner: Owner) -> bool:
    """Return whether this person is the owner, or a member of the organisation that is."""
    if not user.is_active:
        return False
    if owner.organisation_id is not None:
        return Membership.objects.filter(organisation=owner.organisation_id, user=user.pk).exists()
    return owner.person_id is not None and owner.person_id == user.pk


def may_see(user: User, organisation: Organisation) -> bool:
    """Return whether this person is one of its members."""
    return user.is_active and organisation.memberships.filter(user=user.pk).exists()


def may_manage(user: User, organisation: Organisation) -> bool:
    """Return whether this person is one of its owners: they invite, change roles, remove, claim domains."""
    return user.is_active and organisation.memberships.filter(user=user.pk, role=MemberRole.OWNER).exists()
