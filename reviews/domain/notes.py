"""Notes on a case: for whoever may see it, never for the applicant."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from reviews.domain import cases, claims
from reviews.models import Case, Note
from reviews.permissions import may_see_case

MOST = 2000  # characters


class BadNote(Exception):
    """Empty, too long, or with what cannot be kept."""


@transaction.atomic
def write(case: Case, *, by: User, at: datetime, text: str) -> Note:
    """Add a note; the same words again right after it (a double click) are one note. Raises NotForYou, BadNote."""
    case = cases.locked(case)
    if not may_see_case(by, case):
        raise claims.NotForYou
    words = text.strip()
    if not words or len(words) > MOST or "\0" in words:
        raise BadNote(
            _("Write a note of at most %(most)s characters; yours has %(number)s.")
            % {"most": grouped(MOST), "number": grouped(len(words))}
        )
    last = case.notes.order_by("-pk").first()
    if last and (last.author_id, last.text) == (by.pk, words):
        return last
    note = Note.objects.create(case=case, author=by, text=words, written_at=at)
    ledger.record(Event.CASE_NOTED, subject=case, actor=by, at=at, reason=ledger.digest(words), note=note.pk)
    return note
