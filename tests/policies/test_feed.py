"""The Atom feed: what RFC 4287 asks of one, and that it says what was published."""

from datetime import datetime
from xml.etree import ElementTree

import pytest

from policies.domain import guidelines
from tests.factories import MONDAY, editor, make_guidelines, publish_guidelines

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def feed(client) -> ElementTree.Element:
    answer = client.get("/guidelines/feed/")
    assert answer["Content-Type"].startswith("application/atom+xml")
    return ElementTree.fromstring(answer.content)


def draft(version: str):
    make_guidelines()
    return guidelines.load(guidelines.shipped() | {"version": version}, by="test", at=MONDAY)


def test_the_feed_has_an_entry_for_each_published_version_newest_first(client):
    publish_guidelines(draft("1.1.0"))
    guidelines.consult(draft("1.2.0"), by=editor("edith"), at=MONDAY)

    titles = [entry.findtext(f"{ATOM}title") for entry in feed(client).findall(f"{ATOM}entry")]

    assert titles == ["Usage guidelines, version 1.1.0", "Usage guidelines, version 1.0.0"]


def test_an_entry_says_from_when_and_whether_it_must_be_acknowledged(client):
    publish_guidelines(draft("1.1.0"))

    newest, first = (entry.findtext(f"{ATOM}summary") for entry in feed(client).findall(f"{ATOM}entry"))

    assert ("acknowledge it by" in newest, "acknowledge it by" in first) == (True, False)


@pytest.mark.parametrize("published", [False, True])
def test_the_feed_is_valid_atom(client, published):
    """RFC 4287, 4.1.1 and 4.1.2: what a feed and an entry must have, each once; ids are full and each another."""
    if published:
        publish_guidelines(draft("1.1.0"))
    root = feed(client)
    entries = root.findall(f"{ATOM}entry")

    for part in (root, *entries):
        assert [len(part.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
        assert datetime.fromisoformat(part.findtext(f"{ATOM}updated")).tzinfo
    assert root.find(f"{ATOM}author/{ATOM}name").text == "Gatehouse"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert (links["self"].endswith("/guidelines/feed/"), links["self"].startswith("http")) == (True, True)
    ids = [part.findtext(f"{ATOM}id") for part in (root, *entries)]
    assert len(set(ids)) == len(ids)
    assert [entry.find(f"{ATOM}link").get("rel") for entry in entries] == ["alternate"] * len(entries)


def test_the_pages_lead_to_the_feed(client):
    make_guidelines()

    assert 'type="application/atom+xml"' in client.get("/guidelines/").content.decode()
