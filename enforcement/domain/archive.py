"""Everything of a person as one ZIP: `mine.json` and their files. What is in it: docs/personal-data.md.

It stands here because this is the first place that knows every app. Written row by row into a file, on one snapshot of
the database: memory stays the same however much somebody has.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import chain
from shutil import copyfileobj
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.translation import gettext_lazy

from accounts.domain import export as accounts
from accounts.models import User
from audit import export as audit
from audit import ledger
from audit.events import Event
from enforcement.domain import export as enforcement
from onboarding.domain import attachments
from onboarding.domain import export as onboarding
from onboarding.models import Attachment
from policies.domain import export as policies
from reviews.domain import export as reviews

FORMAT, VERSION = "gatehouse.mine", 1
APPS = (accounts, policies, onboarding, reviews, enforcement)
READ_ME = gettext_lazy(
    "Everything Gatehouse keeps about you that you gave, or that was decided and said to you. Not in it: who decided, "
    "reviewers' notes and findings, hashes of secrets, and what belongs to organisations and was done by others. "
    "All times are UTC."
)


def write(user: User, to: IO[bytes], *, by: User, at: datetime) -> None:
    """Write the ZIP into a file open for writing, and record that it was made."""
    ours = not connection.in_atomic_block
    with transaction.atomic(), ZipFile(to, "w", ZIP_DEFLATED) as made:
        if ours:  # a transaction somebody else began keeps its own isolation
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        ledger.record(Event.USER_EXPORTED, subject=user, actor=by, at=at)
        with made.open("mine.json", "w", force_zip64=True) as file:
            for piece in _pieces(user, at):
                file.write(piece.encode())
        for attachment in onboarding.files_of(user):
            _add(made, attachment)


def _add(made: ZipFile, attachment: Attachment) -> None:
    """Copy one file into the ZIP; one that the storage has lost is left out, and was logged."""
    with (
        suppress(attachments.Gone),
        attachments.open(attachment) as kept,
        made.open(onboarding.place_of(attachment), "w") as file,
    ):
        copyfileobj(kept, file)


def sections(user: User) -> Iterator[tuple[str, Any]]:
    """Yield (name, content) of every section; content is a mapping, or rows to be read once."""
    for app in APPS:
        yield from app.of_person(user).items()
    things = chain.from_iterable(app.things_of(user) for app in APPS)
    yield "history", audit.history(things, of=user)


def _pieces(user: User, at: datetime) -> Iterator[str]:
    head = {"format": FORMAT, "version": VERSION, "made_at": at, "read_me": READ_ME}
    yield _json(head)[:-2]
    for name, content in sections(user):
        yield f",\n {json.dumps(name)}: "
        if isinstance(content, Mapping):
            yield _json(content)
            continue
        between = "["
        for row in content:
            yield between + "\n" + _json(row)
            between = ","
        yield "[]" if between == "[" else "\n]"
    yield "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
