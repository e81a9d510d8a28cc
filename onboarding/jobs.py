"""What rq runs for a staff member who is waiting in the admin. Nothing here is on Celery as well (ADR 1)."""

import logging

import django_rq
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rq.timeouts import JobTimeoutException

from accounts.languages import spoken
from audit import clock
from onboarding.domain import import_jobs, imports, line_bulks, picks, runs
from onboarding.domain.imports import Outcome, Problem
from onboarding.domain.mappings import BadMapping, Mapping, plain
from onboarding.domain.questions import NoQuestions
from onboarding.domain.records import UnreadableFile
from onboarding.models import ImportJob, LineBulk, PickList
from policies.domain.guidelines import NoGuidelines

log = logging.getLogger(__name__)
WORKER = "rq"
LONGEST = 3_600  # seconds a run may take
TOOK_TOO_LONG = gettext_lazy("It took longer than an hour. Run it again: it goes on where it stopped.")
REFUSALS = (UnreadableFile, BadMapping, imports.ClosedToImports, NoQuestions, NoGuidelines)


def enqueue(job: ImportJob) -> None:
    """Ask a worker to run the import; call it after the commit. Raises what the queue's client raises."""
    django_rq.get_queue("default").enqueue("onboarding.jobs.run_import", job.pk, job_timeout=LONGEST)


def run_import(job_id: int) -> None:
    """Run one import from the start; whatever an earlier run kept is skipped. Safe to deliver twice."""
    with runs.held(runs.Kind.IMPORT, job_id) as mine:
        job = import_jobs.begin(job_id, by=WORKER, at=clock.now()) if mine else None
        if job:
            with translation.override(spoken(job.asked_by.language)):  # the report is for who asked for it
                _run(job)


def _run(job: ImportJob) -> None:
    try:
        outcome = _import(job)
    except REFUSALS as refusal:
        import_jobs.fail(job, str(refusal), by=WORKER, at=clock.now())
    except OSError as error:
        import_jobs.fail(
            job,
            _("The uploaded file cannot be read: %(strerror)s.") % {"strerror": error.strerror},
            by=WORKER,
            at=clock.now(),
        )
    except JobTimeoutException:
        import_jobs.fail(job, TOOK_TOO_LONG, by=WORKER, at=clock.now())
    except Exception:
        import_jobs.fail(
            job, _("Something unforeseen stopped it; the log says what."), by=WORKER, at=clock.now()
        )
        log.exception("Import %s stopped.", job.pk)
    else:
        import_jobs.finish(job, outcome, by=WORKER, at=clock.now())


def _import(job: ImportJob) -> Outcome:
    def told(outcome: Outcome, problems: list[Problem]) -> None:
        import_jobs.tell_progress(job, outcome)

    with job.file.storage.open(job.file.name, "rb") as stream:
        return imports.import_list(
            stream,
            name=job.file_name,
            program=job.program,
            mapping=Mapping({plain(name): key for name, key in job.mapping.items()}),
            owner=job.owner,
            by=job.asked_by,
            at=clock.now(),
            told=told,
        )


def enqueue_line_bulk(bulk: LineBulk) -> None:
    """Ask a worker to run the bulk; call it after the commit. Raises what the queue's client raises."""
    django_rq.get_queue("default").enqueue("onboarding.jobs.run_line_bulk", bulk.pk, job_timeout=LONGEST)


def run_line_bulk(bulk_id: int) -> None:
    """Change what is left of a bulk, chunk by chunk. Safe to deliver twice."""
    with runs.held(runs.Kind.LINE_BULK, bulk_id) as mine:
        while mine and line_bulks.change_chunk(bulk_id, at=clock.now()):
            pass


def enqueue_pick_list(asked: PickList) -> None:
    """Ask a worker to ask the people of a list; call it after the commit. Raises what the queue's client raises."""
    django_rq.get_queue("default").enqueue("onboarding.jobs.run_pick_list", asked.pk, job_timeout=LONGEST)


def run_pick_list(list_id: int) -> None:
    """Ask who is left of a list, chunk by chunk. Safe to deliver twice."""
    with runs.held(runs.Kind.PICK_LIST, list_id) as mine:
        while mine and picks.ask_chunk(list_id, at=clock.now()):
            pass
