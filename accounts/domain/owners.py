"""Owners: the one row an application, a place in line, a grant and a key belong to."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Membership, Organisation, Owner, User


def of_person(user: User) -> Owner:
    """Return the owner that is this person, made the first time it is asked for."""
    return Owner.objects.get_or_create(person=user)[0]


def of_organisation(organisation: Organisation) -> Owner:
    """Return the owner that is this organisation, made the first time it is asked for."""
    return Owner.objects.get_or_create(organisation=organisation)[0]


def organisations_ending_with(user: User) -> QuerySet[Organisation]:
    """Return the organisations that nobody is left in once this person has gone."""
    staying = Membership.objects.filter(organisation=OuterRef("pk"), user__erasure_asked_at=None)
    return Organisation.objects.filter(memberships__user=user).exclude(Exists(staying.exclude(user=user)))


def ending_with(user: User) -> QuerySet[Owner]:
    """Return the owners that end with this person: themselves, and the organisations nobody is left in."""
    return Owner.objects.filter(Q(person=user) | Q(organisation__in=organisations_ending_with(user)))
