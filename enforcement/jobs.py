"""What rq runs for a staff member who is waiting in the admin. Nothing here is on Celery as well (ADR 1)."""

import logging

import django_rq
from django.utils.translation import gettext_noop
from rq.timeouts import JobTimeoutException

from audit import clock
from enforcement.domain import back_tests
from enforcement.models import BackTest
from onboarding.domain import runs

log = logging.getLogger(__name__)
LONGEST = 1_800  # seconds a run may take


def enqueue(test: BackTest) -> None:
    """Ask a worker to run the back-test; call it after the commit. Raises what the queue's client raises."""
    django_rq.get_queue("default").enqueue("enforcement.jobs.run_back_test", test.pk, job_timeout=LONGEST)


def run_back_test(test_id: int) -> None:
    """Run one back-test from the start. Safe to deliver twice."""
    with runs.held(runs.Kind.BACK_TEST, test_id) as mine:
        test = back_tests.begin(test_id) if mine else None
        if test:
            _run(test)


def _run(test: BackTest) -> None:
    try:
        back_tests.run(test, at=clock.now())
    except JobTimeoutException:
        back_tests.fail(
            test,
            gettext_noop("It took longer than half an hour. Ask for fewer days or a larger sample."),
            at=clock.now(),
        )
    except Exception:
        back_tests.fail(
            test, gettext_noop("Something unforeseen stopped it; the log says what."), at=clock.now()
        )
        log.exception("Back-test %s stopped.", test.pk)
