"""Files for tests, made here byte by byte: harmless ones, and each way in which one can lie."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, NumberObject, TextStringObject

MEGABYTE = 1024 * 1024
PAGE = b"<!DOCTYPE html><html><body onload=alert(1)></body></html>"


def image(form: str, size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, (11, 110, 110)).save(made, form, **options)
    return made.getvalue()


def png(**options: object) -> bytes:
    return image("PNG", **options)


def jpeg(**options: object) -> bytes:
    return image("JPEG", **options)


def pdf(change: Callable[[PdfWriter], object] | None = None, *, pages: int = 1) -> bytes:
    writer, made = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    if change:
        change(writer)
    writer.write(made)
    return made.getvalue()


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.html", PAGE)
    return made.getvalue()


def zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", b"\0" * (30 * MEGABYTE))
    return made.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """Return an image with one more chunk before its end."""
    whole = png()
    return whole[:-12] + chunk(kind, data) + whole[-12:]


def vast_png() -> bytes:
    """Return 60,000 × 60,000 pixels in a few kilobytes."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 500_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def moving_png() -> bytes:
    made, frames = io.BytesIO(), [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(made, "PNG", save_all=True, append_images=frames[1:])
    return made.getvalue()


def with_comment(text: bytes) -> bytes:
    """Return a JPEG with a comment segment."""
    whole = jpeg()
    return whole[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + whole[2:]


def many_scans() -> bytes:
    """Return a progressive JPEG that repaints itself two hundred times."""
    whole = jpeg(progressive=True)
    start = whole.rindex(b"\xff\xda")
    return whole[:start] + whole[start:-2] * 200 + whole[-2:]


def packed(writer: PdfWriter, data: bytes) -> DecodedStreamObject:
    stream = DecodedStreamObject()
    stream.set_data(data)
    return stream.flate_encode()


def bomb(writer: PdfWriter) -> None:
    """Put a page's content of 300 megabytes into some kilobytes."""
    stream = DecodedStreamObject()
    stream.set_data(b"")
    encoded = stream.flate_encode()
    encoded._data = zlib.compress(b"\0" * (300 * MEGABYTE), 9)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(encoded)


def vast_picture(writer: PdfWriter) -> None:
    stream = packed(writer, b"\0")
    stream[NameObject("/Subtype")] = NameObject("/Image")
    stream[NameObject("/Width")] = stream[NameObject("/Height")] = NumberObject(90_000)
    writer._add_object(stream)


def action(kind: str) -> Callable[[PdfWriter], None]:
    def add(writer: PdfWriter) -> None:
        does = {NameObject("/S"): NameObject(kind), NameObject("/F"): TextStringObject("calc.exe")}
        writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): DictionaryObject(does)})

    return add


def script(writer: PdfWriter) -> None:
    does = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(does)


def hidden_script(writer: PdfWriter) -> None:
    """Hide a script where no page leads to it."""
    does = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    writer._add_object(DictionaryObject(does))


GOOD = {"pdf": pdf, "png": png, "jpeg": jpeg}
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "a page named as an image": (lambda: PAGE, "unknown"),
    "an archive": (archive, "unknown"),
    "a zip bomb": (zip_bomb, "unknown"),
    "a program": (lambda: b"\x7fELF" + b"\0" * 100, "unknown"),
    "another image": (lambda: image("GIF"), "unknown"),
    "a drawing that runs": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>', "unknown"),
    "a document after some bytes": (lambda: b"\n" + pdf(), "unknown"),
    "an image and an archive": (lambda: png() + archive(), "more_inside"),
    "an image and a page": (lambda: png() + PAGE, "more_inside"),
    "an image and a word": (lambda: png() + b"hello", "more_inside"),
    "an image and a document": (lambda: png() + pdf(), "more_inside"),
    "a photograph and an archive": (lambda: jpeg() + archive(), "more_inside"),
    "a photograph and a byte": (lambda: jpeg() + b"\0", "more_inside"),
    "a page in a comment": (lambda: with_comment(PAGE), "more_inside"),
    "an archive in a comment": (lambda: with_comment(archive()), "more_inside"),
    "a document in a comment": (lambda: with_comment(pdf()), "more_inside"),
    "a page in a text chunk": (lambda: with_chunk(b"tEXt", b"a\0" + PAGE), "more_inside"),
    "a document in a chunk of its own": (lambda: with_chunk(b"prVt", pdf()), "more_inside"),
    "a document and an archive": (lambda: pdf() + archive(), "more_inside"),
    "a document and a page": (lambda: pdf() + PAGE, "more_inside"),
    "a document in a document": (lambda: pdf()[:-6] + pdf() + b"%%EOF\n", "more_inside"),
    "a page in a document": (lambda: pdf().replace(b"%PDF-1.3\n", b"%PDF-1.3\n%" + PAGE + b"\n"), "more_inside"),
    "half an image": (lambda: png(size=(400, 300))[:-20], "broken"),
    "an image with a wrong checksum": (lambda: png()[:-16] + b"\0\0\0\0" + png()[-12:], "broken"),
    "half a photograph": (lambda: jpeg()[:-40], "broken"),
    "a photograph that is only its head": (lambda: jpeg()[:30], "broken"),
    "half a document": (lambda: pdf()[:200], "broken"),
    "a document of nothing": (lambda: b"%PDF-1.7\n%%EOF\n", "broken"),
    "60,000 by 60,000 pixels": (vast_png, "too_much"),
    "a text chunk that unpacks to 30 megabytes": (
        lambda: with_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * (30 * MEGABYTE), 9)),
        "too_much",
    ),
    "two hundred scans": (many_scans, "too_much"),
    "a moving image": (moving_png, "moving"),
    "a page's content of 300 megabytes": (lambda: pdf(bomb), "too_much"),
    "a picture of 90,000 by 90,000": (lambda: pdf(vast_picture), "too_much"),
    "201 pages": (lambda: pdf(pages=201), "too_many_pages"),
    "a locked document": (lambda: pdf(lambda writer: writer.encrypt("secret")), "encrypted"),
    "a script": (lambda: pdf(script), "active"),
    "a script nobody refers to": (lambda: pdf(hidden_script), "active"),
    "a script under another spelling": (
        lambda: pdf(hidden_script).replace(b"/JavaScript", b"/J#61vaScript"),
        "active",
    ),
    "a file inside": (lambda: pdf(lambda writer: writer.add_attachment("a.exe", b"MZ")), "active"),
    "a program to start": (lambda: pdf(action("/Launch")), "active"),
    "a form that is sent away": (lambda: pdf(action("/SubmitForm")), "active"),
    "another document to open": (lambda: pdf(action("/GoToR")), "active"),
    "a picture that moves": (lambda: pdf(action("/Rendition")), "active"),
}  # fmt: skip
