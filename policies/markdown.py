"""Markdown that staff write, as HTML that is safe to show: the one place that marks such text as safe."""

import re

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TEXT = {
    "p",
    "br",
    "em",
    "strong",
    "del",
    "a",
    "code",
    "pre",
    "blockquote",
    "hr",
    "h2",
    "h3",
    "h4",
    "ul",
    "ol",
    "li",
}
TAGS = TEXT | {"table", "thead", "tbody", "tr", "th", "td"}
UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\ufffe\uffff]")  # what XML 1.0, and so a feed, cannot hold (2.2)
BREAKS = re.compile("[\x0b\x0c]")  # nor these, which word processors write between lines
HEADINGS_DOWN = str.maketrans("123456", "234444")  # a page has one h1: its own

_reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def printable(text: str) -> str:
    """Return a text without the characters that no feed can hold; what breaks a line elsewhere breaks it here."""
    return UNPRINTABLE.sub("", BREAKS.sub("\n", text))


def rendered(text: str) -> SafeString:
    """Return the HTML of CommonMark with tables; raw HTML, pictures, scripts and odd addresses are left out."""
    tokens = _reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = token.tag.translate(HEADINGS_DOWN)
    cleaned = nh3.clean(
        _reader.renderer.render(tokens, _reader.options, {}),
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="nofollow noopener",
    )
    return mark_safe(cleaned)
