from datetime import timedelta

import pytest

from audit import ledger
from onboarding.domain import invitations, waitlist
from onboarding.models import Grant
from onboarding.states import ApplicationState, EntryState, InvitationState
from outbox.models import Letter
from tests.factories import MONDAY, make_entry, make_program, make_rate, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation():
    program = make_program()
    make_rate(program, 5)
    make_entry(program)
    (seat,) = waitlist.admit(program, by="beat", at=MONDAY)
    invitations.tell_owed(at=MONDAY)
    seat.invitation.refresh_from_db()
    return seat.invitation


def owner_of(invitation):
    return invitation.seat.entry.application.applicant


def test_the_clock_starts_when_the_letter_is_written(invitation):
    assert (invitation.told_at, invitation.expires_at) == (MONDAY, MONDAY + timedelta(days=7))


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
    with pytest.raises(invitations.InvitationIsOver):
        invitations.accept(invitation, by=owner_of(invitation), at=invitation.expires_at)

    assert Grant.objects.count() == 0


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
    joined_at, seen = entry.joined_at, []
    for weeks in (1, 2):
        invitations.expire_due(at=MONDAY + timedelta(weeks=weeks))
        entry.refresh_from_db()
        seen.append((entry.state, entry.joined_at))
        waitlist.admit(program, by="beat", at=MONDAY + timedelta(weeks=weeks))
        invitations.tell_owed(at=MONDAY + timedelta(weeks=weeks))

    assert seen == [(EntryState.WAITING, joined_at), (EntryState.LEFT, joined_at)]


def test_expiring_twice_is_expiring_once(invitation):
    found = [invitations.expire_due(at=MONDAY + timedelta(weeks=1)) for _ in range(2)]

    assert found == [1, 0]
    assert list(ledger.of(invitation).values_list("event", flat=True)) == [
        "invitation.offered",
        "invitation.expired",
    ]


def test_an_invitation_nobody_was_told_of_never_expires():
    program = make_program()
    make_rate(program, 1)
    make_entry(program)
    waitlist.admit(program, by="beat", at=MONDAY)

    assert invitations.expire_due(at=MONDAY + timedelta(days=365)) == 0
