"""Who may act for whom, and what an organisation's people may do."""

from django.db.models import Q, QuerySet

from accounts.models import MemberRole, Membership, Organisation, Owner, User
from accounts.roles import Duty


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


def holders(duty: Duty) -> QuerySet[User]:
    """Return the active staff who hold a duty, by role or by themselves."""
    named = {"codename": str(duty), "content_type__app_label": "accounts"}
    has = Q(**{f"groups__permissions__{key}": value for key, value in named.items()})
    has |= Q(**{f"user_permissions__{key}": value for key, value in named.items()})
    return User.objects.filter(has, is_active=True, is_staff=True).distinct()
