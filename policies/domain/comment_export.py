"""The comments of a consultation as rows: those shown, for anybody; everything that was sent, for policy editors."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.models import Comment, CommentRevision, Consultation

PUBLIC = (
    "number",
    "sent_at",
    "invited",
    "name",
    "affiliation_kind",
    "affiliation",
    "part",
    "question",
    "text",
)
FULL = ("number", "state", "reason", "email", *PUBLIC[1:])


def shown(consultation: Consultation) -> Iterator[dict[str, Any]]:
    """Yield a row for each remark and answer that everybody may read."""
    names = Names(consultation)
    for comment, words in _worded(consultation, only_public=True):
        more = {"name": comment.shown_name, "affiliation": comment.shown_affiliation}
        yield from _rows(comment, words, names, more)


@transaction.atomic
def everything(consultation: Consultation, *, by: User, at: datetime) -> list[dict[str, Any]]:
    """Return a row for each remark and answer that was sent, with addresses; the ledger keeps who took them."""
    found, names = [], Names(consultation)
    for comment, words in _worded(consultation, only_public=False):
        more = {
            "state": comment.state,
            "reason": comment.reason,
            "email": comment.email,
            "name": comment.name,
            "affiliation": comment.affiliation_name,
        }
        found += list(_rows(comment, words, names, more))
    ledger.record(Event.CONSULTATION_EXPORTED, subject=consultation, actor=by, at=at, rows=len(found))
    return found


def _worded(consultation: Consultation, *, only_public: bool) -> Iterator[tuple[Comment, dict[str, Any]]]:
    comments = consultation.comments.public() if only_public else consultation.comments.received()
    latest = (
        CommentRevision.objects.filter(comment__in=comments.order_by())
        .select_related("comment")
        .order_by("comment_id", "-number")
        .distinct("comment_id")
    )
    for revision in latest.iterator(chunk_size=500):
        yield revision.comment, revision.words


def _rows(
    comment: Comment, words: dict[str, Any], names: "Names", more: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    common = {
        "number": comment.number,
        "sent_at": comment.sent_at.isoformat(),
        "invited": "yes" if comment.invitation_id else "no",
        "affiliation_kind": comment.affiliation_kind,
        **more,
    }
    for clause, text in words.get("remarks", {}).items():
        yield common | {"part": names.clauses.get(clause, ""), "question": "", "text": text}
    for key, text in words.get("answers", {}).items():
        yield common | {"part": "", "question": names.questions.get(key, ""), "text": text}


class Names:
    """What the parts and the questions of a consultation are called, looked up once."""

    def __init__(self, consultation: Consultation):
        self.clauses = consultation.clauses
        self.questions = {str(question.pk): question.text for question in consultation.questions.all()}
