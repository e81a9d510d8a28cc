"""What rq runs for a staff member who waits for a report. Nothing here is on Celery as well (ADR 1)."""

import logging

import django_rq
from django.utils.translation import gettext_noop
from rq.timeouts import JobTimeoutException

from audit import clock
from onboarding.domain import runs
from transparency.domain import reports
from transparency.domain.figures import TotalsDiffer
from transparency.domain.suppression import Computable
from transparency.models import Report
from transparency.states import ReportState

log = logging.getLogger(__name__)
LONGEST = 1_800  # seconds a count may take


def enqueue(report: Report) -> None:
    """Ask a worker to count; call it after the commit. Raises what the queue's client raises."""
    django_rq.get_queue("default").enqueue("transparency.jobs.build", report.pk, job_timeout=LONGEST)


def build(pk: int) -> Report | None:
    """Count one report; None where there is nothing to do, or another worker has it. Safe to deliver twice."""
    with runs.held(runs.Kind.REPORT, pk) as mine:
        report = reports.begin(pk) if mine else None
        return _build(report) if report else None


def _build(report: Report) -> Report:
    try:
        return reports.build(report, at=clock.now())
    except (Computable, TotalsDiffer) as refusal:
        reports.fail(report, str(refusal), at=clock.now())
    except JobTimeoutException:
        reports.fail(
            report, gettext_noop("It took longer than half an hour. Ask the worker again."), at=clock.now()
        )
    except Exception:
        reports.fail(
            report, gettext_noop("Something unforeseen stopped it; the log says what."), at=clock.now()
        )
        log.exception("Report %s stopped.", report.pk)
    return Report.objects.get(pk=report.pk)


def is_under_way(report: Report) -> bool:
    return report.state in (ReportState.WAITING, ReportState.RUNNING)
