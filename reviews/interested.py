"""Which cases a reviewer declared an interest in: a condition, so that a list and a single case ask the same."""

from django.db.models import Q

from accounts.models import Organisation, User
from reviews.models import Interest, InterestOverride
from reviews.states import InterestKind


def declared(user: User, *, to: str = "") -> Q:
    """Return the condition on applications this person declared an interest in; `to` is the path to the application.

    An organisation counts by its full name, a domain by the address of applicant or owner, or by being verified for
    the organisation; subdomains count. Not where somebody let this person into the case all the same.
    At most two queries, one where nothing is declared.
    """
    said = list(Interest.objects.live().filter(reviewer=user).values_list("kind", "name"))
    if not said:
        return Q(pk__in=[])
    hosts = [name for kind, name in said if kind == InterestKind.DOMAIN]
    organisations = Q()
    for kind, name in said:
        if kind == InterestKind.ORGANISATION:
            organisations |= Q(name__iexact=name)
    for host in hosts:
        verified = Q(domains__domain=host) | Q(domains__domain__endswith=f".{host}")
        organisations |= verified & Q(domains__ended_at=None)
    owning = list(Organisation.objects.filter(organisations).values_list("pk", flat=True).distinct())
    theirs = Q(**{f"{to}owner__organisation__in": owning})
    for host in hosts:
        for path in ("applicant__email", "owner__person__email"):
            theirs |= Q(**{f"{to}{path}__endswith": f"@{host}"}) | Q(**{f"{to}{path}__endswith": f".{host}"})
    freed = InterestOverride.objects.filter(reviewer=user).values("case__application")
    return theirs & ~Q(**{f"{to}pk__in": freed})
