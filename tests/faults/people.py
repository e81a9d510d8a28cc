"""Invited people with a browser of their own, for tests that go over HTTP."""

import logging

from django.conf import settings
from django.test import Client

from accounts.models import User
from audit import clock
from demo.visitor import Visitor
from devstack.stack import Stack
from onboarding.domain import invitations, waitlist
from onboarding.models import Application, Program
from tests.factories import accept_guidelines, make_entry, make_rate, make_user

logging.getLogger("httpx").setLevel(
    logging.WARNING
)  # it names whole addresses; a client, no part of the site
NAMES = ("ana", "ben", "cleo", "dan", "eva")


def seat(program: Program) -> dict[str, Application]:
    """Put everybody of NAMES into the line, seat and invite them: each has a letter and has not answered."""
    at, seated = clock.now(), {}
    make_rate(program, 100, from_at=at)
    for name in NAMES:
        applicant = make_user(name)
        accept_guidelines(applicant, at=at)
        seated[name] = make_entry(program, at=at, applicant=applicant).application
    waitlist.admit(program, by="test", at=clock.now())
    invitations.tell_owed(at=clock.now())
    return seated


def visitor(stack: Stack, user: User) -> Visitor:
    """Return somebody signed in."""
    client = Client()
    client.force_login(user)
    made = Visitor(stack.url("web"))
    made.http.cookies.set(settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value)
    return made
