"""Two at once, as real processes: an owner remains, an invitation has one end."""

import pytest
from django.core.management import call_command

from accounts.domain import organisations
from accounts.models import MemberRole, Membership, OrganisationInvitation
from audit.models import LedgerEntry
from tests.factories import MONDAY, make_invitation, make_member, make_user, verified
from tests.processes import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
AT = MONDAY.isoformat()


@pytest.fixture
def two_owners():
    alice, ana = verified(make_user("alice")), verified(make_user("ana"))
    pygma = organisations.found("Pygma Labs", "", by=alice, at=MONDAY)
    make_member(pygma, ana, role=MemberRole.OWNER)
    return [(member, member.user) for member in pygma.memberships.select_related("user").order_by("pk")]


def owners() -> int:
    return Membership.objects.filter(role=MemberRole.OWNER).count()


def test_two_owners_who_demote_each_other_leave_one(two_owners):
    (first, alice), (second, ana) = two_owners

    said = race(["demote", str(second.pk), str(alice.pk), AT], ["demote", str(first.pk), str(ana.pk), AT])

    assert (sorted(said), owners()) == (["NotAnOwner", "demoted"], 1)
    call_command("check_invariants")


def test_the_database_alone_leaves_one_too(two_owners):
    said = race(*[["demote_by_hand", str(member.pk)] for member, _ in two_owners])

    assert (sorted(said), owners()) == (["demoted", "refused"], 1)


def test_accepting_and_revoking_at_once_have_one_end(two_owners):
    (member, alice), _ = two_owners
    bea = verified(make_user("bea"))
    invitation, _ = make_invitation(member.organisation, bea.email)

    said = race(
        *[["answer_joining", "accept", str(invitation.pk), str(bea.pk), AT]] * 3,
        *[["answer_joining", "revoke", str(invitation.pk), str(alice.pk), AT]] * 3,
    )

    state = OrganisationInvitation.objects.get(pk=invitation.pk).state
    ends = LedgerEntry.objects.filter(
        subject_id=str(invitation.pk), event__in=["joining.accepted", "joining.revoked"]
    )
    assert (ends.count(), Membership.objects.filter(user=bea).count()) == (1, int(state == "accepted"))
    assert sorted(said) == (
        ["accept"] * 3 + ["over"] * 3 if state == "accepted" else ["over"] * 5 + ["revoke"]
    )
    call_command("check_invariants")
