"""Say what a file is by its content, in a process of its own: `python -I inspection.py < file` prints one word.

The word is a kind ("pdf", "png", "jpeg") or what is wrong with the file. Decoders are where files attack, so this runs
without Django, without the project, and within bounds of memory and time that the kernel keeps. A file is taken only
if it is one thing from its first byte to its last: what two programs could read as two things is refused.
"""

import io
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

MEMORY = 1 << 30  # bytes of this process
SECONDS = 10  # of processor time
MOST_PIXELS = 40_000_000
MOST_SCANS = 100  # of a progressive JPEG; each repaints the whole image
MOST_PAGES = 200
MOST_OBJECTS = 50_000
MOST_UNPACKED = 100_000_000  # bytes of all streams of a PDF together
MOST_DEPTH = 60

PNG, JPEG, PDF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%PDF-"
WEB_PAGE = re.compile(rb"<(?:!doctype|html|script|iframe|body|svg)[\s>/]", re.IGNORECASE)
# A local header of an archive with a version and a method that exist; four bytes alone occur by chance.
ARCHIVE = re.compile(
    rb"PK\x03\x04[\x00-\x3f][\x00-\x0d].{2}[\x00\x08\x09\x0c\x0e\x5d\x5f\x62\x63]\x00", re.DOTALL
)
OTHER_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
SCAN_END = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")

# Names in a PDF that run something, carry files, or send what is typed. As a key, as an action (/S), as a subtype.
KEYS = {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent", "/Launch"}
ACTIONS = {
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound",
    "/RichMediaExecute", "/GoTo3DView",
}  # fmt: skip
SUBTYPES = {"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D", "/EmbeddedFile"}
IN_THE_RAW = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData)(?![A-Za-z])")
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


class Wrong(Exception):
    """`args[0]` is the word for what is wrong."""


def kind_of(data: bytes) -> str:
    """Return the kind of a whole, single, harmless file. Raises Wrong."""
    if not data:
        raise Wrong("empty")
    checks = {PNG: _png, JPEG: _jpeg, PDF: _pdf}
    check = next((check for magic, check in checks.items() if data.startswith(magic)), None)
    if check is None:
        raise Wrong("unknown")
    _one_thing_only(data)
    return check(data)


def _one_thing_only(data: bytes) -> None:
    """Refuse what another program could take for a page, an archive or a second document."""
    if WEB_PAGE.search(data) or ARCHIVE.search(data) or any(mark in data for mark in OTHER_ARCHIVES):
        raise Wrong("more_inside")
    if data.find(PDF, 1) >= 0 or zipfile.is_zipfile(io.BytesIO(data)):
        raise Wrong("more_inside")


def _png(data: bytes) -> str:
    place, kind = len(PNG), b""
    while kind != b"IEND":
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if len(kind) < 4:
            raise Wrong("broken")
        if kind == b"acTL":
            raise Wrong("moving")
        body = memoryview(data)[place + 4 : place + 8 + size]
        if int.from_bytes(data[place + 8 + size : place + 12 + size], "big") != zlib.crc32(body):
            raise Wrong("broken")
        place += 12 + size
    if place != len(data):
        raise Wrong("more_inside" if place < len(data) else "broken")
    _decode(data, "PNG")
    return "png"


def _jpeg(data: bytes) -> str:
    place, scans = 2, 0
    while True:
        if data[place : place + 1] != b"\xff":
            raise Wrong("broken")
        while data[place : place + 1] == b"\xff":
            place += 1
        mark = data[place] if place < len(data) else 0
        place += 1
        if mark == 0xD9:
            break
        if mark in (0x00, 0x01) or 0xD0 <= mark <= 0xD8:
            raise Wrong("broken")
        size = int.from_bytes(data[place : place + 2], "big")
        if size < 2:
            raise Wrong("broken")
        place += size
        if mark == 0xDA:
            scans += 1
            found = SCAN_END.search(data, place)
            if found is None or scans > MOST_SCANS:
                raise Wrong("too_much" if found else "broken")
            place = found.end() - 2
    if place != len(data):
        raise Wrong("more_inside")
    _decode(data, "JPEG")
    return "jpeg"


def _decode(data: bytes, form: str) -> None:
    """Decode the whole image, after its header has said that it is not too large."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=(form,)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Wrong("too_much")
            if getattr(image, "n_frames", 1) > 1:
                raise Wrong("moving")
            image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Wrong("too_much") from error
    except ValueError as error:  # a packed text chunk that unpacks to more than a megabyte
        raise Wrong("too_much" if "too large" in str(error) else "broken") from error
    except (OSError, SyntaxError, EOFError, IndexError, KeyError, TypeError) as error:
        raise Wrong("broken") from error


def _pdf(data: bytes) -> str:
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise Wrong("broken")
    if data[end + 5 :].strip(b"\r\n\t \0"):
        raise Wrong("more_inside")
    if IN_THE_RAW.search(ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), data)):
        raise Wrong("active")
    from pypdf import PdfReader, overwrite_configuration
    from pypdf.errors import LimitReachedError, PyPdfError

    overwrite_configuration(
        maximum_declared_stream_length=len(data), zlib_maximum_output_length=MOST_UNPACKED,
        lzw_maximum_output_length=MOST_UNPACKED, run_length_maximum_output_length=MOST_UNPACKED,
        page_tree_maximum_entries=10 * MOST_PAGES, stream_filters_maximum_length=4, jbig2dec_binary=None,
    )  # fmt: skip
    try:
        reader = PdfReader(io.BytesIO(data), xref_stream_maximum_entries=10 * MOST_OBJECTS)
        if reader.is_encrypted or "/Encrypt" in reader.trailer:
            raise Wrong("encrypted")
        if not 0 < len(reader.pages) <= MOST_PAGES:
            raise Wrong("too_many_pages" if len(reader.pages) else "broken")
        _walk(reader)
    except LimitReachedError as error:
        raise Wrong("too_much") from error
    except Wrong:
        raise
    except (
        PyPdfError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OSError,
        ArithmeticError,
    ) as error:
        raise Wrong("broken") from error
    return "pdf"


def _walk(reader: Any) -> None:
    """Look at every object of the file, wherever it hides, and unpack every stream within one bound."""
    from pypdf.generic import IndirectObject, StreamObject

    numbers = {(number, generation) for generation, there in reader.xref.items() for number in there}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MOST_OBJECTS:
        raise Wrong("too_much")
    unpacked = 0
    _look_at(reader.trailer, 0)
    for number, generation in sorted(numbers):
        if number == 0:
            continue
        found = reader.get_object(IndirectObject(number, generation, reader))
        _look_at(found, 0)
        if isinstance(found, StreamObject):
            unpacked += _unpacked(found)
            if unpacked > MOST_UNPACKED:
                raise Wrong("too_much")


def _look_at(found: Any, depth: int) -> None:
    if depth > MOST_DEPTH:
        raise Wrong("too_much")
    if isinstance(found, dict):
        values = dict(_raw(found))
        does, is_a = (
            str(values.get("/S", "")),
            {str(values.get("/Subtype", "")), str(values.get("/Type", ""))},
        )
        if KEYS & values.keys() or does in ACTIONS or is_a & SUBTYPES:
            raise Wrong("active")
        for value in values.values():
            _look_at(value, depth + 1)
    elif isinstance(found, list):
        for value in list.__iter__(found):
            _look_at(value, depth + 1)


def _raw(found: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the entries of a dictionary; references stay references, each object is looked at by itself."""
    return ((str(key), dict.__getitem__(found, key)) for key in dict.__iter__(found))


def _unpacked(stream: Any) -> int:
    """Return how many bytes a stream unpacks to; an image counts by its pixels."""
    from pypdf.filters import decode_stream_data

    width, height = stream.get("/Width", 0), stream.get("/Height", 0)
    if width and height and int(width) * int(height) > MOST_PIXELS:
        raise Wrong("too_much")
    named = stream.get("/Filter", [])
    filters = {str(one) for one in (named if isinstance(named, list) else [named])}
    if filters & {"/DCTDecode", "/DCT", "/JPXDecode", "/CCITTFaxDecode", "/CCF", "/JBIG2Decode"}:
        if not (width and height):
            raise Wrong("broken")
        return int(width) * int(height)
    return len(decode_stream_data(stream))


def main() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (most, most))
    try:
        said = kind_of(sys.stdin.buffer.read())
    except Wrong as wrong:
        said = wrong.args[0]
    except (MemoryError, RecursionError):
        said = "too_much"
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
