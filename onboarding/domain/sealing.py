"""Sealing: answers to questions of type `secret_text`, such as a test login.

They are kept apart from the other answers, encrypted with the newest of FIELD_KEYS, shown to the reviewer of
the case on demand, and wiped once the decision is told. The answers themselves hold only a mark.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.encryption import box
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import questions
from onboarding.models import Application, SealedAnswer

SEALED, TOO_SHORT, TOO_LONG = "sealed", "sealed:short", "sealed:long"
IN_WORDS = _("Given. Only the reviewer can see it, and it is wiped once the decision is told.")
PROBLEMS = {
    TOO_SHORT: _("This is too short to be a login. Type it again in full."),
    TOO_LONG: _("This is too long to be kept. Type a shorter one."),
}
BATCH = 500


class NothingSealed(Exception):
    def __init__(self) -> None:
        super().__init__(_("There is nothing to show: it was never given, or is wiped already."))


@sensitive_variables("typed", "text")
def keep(application: Application, typed: Mapping[str, Any], *, by: User, at: datetime) -> dict[str, Any]:
    """Take what was typed into sealed questions out of `typed` and keep it; return the rest with marks instead.

    An empty field keeps what is there: the page never shows it, so it comes back empty each time. So does one that
    is too short or too long, which saving in the middle of typing sends. Unsent changes have a row of their own.
    """
    rest = dict(typed)
    for question in questions.of(application.question_set).questions:
        if question.type != "secret_text" or question.key not in typed:
            continue
        text = rest.pop(question.key)
        if not text or text in (SEALED, TOO_SHORT, TOO_LONG):
            continue
        rest[question.key] = SEALED
        if len(text) > question.rules.max_length:
            rest[question.key] = TOO_LONG
        elif len(text) < question.rules.min_length:
            rest[question.key] = TOO_SHORT
        else:
            _seal(application, question.key, text, by=by, at=at)
    return rest


def has_changes(application: Application) -> bool:
    """Return whether something was sealed that is not sent: the answers hold the same mark before and after."""
    return application.sealed.filter(draft=True, wiped_at=None).exists()


def send_changes(application: Application) -> None:
    """Let what was sealed with the unsent changes take the place of what was sent; the application is locked."""
    for row in application.sealed.filter(draft=True, wiped_at=None):
        application.sealed.filter(key=row.key, draft=False).delete()
        row.draft = False
        row.save(update_fields=["draft"])
    drop_changes(application)


def drop_changes(application: Application) -> None:
    """Take away what was sealed with changes that are never sent: nobody was shown it; the application is locked."""
    application.sealed.filter(draft=True).delete()


@sensitive_variables("text")
def _seal(application: Application, key: str, text: str, *, by: User, at: datetime) -> None:
    SealedAnswer.objects.update_or_create(
        application=application,
        key=key,
        draft=application.amending_since is not None,
        defaults={
            "text": box().encrypt(text.encode()).decode(),
            "saved_at": at,
            "saved_by": by,
            "wiped_at": None,
            "wipe_owed": False,
        },
    )


@sensitive_variables("text")
@transaction.atomic
def show(application: Application, *, by: User, at: datetime) -> dict[str, str]:
    """Return question -> text in clear, and record who saw it. The caller has asked whether `by` may.

    Raises NothingSealed.
    """
    rows = list(application.sealed.filter(draft=False, wiped_at=None).select_for_update())
    if not rows:
        raise NothingSealed
    try:
        text = {row.key: box().decrypt(row.text.encode()).decode() for row in rows}
    except InvalidToken:
        raise NothingSealed from None  # the key it was sealed with is gone
    ledger.record_many(Event.SEALED_SHOWN, subjects=rows, actor=by, at=at)
    return text


def owe_wiping(application: Application) -> None:
    """Promise that what this application sealed is wiped: its decision is told, or it was taken back."""
    application.sealed.filter(wiped_at=None).update(wipe_owed=True)


def forget(applications: QuerySet[Application], *, by: ledger.Actor, at: datetime) -> None:
    """Wipe what these applications sealed, now: whoever gave it deleted their account."""
    rows = list(
        SealedAnswer.objects.filter(application__in=applications, wiped_at=None).select_for_update(
            of=("self",)
        )
    )
    _wipe(rows, by=by, at=at)


def wipe_owed(*, at: datetime) -> int:
    """Wipe what is owed to be; return how many. Safe to run twice: prefers to wipe again over not at all."""
    wiped = 0
    while taken := _wipe_chunk(at):
        wiped += taken
    return wiped


@transaction.atomic
def _wipe_chunk(at: datetime) -> int:
    rows = list(
        SealedAnswer.objects.filter(wipe_owed=True).select_for_update(skip_locked=True).order_by("pk")[:BATCH]
    )
    _wipe(rows, by="beat", at=at)
    return len(rows)


def _wipe(rows: list[SealedAnswer], *, by: ledger.Actor, at: datetime) -> None:
    SealedAnswer.objects.filter(pk__in=[row.pk for row in rows]).update(text="", wiped_at=at, wipe_owed=False)
    ledger.record_many(Event.SEALED_WIPED, subjects=rows, actor=by, at=at)
