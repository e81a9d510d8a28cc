"""The queue as CSV: what the desk shows its asker and nothing else, one file whatever is delivered twice."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from audit import clock, ledger
from reviews.admin import queue_csv
from reviews.domain import claims, queue_exports
from reviews.models import QueueExport
from tests.factories import make_organisation, make_program, make_reviewer, make_user
from tests.reviews.making import make_case

pytestmark = pytest.mark.django_db
EXPORTS = "/admin/reviews/case/exports/"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    kept = settings.STORAGES["default"] | {"OPTIONS": {"location": tmp_path / "files", "base_url": None}}
    settings.STORAGES = settings.STORAGES | {"default": kept}


def asked(client, query=""):
    """Return the export that a click on the desk asks for, written as a worker writes it."""
    client.post(EXPORTS, {"query": query})
    export = QueueExport.objects.latest("pk")
    queue_csv.run(export.pk)
    export.refresh_from_db()
    return export


def read(client, export):
    answer = client.get(f"{EXPORTS}{export.pk}/queue.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_has_a_row_for_each_case_the_desk_shows(client, bob):
    case = make_case(title="Chess, and more")
    claims.claim(case, by=make_reviewer("bea"), at=clock.now())

    (row,) = read(client, asked(client))

    assert (row["title"], row["number"], row["state"], row["with"]) == (
        "Chess, and more",
        case.application.number,
        "claimed",
        "Bea",
    )


def test_the_filters_of_the_page_are_those_of_the_file(client, bob):
    program = make_program("chess")
    make_case(program, title="Ours", lane="hold")
    make_case(program, title="Other lane", lane="notify")
    make_case(title="Other program", lane="hold")

    rows = read(client, asked(client, "?program=chess&lane=hold&q=our"))

    assert [row["title"] for row in rows] == ["Ours"]


def test_a_case_one_has_a_part_in_is_not_in_the_file(client, bob):
    alice = make_user("alice")
    make_organisation(alice, bob)
    make_case(title="Mine", applicant=alice)
    make_case(title="Theirs")

    assert [row["title"] for row in read(client, asked(client))] == ["Theirs"]


def test_every_download_is_on_record_with_who_took_it(client, bob):
    make_case()
    export = asked(client)

    read(client, export), read(client, export)

    rows = [row for row in ledger.of(export) if row.event == "export.taken"]
    assert [(row.actor, row.details["rows"], row.details["sha256"]) for row in rows] == [
        (f"user:{bob.pk}", 1, export.sha256)
    ] * 2


def test_what_is_not_written_or_not_ones_own_is_neither_handed_out_nor_recorded(client, bob):
    mine = queue_exports.ask(by=bob, at=clock.now(), query="")
    theirs = queue_exports.ask(by=make_reviewer("bea"), at=clock.now(), query="")

    for export in (mine, theirs):
        with pytest.raises(queue_exports.NothingToTake):
            queue_exports.take(export, by=bob, at=clock.now())
    assert client.get(f"{EXPORTS}{mine.pk}/queue.csv").status_code == 404
    assert "export.taken" not in [row.event for row in (*ledger.of(mine), *ledger.of(theirs))]


@pytest.mark.parametrize("title", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(client, bob, title):
    make_case(title=title)

    (row,) = read(client, asked(client))

    assert row["title"] == f"'{title}"


def test_a_job_delivered_twice_writes_one_file_and_is_recorded_once(client, bob, tmp_path):
    make_case()
    export = asked(client)
    before = QueueExport.objects.values().get()

    queue_csv.run(export.pk)

    assert QueueExport.objects.values().get() == before
    assert len(list(Path(tmp_path).rglob("*.csv"))) == 1
    assert [row.event for row in ledger.of(export)] == ["export.asked", "export.started", "export.finished"]


def test_a_run_that_died_is_begun_again_and_writes_over_its_file(client, bob, tmp_path):
    make_case()
    export = queue_exports.ask(by=bob, at=clock.now(), query="")
    queue_exports.begin(export.pk, by="rq", at=clock.now())
    default_storage.save(export.stored_as, io.BytesIO(b"half a li"))

    queue_csv.run(export.pk)

    export.refresh_from_db()
    assert (export.state, len(list(Path(tmp_path).rglob("*.csv"))), len(read(client, export))) == (
        "done",
        1,
        1,
    )


def test_nobody_but_who_asked_reads_it(client, bob):
    export = asked(client)
    client.force_login(make_reviewer("bea"))

    answers = [
        client.get(f"{EXPORTS}{export.pk}/{name}").status_code for name in ("", "queue.csv", "progress.json")
    ]

    assert answers == [404, 404, 404]


def test_who_reviews_no_more_gets_no_file(client, bob):
    client.post(EXPORTS)
    bob.groups.clear()
    export = QueueExport.objects.get()

    queue_csv.run(export.pk)

    export.refresh_from_db()
    assert (export.state, client.get(f"{EXPORTS}{export.pk}/queue.csv").status_code) == ("failed", 403)


def test_the_file_and_the_words_of_the_search_are_gone_after_some_days(client, bob, tmp_path):
    make_case()
    export = asked(client, "?q=alice")
    later = export.asked_at + queue_exports.KEPT

    dropped = [
        queue_exports.drop_old(at=later - timedelta(seconds=1)),
        *(queue_exports.drop_old(at=later) for _ in "12"),
    ]

    export.refresh_from_db()
    assert (dropped, export.state, export.query) == ([0, 1, 0], "dropped", "")
    assert (list(Path(tmp_path).rglob("*.csv")), client.get(f"{EXPORTS}{export.pk}/").status_code) == (
        [],
        200,
    )


def test_progress_says_how_far_it_is(client, bob):
    make_case()
    client.post(EXPORTS)
    number = QueueExport.objects.get().pk
    before = client.get(f"{EXPORTS}{number}/progress.json").json()
    queue_csv.run(number)
    after = client.get(f"{EXPORTS}{number}/progress.json").json()

    assert [(p["says"], p["done"], p["finished"]) for p in (before, after)] == [
        ("Waiting for a worker.", 0, False),
        ("1 of 1 cases written.", 1, True),
    ]


def test_what_failed_can_be_asked_for_again(client, bob):
    export = queue_exports.ask(by=bob, at=clock.now(), query="")
    queue_exports.begin(export.pk, by="rq", at=clock.now())
    queue_exports.fail(export, "The disk is full.", by="rq", at=clock.now())

    client.post(f"{EXPORTS}{export.pk}/again/")

    export.refresh_from_db()
    assert (export.state, export.problem) == ("waiting", "")
