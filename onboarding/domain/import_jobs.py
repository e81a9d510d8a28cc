"""Imports that staff ask for in the admin: asked, begun, finished, failed, asked for again.

A worker holds what it runs, see `runs`. Running a list twice is safe: what is there is skipped.
"""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.languages import spoken
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import runs
from onboarding.domain.imports import Outcome
from onboarding.models import ImportJob, Program
from onboarding.models.imports import IMPORT_TRANSITIONS, ImportState

MOST_BYTES = 200 * 1024 * 1024  # of an uploaded file
WORKER_STOPPED = _("The worker stopped half way. Run it again: what was imported is skipped.")


class IllegalMove(Exception):
    def __init__(self, job: ImportJob, to: ImportState):
        super().__init__(
            _("This import is %(state)s; it cannot become %(to)s.")
            % {"state": job.get_state_display().lower(), "to": to.label.lower()}
        )


@transaction.atomic
def ask(
    program: Program,
    *,
    file: File,
    owner: User | None = None,
    mapping: dict[str, str] | None = None,
    by: User,
    at: datetime,
) -> ImportJob:
    """Keep an uploaded file for the worker."""
    job = ImportJob.objects.create(
        program=program,
        file=file,
        file_name=(file.name or "list")[-200:],
        owner=owner,
        mapping=mapping or {},
        bytes_total=file.size,
        asked_at=at,
        asked_by=by,
    )
    ledger.record(
        Event.IMPORT_ASKED, subject=job, actor=by, at=at, program=program.slug, bytes=job.bytes_total
    )
    return job


@transaction.atomic
def ask_again(job: ImportJob, *, by: User, at: datetime) -> ImportJob:
    """Let a failed import wait for the worker once more. Raises IllegalMove."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    job.problem = ""
    _move(job, to=ImportState.WAITING, event=Event.IMPORT_ASKED, by=by, at=at)
    return job


@transaction.atomic
def begin(job_id: int, *, by: ledger.Actor, at: datetime) -> ImportJob | None:
    """Start a waiting import, for whoever holds it; None where nothing is asked of a worker any more."""
    jobs = ImportJob.objects.select_for_update(of=["self"]).select_related("program", "owner", "asked_by")
    job = jobs.get(pk=job_id)
    if job.state == ImportState.RUNNING:  # we hold it, so its worker is dead
        _fail(job, WORKER_STOPPED, by=by, at=at)
        _move(job, to=ImportState.WAITING, event=Event.IMPORT_ASKED, by=by, at=at)
    if job.state != ImportState.WAITING:
        return None
    job.started_at, job.finished_at, job.problem, job.errors, job.bytes_read = at, None, "", [], 0
    for name, figure in _figures(Outcome()).items():
        setattr(job, name, figure)
    _move(job, to=ImportState.RUNNING, event=Event.IMPORT_STARTED, by=by, at=at)
    return job


def tell_progress(job: ImportJob, outcome: Outcome) -> None:
    """Write how far a running import is, for the person who watches it."""
    ImportJob.objects.filter(pk=job.pk).update(**_figures(outcome), bytes_read=outcome.bytes_read)


@transaction.atomic
def finish(job: ImportJob, outcome: Outcome, *, by: ledger.Actor, at: datetime) -> ImportJob:
    """Keep an import's report and let go of its file, which nobody needs any more."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    for name, figure in _figures(outcome).items():
        setattr(job, name, figure)
    job.bytes_read, job.finished_at = outcome.bytes_read, at
    job.errors = [asdict(problem) for problem in outcome.errors]
    stored, job.file = job.file.name, ""
    _move(job, to=ImportState.DONE, event=Event.IMPORT_FINISHED, by=by, at=at, **_figures(outcome))
    transaction.on_commit(partial(job.file.storage.delete, stored), robust=True)
    return job


@transaction.atomic
def fail(job: ImportJob, problem: Any, *, by: ledger.Actor, at: datetime) -> ImportJob:
    """Say why an import stopped; its file stays, so that it can be asked for again."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    _fail(job, problem, by=by, at=at)
    return job


@transaction.atomic
def notice_lost(job: ImportJob, *, by: ledger.Actor, at: datetime) -> ImportJob:
    """Fail an import whose worker is dead; leave every other as it is."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    if job.state == ImportState.RUNNING and not runs.is_held(runs.Kind.IMPORT, job.pk):
        _fail(job, WORKER_STOPPED, by=by, at=at)
    return job


def _fail(job: ImportJob, problem: Any, *, by: ledger.Actor, at: datetime) -> None:
    with translation.override(
        spoken(job.asked_by.language)
    ):  # who asked reads it, whichever worker writes it
        job.problem, job.finished_at = str(problem)[:300], at
    _move(job, to=ImportState.FAILED, event=Event.IMPORT_FAILED, by=by, at=at, rows=job.rows)


def _move(
    job: ImportJob, *, to: ImportState, event: Event, by: ledger.Actor, at: datetime, **figures: Any
) -> None:
    if to not in IMPORT_TRANSITIONS[job.state]:
        raise IllegalMove(job, to)
    job.state = to
    job.save()
    ledger.record(event, subject=job, actor=by, at=at, state=to, **figures)


def _figures(outcome: Outcome) -> dict[str, int]:
    return {name: getattr(outcome, name) for name in ("rows", "imported", "skipped", "failed", "short")}
