"""Versions, categories and differences: each at an address that stays."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.domain import guidelines
from policies.models import GuidelineVersion
from tests.factories import MONDAY, editor, make_guidelines, put_guidelines_in_force

pytestmark = pytest.mark.django_db
MOST_QUERIES = 25


def edition(number: int, **changes) -> GuidelineVersion:
    """Put in force version 1.<number>.0, whose first category says so."""
    make_guidelines()
    source = guidelines.shipped() | {"version": f"1.{number}.0"} | changes
    first, *others = source["prohibited"]
    source["prohibited"] = [first | {"definition": f"{first['definition']} Edition {number}."}, *others]
    return put_guidelines_in_force(
        guidelines.load(source, by="test", at=MONDAY), at=MONDAY + timedelta(days=number)
    )


def text(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_each_category_of_each_version_has_its_address(client):
    edition(1)

    seen = [
        ("Edition 1." in text(client, f"/guidelines/{version}/child_safety/"))
        for version in ("1.0.0", "1.1.0")
    ]

    assert seen == [False, True]


@pytest.mark.parametrize("address", ["1.0.0/nothing/", "9.9.9/weapons/", "1.0.0/Weapons/", "1.0.0/accept/"])
def test_what_is_not_there_is_not_found(client, address):
    make_guidelines()

    assert client.get(f"/guidelines/{address}").status_code in (404, 302)


def test_a_category_shows_its_lane_its_taxonomies_and_its_versions(client):
    edition(1)

    page = text(client, "/guidelines/1.1.0/child_safety/")

    wanted = ("Refuse.", "AIR-2024: 6.21, 6.22", "/guidelines/1.1.0/changes-since/1.0.0/#child_safety")
    assert [part for part in wanted if part not in page] == []


def test_every_taxonomy_has_its_proper_name(client):
    make_guidelines()

    page = text(client, "/guidelines/1.0.0/child_safety/")

    keys = {name for part in guidelines.shipped()["prohibited"] for name in part["maps"]}
    assert ([key for key in keys if f"{key}:" in page], "EU AI Act: 5(1)(bb)" in page) == ([], True)


def test_the_whole_text_leads_to_each_category(client):
    make_guidelines()

    assert 'href="/guidelines/1.0.0/weapons/"' in text(client, "/guidelines/1.0.0/")


def test_sections_are_shown_as_safe_html(client):
    said = {"id": "spirit", "title": "Spirit", "text": "Be *kind*. <script>alert(1)</script>"}
    edition(1, sections=[said])

    page = text(client, "/guidelines/1.1.0/")

    assert ("<em>kind</em>" in page, "<script>alert" in page) == (True, False)


def test_the_difference_is_told_without_colour(client):
    edition(1)

    page = text(client, "/guidelines/1.1.0/changes-since/1.0.0/")

    assert re.findall(r"<(ins|del)>(.*?)</\1>", page) == [("ins", " Edition 1.")] or re.findall(
        r"<(ins|del)>(.*?)</\1>", page
    ) == [("ins", "Edition 1.")]


def test_any_two_versions_are_compared_either_way_round(client):
    edition(1), edition(2)

    seen = [
        client.get("/guidelines/compare/", {"from": old, "to": new}).url
        for old, new in (("1.0.0", "1.2.0"), ("1.2.0", "1.1.0"))
    ]

    assert seen == ["/guidelines/1.2.0/changes-since/1.0.0/", "/guidelines/1.1.0/changes-since/1.2.0/"]
    assert [client.get(address).status_code for address in seen] == [200, 200]


@pytest.mark.parametrize("chosen", [{}, {"from": "1.0.0"}, {"from": "\0", "to": "x"}])
def test_a_comparison_with_nothing_is_not_found(client, chosen):
    make_guidelines()

    assert client.get("/guidelines/compare/", chosen).status_code == 404


def test_a_version_that_says_the_same_is_said_to(client):
    make_guidelines()

    assert "the two say the same" in text(client, "/guidelines/1.0.0/changes-since/1.0.0/")


def test_all_public_versions_are_listed_and_no_draft(client):
    edition(1)
    for number in ("1.2.0", "1.3.0"):
        guidelines.load(guidelines.shipped() | {"version": number}, by="test", at=MONDAY)
    proposal = GuidelineVersion.objects.get(version="1.3.0")
    guidelines.consult(proposal, by=editor("edith"), at=MONDAY)

    page = text(client, "/guidelines/versions/")

    listed = re.findall(r'<th scope="row"><a href="/guidelines/([\d.]+)/"', page)
    compared = re.findall(r"/guidelines/([\d.]+)/changes-since/([\d.]+)/", page)
    assert (listed, compared) == (["1.3.0", "1.1.0", "1.0.0"], [("1.3.0", "1.1.0"), ("1.1.0", "1.0.0")])


def test_a_proposal_is_read_as_one_and_not_accepted(client):
    make_guidelines()
    draft = guidelines.load(guidelines.shipped() | {"version": "1.1.0"}, by="test", at=MONDAY)
    guidelines.consult(draft, by=editor("edith"), at=MONDAY)
    client.force_login(editor("peter"))

    page = text(client, "/guidelines/1.1.0/")
    client.post("/guidelines/1.1.0/accept/", {"text_hash": draft.text_hash})

    assert ("nothing is judged under it yet" in page, "I have read and accept" in page) == (True, False)
    assert not editor("peter").acceptances.exists()


PAGES = (
    "/guidelines/",
    "/guidelines/versions/",
    "/guidelines/feed/",
    "/guidelines/1.0.0/",
    "/guidelines/1.0.0/child_safety/",
    "/guidelines/1.1.0/changes-since/1.0.0/",
)


def test_no_page_asks_more_the_more_versions_there_are(client):
    edition(1)
    counts = []
    for number in (2, 3):
        edition(number)
        counts.append([])
        for address in PAGES:
            with CaptureQueriesContext(
                connection,
            ) as asked:
                text(client, address)
            counts[-1].append(len(asked))

    assert counts[0] == counts[1]
    assert max(counts[0]) < MOST_QUERIES
