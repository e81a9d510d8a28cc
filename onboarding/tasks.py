"""Onboarding's payers, for Celery: each reads the clock once and makes one call. All may run twice."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task

from audit import clock
from onboarding import projection
from onboarding.domain import (
    acknowledgements,
    attachments,
    backtests,
    clocks,
    counts,
    erasure,
    freezes,
    guards,
    invitations,
    keys,
    picks,
    renewals,
    rule_notices,
    sealing,
    stages,
    waitlist,
    weakness_notices,
)
from onboarding.models import Program
from onboarding.states import Stage

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
    """Ask each program's freeze rules, open its week when it is due, and give its free seats."""
    for program in Program.objects.admitting():
        with going_on(f"admitting to {program.slug}"):
            freezes.settle(program, at=clock.now())  # where its rules cannot be asked, nobody is admitted
            if program.stage == Stage.OPEN:
                stages.widen_open(program, by="beat", at=clock.now())
            waitlist.admit(program, by="beat", at=clock.now())


@shared_task
def check_forecasts() -> None:
    """Judge the forecasts of programs in which a week has begun."""
    backtests.check_owed(at=clock.now())


@shared_task
def fold_counts() -> None:
    """Fold what was counted since."""
    counts.fold_owed()


@shared_task
def take_stages() -> None:
    """Take the changes of stage whose time has come, and write to those whom they touch."""
    at = clock.now()
    for pay in (stages.take_due, stages.tell_owed):
        with going_on(pay.__name__):
            pay(at=at)


@shared_task
def tell_invitations() -> None:
    """Write the letters of untold invitations."""
    invitations.tell_owed(at=clock.now())


@shared_task
def run_clocks() -> None:
    """Start the clocks of invitations whose letters were sent, remind, and count the reminders that were sent."""
    at = clock.now()
    for run in (clocks.start_owed, clocks.remind_owed, clocks.count_reminders):
        with going_on(run.__name__):
            run(at=at)


@shared_task
def expire_due() -> None:
    """Expire invitations, picks, keys, overlaps and grants whose time is over; write the letters before keys end."""
    at = clock.now()
    for expire in (
        invitations.expire_due,
        picks.expire_due,
        keys.expire_due,
        keys.end_overlaps,
        keys.tell_ends,
        renewals.expire_due,
    ):
        with going_on(f"{expire.__module__}.{expire.__name__}"):
            expire(at=at)


@shared_task
def remind_owed() -> None:
    """Remind of renewals; ask for acknowledgement of changed guidelines and rules, limit and restore access by it."""
    at = clock.now()
    for pay in (
        renewals.remind_owed,
        renewals.drop_moot,
        acknowledgements.keep_owed,
        acknowledgements.ask_owed,
        acknowledgements.limit_due,
        acknowledgements.restore_owed,
        rule_notices.tell_owed,
        weakness_notices.tell_owed,
    ):
        with going_on(f"{pay.__module__}.{pay.__name__}"):
            pay(at=at)


@shared_task
def wipe_owed() -> None:
    """Wipe sealed answers whose decision is told."""
    sealing.wipe_owed(at=clock.now())


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


@shared_task
def drop_old_readings() -> None:
    """Delete readings of freeze rules that were kept long enough."""
    guards.drop_old(at=clock.now())
