"""Onboarding's payers, for Celery: each reads the clock once and makes one call. All may run twice."""

from celery import shared_task

from audit import clock
from onboarding import projection
from onboarding.domain import grants, invitations, keys, waitlist
from onboarding.models import Program


@shared_task
def admit_due() -> None:
    """Open each program's week when it is due, and give its free seats."""
    for program in Program.objects.admitting():
        waitlist.admit(program, by="beat", at=clock.now())


@shared_task
def tell_invitations() -> None:
    """Write the letters of untold invitations."""
    invitations.tell_owed(at=clock.now())


@shared_task
def expire_due() -> None:
    """Expire invitations, unopened keys and grants whose time is over."""
    at = clock.now()
    invitations.expire_due(at=at)
    keys.expire_due(at=at)
    grants.expire_due(at=at)


@shared_task
def issue_owed_keys() -> None:
    """Issue the keys that are owed."""
    keys.issue_owed(at=clock.now())


@shared_task
def project_owed() -> None:
    """Bring Redis up to date with what changed."""
    projection.write_owed(at=clock.now())
