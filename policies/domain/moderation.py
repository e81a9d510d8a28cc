"""Read comments before they are shown: take one, give it back, show it or not. See ADR 25.

One person has a comment at a time, for KEPT_FOR; nobody has their own, their organisation's, or one that was objected
to after they withheld it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.domain import comment_rows, comments
from policies.domain.comment_words import clean, too_long
from policies.models import Comment
from policies.permissions import kept_from, may_edit, may_moderate
from policies.states import DECIDED_COMMENTS, CommentState, WithheldFor

KEPT_FOR = timedelta(minutes=30)
NOTE_MOST = 2_000  # characters
EVENTS = {
    CommentState.SHOWN: Event.COMMENT_SHOWN,
    CommentState.UNNAMED: Event.COMMENT_UNNAMED,
    CommentState.WITHHELD: Event.COMMENT_WITHHELD,
}
BATCH = 200


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else reads this: a policy editor who has no part in it and, after an objection, "
                "did not withhold it."
            )
        )


class HeldBy(Exception):
    def __init__(self, comment: Comment):
        super().__init__(_("%(who)s reads this now; nothing was changed.") % {"who": comment.taken_by})


class NotHeld(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("You do not have this comment (any more): it was corrected, or your time ran out.")
        )


class NothingToRead(Exception):
    def __init__(self) -> None:
        super().__init__(_("There is nothing to decide here now."))


class NothingWaits(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("No comment waits that you may read: what is left is with others, or has to do with you.")
        )


class BadVerdict(Exception):
    """`problems` says what a verdict lacks, by field."""

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        super().__init__(" ".join(problems.values()))


@transaction.atomic
def take(comment: Comment, *, by: User, at: datetime) -> Comment:
    """Have a comment for KEPT_FOR; asking again renews it; what another kept too long is taken over.

    Raises NotForYou, HeldBy, NothingToRead.
    """
    comment = comment_rows.locked(comment)
    if not may_moderate(by, comment):
        raise NotForYou
    if comment.state == CommentState.TAKEN and comment.taken_by_id == by.pk:
        comment.taken_until = at + KEPT_FOR
        comment.save(update_fields=["taken_until"])
        return comment
    if comment.state == CommentState.TAKEN:
        if comment.taken_until and comment.taken_until > at:
            raise HeldBy(comment)
        _let_go(comment, by=by, at=at, reason="ran_out")
    if comment.state != CommentState.WAITING:
        raise NothingToRead
    return _give(comment, by, at)


@transaction.atomic
def take_next(*, by: User, at: datetime) -> Comment:
    """Take what waits longest and this person may read; what another is just taking is passed by.

    Raises NotForYou, NothingWaits.
    """
    if not may_edit(by):
        raise NotForYou
    waiting = Comment.objects.to_read().filter(state=CommentState.WAITING).exclude(pk__in=_theirs(by))
    found = waiting.select_for_update(skip_locked=True, of=("self",)).first()
    if found is None:
        raise NothingWaits
    return _give(found, by, at)


@transaction.atomic
def release(comment: Comment, *, by: User, at: datetime) -> Comment:
    """Give it back; doing so twice is once. Raises NotHeld when somebody else has it."""
    comment = comment_rows.locked(comment)
    if comment.state != CommentState.TAKEN:
        return comment
    if comment.taken_by_id != by.pk:
        raise NotHeld
    return _let_go(comment, by=by, at=at, reason="given_back")


def release_run_out(*, at: datetime) -> int:
    """Give back what was kept too long; return how many. A payer: may run twice and beside itself."""
    run_out = Comment.objects.run_out(at).order_by("taken_until").values_list("pk", flat=True)
    return sum(_release_run_out(pk, at) for pk in list(run_out[:BATCH]))


@transaction.atomic
def decide(
    comment: Comment, *, verdict: str, reason: str = "", note: str = "", by: User, at: datetime
) -> Comment:
    """Show it, show it unnamed, or keep it back for a reason its author is told. Raises NotHeld, BadVerdict."""
    comment = comment_rows.locked(comment)
    if comment.state != CommentState.TAKEN or comment.taken_by_id != by.pk:
        raise NotHeld
    if comment.taken_until is None or comment.taken_until <= at:
        raise NotHeld
    if not may_moderate(by, comment):  # joined its organisation since they took it
        raise NotForYou
    words = _checked(verdict, reason, note)
    comment.taken_by = comment.taken_at = comment.taken_until = None
    comment.decided_by, comment.decided_at, comment.note = by, at, words
    to = CommentState(verdict)
    comment.reason = reason if to == CommentState.WITHHELD else ""
    comment_rows.move(comment, to, EVENTS[to], by=by, at=at, reason=comment.reason)
    comment_rows.write(
        "comment_withheld" if to == CommentState.WITHHELD else "comment_shown",
        comment,
        once=f"comment:{comment.pk}:decided:{at:%Y%m%d%H%M%S%f}",
        at=at,
        unnamed=to == CommentState.UNNAMED,
        reason=WithheldFor(reason).label if comment.reason else "",  # lazy: the author's language
        note=words,
        may_object=comments.may_object(comment, at=at),
        object_days=comments.OBJECT_WITHIN.days,
        public_url=comment_rows.full(
            "consultation_comment", comment.consultation.guidelines.version, comment.number
        ),
    )
    return comment


def _theirs(by: User) -> QuerySet[Any]:
    return Comment.objects.to_read().filter(kept_from(by)).order_by().values("pk")


def _checked(verdict: str, reason: str, note: str) -> str:
    """Return the words to the author as they are kept. Raises BadVerdict."""
    words, problems = clean(note), {}
    if verdict not in DECIDED_COMMENTS:
        problems["verdict"] = _("Choose whether it is shown.")
    if verdict == CommentState.WITHHELD:
        if reason not in WithheldFor.values:
            problems["reason"] = _("Choose why it is not shown.")
        if not words:
            problems["note"] = _("Write to the author what it is about; they read it in their letter.")
    if len(words) > NOTE_MOST:
        problems["note"] = too_long(NOTE_MOST, words)
    if problems:
        raise BadVerdict(problems)
    return words


def _give(comment: Comment, by: User, at: datetime) -> Comment:
    comment.taken_by, comment.taken_at, comment.taken_until = by, at, at + KEPT_FOR
    comment_rows.move(comment, CommentState.TAKEN, Event.COMMENT_TAKEN, by=by, at=at)
    return comment


def _let_go(comment: Comment, *, by: ledger.Actor, at: datetime, reason: str) -> Comment:
    comment.taken_by = comment.taken_at = comment.taken_until = None
    comment_rows.move(comment, CommentState.WAITING, Event.COMMENT_RELEASED, by=by, at=at, reason=reason)
    return comment


@transaction.atomic
def _release_run_out(pk: int, at: datetime) -> bool:
    comment = comment_rows.locked(Comment.objects.get(pk=pk))
    if not Comment.objects.run_out(at).filter(pk=pk).exists():
        return False  # renewed, given back or decided while we waited for the lock
    _let_go(comment, by="policies", at=at, reason="ran_out")
    return True
