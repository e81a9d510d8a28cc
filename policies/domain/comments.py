"""Send a comment, confirm it, correct it, take it back, object; forget whose it was.

Whoever is signed in with a proved address is taken at their word; everybody else uses the link in a letter, so that
nobody speaks from another's address. What comes to an address tells nobody whether it was known.
"""

import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.domain.erasure import addresses
from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.domain import consultations
from policies.domain.comment_rows import blank, blank_invitations, locked, move, undecide, unname, write
from policies.domain.comment_words import OBJECTION_MOST, BadComment, Words, checked, clean, too_long
from policies.models import Comment, CommentRevision, Consultation, ConsulteeInvitation
from policies.models.comment import NOBODYS
from policies.states import PUBLIC_COMMENTS, CommentState, Phase

CONFIRM_WITHIN = timedelta(days=7)
READ_WITHIN = timedelta(days=3)  # what the queue's due times are made from
OBJECT_WITHIN = timedelta(days=30)
ASKED_MOST = 3  # letters to one address, a consultation and a day, that somebody typed and nobody confirmed
ACTOR = "commenter"  # whoever holds the link; nobody needs an account
BATCH = 500


class NotOpen(Exception):
    def __init__(self, consultation: Consultation):
        super().__init__(_("This consultation takes no comments now. Nothing was sent."))


class LinkIsOver(Exception):
    """The link is of no comment, or nobody confirmed it in time."""


class CannotObject(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("One may object once, within 30 days, to a comment not being shown. Nothing was changed.")
        )


@transaction.atomic
def send(
    consultation: Consultation,
    words: Words,
    *,
    by: User | None = None,
    email: str = "",
    invitation: ConsulteeInvitation | None = None,
    language: str = "",
    at: datetime,
) -> Comment:
    """Take a comment. From a proved address it waits for a moderator; from any other it waits for its link first.

    Who commented before has that comment corrected. Raises NotOpen, BadComment.
    """
    consultation = _open(consultation, at)
    words = checked(words, consultation)
    if by is not None:
        address = proved_address(by)
        assert address, "the page asks for a proved address first"
        return _receive(consultation, words, user=by, email=address, language=language, at=at)
    if invitation is not None:
        return _receive(
            consultation, words, email=invitation.email, invitation=invitation, language=language, at=at
        )
    return _ask(consultation, words, email.lower(), language, at)


def proved_address(user: User) -> str:
    """Return the address this person signs in with, where they proved it; else nothing."""
    proved = EmailAddress.objects.filter(user=user, verified=True, email__iexact=user.email).exists()
    return user.email.lower() if proved else ""


def find(token: str, *, at: datetime) -> Comment:
    """Return the comment of a link. Raises LinkIsOver."""
    row = Comment.objects.select_related("consultation__guidelines").filter(token=token).first()
    if row is None or row.state == CommentState.WITHDRAWN or _never_confirmed(row, at):
        raise LinkIsOver
    return row


def mine(consultation: Consultation, user: User) -> Comment | None:
    """Return what this person sent to a consultation, signed in or by the address they proved."""
    theirs = Q(user=user) | (Q(email=address) if (address := proved_address(user)) else Q())
    rows = list(consultation.comments.received().filter(theirs))
    return min(rows, key=lambda row: row.user_id != user.pk, default=None)


@transaction.atomic
def confirm(token: str, *, at: datetime) -> Comment:
    """Keep that whoever reads the address's mail sent it; again changes nothing. Raises LinkIsOver, NotOpen.

    Where there is one from this address already, it becomes its correction.
    """
    found = find(token, at=at)
    if found.state != CommentState.UNCONFIRMED:
        return found
    consultation = _open(found.consultation, at)
    row = locked(found)
    if row.state not in NOBODYS:  # clicked twice, and the first click was a moment ago
        return row
    earlier = consultation.comments.received().filter(email=found.email).select_for_update().first()
    if row.state == CommentState.WITHDRAWN:
        if earlier is None:
            raise LinkIsOver
        return earlier  # the first click made it a correction
    if earlier is None:
        row.confirmed_at, row.due_at = at, at + READ_WITHIN
        move(row, CommentState.WAITING, Event.COMMENT_RECEIVED, by=ACTOR, at=at)
        _receipt(row, at)
        return row
    latest = row.revisions.order_by("-number")[0]
    said = Words(
        latest.words["remarks"], latest.words["answers"], row.name, row.affiliation_kind, row.affiliation_name
    )
    blank(row, Event.COMMENT_DROPPED, by=ACTOR, at=at, reason="became_a_correction")
    return _correct(earlier, said, by=ACTOR, at=at)


@transaction.atomic
def correct(comment: Comment, words: Words, *, by: User | None = None, at: datetime) -> Comment:
    """Put other words in the place of those sent; they are read anew before they show. Raises NotOpen, BadComment."""
    consultation = _open(comment.consultation, at)
    comment = locked(comment)
    if comment.state == CommentState.WITHDRAWN:
        raise NotOpen(consultation)
    return _correct(comment, checked(words, consultation), by=by or ACTOR, at=at)


@transaction.atomic
def withdraw(comment: Comment, *, by: User | None = None, at: datetime) -> Comment:
    """Take a comment back at any time: its words go, from the page and from here; again is once."""
    comment = locked(comment)
    if comment.state != CommentState.WITHDRAWN:
        blank(comment, Event.COMMENT_WITHDRAWN, by=by or ACTOR, at=at)
    return comment


@transaction.atomic
def object_(comment: Comment, *, words: str, by: User | None = None, at: datetime) -> Comment:
    """Say why a comment should be shown after all; somebody else answers. Raises CannotObject, BadComment."""
    comment, said = locked(comment), clean(words)
    if not may_object(comment, at=at):
        raise CannotObject
    if not said or len(said) > OBJECTION_MOST:
        raise BadComment(
            {"words": too_long(OBJECTION_MOST, said) if said else _("Write why it should be shown.")}
        )
    comment.objection, comment.objected_at = said, at
    comment.withheld_by, comment.withheld_for = comment.decided_by, comment.reason
    comment.due_at = at + READ_WITHIN
    undecide(comment)
    move(
        comment,
        CommentState.WAITING,
        Event.COMMENT_OBJECTED,
        by=by or ACTOR,
        at=at,
        reason=ledger.digest(said),
    )
    return comment


def may_object(comment: Comment, *, at: datetime) -> bool:
    """Return whether its author may object now: once, within OBJECT_WITHIN of being told."""
    return (
        comment.state == CommentState.WITHHELD
        and comment.objected_at is None
        and comment.decided_at is not None
        and at < comment.decided_at + OBJECT_WITHIN
    )


@transaction.atomic
def drop_unconfirmed(*, at: datetime) -> int:
    """Forget comments that nobody confirmed in time; return how many. A payer: may run twice."""
    rows = Comment.objects.filter(state=CommentState.UNCONFIRMED, sent_at__lte=at - CONFIRM_WITHIN)
    over = list(rows.order_by("pk").select_for_update(skip_locked=True)[:BATCH])
    for row in over:
        blank(row, Event.COMMENT_DROPPED, by="beat", at=at, reason="never_confirmed")
    return len(over)


@transaction.atomic
def forget(user: User, *, at: datetime) -> None:
    """Forget whose comments a person's were; for the payer that erases an account.

    Public words stay, without a name: others answered them. What is not public goes. Whoever wants a public comment
    gone takes it back before.
    """
    theirs = [email.lower() for email in addresses(user)]
    rows = Comment.objects.exclude(state=CommentState.WITHDRAWN).filter(Q(user=user) | Q(email__in=theirs))
    for row in rows.select_for_update():
        if row.state in PUBLIC_COMMENTS:
            unname(row, at=at)
        else:
            blank(row, Event.COMMENT_WITHDRAWN, by="erasure", at=at, reason="erased")
    blank_invitations(ConsulteeInvitation.objects.filter(email__in=theirs), at=at)


def _open(consultation: Consultation, at: datetime) -> Consultation:
    """Return it locked, so that what one person sends in two tabs comes one after the other. Raises NotOpen."""
    consultation = consultations.locked(consultation)
    if consultation.phase(at) != Phase.OPEN:
        raise NotOpen(consultation)
    return consultation


def _receive(
    consultation: Consultation,
    words: Words,
    *,
    email: str,
    user: User | None = None,
    invitation: ConsulteeInvitation | None = None,
    language: str,
    at: datetime,
) -> Comment:
    """Keep what came from a proved address: as a new comment, or in the place of what that person sent before."""
    earlier = _earlier(consultation, email, user, at)
    if earlier is not None:
        earlier.user, earlier.invitation = user or earlier.user, invitation or earlier.invitation
        return _correct(earlier, words, by=user or ACTOR, at=at)
    row = _new(consultation, words, CommentState.WAITING, email, language, at, invitation)
    row.user, row.confirmed_at, row.due_at = user, at, at + READ_WITHIN
    row.save()
    _say(row, words, 1, at)
    ledger.record(Event.COMMENT_RECEIVED, subject=row, actor=user or ACTOR, at=at, words=words.digest)
    _receipt(row, at)
    return row


def _earlier(consultation: Consultation, email: str, user: User | None, at: datetime) -> Comment | None:
    """Return, locked, what this person sent before.

    Whoever proved an address only after it had commented has two: what they sent signed in stays, the other goes.
    """
    theirs = Q(email=email) | (Q(user=user) if user else Q())
    rows = list(consultation.comments.received().filter(theirs).select_for_update(of=("self",)))
    rows.sort(key=lambda row: user is None or row.user_id != user.pk)
    for row in rows[1:]:
        blank(row, Event.COMMENT_DROPPED, by=user or ACTOR, at=at, reason="became_a_correction")
    return rows[0] if rows else None


def _ask(consultation: Consultation, words: Words, email: str, language: str, at: datetime) -> Comment:
    """Keep what somebody typed with an address, and write to it."""
    row = _new(consultation, words, CommentState.UNCONFIRMED, email, language, at)
    row.save()
    _say(row, words, 1, at)
    ledger.record(Event.COMMENT_SENT, subject=row, actor=ACTOR, at=at, words=words.digest)
    day = Q(email=email, sent_at__gt=at - timedelta(days=1), state=CommentState.UNCONFIRMED)
    if consultation.comments.filter(day).count() <= ASKED_MOST:
        write("comment_confirm", row, once=f"comment:{row.pk}:confirm", at=at, days=CONFIRM_WITHIN.days)
    return row


def _new(
    consultation: Consultation,
    words: Words,
    state: CommentState,
    email: str,
    language: str,
    at: datetime,
    invitation: ConsulteeInvitation | None = None,
) -> Comment:
    row = Comment(
        consultation=consultation,
        state=state,
        invitation=invitation,
        email=email,
        language=language,
        token=secrets.token_urlsafe(32),
        sent_at=at,
    )
    _sign(row, words)
    return row


def _sign(comment: Comment, words: Words) -> None:
    """Write for whom somebody speaks: where they were invited, as the invitation says."""
    asked = comment.invitation
    comment.name = words.name
    comment.affiliation_kind = asked.affiliation_kind if asked else words.affiliation_kind
    comment.affiliation_name = asked.affiliation_name if asked else words.affiliation_name


def _correct(comment: Comment, words: Words, *, by: ledger.Actor, at: datetime) -> Comment:
    """Add a revision to a locked comment and let it be read anew; what stood on the page comes off it until then."""
    _sign(comment, words)
    _say(comment, words, comment.revisions.count() + 1, at)
    if comment.state == CommentState.UNCONFIRMED:
        comment.save()
        ledger.record(Event.COMMENT_SENT, subject=comment, actor=by, at=at, words=words.digest)
        return comment
    comment.due_at = at + READ_WITHIN
    if comment.decided_at is not None:  # an objection to other words, if there was one, is answered
        comment.objection = comment.withheld_for = ""
        comment.objected_at = comment.withheld_by = None
    undecide(comment)
    if comment.state == CommentState.WAITING:
        comment.save()
        ledger.record(Event.COMMENT_CORRECTED, subject=comment, actor=by, at=at, words=words.digest)
    else:
        move(comment, CommentState.WAITING, Event.COMMENT_CORRECTED, by=by, at=at, words=words.digest)
    return comment


def _say(comment: Comment, words: Words, number: int, at: datetime) -> None:
    CommentRevision.objects.create(comment=comment, number=number, words=words.kept, sent_at=at)


def _receipt(comment: Comment, at: datetime) -> None:
    write("comment_receipt", comment, once=f"comment:{comment.pk}:receipt", at=at)


def _never_confirmed(row: Comment, at: datetime) -> bool:
    return row.state == CommentState.UNCONFIRMED and at >= row.sent_at + CONFIRM_WITHIN
