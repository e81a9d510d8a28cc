"""What belongs into a report and no ledger knows: written down by a person, corrected only by a later record."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from transparency.models import WORDS_MOST, Record
from transparency.permissions import may_make_reports
from transparency.states import COUNTED, WORDED, RecordKind


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only policy editors write things down for the public report."))


class BadRecord(Exception):
    """What is missing or too much, as a sentence."""


@transaction.atomic
def add(
    kind: str,
    *,
    on: date,
    by: User,
    at: datetime,
    counts: dict[str, int] | None = None,
    words: str = "",
    replaces: Record | None = None,
    is_taken_back: bool = False,
) -> Record:
    """Write something down; with `replaces`, instead of an earlier record. Raises NotForYou, BadRecord."""
    if not may_make_reports(by):
        raise NotForYou
    if kind == RecordKind.LESSON:
        raise BadRecord(_("Lessons are posts of their own now: write it under “Lessons learned”."))
    counts, words = counts or {}, words.replace("\0", "").strip()
    _check(kind, counts, words, replaces, is_taken_back)
    if on > at.date():
        raise BadRecord(_("The day lies ahead; write it down once it happened."))
    made = Record.objects.create(
        kind=kind, on=on, counts={} if is_taken_back else counts, words=words, replaces=replaces,
        is_taken_back=is_taken_back, added_at=at, added_by=by,
    )  # fmt: skip
    ledger.record(
        Event.RECORD_ADDED, subject=made, actor=by, at=at, kind=kind, on=str(on), counts=made.counts,
        words=ledger.digest(words) if words else "", replaces=replaces.pk if replaces else None,
    )  # fmt: skip
    return made


def _check(
    kind: str, counts: dict[str, int], words: str, replaces: Record | None, is_taken_back: bool
) -> None:
    if kind not in RecordKind.values:
        raise BadRecord(_("Choose what it is."))
    if len(words) > WORDS_MOST:
        raise BadRecord(_("At most %(most)s characters.") % {"most": grouped(WORDS_MOST)})
    if replaces is not None and Record.objects.filter(replaces=replaces).exists():
        raise BadRecord(_("That record was replaced already; replace the newest one."))
    if replaces is not None and replaces.kind != kind:
        raise BadRecord(_("A record is replaced by one of its own kind."))
    if is_taken_back:
        if replaces is None:
            raise BadRecord(_("Say which record is taken back."))
        return
    if kind in WORDED and (not words or counts):
        raise BadRecord(_("Say it in words, and only in words."))
    if kind in COUNTED and not counts:
        raise BadRecord(_("Say how many."))
    if any(isinstance(many, bool) or not isinstance(many, int) or many < 0 for many in counts.values()):
        raise BadRecord(_("Say how many in whole numbers from 0 on."))


def standing() -> list[Record]:
    """Return the records that nothing replaced, the newest day first."""
    found = Record.objects.filter(replaced_by=None, is_taken_back=False).select_related("added_by")
    return list(found)
