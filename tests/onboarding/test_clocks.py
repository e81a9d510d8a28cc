"""No notice, no clock: the time of an invitation counts from letters that were really sent."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onboarding.admin import stuck
from onboarding.domain import clocks, deadlines, invitations, waitlist
from onboarding.models import Grant, Invitation
from onboarding.states import InvitationState
from outbox import letters
from outbox.models import Letter
from tests.factories import (
    MONDAY,
    deliver,
    make_entry,
    make_organisation,
    make_owner,
    make_program,
    make_rate,
    make_user,
)
from tests.onboarding import standings

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def program():
    program = make_program()
    make_rate(program, 50)
    return program


def told(program, **fields):
    """Return an invitation whose letter is in the outbox and not yet sent."""
    entry = make_entry(program, **fields)
    waitlist.admit(program, by="beat", at=MONDAY)
    invitations.tell_owed(at=MONDAY)
    return entry.seats.get().invitation


def fresh(invitation):
    invitation.refresh_from_db()
    return invitation


def give_up(kind):
    Letter.objects.filter(kind=f"onboarding/{kind}").update(given_up_at=MONDAY, tries=12, tried_at=MONDAY)


def test_a_letter_that_was_only_written_starts_no_clock(program):
    invitation = told(program)

    clocks.start_owed(at=MONDAY + 90 * DAY)

    assert (fresh(invitation).delivered_at, invitation.expires_at) == (None, None)


def test_the_clock_counts_from_the_sending_not_from_the_writing(program):
    invitation = told(program)
    sent_at = MONDAY + 3 * DAY  # the mail server was away

    letters.send_owed(at=sent_at)
    clocks.start_owed(at=sent_at + timedelta(minutes=1))

    assert (fresh(invitation).delivered_at, invitation.expires_at) == (sent_at, sent_at + 7 * DAY)


def test_starting_twice_is_starting_once(program):
    told(program)
    deliver()

    assert clocks.start_owed(at=MONDAY + DAY) == 0


def test_the_zone_is_that_of_the_person(program):
    alice = make_user("alice", time_zone="Pacific/Auckland")
    invitation = told(program, applicant=alice)
    deliver()

    local = fresh(invitation).expires_at.astimezone(ZoneInfo("Pacific/Auckland"))
    assert f"{local:%A %d %B %H:%M}" == "Tuesday 01 December 17:00"  # an hour past midnight, moved on


def test_for_an_organisation_it_is_that_of_who_applied(program):
    alice = make_user("alice", time_zone="Asia/Tokyo")
    owner = standings.owner_of(make_organisation(alice))

    invitation = told(program, applicant=alice, owner=owner)

    assert clocks.zone_of(invitation).key == "Asia/Tokyo"


def test_an_invitation_whose_letter_was_given_up_never_runs_out_and_a_person_sees_it(program):
    invitation = told(program)
    give_up("invitation")

    clocks.start_owed(at=MONDAY + 90 * DAY)
    expired = invitations.expire_due(at=MONDAY + 90 * DAY)

    (seen,) = [group for group in stuck.groups(program, MONDAY) if "given up" in group.name]
    assert (expired, fresh(invitation).state, seen.people) == (0, InvitationState.OFFERED, 1)
    assert seen.url == reverse("admin:board_stuck", args=[program.slug, "undelivered"])


def test_an_invitation_without_a_clock_can_be_accepted(program):
    invitation = told(program)

    invitations.accept(invitation, by=invitation.seat.entry.application.applicant, at=MONDAY + 90 * DAY)

    assert Grant.objects.count() == 1


def test_a_reminder_is_written_once_after_half_of_the_time(program):
    invitation = told(program)
    deliver()
    half = fresh(invitation).remind_at

    written = [clocks.remind_owed(at=at) for at in (half - timedelta(seconds=1), half, half + DAY)]

    letter = Letter.objects.get(kind="onboarding/invitation_reminder")
    assert written == [0, 1, 0]
    assert "by Monday 30 November 2026, 12:00 (UTC)" in letter.text


def test_who_has_answered_is_not_reminded(program):
    invitation = told(program)
    deliver()
    invitations.decline(invitation, by=invitation.seat.entry.application.applicant, at=MONDAY)

    assert clocks.remind_owed(at=MONDAY + 30 * DAY) == 0


def test_a_reminder_in_time_leaves_the_deadline_alone(program):
    invitation = told(program)
    deliver()
    was = fresh(invitation).expires_at
    clocks.remind_owed(at=invitation.remind_at)

    deliver(at=invitation.remind_at)

    assert (fresh(invitation).reminder_delivered_at, invitation.expires_at) == (invitation.remind_at, was)


def test_a_reminder_that_came_late_gives_a_day_from_its_sending(program):
    """Elsewhere a reminder went out seconds before the automatic refusal (physionet #2528)."""
    invitation = told(program)
    deliver()
    late = fresh(invitation).expires_at - timedelta(seconds=30)
    clocks.remind_owed(at=late)
    deliver(at=late)

    assert invitations.expire_due(at=late + timedelta(hours=23)) == 0
    assert fresh(invitation).expires_at >= late + timedelta(hours=24)
    assert invitations.expire_due(at=invitation.expires_at) == 1


def test_nothing_runs_out_whose_reminder_was_never_sent(program):
    invitation = told(program)
    deliver()
    clocks.remind_owed(at=fresh(invitation).remind_at)
    give_up("invitation_reminder")

    assert invitations.expire_due(at=MONDAY + 365 * DAY) == 0
    assert [group.people for group in stuck.groups(program, MONDAY) if "given up" in group.name] == [1]
    assert invitations.accept(
        invitation, by=invitation.seat.entry.application.applicant, at=MONDAY + 365 * DAY
    )


def test_what_is_open_for_a_day_runs_out_without_a_reminder(program):
    type(program).objects.update(invitation_days=1)
    invitation = told(program)
    deliver()

    assert fresh(invitation).remind_at is None
    assert invitations.expire_due(at=invitation.expires_at) == 1


def test_starting_forty_clocks_takes_as_many_statements_as_starting_one(program):
    told(program)
    letters.send_owed(at=MONDAY)
    with CaptureQueriesContext(connection) as one:
        clocks.start_owed(at=MONDAY)
    for _ in range(40):
        make_entry(program)
    waitlist.admit(program, by="beat", at=MONDAY)
    invitations.tell_owed(at=MONDAY)
    letters.send_owed(at=MONDAY)

    with CaptureQueriesContext(connection) as forty:
        clocks.start_owed(at=MONDAY)

    assert Invitation.objects.filter(delivered_at=None).count() == 0
    assert len(forty) == len(one)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"expires_at": MONDAY + DAY}, "invitation_clock_runs_from_its_letter"),
        ({"delivered_at": MONDAY}, "invitation_clock_runs_from_its_letter"),
        ({"delivered_at": MONDAY, "expires_at": MONDAY}, "invitation_clock_runs_from_its_letter"),
        ({"reminded_at": MONDAY}, "invitation_reminded_in_order"),
        ({"decline_reason": "No"}, "decline_reason_when_declined"),
        (
            {
                "delivered_at": MONDAY,
                "remind_at": MONDAY,
                "reminded_at": MONDAY,
                "reminder_delivered_at": MONDAY + 6 * DAY + timedelta(hours=1),
                "expires_at": MONDAY + 7 * DAY,
            },
            "invitation_ends_a_day_after_its_reminder",
        ),
    ],
)
def test_the_database_refuses_a_clock_without_its_letter(program, changes, refused):
    invitation = told(program)

    with pytest.raises(IntegrityError, match=refused), transaction.atomic():
        Invitation.objects.filter(pk=invitation.pk).update(**changes)


def test_the_page_names_no_deadline_before_there_is_one(client, program):
    alice = make_user("alice")
    invitation = told(program, owner=make_owner(alice), applicant=alice)
    client.force_login(alice)

    page = client.get(
        reverse("application", args=[invitation.seat.entry.application.number])
    ).content.decode()

    assert "You are invited." in page
    assert "Your time starts when our letter to you is sent; you then have at least 7 days." in page


def test_the_rule_of_the_deadline_is_on_the_programs_page(client, program):
    page = client.get(reverse("program", args=[program.slug])).content.decode()

    assert "9 to 17 in your time zone, moves on to 17:00 of the next working day" in page
    assert (deadlines.OPENS.hour, deadlines.CLOSES.hour) == (9, 17)
