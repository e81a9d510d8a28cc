"""Files that applicants send: look at them, keep them, open them, erase them, sweep what was left over.

A file is looked at in a process of its own (`onboarding.domain.inspection`) before anything is locked or stored. It is
written under a random name first and its row after it, in the transaction of what it belongs to: a crash between the
two leaves a file without a row, which `sweep` takes away after a day, and never a row without its file.
"""

import hashlib
import logging
import os
import secrets
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import inspection
from onboarding.models import Application, Attachment
from onboarding.states import FileKind

log = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024
MOST_BYTES = 10 * MEGABYTE  # of one file
MOST_FILES = 5  # with one answer
MOST_OF_ALL = 100 * MEGABYTE  # of one application
WALL_SECONDS = 20  # for looking at one file; its processor time is bounded in `inspection`
FOLDER = "attachments"
ORPHAN_AFTER = timedelta(days=1)  # no transaction that wrote a file is still open then
NAME_MOST = 80  # characters shown, without the ending
ENDINGS = {FileKind.PDF: ".pdf", FileKind.PNG: ".png", FileKind.JPEG: ".jpg"}
CONTENT_TYPES = {FileKind.PDF: "application/pdf", FileKind.PNG: "image/png", FileKind.JPEG: "image/jpeg"}

WRONG: dict[str, Promise] = {
    "too_big": gettext_lazy("“%(name)s” is larger than 10 MB. Make it smaller, or split it."),
    "empty": gettext_lazy("“%(name)s” is empty. Choose the file again."),
    "unknown": gettext_lazy("“%(name)s” is neither a PDF nor a PNG or JPEG image, whatever its name says."),
    "broken": gettext_lazy(
        "“%(name)s” cannot be read to its end. Save it again from the program that made it."
    ),
    "more_inside": gettext_lazy(
        "“%(name)s” holds something besides the document or image it begins with. Save it again as a plain file."
    ),
    "moving": gettext_lazy("“%(name)s” is a moving image. Send a still one; a video can be given as a link."),
    "too_much": gettext_lazy(
        "“%(name)s” unpacks to far more than it seems to be. Send it smaller and simpler."
    ),
    "too_many_pages": gettext_lazy("“%(name)s” has more than 200 pages. Send the pages that matter."),
    "encrypted": gettext_lazy(
        "“%(name)s” is locked with a password. Save it without one; only reviewers see it."
    ),
    "active": gettext_lazy(
        "“%(name)s” holds scripts, other files, or actions that start something. Print it to a plain PDF first."
    ),
    "slow": gettext_lazy("“%(name)s” takes too long to read. Send it smaller and simpler."),
}


class Refused(Exception):
    """One sentence about one file; nothing was stored."""

    def __init__(self, problem: str, name: str):
        self.problem = problem
        super().__init__(str(WRONG[problem]) % {"name": name})


class TooManyFiles(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("At most %(most)d files go with one answer. Choose fewer; nothing was stored.")
            % {"most": MOST_FILES}
        )


class NoRoom(Exception):
    def __init__(self, left: int):
        super().__init__(
            _(
                "The files of one application may have 100 MB together; %(left)s MB are left. Nothing was stored."
            )
            % {"left": left // MEGABYTE}
        )


class Gone(Exception):
    def __init__(self) -> None:
        super().__init__(_("This file is not kept any more."))


@dataclass(frozen=True)
class Checked:
    """A file that was looked at and may be kept."""

    kind: FileKind
    name: str
    content: bytes


def checked(file: File) -> Checked:
    """Look at an uploaded file; what its name and its sender say of its type is not asked. Raises Refused."""
    name = shown_name(file.name or "")
    if not file.size:
        raise Refused("empty", name)
    if file.size > MOST_BYTES:
        raise Refused("too_big", name)
    content = file.read(MOST_BYTES + 1)
    said = "too_big" if len(content) > MOST_BYTES else _inspected(content)
    if said not in FileKind.values:
        raise Refused(said, name)
    kind = FileKind(said)
    return Checked(kind, shown_name(file.name or "", ENDINGS[kind]), content)


def keep(application: Application, files: Sequence[Checked], *, by: User, at: datetime) -> list[Attachment]:
    """Keep files of a locked application, in the transaction of what they belong to.

    Raises TooManyFiles, NoRoom; then nothing was stored.
    """
    if len(files) > MOST_FILES:
        raise TooManyFiles
    if not files:
        return []
    there = application.attachments.kept().aggregate(sum=Sum("size"))["sum"] or 0
    if there + sum(len(file.content) for file in files) > MOST_OF_ALL:
        raise NoRoom(MOST_OF_ALL - there)
    made = Attachment.objects.bulk_create(
        Attachment(
            application=application,
            kind=file.kind,
            name=file.name,
            stored_as=_written(file.content),
            size=len(file.content),
            sha256=hashlib.sha256(file.content).hexdigest(),
            added_at=at,
            added_by=by,
        )
        for file in files
    )
    each = {
        one.pk: {"kind": str(one.kind), "bytes": one.size, "application": one.application_id} for one in made
    }
    ledger.record_many(Event.ATTACHMENT_ADDED, subjects=made, actor=by, at=at, each=each)
    return made


def open(attachment: Attachment) -> File:
    """Return the file of an attachment, open for reading. Raises Gone."""
    if attachment.erased_at is not None:
        raise Gone
    try:
        return default_storage.open(attachment.stored_as)
    except OSError as error:
        log.exception("The file of attachment %s is not in the storage.", attachment.pk)
        raise Gone from error


@transaction.atomic
def erase(attachments: Iterable[Attachment], *, by: ledger.Actor, at: datetime) -> int:
    """Erase files and what people typed about them; a row stays as the tombstone of each. Return how many.

    The row goes blank first: a crash right after it leaves a file without a row, which the sweep takes away.
    """
    rows = Attachment.objects.select_for_update().kept().filter(pk__in=[one.pk for one in attachments])
    found = list(rows.order_by("pk"))
    for attachment in found:
        stored = attachment.stored_as
        attachment.name = attachment.stored_as = attachment.sha256 = ""
        attachment.erased_at = at
        attachment.save(update_fields=["name", "stored_as", "sha256", "erased_at"])
        transaction.on_commit(partial(default_storage.delete, stored), robust=True)
    ledger.record_many(Event.ATTACHMENT_ERASED, subjects=found, actor=by, at=at)
    return len(found)


def sweep(*, at: datetime) -> int:
    """Delete files no row knows that are older than a day; return how many. Safe to run twice and beside itself."""
    swept = 0
    for folder in _listed(FOLDER, folders=True):
        names = [f"{FOLDER}/{folder}/{name}" for name in _listed(f"{FOLDER}/{folder}")]
        known = set(Attachment.objects.filter(stored_as__in=names).values_list("stored_as", flat=True))
        for name in names:
            if name not in known and default_storage.get_modified_time(name) < at - ORPHAN_AFTER:
                default_storage.delete(name)
                swept += 1
    return swept


def shown_name(given: str, ending: str = "") -> str:
    """Return a name to show: the last part of a path, without what cannot be seen or turns the reading direction.

    With `ending`, that is the ending, whatever the given one was.
    """
    last = unicodedata.normalize("NFC", given[-1000:].replace("\\", "/")).rpartition("/")[2]
    seen = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    stem, dot, old = " ".join(seen.split()).strip(". ").rpartition(".")
    if not dot:
        stem, old = old, ""
    if not ending:
        ending = f".{old[:8]}" if old else ""
    return (stem.strip(". ")[:NAME_MOST] or _("file")) + ending


def content_type(attachment: Attachment) -> str:
    """Return the type a file is served as: that of its kind, nothing else."""
    return CONTENT_TYPES[FileKind(attachment.kind)]


def _inspected(content: bytes) -> str:
    """Return the word of `inspection` for this content; a process that died says that it was too much."""
    command = [sys.executable, "-I", str(Path(inspection.__file__))]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=WALL_SECONDS, env={}, check=False, cwd="/"
        )
    except subprocess.TimeoutExpired:
        return "slow"
    said = done.stdout.decode(errors="replace")
    if said in WRONG or said in FileKind.values:
        return said
    log.error(
        "Looking at a file ended with %s: %s", done.returncode, done.stderr.decode(errors="replace")[-500:]
    )
    return "slow" if done.returncode < 0 else "broken"


def _written(content: bytes) -> str:
    """Write a file under a random name, to the disk itself where there is one; return the name."""
    drawn = secrets.token_hex(16)
    stored = default_storage.save(f"{FOLDER}/{drawn[:2]}/{drawn}", ContentFile(content))
    try:
        path = default_storage.path(stored)
    except NotImplementedError:  # a storage elsewhere keeps its own promise
        return stored
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)  # the row must not outlive the file when the power goes
    finally:
        os.close(handle)
    return stored


def _listed(folder: str, *, folders: bool = False) -> Iterator[str]:
    try:
        inside, files = default_storage.listdir(folder)
    except FileNotFoundError:  # nobody has sent a file yet
        return iter(())
    return iter(inside if folders else files)
