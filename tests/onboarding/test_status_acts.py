"""What the applicant can do on the page of an application: answer an invitation, leave the line, withdraw."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.domain import clocks, waitlist
from onboarding.models import Grant
from onboarding.states import ApplicationState, EntryState, InvitationState
from outbox.models import Letter
from tests.factories import (
    MONDAY,
    deliver,
    make_application,
    make_entry,
    make_organisation,
    make_program,
    make_rate,
    make_user,
)
from tests.onboarding import standings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def page(client, application, **kwargs):
    return client.get(reverse("application", args=[application.number]), **kwargs).content.decode()


def post(client, name, application, **data):
    return client.post(reverse(name, args=[application.number]), data, follow=True)


def state_of(application):
    application.refresh_from_db()
    return application.state


@pytest.mark.parametrize("name", ["withdraw", "leave", "invitation"])
def test_an_act_asks_for_signing_in_first_and_changes_nothing(client, name):
    entry = make_entry()

    response = client.post(reverse(name, args=[entry.application.number]), {"answer": "accept"})

    entry.refresh_from_db()
    assert response.url.startswith(reverse("account_login"))
    assert (entry.state, state_of(entry.application)) == (EntryState.WAITING, ApplicationState.APPROVED)


@pytest.mark.parametrize("name", ["withdraw", "leave", "invitation"])
def test_looking_at_an_act_does_nothing(client, alice, name):
    application, invitation = standings.invited(alice)

    address = reverse(name, args=[application.number])
    answers = {client.get(address, {"answer": "accept"}).status_code for _ in range(50)}

    invitation.refresh_from_db()
    assert (answers, invitation.state) == ({405}, InvitationState.OFFERED)


def test_a_mail_scanner_that_follows_every_link_changes_nothing(client, alice):
    """It opens each address of the letter and of the page behind it, by GET and HEAD, with and without its session."""
    application, invitation = standings.invited(alice)
    letter = Letter.objects.get(kind="onboarding/invitation")
    links = re.findall(r"http://[^\s\"<]+", letter.text + letter.html)
    pages = [*links, *re.findall(r'(?:href|action)="(/[^"#]*)"', page(client, application))]

    for _ in range(2):
        for scanner in (client, Client()):
            for address in pages:
                scanner.head(address)
                scanner.get(address, {"answer": "accept"})

    invitation.refresh_from_db()
    assert links
    assert (invitation.state, invitation.answered_at) == (InvitationState.OFFERED, None)


@pytest.mark.parametrize("name", ["withdraw", "leave", "invitation"])
def test_an_act_from_another_site_is_refused(alice, name):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)
    application, invitation = standings.invited(alice)

    response = careful.post(reverse(name, args=[application.number]), {"answer": "accept"})

    invitation.refresh_from_db()
    assert (response.status_code, invitation.state) == (403, InvitationState.OFFERED)


def test_accepting_gives_a_grant_and_leads_to_access(client, alice):
    application, _ = standings.invited(alice)

    response = post(client, "invitation", application, answer="accept")

    assert response.redirect_chain == [(reverse("access"), 302)]
    assert "You have accepted." in response.content.decode()
    assert Grant.objects.get().application == application


def test_accepting_twice_gives_one_grant(client, alice):
    application, _ = standings.invited(alice)

    for _ in range(2):
        response = post(client, "invitation", application, answer="accept")

    assert (response.status_code, Grant.objects.count()) == (200, 1)


def test_declining_leaves_the_line(client, alice):
    application, _ = standings.invited(alice)

    response = post(client, "invitation", application, answer="decline")

    assert "You declined the invitation on 23 November 2026." in response.content.decode()
    assert (state_of(application), Grant.objects.count()) == (ApplicationState.LAPSED, 0)


def test_accepting_what_was_declined_is_refused_in_words(client, alice):
    application, _ = standings.invited(alice)
    post(client, "invitation", application, answer="decline")

    response = post(client, "invitation", application, answer="accept")

    assert "This invitation is declined; nothing was changed." in response.content.decode()
    assert Grant.objects.count() == 0


def test_accepting_too_late_is_refused_in_words(client, alice, now):
    application, invitation = standings.invited(alice)
    clocks.remind_owed(at=invitation.remind_at)
    deliver(at=invitation.remind_at)
    now(invitation.expires_at)

    response = post(client, "invitation", application, answer="accept")

    assert "This invitation has expired; nothing was changed." in response.content.decode()
    assert Grant.objects.count() == 0


def test_answering_without_an_invitation_is_refused_in_words(client, alice):
    application = make_entry(applicant=alice).application

    response = post(client, "invitation", application, answer="accept")

    assert "There is no invitation to answer yet; nothing was changed." in response.content.decode()


def test_an_unknown_answer_changes_nothing(client, alice):
    application, invitation = standings.invited(alice)

    response = post(client, "invitation", application, answer="perhaps")

    invitation.refresh_from_db()
    assert "Choose to accept or to decline" in response.content.decode()
    assert invitation.state == InvitationState.OFFERED


def test_a_member_accepts_for_the_organisation(client, alice):
    organisation = make_organisation(make_user("bob"), alice)
    program = make_program()
    make_rate(program, 5)
    application = make_entry(program, owner=standings.owner_of(organisation)).application
    waitlist.admit(program, by="beat", at=MONDAY)

    post(client, "invitation", application, answer="accept")

    assert Grant.objects.get().owner == application.owner


def test_leaving_the_line_lapses_the_approval(client, alice):
    entry = make_entry(applicant=alice)

    response = post(client, "leave", entry.application)

    entry.refresh_from_db()
    assert (entry.state, state_of(entry.application)) == (EntryState.LEFT, ApplicationState.LAPSED)
    assert "You left the line on 23 November 2026." in response.content.decode()


def test_nobody_leaves_a_line_they_are_not_in(client, alice):
    application, _ = standings.invited(alice)

    response = post(client, "leave", application)

    assert "has no place in line to give up; nothing was changed." in response.content.decode()


@pytest.mark.parametrize("state", ["submitted", "in_review", "information_requested"])
def test_an_application_under_way_can_be_withdrawn(client, alice, state):
    application = make_application(applicant=alice, state=state)
    offered = "Withdraw the application" in page(client, application)

    post(client, "withdraw", application)

    assert (offered, state_of(application)) == (True, ApplicationState.WITHDRAWN)


@pytest.mark.parametrize("state", ["approved", "rejected", "withdrawn", "lapsed"])
def test_a_settled_application_cannot_be_withdrawn(client, alice, state):
    application = make_application(applicant=alice, state=state)
    offered = "Withdraw the application" in page(client, application)

    response = post(client, "withdraw", application)

    assert (offered, state_of(application)) == (False, state)
    assert "it cannot become “withdrawn”" in response.content.decode()


def test_withdrawing_a_draft_leads_back_to_the_list(client, alice):
    application = make_application(applicant=alice, state=ApplicationState.DRAFT)

    response = post(client, "withdraw", application)

    assert response.redirect_chain == [(reverse("applications"), 302)]
    assert state_of(application) == ApplicationState.WITHDRAWN
    assert "Withdrawn" in page(client, application)
