"""The row of a comment: lock it, move it, write to its author, blank it; what every verb on comments is made of."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from accounts.languages import spoken
from audit import ledger
from audit.events import Event
from outbox import erasure, letters
from policies.models import Comment, CommentRevision, ConsulteeInvitation
from policies.states import COMMENT_TRANSITIONS, CommentState


def locked(comment: Comment) -> Comment:
    """Return a comment with its row locked."""
    rows = Comment.objects.select_for_update(of=("self",))
    return rows.select_related("consultation__guidelines", "taken_by", "decided_by").get(pk=comment.pk)


def undecide(comment: Comment) -> None:
    """Take off a locked comment what was decided about it, and who has it; the ledger remembers."""
    comment.decided_by = comment.decided_at = None
    comment.taken_by = comment.taken_at = comment.taken_until = None
    comment.reason = ""


def full(name: str, *args: object) -> str:
    """Return the full address of a page, for letters."""
    return settings.BASE_URL + reverse(name, args=args)


def letter(kind: str, comment: Comment, *, once: str, **shown: Any) -> letters.Draft | None:
    """Return a letter to the author of a comment, in their language; None where no address is known any more.

    Its link acts as the author, so that its text goes once it is sent, and no staff reads it before.
    """
    if not comment.email:
        return None
    version = comment.consultation.guidelines.version
    context = {
        "number": comment.number,
        "version": version,
        "url": full("consultation_yours", version, comment.token),
        "page_url": full("consultation", version),
        **shown,
    }
    return letters.Draft(
        f"policies/{kind}",
        comment.email,
        context,
        comment,
        once,
        passing=True,
        language=spoken(comment.language),
    )


def write(kind: str, comment: Comment, *, once: str, at: datetime, **shown: Any) -> None:
    """Write one letter to the author of a comment, where their address is known."""
    if draft := letter(kind, comment, once=once, **shown):
        letters.write_many([draft], at=at)


def move(
    comment: Comment,
    to: CommentState,
    event: Event,
    *,
    by: ledger.Actor,
    at: datetime,
    reason: str = "",
    **more: Any,
) -> None:
    """Change the state of a locked comment, save what the verb set on it, and record it."""
    assert to in COMMENT_TRANSITIONS[comment.state], f"{comment.state} to {to}"
    comment.state = to
    comment.save()
    ledger.record(event, subject=comment, actor=by, at=at, reason=reason, **more)


def unname(comment: Comment, *, at: datetime) -> None:
    """Forget whose a public comment is; its words stay, and every earlier revision goes."""
    _blank_words(list(comment.revisions.all())[:-1], at)
    _nobodys(comment, at)
    comment.save()
    ledger.record(Event.COMMENT_ERASED, subject=comment, actor="erasure", at=at)


def blank(comment: Comment, event: Event, *, by: ledger.Actor, at: datetime, reason: str = "") -> None:
    """Take a locked comment back, with its words."""
    _blank_words(comment.revisions.all(), at)
    blank_invitations(ConsulteeInvitation.objects.filter(comment=comment), at=at)
    undecide(comment)
    _nobodys(comment, at)
    comment.withdrawn_at = at
    move(comment, CommentState.WITHDRAWN, event, by=by, at=at, reason=reason)


def blank_invitations(asked: QuerySet[ConsulteeInvitation], *, at: datetime) -> int:
    """Forget who was asked to comment, with the letters; when and by whom they were asked stays. Return how many."""
    keys = list(asked.filter(erased_at=None).select_for_update(of=("self",)).values_list("pk", flat=True))
    rows = ConsulteeInvitation.objects.filter(pk__in=keys)
    erasure.blank_about(rows, at=at)
    return rows.update(email=erasure.NOBODY, name="", affiliation_name="", erased_at=at)


def _nobodys(comment: Comment, at: datetime) -> None:
    erasure.blank_about(Comment.objects.filter(pk=comment.pk), at=at)
    comment.user, comment.token, comment.erased_at = None, None, at
    comment.email = comment.language = comment.name = comment.affiliation_name = ""
    comment.note = comment.objection = ""


def _blank_words(revisions: Iterable[CommentRevision], at: datetime) -> None:
    for revision in revisions:
        if revision.erased_at is None:
            kept = ledger.digest(str(sorted(revision.words.items())))
            revision.words = {"erased": True, "digest": kept}
            revision.erased_at = at
            revision.save(update_fields=["words", "erased_at"])
