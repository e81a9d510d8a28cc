"""Onboarding's payers, for Celery: each reads the clock once and makes one call. All may run twice."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task

from audit import clock
from onboarding import projection
from onboarding.domain import attachments, erasure, grants, invitations, keys, waitlist
from onboarding.models import Program

log = logging.getLogger(__name__)


@contextmanager
def going_on(what: str) -> Iterator[None]:
    """Log a failure and go on: what fails for one program or kind must not hold up the others."""
    try:
        yield
    except Exception:
        log.exception("Failed: %s", what)


@shared_task
def admit_due() -> None:
    """Open each program's week when it is due, and give its free seats."""
    for program in Program.objects.admitting():
        with going_on(f"admitting to {program.slug}"):
            waitlist.admit(program, by="beat", at=clock.now())


@shared_task
def tell_invitations() -> None:
    """Write the letters of untold invitations."""
    invitations.tell_owed(at=clock.now())


@shared_task
def expire_due() -> None:
    """Expire invitations, keys, overlaps and grants whose time is over; write the letters before keys end."""
    at = clock.now()
    for expire in (
        invitations.expire_due,
        keys.expire_due,
        keys.end_overlaps,
        keys.tell_ends,
        grants.expire_due,
    ):
        with going_on(f"{expire.__module__}.{expire.__name__}"):
            expire(at=at)


@shared_task
def issue_owed_keys() -> None:
    """Issue the keys that are owed."""
    keys.issue_owed(at=clock.now())


@shared_task
def project_owed() -> None:
    """Bring Redis up to date with what changed."""
    projection.write_owed(at=clock.now())


@shared_task
def erase_owed() -> None:
    """Blank what people who deleted their account leave behind."""
    erasure.erase_owed(at=clock.now())


@shared_task
def sweep_files() -> None:
    """Delete files that a crash left without their row."""
    attachments.sweep(at=clock.now())
