"""The imports of the admin: uploaded by a manager, run by a real rq worker, watched, reported, run again."""

import csv
import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import django_rq
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from audit import clock, ledger
from audit.events import Event
from audit.spreadsheets import harmless
from onboarding import jobs
from onboarding.admin.imports import SHOWN
from onboarding.domain import import_jobs
from onboarding.models import Application, ImportJob
from onboarding.models.imports import ImportState
from tests import processes
from tests.factories import make_manager, make_program, make_staff, make_user

pytestmark = pytest.mark.django_db(transaction=True)
LIST = b"id,title\n1,One\n2\n3,Three\n"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    """Keep uploads in a directory of the test's own, where the worker finds them too."""
    kept = settings.STORAGES["default"] | {"OPTIONS": {"location": tmp_path / "files", "base_url": None}}
    settings.STORAGES = settings.STORAGES | {"default": kept}
    django_rq.get_queue("default").empty()
    return tmp_path / "files"


@pytest.fixture
def dora(client):
    manager = make_manager("dora")
    client.force_login(manager)
    return manager


@pytest.fixture
def start_worker(files):
    """Start workers of rq on this test's servers, which end when the queue is empty or the test is over."""
    words = ["manage.py", "rqworker", "default", "--burst", "--worker-class", "rq.worker.SimpleWorker"]
    started: list[subprocess.Popen] = []

    def start() -> subprocess.Popen:
        environment = processes.environment(GATEHOUSE_PRIVATE="", GATEHOUSE_DATA=str(files.parent))
        nothing = subprocess.DEVNULL
        command = [sys.executable, *words]
        started.append(
            subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=nothing, stderr=nothing)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def work(start_worker):
    """Let a worker of rq do what is in the queue."""
    return lambda: start_worker().wait(timeout=120)


def upload(
    client, program, content: bytes = LIST, *, name: str = "list.csv", follow: bool = False, fields=None
):
    given = {"program": program.slug, "file": SimpleUploadedFile(name, content)} | (fields or {})
    return client.post(reverse("admin:import"), given, follow=follow)


def asked(program, content: bytes = LIST, *, by=None) -> ImportJob:
    return import_jobs.ask(
        program, file=SimpleUploadedFile("list.csv", content), by=by or make_manager("mona"), at=clock.now()
    )


def test_upload_is_run_by_a_worker_and_reported(client, dora, files, work):
    answer = upload(client, make_program())
    job = ImportJob.objects.get()
    assert (answer.url, job.state) == (reverse("admin:import_report", args=[job.pk]), ImportState.WAITING)
    assert "Waiting for a worker" in client.get(answer.url).content.decode()

    work()

    job.refresh_from_db()
    assert (job.state, job.rows, job.imported, job.failed) == (ImportState.DONE, 3, 2, 1)
    assert job.errors == [{"line": 3, "problem": "The row has 1 cell; the first line names 2 columns."}]
    assert (job.bytes_read, job.file.name, list(files.rglob("*.csv"))) == (len(LIST), "", [])
    assert Application.objects.count() == 2
    assert [(e.event, e.actor) for e in ledger.of(job)] == [
        (Event.IMPORT_ASKED, f"user:{dora.pk}"),
        (Event.IMPORT_STARTED, "system:rq"),
        (Event.IMPORT_FINISHED, "system:rq"),
    ]
    page = client.get(answer.url).content.decode()
    assert "2 of 3 rows imported" in page
    assert "the first line names 2 columns" in page


def test_upload_with_owner_and_mapping_reaches_the_rows(client, dora, work):
    alice = make_user("alice")
    mapping = "Company: legal_name\nwhat: title"

    upload(
        client,
        make_program(),
        b"what,Company\nChess,Pygma\n",
        fields={"owner": "Alice@Example.org", "mapping": mapping},
    )
    work()

    kept = Application.objects.get()
    assert (kept.applicant, kept.answers) == (alice, {"title": "Chess", "legal_name": "Pygma"})


def test_uploaded_file_lies_outside_every_served_directory(client, dora, files):
    upload(client, make_program())

    path = Path(ImportJob.objects.get().file.path)
    served = [settings.STATIC_ROOT, *settings.STATICFILES_DIRS]
    assert files in path.parents
    assert not [folder for folder in served if Path(folder) in path.parents]


@pytest.mark.parametrize(
    ("content", "fields", "says"),
    [
        (b"", {}, "empty"),
        (b"PK\x03\x04", {}, "spreadsheet"),
        (b"id,label\n1,x\n", {}, "No column is called title"),
        (LIST, {"program": "nowhere"}, "Select a valid choice"),
        (LIST, {"owner": "nobody@example.org"}, "must sign up first"),
        (LIST, {"mapping": "topic: no_such"}, "which the form does not have"),
        (LIST, {"mapping": "purpose: detail"}, "no such column"),
    ],
)
def test_upload_that_could_never_work_is_refused_at_once(client, dora, content, fields, says):
    answer = upload(client, make_program(), content, fields=fields)

    assert says in answer.content.decode()
    assert ImportJob.objects.count() == 0


def test_progress_is_told_as_the_script_reads_it(client, dora):
    job = asked(make_program())
    ImportJob.objects.filter(pk=job.pk).update(rows=1200, imported=1100, skipped=99, failed=1, bytes_read=7)

    answer = client.get(reverse("admin:import_progress", args=[job.pk]))

    assert answer.json() == {
        "done": 7, "total": len(LIST), "says": "Waiting for a worker.", "finished": False, "url": None,
    }  # fmt: skip
    assert "no-store" in answer["Cache-Control"]


def test_file_that_cannot_be_imported_fails_with_its_sentence_and_can_be_asked_for_again(client, dora, work):
    upload(client, make_program(), b"id,title\n\n")
    work()
    job = ImportJob.objects.get()
    assert (job.state, job.problem) == (ImportState.FAILED, "The file has no row to import.")

    answer = client.post(reverse("admin:import_again", args=[job.pk]))

    job.refresh_from_db()
    assert [e.event for e in ledger.of(job)][2:] == [Event.IMPORT_FAILED, Event.IMPORT_ASKED]
    assert (answer.status_code, job.state, django_rq.get_queue("default").count) == (
        302,
        ImportState.WAITING,
        1,
    )


def test_killed_worker_shows_as_failed_and_the_next_run_adds_the_rest_once(client, dora, start_worker, work):
    content = b"id,title\n" + b"".join(b"%d,Use %d\n" % (n, n) for n in range(4_000))
    upload(client, make_program(), content)
    job = ImportJob.objects.get()
    page = reverse("admin:import_report", args=[job.pk])
    worker = start_worker()
    while not Application.objects.exists():
        assert worker.poll() is None
        time.sleep(0.05)
    assert "rows read" in client.get(page).content.decode()

    worker.send_signal(signal.SIGKILL)
    worker.wait()
    processes.until(
        lambda: "The worker stopped half way" in client.get(page).content.decode(), "the failed import"
    )
    client.post(reverse("admin:import_again", args=[job.pk]))
    django_rq.get_queue("default").empty()
    jobs.enqueue(job)
    work()

    job.refresh_from_db()
    assert (job.state, job.rows, job.failed) == (ImportState.DONE, 4_000, 0)
    assert job.skipped > 0
    assert (Application.objects.count(), job.imported + job.skipped) == (4_000, 4_000)
    call_command("check_invariants", stdout=io.StringIO())


def test_job_delivered_many_times_imports_once(start_worker):
    job = asked(make_program())
    for _ in range(4):
        jobs.enqueue(job)

    workers = [start_worker() for _ in range(3)]

    assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0]
    job.refresh_from_db()
    assert (job.state, job.imported, Application.objects.count()) == (ImportState.DONE, 2, 2)
    assert ledger.of(job).count() == 3
    call_command("check_invariants", stdout=io.StringIO())


def test_import_that_is_done_cannot_be_run_again(client, dora, work):
    upload(client, make_program())
    work()
    job = ImportJob.objects.get()

    answer = client.post(reverse("admin:import_again", args=[job.pk]), follow=True)

    assert "it cannot become waiting" in answer.content.decode()
    job.refresh_from_db()
    assert job.state == ImportState.DONE


def test_queue_out_of_reach_keeps_the_file_and_says_so(client, dora, monkeypatch):
    def away(*args):
        raise ConnectionError

    monkeypatch.setattr(jobs.django_rq, "get_queue", away)

    answer = upload(client, make_program(), follow=True)

    assert "the queue could not be reached" in answer.content.decode()
    assert ImportJob.objects.get().state == ImportState.WAITING


def test_report_shows_the_first_problems_and_the_download_has_all(client, dora, work):
    upload(client, make_program(), b"id,title\n9,Nine\n" + b"1\n" * (SHOWN + 50))
    work()
    job = ImportJob.objects.get()

    page = client.get(reverse("admin:import_report", args=[job.pk])).content.decode()
    download = client.get(reverse("admin:import_problems", args=[job.pk]))

    assert page.count("the first line names 2 columns") == SHOWN
    rows = list(csv.reader(io.StringIO(download.content.decode("utf-8-sig"))))
    assert (rows[0], len(rows)) == (["line", "problem"], SHOWN + 51)
    assert download["Content-Disposition"] == f'attachment; filename="import-{job.pk}-problems.csv"'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_download_holds_no_formula(client, dora, text):
    job = asked(make_program())
    ImportJob.objects.filter(pk=job.pk).update(errors=[{"line": 1, "problem": text}])

    body = client.get(reverse("admin:import_problems", args=[job.pk])).content.decode("utf-8-sig")

    assert next(csv.reader(io.StringIO(body.partition("\n")[2], newline="")))[1] == f"'{text}"
    assert harmless("as it is") == "as it is"


@pytest.mark.parametrize(
    ("name", "method"),
    [("import", "get"), ("import", "post"), ("import_report", "get"), ("import_progress", "get"),
     ("import_problems", "get"), ("import_again", "post"), ("onboarding_importjob_changelist", "get")],
)  # fmt: skip
def test_pages_are_for_those_with_the_duty(client, name, method):
    job = asked(make_program())
    address = reverse(f"admin:{name}", args=[job.pk] if name.startswith("import_") else [])
    answers = {}
    for who in (
        None,
        make_user("charlie"),
        make_staff("bob", Role.REVIEWER),
        make_staff("ann", Role.AUDITOR),
    ):
        client.logout()
        if who:
            client.force_login(who)
        answers[who] = getattr(client, method)(address).status_code

    assert list(answers.values()) == [302, 302, 403, 403]
    job.refresh_from_db()
    assert (ImportJob.objects.count(), job.state) == (1, ImportState.WAITING)


def test_again_changes_nothing_by_get(client, dora):
    assert client.get(reverse("admin:import_again", args=[asked(make_program()).pk])).status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_the_database_as_often_with_one_import_as_with_three(client, dora, count):
    program, mona = make_program(), make_manager("mona")
    for _ in range(count):
        asked(program, by=mona)
    address = reverse("admin:onboarding_importjob_changelist")
    client.get(address)

    with CaptureQueriesContext(connection) as captured:
        page = client.get(address).content.decode()

    assert (page.count("data-row"), len([q for q in captured if "onboarding_importjob" in q["sql"]])) == (
        count,
        1,
    )


def test_database_refuses_a_step_that_is_not_in_the_table():
    job = asked(make_program())

    with pytest.raises(IntegrityError, match="no step from state waiting to done"):
        ImportJob.objects.filter(pk=job.pk).update(state=ImportState.DONE)
