"""Known weaknesses of a program's models: the whole text, in versions, shown where it is acknowledged."""

import hashlib
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.models import KnownWeakness

LOCK = 0x6761_7465_0003  # advisory lock: one new version at a time


class NoText(Exception):
    def __init__(self) -> None:
        super().__init__(_("Write the text first: an empty one was not published."))


def document(program_slug: str) -> str:
    """Return the name under which acceptances of this program's weaknesses are kept."""
    return f"weaknesses:{program_slug}"


def current(program_slug: str) -> KnownWeakness | None:
    """Return the latest text for this program, or None where nothing was published."""
    return KnownWeakness.objects.filter(program=program_slug).order_by("-version").first()


@transaction.atomic
def publish(program_slug: str, *, text: str, by: ledger.Actor, at: datetime) -> KnownWeakness:
    """Publish the whole text as the next version; the same text again changes nothing. Raises NoText."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NoText
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    latest, text_hash = current(program_slug), hashlib.sha256(text.encode()).hexdigest()
    if latest and latest.text_hash == text_hash:
        return latest
    made = KnownWeakness.objects.create(
        program=program_slug,
        version=latest.version + 1 if latest else 1,
        text=text,
        text_hash=text_hash,
        published_at=at,
        published_by=by if isinstance(by, User) else None,
    )
    ledger.record(
        Event.WEAKNESSES_PUBLISHED, subject=made, actor=by, at=at, program=program_slug, version=made.version,
        text_hash=text_hash,
    )  # fmt: skip
    return made
