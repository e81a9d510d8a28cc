"""Safety practices: what is asked of builders in one kind of use, in versions, told to the holders it touches."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.domain.marked import unkeepable
from policies.models import Practice

LOCK = 0x6761_7465_0053  # advisory lock: one new version at a time
TEXT_MOST = 20_000  # characters


class BadText(Exception):
    """What is wrong with the text, as a sentence."""


@transaction.atomic
def publish(program_slug: str, domain: str, *, text: str, by: ledger.Actor, at: datetime) -> Practice:
    """Publish the whole text as the next version; the same again changes nothing. Raises BadText.

    Holders whose use it touches are written to by a payer.
    """
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > TEXT_MOST:
        raise BadText(_("Write between 1 and %(most)s characters.") % {"most": grouped(TEXT_MOST)})
    if unkeepable(json.dumps(text)):
        raise BadText(_("A character of the text cannot be kept: NUL, or half of a pair. Take it out."))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    latest, text_hash = find(program_slug, domain), hashlib.sha256(text.encode()).hexdigest()
    if latest and latest.text_hash == text_hash:
        return latest
    version = Practice.objects.filter(program=program_slug, domain=domain).aggregate(last=Max("version"))
    made = Practice.objects.create(
        program=program_slug, domain=domain, version=(version["last"] or 0) + 1, text=text, text_hash=text_hash,
        published_at=at, published_by=by if isinstance(by, User) else None,
    )  # fmt: skip
    ledger.record(
        Event.PRACTICE_PUBLISHED, subject=made, actor=by, at=at, program=program_slug, domain=domain,
        version=made.version, text_hash=text_hash,
    )  # fmt: skip
    return made


def find(program_slug: str, domain: str) -> Practice | None:
    """Return the newest version for a kind of use, or None."""
    return Practice.objects.filter(program=program_slug, domain=domain).order_by("-version").first()


def of(program_slug: str) -> list[Practice]:
    """Return the newest version for each kind of use of a program."""
    found = Practice.objects.filter(program=program_slug).order_by("domain", "-version")
    return list(found.distinct("domain"))


def touching(program_slug: str, domains: Iterable[str]) -> list[Practice]:
    """Return what is asked of a use in these categories or scrutiny domains."""
    ours = set(domains)
    return [row for row in of(program_slug) if row.domain in ours]


def domains_of(domains: Iterable[str], conditions: Iterable[dict[str, Any]]) -> set[str]:
    """Return the kinds of use something approved is in: its scrutiny domains, and what its conditions rest on."""
    return {*domains, *(condition.get("category", "") for condition in conditions)} - {""}
