"""The line and its weeks as CSV, by the same worker, pages and rules as the queue."""

import csv
import io
from datetime import timedelta

import pytest

from accounts.roles import Role
from onboarding.domain import waitlist
from reviews.admin import queue_csv
from reviews.models import QueueExport
from tests.factories import (
    MONDAY,
    make_entry,
    make_manager,
    make_program,
    make_rate,
    make_reviewer,
    make_staff,
)
from tests.onboarding.test_board import signed_in

pytestmark = pytest.mark.django_db
EXPORTS = "/admin/reviews/case/exports/"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    kept = settings.STORAGES["default"] | {"OPTIONS": {"location": tmp_path / "files", "base_url": None}}
    settings.STORAGES = settings.STORAGES | {"default": kept}


@pytest.fixture
def program():
    program = make_program("code")
    make_rate(program, 2)
    for n in range(4):
        make_entry(program, at=MONDAY - timedelta(hours=4 - n), title="=cmd()")
    waitlist.admit(program, by="test", at=MONDAY)
    return program


def read(client, what):
    """Return the rows of the file that a click on the board asks for, written as a worker writes it."""
    client.post(f"{EXPORTS}code/{what}/")
    export = QueueExport.objects.latest("pk")
    queue_csv.run(export.pk)
    answer = client.get(f"{EXPORTS}{export.pk}/queue.csv")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_the_file_of_the_line_has_everybody_who_waits_in_order(program):
    rows = read(signed_in(make_manager("mia")), "line")

    waiting = program.entries.waiting().in_order().values_list("application__number", flat=True)
    assert [(row["place"], row["number"]) for row in rows] == [("1", waiting[0]), ("2", waiting[1])]


def test_the_file_of_the_weeks_says_what_became_of_their_seats(program):
    (row,) = read(signed_in(make_staff("axel", Role.AUDITOR)), "weeks")

    assert [row[name] for name in ("limit", "admitted", "accepted", "declined", "ran_out")] == [
        "2", "2", "0", "0", "0",
    ]  # fmt: skip


def test_who_no_longer_sees_the_line_gets_no_file(program):
    mia = make_manager("mia")
    client = signed_in(mia)
    client.post(f"{EXPORTS}code/line/")
    mia.groups.clear()

    queue_csv.run(QueueExport.objects.latest("pk").pk)

    assert QueueExport.objects.latest("pk").problem == "Who asked for it may not see this any more."


def test_a_reviewer_asks_for_no_line_and_nobody_for_what_there_is_not(program):
    bob, mia = signed_in(make_reviewer()), signed_in(make_manager("mia"))

    answers = [
        bob.post(f"{EXPORTS}code/line/"), mia.post(f"{EXPORTS}code/secrets/"), mia.post(f"{EXPORTS}none/line/"),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403, 404, 404]
