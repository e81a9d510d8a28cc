"""The staff's pages: a report asked for and watched, looked over, published; records; statements."""

import csv
import json
from io import StringIO

import django_rq
import pytest
from django.test import Client
from redis.exceptions import ConnectionError as Away

from audit import clock
from tests.enforcement.flagging import make_sanction
from tests.factories import MONDAY, make_application
from tests.transparency.making import IN_IT, THIRD, axel, make_draft, make_published, paul, pia, seal_all
from transparency import jobs
from transparency.domain import reports
from transparency.models import Record, Report

pytestmark = pytest.mark.django_db
BOARD = "/admin/transparency/report/reports/"


@pytest.fixture(autouse=True)
def _on_monday(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: MONDAY)


@pytest.fixture
def asked(monkeypatch):
    """Return what was put into the queue instead of putting it there: no worker runs beside these tests."""
    found = []
    monkeypatch.setattr(jobs, "enqueue", lambda report: found.append(report.pk))
    return found


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_report_is_asked_for_watched_looked_over_and_published(asked):
    make_application(at=IN_IT)
    seal_all()
    editor = browser(pia())

    waiting = editor.post(BOARD, {"quarter": "2026q3"}, follow=True).content.decode()
    (pk,) = asked
    before = editor.get(f"{BOARD}{pk}/progress.json").json()
    jobs.build(pk)
    after = editor.get(f"{BOARD}{pk}/progress.json").json()
    browser(axel()).post(f"{BOARD}{pk}/review/")
    shown = browser(paul()).post(f"{BOARD}{pk}/publish/", follow=True).content.decode()

    assert "Waiting for a worker." in waiting
    assert (before["finished"], after["finished"], after["done"], after["total"]) == (False, True, 30, 30)
    assert "Published for good." in shown
    assert Report.objects.get().version == 1


def test_the_queue_names_the_job_that_counts(monkeypatch):
    report, sent = make_draft(), []

    class Queue:
        def enqueue(self, name, *args, **options):
            sent.append((name, args))

    monkeypatch.setattr(django_rq, "get_queue", lambda name: Queue())
    jobs.enqueue(report)

    assert sent == [("transparency.jobs.build", (report.pk,))]


def test_where_the_queue_is_away_the_page_says_what_to_do(monkeypatch):
    def away(report):
        raise Away

    monkeypatch.setattr(jobs, "enqueue", away)
    make_application(at=IN_IT)
    seal_all()

    page = browser(pia()).post(BOARD, {"quarter": "2026Q3"}, follow=True).content.decode()

    assert "Ask the worker again in a while." in page


@pytest.mark.parametrize("stands", ["waiting", "running", "failed"])
def test_a_report_that_stands_still_or_stopped_is_given_to_a_worker_again(stands, asked):
    make_draft()
    report = reports.ask(THIRD, by=pia(), at=MONDAY)
    if stands != "waiting":
        reports.begin(report.pk)
    if stands == "failed":
        reports.fail(report, "The power went.", at=MONDAY)
    editor, place = browser(pia()), f"{BOARD}{report.pk}/"

    offered = "Ask the worker again" in editor.get(place).content.decode()
    editor.post(f"{place}again/")

    assert (offered, asked, jobs.build(report.pk).state) == (True, [report.pk], "draft")


def test_what_is_counted_is_not_asked_for_again(asked):
    draft = make_draft()

    page = browser(pia()).post(f"{BOARD}{draft.pk}/again/", follow=True).content.decode()

    assert ("it cannot become “waits to be counted”" in page, asked) == (True, [])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"quarter": "soon"}, "is no quarter"),
        ({"quarter": "2026Q4"}, "is not over before"),
        ({"quarter": "2026Q2"}, "is not sealed beyond"),
        ({}, "This field is required"),
    ],
)
def test_what_cannot_be_counted_is_said_at_its_field(said, sentence, asked):
    answer = browser(pia()).post(BOARD, said)

    assert (answer.status_code, sentence in answer.content.decode(), asked) == (422, True, [])


def test_a_second_count_asks_for_a_reason(asked):
    make_published()

    page = browser(pia()).post(BOARD, {"quarter": "2026Q3"}).content.decode()

    assert "Say in a sentence why it is counted again." in page


def test_who_asked_is_offered_no_review_and_told_why_by_post():
    draft = make_draft(by=pia())
    editor = browser(pia())

    offered = editor.get(f"{BOARD}{draft.pk}/").content.decode()
    answer = editor.post(f"{BOARD}{draft.pk}/review/", follow=True).content.decode()

    assert "I looked it over" not in offered
    assert "who counted a report does not review it" in answer


def test_a_record_is_written_down_and_stands_in_the_list():
    editor = browser(pia())

    page = editor.post(
        f"{BOARD}records/",
        {"kind": "authority_request", "on": "2026-08-12", "counts": "Police: 2, court = 1"},
        follow=True,
    ).content.decode()

    assert Record.objects.get().counts == {"police": 2, "court": 1}
    assert "Written down." in page


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"kind": "authority_request", "counts": "many"}, "Write what and how many"),
        ({"kind": "incident"}, "Say it in words"),
        ({"kind": "incident", "words": "x", "replaces": 7}, "There is no such record."),
        ({"kind": "lesson", "words": "x"}, "Select a valid choice"),
        ({"words": "x"}, "This field is required"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(said, sentence):
    answer = browser(pia()).post(f"{BOARD}records/", {"on": "2026-08-12"} | said)

    assert (answer.status_code, sentence in answer.content.decode(), Record.objects.count()) == (422, True, 0)


def test_statements_are_taken_as_csv_and_as_json():
    make_sanction()
    auditor = browser(axel())

    as_csv = auditor.get(f"{BOARD}statements/?quarter=2026Q4").content.decode()
    as_json = auditor.get(f"{BOARD}statements/?quarter=2026Q4&as=json").json()

    (row,) = csv.DictReader(StringIO(as_csv))
    assert json.loads(json.dumps(row)) == as_json["statements"][0]


def test_the_board_asks_as_often_for_three_reports_as_for_one(django_assert_num_queries, asked):
    make_draft()
    editor = browser(pia())
    editor.get(BOARD)
    with_one = _queries(editor)
    make_draft()
    make_draft()

    assert _queries(editor) == with_one


def _queries(client: Client) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        assert client.get(BOARD).status_code == 200
    return len(asked)
