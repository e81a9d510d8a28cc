"""Reading an uploaded list as a stream: CSV and JSONL, whole and broken."""

import io
import json

import pytest

from onboarding.domain import records
from onboarding.domain.records import Broken, Record, Records, UnreadableFile


def lines(*rows: object) -> bytes:
    """Return JSON lines; a row given as bytes is taken as it is."""
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def read(source: bytes, name: str) -> list[Record | Broken]:
    return list(Records(io.BytesIO(source), name=name))


def problems_of(source: bytes, name: str = "list.csv") -> list[int]:
    return [found.line for found in read(source, name) if isinstance(found, Broken)]


@pytest.mark.parametrize(
    ("name", "first", "kind"),
    [
        ("a.CSV", b'{"a":1}', "csv"),
        ("a.jsonl", b"id,title", "jsonl"),
        ("a", b' {"title": "x"}', "jsonl"),
        ("a.txt", b"id,title", "csv"),
    ],
)
def test_extension_decides_then_content(name, first, kind):
    assert records.kind_of(name, first) == kind


@pytest.mark.parametrize(("mark", "name"), [(b",", "a.csv"), (b";", "a.csv"), (b"\t", "a.tsv")])
def test_separator_and_byte_order_mark_are_understood(mark, name):
    source = b"\xef\xbb\xbfid" + mark + b"title\n1" + mark + b"=SUM(A1)\n"

    assert read(source, name) == [Record(2, {"id": "1", "title": "=SUM(A1)"})]


def test_quoted_newlines_keep_the_line_of_the_records_start():
    found = read(b'id,title\n1,"a\nb\nc"\n2,d\n\n3\n', "list.csv")

    assert [(r.line, getattr(r, "fields", None)) for r in found] == [
        (2, {"id": "1", "title": "a\nb\nc"}),
        (5, {"id": "2", "title": "d"}),
        (7, None),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        b"2",
        b"2,x,y",
        b"2,\xff\xfe",
        b"2,a\0b",
        b'2,"a" b',
        b"2," + b"x" * 1_000_000,
        b'2,"' + b"x, y\n" * 200_000 + b'"',
        b'2,"' + b"x" * 1_000_000 + b'\n7,looks like a row\n"',
    ],
    ids=[
        "too few",
        "too many",
        "bad UTF-8",
        "NUL",
        "stray quote",
        "1 MB",
        "1 MB of lines",
        "1 MB, then lines",
    ],
)
def test_broken_csv_row_is_named_by_line_and_the_others_are_read(broken):
    found = read(b"id,title\n1,one\n" + broken + b"\n3,three\n", "list.csv")

    assert [(type(r), r.line) for r in found[:2]] == [(Record, 2), (Broken, 3)]
    assert [r.fields for r in found[2:]] == [{"id": "3", "title": "three"}]


def test_text_of_a_broken_quote_is_never_taken_for_a_row():
    assert problems_of(b'id,title\n1,"She said "no",\nand "yes",or so\n9",x\n3,three\n') == [2, 3, 4]


def test_quote_that_never_closes_says_which_lines_it_took():
    found = read(b'id,title\n1,one\n2,"two\n3,three\n', "list.csv")

    assert found[1:] == [Broken(3, "A quoted cell is not closed properly. Lines 3 to 4 were passed over.")]


@pytest.mark.parametrize(
    "broken",
    [
        b"{bad",
        b"[1, 2]",
        b'"text"',
        b"null",
        b'{"title": NaN}',
        b'{"title": 1e999}',
        rb'{"title": "\u0000"}',
        rb'{"title": "\ud800"}',
        rb'{"a": {"b": ["\u0000"]}}',
        b'{"title": "\xff"}',
        b'{"a": ' * 5_000,
        b'{"a": ' + b"[" * 50 + b"]" * 50 + b"}",
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"title": "' + b"x" * 1_000_000 + b'"}',
    ],
    ids=lambda raw: raw[:20].decode(errors="replace"),
)
def test_broken_json_line_is_named_and_the_others_are_read(broken):
    found = read(lines({"title": "one"}, broken, b"", {"title": "three"}), "list.jsonl")

    assert [(type(r), r.line) for r in found] == [(Record, 1), (Broken, 2), (Record, 4)]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"", "empty"),
        (b"\n  \n", "empty"),
        (b"id,title\n", "no row"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\xff\xfei\0d\0", "UTF-16"),
        (b"id,id\n1,2\n", "twice"),
        (b"id,\xff\n1,2\n", "UTF-8"),
        (b'id,"title\n1,2\n', "cannot be read as CSV"),
    ],
)
def test_unreadable_file_is_refused_with_a_sentence(source, says):
    with pytest.raises(UnreadableFile, match=says):
        read(source, "list.csv")


def test_overlong_line_is_passed_over_without_being_held():
    class Stream(io.RawIOBase):
        largest = 0

        def __init__(self):
            self.inner = io.BytesIO(lines({"title": "one"}, b"x" * 30_000_000, {"title": "two"}))

        def readline(self, size=-1):
            assert 0 < size <= records.MOST_BYTES + 1
            return self.inner.readline(size)

    assert [found.line for found in Records(Stream(), name="a.jsonl")] == [1, 2, 3]
