"""How the people who review are treated: a public text with its versions, each kept as it was published."""

import hashlib
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from transparency.models import Standards
from transparency.permissions import may_make_reports

SHIPPED = Path(__file__).resolve().parent.parent / "content" / "standards.md"
LOCK = 0x6761_7465_0043  # advisory lock: one version at a time
TEXT_MOST = 20_000  # characters


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only policy editors publish the standards."))


class BadText(Exception):
    """What is wrong with the text, as a sentence."""


def current() -> Standards | None:
    """Return the newest version; None before the first."""
    return Standards.objects.first()


def suggested() -> str:
    """Return what an editor starts from: the newest version, or the text this product ships."""
    newest = current()
    return newest.text if newest else SHIPPED.read_text()


@transaction.atomic
def publish(text: str, *, by: User, at: datetime) -> Standards:
    """Publish the next version; the same text again is the same version. Raises NotForYou, BadText."""
    if not may_make_reports(by):
        raise NotForYou
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not text or len(text) > TEXT_MOST:
        raise BadText(_("Write between 1 and %(most)s characters.") % {"most": grouped(TEXT_MOST)})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    newest = current()
    if newest and newest.text == text:
        return newest
    version = (Standards.objects.aggregate(last=Max("version"))["last"] or 0) + 1
    made = Standards.objects.create(version=version, text=text, published_at=at, published_by=by)
    digest = hashlib.sha256(text.encode()).hexdigest()
    ledger.record(Event.STANDARDS_PUBLISHED, subject=made, actor=by, at=at, version=version, text_hash=digest)
    return made
