from datetime import timedelta

import pytest

from audit import ledger
from onboarding.domain import clocks, invitations, waitlist
from onboarding.models import Grant, Invitation
from onboarding.states import ApplicationState, EntryState, InvitationState
from outbox.models import Letter
from tests.factories import MONDAY, deliver, give_seats, make_entry, make_program, make_rate, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation():
    program = make_program()
    make_rate(program, 5)
    make_entry(program)
    (seat,) = give_seats(program)
    invitations.tell_owed(at=MONDAY)
    deliver()
    seat.invitation.refresh_from_db()
    return seat.invitation


def run_out(invitation, at):
    """Let the reminder go out in its time, and then the whole time pass."""
    clocks.remind_owed(at=at)
    deliver(at=at)
    invitation.refresh_from_db()
    return invitations.expire_due(at=max(at, invitation.expires_at))


def owner_of(invitation):
    return invitation.seat.entry.application.applicant


def test_telling_twice_writes_one_letter(invitation):
    invitations.tell_owed(at=MONDAY)

    assert Letter.objects.filter(kind="onboarding/invitation").count() == 1


def test_accepting_gives_one_grant_that_is_owed_a_key(invitation):
    grant = invitations.accept(invitation, by=owner_of(invitation), at=MONDAY)

    assert (grant.key_owed, grant.seat, Grant.objects.count()) == (True, invitation.seat, 1)


def test_accepting_twice_returns_the_same_grant(invitation):
    first, second = (invitations.accept(invitation, by=owner_of(invitation), at=MONDAY) for _ in range(2))

    assert (first, Grant.objects.count()) == (second, 1)


def test_a_stranger_may_not_accept(invitation):
    with pytest.raises(invitations.NotYours):
        invitations.accept(invitation, by=make_user("charlie"), at=MONDAY)

    invitation.refresh_from_db()
    assert invitation.state == InvitationState.OFFERED


def test_after_the_deadline_nothing_can_be_accepted(invitation):
    clocks.remind_owed(at=invitation.remind_at)
    deliver(at=invitation.remind_at)

    with pytest.raises(invitations.InvitationIsOver):
        invitations.accept(invitation, by=owner_of(invitation), at=invitation.expires_at)

    assert Grant.objects.count() == 0


def test_who_declines_may_say_why_and_need_not(invitation):
    invitations.decline(invitation, by=owner_of(invitation), at=MONDAY, reason=" Built it\0 otherwise. ")

    invitation.refresh_from_db()
    assert invitation.decline_reason == "Built it otherwise."


def test_declining_lapses_the_application_and_the_seat_still_counts(invitation):
    invitations.decline(invitation, by=owner_of(invitation), at=MONDAY)

    entry = invitation.seat.entry
    entry.refresh_from_db()
    assert (entry.state, entry.application.state) == (EntryState.LEFT, ApplicationState.LAPSED)
    assert invitation.seat.week.__class__.objects.get().admitted == 1


def test_accepting_after_declining_is_refused(invitation):
    invitations.decline(invitation, by=owner_of(invitation), at=MONDAY)

    with pytest.raises(invitations.InvitationIsOver):
        invitations.accept(invitation, by=owner_of(invitation), at=MONDAY)


def test_the_first_expiry_returns_the_old_place_and_the_second_ends_it(invitation):
    entry, program = invitation.seat.entry, invitation.seat.entry.program
    joined_at, seen, at = entry.joined_at, [], MONDAY
    for _ in range(2):
        run_out(program_invitation(program), at + timedelta(days=4))
        entry.refresh_from_db()
        seen.append((entry.state, entry.joined_at))
        at += timedelta(weeks=2)
        waitlist.admit(program, by="beat", at=at)
        invitations.tell_owed(at=at)
        deliver(at=at)

    assert seen == [(EntryState.WAITING, joined_at), (EntryState.LEFT, joined_at)]


def program_invitation(program):
    return Invitation.objects.filter(seat__entry__program=program).latest("pk")


def test_expiring_twice_is_expiring_once(invitation):
    found = [run_out(invitation, MONDAY + timedelta(days=4)) for _ in range(2)]

    assert found == [1, 0]
    assert list(ledger.of(invitation).values_list("event", flat=True)) == [
        "invitation.offered",
        "invitation.delivered",
        "invitation.reminded",
        "invitation.expired",
    ]


def test_an_invitation_nobody_was_told_of_never_expires():
    program = make_program()
    make_rate(program, 1)
    make_entry(program)
    waitlist.admit(program, by="beat", at=MONDAY)

    assert invitations.expire_due(at=MONDAY + timedelta(days=365)) == 0
