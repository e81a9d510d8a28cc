"""A report counted by a worker of rq, as in the admin."""

import subprocess
import sys
from datetime import timedelta

import django_rq
import pytest
from django.conf import settings

from audit import clock
from tests import processes
from tests.factories import make_application
from tests.transparency.making import pia, seal_all
from transparency import jobs
from transparency.domain import figures, quarters, reports

pytestmark = pytest.mark.django_db(transaction=True)
WORKER = ["manage.py", "rqworker", "default", "--burst", "--worker-class", "rq.worker.SimpleWorker"]


def test_a_worker_of_rq_counts_it_and_tells_how_far_it_is(tmp_path):
    django_rq.get_queue("default").empty()
    at = clock.now()
    quarter = quarters.of(quarters.of(at).start - timedelta(days=1))
    make_application(at=quarter.start + timedelta(days=9))
    seal_all(quarter=quarter, at=at)
    asked = reports.ask(quarter, by=pia(), at=at)

    jobs.enqueue(asked)
    environment = processes.environment(GATEHOUSE_PRIVATE="", GATEHOUSE_DATA=str(tmp_path))
    subprocess.run(
        [sys.executable, *WORKER], cwd=settings.BASE_DIR, env=environment, timeout=120, check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    asked.refresh_from_db()

    assert (asked.state, asked.done, asked.total) == ("draft", 30, 30)
    assert asked.digest == figures.digest(figures.count(quarter, asked.seal))
