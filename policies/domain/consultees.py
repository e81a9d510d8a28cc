"""Ask people by name to comment: a letter with a link that is kept only as a digest, and ends with the consultation."""

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from outbox import letters
from policies.domain import comment_rows, consultations
from policies.domain.comment_words import NAME_MOST, clean, too_long
from policies.models import Consultation, ConsulteeInvitation
from policies.states import AffiliationKind, Phase

MOST = 200  # invitations a consultation


class BadInvitation(Exception):
    """What keeps an invitation from being written, in words."""


class InvitationIsOver(Exception):
    """The link is of no invitation that still stands, or was used."""


@transaction.atomic
def invite(
    consultation: Consultation,
    *,
    email: str,
    name: str = "",
    affiliation_kind: str = "",
    affiliation_name: str,
    by: User,
    at: datetime,
) -> ConsulteeInvitation:
    """Ask somebody to comment; their affiliation is shown beside what they write. Raises BadInvitation."""
    consultation = consultations.locked(consultation)
    email, name, affiliation_name = clean(email).lower(), clean(name), clean(affiliation_name)
    _check(consultation, email, name, affiliation_kind, affiliation_name, at)
    token = secrets.token_urlsafe(32)
    row = ConsulteeInvitation.objects.create(
        consultation=consultation,
        email=email,
        name=name,
        affiliation_kind=affiliation_kind,
        affiliation_name=affiliation_name,
        token_hash=_hash(token),
        invited_at=at,
        invited_by=by,
        written_at=at,
    )
    ledger.record(Event.CONSULTEE_INVITED, subject=row, actor=by, at=at, consultation=consultation.pk)
    _write(row, token, at)
    return row


@transaction.atomic
def resend(invitation: ConsulteeInvitation, *, by: User, at: datetime) -> ConsulteeInvitation:
    """Write the letter again, with another link; the one before is void. Raises BadInvitation."""
    row = _standing(invitation, at)
    token = secrets.token_urlsafe(32)
    row.token_hash, row.written_at = _hash(token), at
    row.save(update_fields=["token_hash", "written_at"])
    ledger.record(Event.CONSULTEE_RESENT, subject=row, actor=by, at=at)
    _write(row, token, at)
    return row


@transaction.atomic
def withdraw(invitation: ConsulteeInvitation, *, by: User, at: datetime) -> None:
    """Take an invitation back that nobody answered; again is once. Raises BadInvitation."""
    row = ConsulteeInvitation.objects.select_for_update().get(pk=invitation.pk)
    if row.withdrawn_at:
        return
    if hasattr(row, "comment"):
        raise BadInvitation(_("It was answered already."))
    row.withdrawn_at, row.withdrawn_by = at, by
    row.save(update_fields=["withdrawn_at", "withdrawn_by"])
    letters.recall(about=row, kind="policies/consultee", at=at)
    ledger.record(Event.CONSULTEE_WITHDRAWN, subject=row, actor=by, at=at)


def find(token: str, *, at: datetime) -> ConsulteeInvitation:
    """Return the invitation of a link that was not used yet. Raises InvitationIsOver."""
    rows = ConsulteeInvitation.objects.filter(token_hash=_hash(token), withdrawn_at=None, erased_at=None)
    row = rows.select_related("consultation__guidelines").filter(comment=None).first()
    if row is None or row.consultation.phase(at) not in (Phase.ANNOUNCED, Phase.OPEN):
        raise InvitationIsOver
    return row


def _check(
    consultation: Consultation, email: str, name: str, kind: str, affiliation_name: str, at: datetime
) -> None:
    if consultation.phase(at) not in (Phase.ANNOUNCED, Phase.OPEN):
        raise BadInvitation(_("People are invited to a consultation that was opened and has not closed."))
    try:
        validate_email(email)
    except ValidationError:
        raise BadInvitation(_("Write an address such as name@example.org.")) from None
    if not affiliation_name:
        raise BadInvitation(_("Write where they belong; it is shown beside their comment."))
    for words in (name, affiliation_name):
        if len(words) > NAME_MOST:
            raise BadInvitation(too_long(NAME_MOST, words))
    if kind not in ("", *AffiliationKind.values):
        raise BadInvitation(_("Choose one of the kinds given, or none."))
    live = consultation.invitations.filter(withdrawn_at=None, erased_at=None)
    if live.filter(email=email).exists():
        raise BadInvitation(_("This address is invited already; send the letter again instead."))
    if live.count() >= MOST:
        raise BadInvitation(_("At most %(most)s people are invited to a consultation.") % {"most": MOST})


def _standing(invitation: ConsulteeInvitation, at: datetime) -> ConsulteeInvitation:
    rows = ConsulteeInvitation.objects.select_for_update(of=("self",)).select_related(
        "consultation__guidelines"
    )
    row = rows.get(pk=invitation.pk)
    if row.withdrawn_at or row.erased_at or hasattr(row, "comment"):
        raise BadInvitation(_("It was answered or withdrawn already."))
    if row.consultation.phase(at) not in (Phase.ANNOUNCED, Phase.OPEN):
        raise BadInvitation(_("The consultation is closed."))
    return row


def _write(row: ConsulteeInvitation, token: str, at: datetime) -> None:
    version = row.consultation.guidelines.version
    shown = {
        "url": comment_rows.full("consultation_invited", version, token),
        "page_url": comment_rows.full("consultation", version),
        "version": version,
        "name": row.name,
        "opens_at": row.consultation.opens_at,
        "closes_at": row.consultation.closes_at,
    }
    draft = letters.Draft(
        "policies/consultee", row.email, shown, row, f"consultee:{row.pk}:{row.token_hash[:16]}", passing=True,
        language=settings.LANGUAGE_CODE, zone=settings.TIME_ZONE,  # nobody knows theirs; the sender's is no guess
    )  # fmt: skip
    letters.write_many([draft], at=at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
