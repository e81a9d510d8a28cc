"""Who may do what with guidelines and the consultations on them."""

from django.db.models import Q

from accounts.domain.erasure import addresses_of
from accounts.models import Membership, OrganisationDomain, User
from accounts.roles import Duty, may
from policies.models import Comment


def may_edit(user: User) -> bool:
    """Return whether this person drafts guidelines, opens consultations and writes their summaries."""
    return may(user, Duty.EDIT_POLICIES)


def may_moderate(user: User, comment: Comment) -> bool:
    """Return whether this person may say if a comment is shown: not their own, their organisation's, or objected to."""
    return may_edit(user) and not Comment.objects.filter(kept_from(user), pk=comment.pk).exists()


def kept_from(user: User) -> Q:
    """Return which comments this person has a part in, or withheld before an objection.

    Theirs and their organisations' are those of its people, of any of their proved addresses, and those sent from a
    domain the organisation proved.
    """
    organisations = Membership.objects.filter(user=user).values("organisation")
    people = User.objects.filter(Q(pk=user.pk) | Q(memberships__organisation__in=organisations)).distinct()
    theirs = Q(user__in=people.values("pk")) | Q(withheld_by=user)
    theirs |= Q(email__in={address.lower() for address in addresses_of(people)})
    for domain in OrganisationDomain.objects.filter(organisation__in=organisations, ended_at=None):
        theirs |= Q(email__iendswith=f"@{domain.domain}")
    return theirs
