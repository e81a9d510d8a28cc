"""Owners: the one row an application, a place in line, a grant and a key belong to."""

from accounts.models import Organisation, Owner, User


def of_person(user: User) -> Owner:
    """Return the owner that is this person, made the first time it is asked for."""
    return Owner.objects.get_or_create(person=user)[0]


def of_organisation(organisation: Organisation) -> Owner:
    """Return the owner that is this organisation, made the first time it is asked for."""
    return Owner.objects.get_or_create(organisation=organisation)[0]
