"""People: joining, and the roles of staff."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from audit import ledger
from audit.events import Event


class NotASuperuser(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only a superuser may say who belongs to the staff and in which role."))


def join(user: User, *, at: datetime) -> User:
    """Record that a person made their account; called in the transaction that creates it."""
    ledger.record(Event.USER_JOINED, subject=user, actor=user, at=at)
    return user


@transaction.atomic
def describe(user: User, *, full_name: str, time_zone: str, language: str, by: User, at: datetime) -> User:
    """Write what a person says about themselves; the ledger holds which of it changed, not what it says."""
    user = User.objects.select_for_update().get(pk=user.pk)
    said = {"full_name": full_name, "time_zone": time_zone, "language": language}
    changed = sorted(name for name, value in said.items() if getattr(user, name) != value)
    if changed:
        for name in changed:
            setattr(user, name, said[name])
        user.save(update_fields=changed)
        ledger.record(Event.USER_DESCRIBED, subject=user, actor=by, at=at, changed=changed)
    return user


def has_verified(user: User, email: str) -> bool:
    """Return whether this person proved that this address is theirs; an unproved address belongs to nobody."""
    return (
        user.is_active
        and User.objects.filter(
            pk=user.pk, emailaddress__email__iexact=email.strip(), emailaddress__verified=True
        ).exists()
    )


def proved_by(user: User) -> set[str]:
    """Return the addresses this person has proved, in lower case."""
    proved = User.objects.filter(pk=user.pk, emailaddress__verified=True)
    return {email.lower() for email in proved.values_list("emailaddress__email", flat=True)}


def domains_of(*users: User) -> set[str]:
    """Return the domains at which these people have proved an address."""
    proved = User.objects.filter(
        pk__in=[user.pk for user in users], is_active=True, emailaddress__verified=True
    ).values_list("emailaddress__email", flat=True)
    return {email.rpartition("@")[2].lower() for email in proved}


@transaction.atomic
def set_roles(user: User, *, staff: bool, roles: Collection[Role], by: User, at: datetime) -> User:
    """Say whether a person belongs to the staff and which roles they hold; only a superuser may, and it is recorded.

    Raises NotASuperuser. Roles without being staff give nothing, so they are taken away together.
    """
    if not (by.is_active and by.is_superuser):
        raise NotASuperuser
    user = User.objects.select_for_update().get(pk=user.pk)
    had = sorted(user.groups.values_list("name", flat=True))
    has = sorted(str(role) for role in roles) if staff else []
    if (user.is_staff, had) == (staff, has):
        return user
    was, user.is_staff = user.is_staff, staff
    user.save(update_fields=["is_staff"])
    user.groups.set(Group.objects.filter(name__in=has))
    ledger.record(
        Event.USER_ROLES_CHANGED, subject=user, actor=by, at=at,
        was_staff=was, staff=staff, had=had, has=has,
    )  # fmt: skip
    return user
