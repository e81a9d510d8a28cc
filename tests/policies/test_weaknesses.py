from html.parser import HTMLParser

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.models import LedgerEntry
from policies import markdown
from policies.domain import weaknesses
from policies.models import KnownWeakness
from tests.factories import MONDAY, make_user

pytestmark = pytest.mark.django_db


def test_each_text_is_the_next_version():
    paula = make_user("paula")
    first = weaknesses.publish("code", text="It invents names.", by=paula, at=MONDAY)
    second = weaknesses.publish("code", text="It invents names and numbers.", by=paula, at=MONDAY)
    other = weaknesses.publish("image", text="It miscounts fingers.", by=paula, at=MONDAY)

    assert [(text.program, text.version) for text in (first, second, other)] == [
        ("code", 1),
        ("code", 2),
        ("image", 1),
    ]
    assert weaknesses.current("code") == second
    assert weaknesses.current("speech") is None


def test_publishing_is_recorded_with_the_fingerprint():
    made = weaknesses.publish("code", text="It invents names.", by=make_user("paula"), at=MONDAY)

    entry = LedgerEntry.objects.get(event="weaknesses.published")
    assert entry.details == {"program": "code", "version": 1, "text_hash": made.text_hash}


def test_the_same_text_again_changes_nothing():
    first = weaknesses.publish("code", text="It invents names.\n", by="test", at=MONDAY)

    assert weaknesses.publish("code", text="  It invents names.\r\n", by="test", at=MONDAY) == first
    assert (KnownWeakness.objects.count(), LedgerEntry.objects.count()) == (1, 1)


def test_an_empty_text_is_refused():
    with pytest.raises(weaknesses.NoText):
        weaknesses.publish("code", text=" \n", by="test", at=MONDAY)


def test_the_database_refuses_to_change_a_text():
    weaknesses.publish("code", text="It invents names.", by="test", at=MONDAY)

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        KnownWeakness.objects.update(text="It is perfect.")


def test_markdown_becomes_html_under_the_pages_own_heading():
    assert (
        markdown.rendered("# Numbers\n\nIt *invents* them.")
        == "<h2>Numbers</h2>\n<p>It <em>invents</em> them.</p>\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://evil.example/x.png)",
        "<img src=x onerror=alert(1)>",
        '[x](https://a.example "onmouseover=alert(1)")',
        "<a href='#' style='position:fixed'>x</a>",
    ],
)
def test_nothing_that_runs_or_looks_elsewhere_gets_through(text):
    found = seen(markdown.rendered(text))

    assert {tag for tag, _ in found} <= markdown.TAGS
    assert {name for _, attributes in found for name, _ in attributes} <= {"href", "rel", "title"}
    assert all(
        to.startswith("https://") for _, attributes in found for name, to in attributes if name == "href"
    )


def seen(html: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the tags of some HTML with their attributes, as a browser would find them."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, attributes))
    parser.feed(html)
    return found


@settings(max_examples=300, deadline=None)
@given(st.text("<>[]()!\"'`*_#-=|:&;javscriptonheflmgx/ \n", max_size=80))
def test_whatever_is_typed_only_the_known_tags_come_out(text):
    assert {tag for tag, _ in seen(markdown.rendered(text))} <= markdown.TAGS
