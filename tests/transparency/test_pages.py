"""The public pages: what they say, what they ask of the database, the files beside them."""

import csv
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.test import Client

from audit import seals
from audit.models import Seal
from devstack import test_results
from tests.factories import MONDAY, make_application
from tests.transparency.making import IN_IT, make_draft, make_published
from transparency.domain import figures, guarantees
from transparency.domain import seals as chains

pytestmark = pytest.mark.django_db
REPORT = "/transparency/2026Q3/"


def get(path: str):
    return Client().get(path)


def test_without_a_report_the_page_says_so():
    assert b"No report is published yet" in get("/transparency/").content


def test_a_draft_is_not_public():
    make_draft()

    assert get(REPORT).status_code == 404
    assert b"2026Q3" not in get("/transparency/").content


def test_the_report_shows_each_figure_with_its_meaning_and_its_query():
    for _ in range(7):
        make_application(at=IN_IT, state="submitted")
    make_published()

    page = get(REPORT).content.decode()

    assert page.count("The query that made these figures") == 24
    assert '<a href="#apps_received-query">8</a>' in page
    assert 'id="apps_received-definition"' in page
    assert "FROM audit_ledgerentry e" in page


def test_every_link_within_the_page_leads_somewhere():
    import re

    make_published()
    page = get(REPORT).content.decode()

    wanted = set(re.findall(r'href="#([\w-]+)"', page)) | set(
        " ".join(re.findall(r'aria-labelledby="([\w -]+)"', page)).split()
    )
    there = re.findall(r' id="([\w-]+)"', page)
    assert (sorted(wanted - set(there)), len(there) - len(set(there))) == ([], 0)


def test_pages_ask_little_of_the_database(django_assert_num_queries):
    make_published()

    for path, queries in (
        ("/transparency/", 1),
        (REPORT, 2),
        (f"{REPORT}1/report.csv", 1),
        ("/transparency/seals/", 1),
    ):
        with django_assert_num_queries(queries):
            assert get(path).status_code == 200


def test_the_json_file_is_the_frozen_text_byte_for_byte():
    report = make_published()

    answer = get(f"{REPORT}1/report.json")

    assert (figures.digest(answer.content.decode()), answer["ETag"]) == (report.digest, f'"{report.digest}"')
    assert json.loads(answer.content)["quarter"] == "2026Q3"


def test_the_csv_has_a_row_for_each_figure_and_says_what_is_hidden():
    make_published()

    rows = list(csv.DictReader(StringIO(get(f"{REPORT}1/report.csv").content.decode())))

    one = next(r for r in rows if (r["metric"], r["figure"]) == ("apps_received", "kind/access"))
    assert (one["value"], one["shown"]) == ("", "no")
    assert len(rows) > 100


def test_an_earlier_version_stays_and_says_that_it_was_corrected():
    make_published()
    for _ in range(9):
        make_application(at=IN_IT, state="submitted")
    make_published(why="Nine had been left out.", at=MONDAY + timedelta(days=1))

    old, new = get(f"{REPORT}1/").content.decode(), get(REPORT).content.decode()

    assert "This version was corrected." in old
    assert "Nine had been left out." in new
    assert "hidden, or not there" in new


@pytest.mark.parametrize(
    "path", ["2026Q3/2/", "2026Q3/99999999999/", "2026Q3/7/report.json", "2026Q5/", "2031Q1/"]
)
def test_what_is_not_there_is_not_found(path):
    make_published()

    assert get(f"/transparency/{path}").status_code == 404


def sealed(times: int) -> None:
    for _ in range(times):
        make_application(at=IN_IT)
        seals.seal(at=MONDAY)


def test_the_chain_can_be_followed_from_file_to_file(monkeypatch):
    sealed(3)
    monkeypatch.setattr(chains, "A_PAGE", 2)
    monkeypatch.setattr(chains.chain, "__kwdefaults__", {"after": 0, "most": 2})

    first = get("/transparency/seals.json").json()
    rest = get(first["next"]).json()

    links = [chains.Link(**each) for each in first["seals"] + rest["seals"]]
    assert ([link.number for link in links], rest["next"]) == ([1, 2, 3], None)
    assert chains.broken(links, kept=links[:2]) == ""


def test_a_rewritten_ledger_is_noticed_by_who_kept_a_copy():
    sealed(3)
    kept = chains.chain()
    changed = [*kept[:1], chains.Link(2, kept[1].sealed_at, kept[0].hash, "0" * 64), kept[2]]

    assert chains.broken(changed, kept=kept) == "Seal 3 does not follow seal 2."
    assert chains.broken(changed[:2], kept=kept) == "Seal 2 is not what it was."
    assert chains.broken(kept[:2], kept=kept) == "Seal 3 is gone."


def test_the_seals_page_tells_neither_entries_nor_how_many():
    sealed(1)

    said = get("/transparency/seals.json").json()["seals"][0]

    assert set(said) == {"number", "sealed_at", "previous", "hash"}
    assert said["hash"] == Seal.objects.get().hash


def test_older_seals_are_a_page_away():
    sealed(2)

    page = get("/transparency/seals/?before=2").content.decode()

    assert ('id="seal-1"' in page, 'id="seal-2"' in page) == (True, False)


def test_without_results_the_guarantees_were_not_run_here(settings, tmp_path):
    settings.TEST_RESULTS = tmp_path / "none.json"

    page = get("/transparency/guarantees/").content.decode()

    assert "Not run here" in page
    assert page.count("not run here") == len(guarantees.read(settings.BASE_DIR / "docs/guarantees.md", None))


def test_a_guarantee_shows_what_came_of_its_tests_where_they_ran(settings, tmp_path):
    settings.TEST_RESULTS = tmp_path / "results.json"
    outcomes = {
        "tests/faults/test_races.py::test_a": "passed",
        "tests/faults/test_races.py::test_b[x]": "failed",
        "tests/onboarding/test_weeks.py::test_c": "skipped",
        "tests/elsewhere/test_other.py::test_d": "failed",
    }
    test_results.write(settings.TEST_RESULTS, outcomes, commit="abcdef123456789", changed=True)

    rows = guarantees.read(
        settings.BASE_DIR / "docs/guarantees.md", guarantees.results(settings.TEST_RESULTS)
    )
    page = get("/transparency/guarantees/").content.decode()

    assert (rows[0].passed, rows[0].failed, rows[0].skipped, rows[0].holds) == (1, 1, 1, False)
    assert "Tested at commit abcdef123456," in page
    assert "The files differed from that commit." in page


def test_a_test_is_found_by_its_name_too(tmp_path):
    file = tmp_path / "results.json"
    document = tmp_path / "guarantees.md"
    document.write_text("| 1 | It holds. | by hand: `test_it_holds` | nothing |\n")
    test_results.write(file, {"tests/a/test_b.py::test_it_holds[one]": "passed"}, commit="c", changed=False)

    (row,) = guarantees.read(document, guarantees.results(file))

    assert (row.promise, row.passed, row.holds) == ("It holds.", 1, True)


def test_results_of_one_commit_add_up_and_those_of_another_begin_anew(tmp_path):
    file = tmp_path / "results.json"
    test_results.write(file, {"a": "passed"}, commit="one", changed=False)
    test_results.write(file, {"b": "failed"}, commit="one", changed=False)
    both = guarantees.results(file).tests
    test_results.write(file, {"c": "passed"}, commit="two", changed=False)

    assert (both, guarantees.results(file).tests) == ({"a": "passed", "b": "failed"}, {"c": "passed"})


def test_a_broken_file_of_results_is_no_result(tmp_path):
    file = tmp_path / "results.json"
    file.write_text("{")

    with pytest.raises(guarantees.NoResults):
        guarantees.results(file)
