"""Where an application stands for the person who sent it: one word for all its rows, and its look."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Prefetch, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onboarding.models import Application, Grant, Invitation, Key, Seat, WaitlistEntry
from onboarding.states import (
    LIVE_ENTRY_STATES,
    ApplicationState,
    EntryState,
    GrantState,
    InvitationState,
    KeyState,
)


class Standing(StrEnum):
    DRAFT = "draft"
    RECEIVED = "received"
    IN_REVIEW = "in_review"
    ASKED = "asked"
    REJECTED = "rejected"
    APPROVED = "approved"  # without a place in line
    IN_LINE = "in_line"
    HELD = "held"
    INVITED = "invited"
    INVITATION_OVER = "invitation_over"  # its time is over, the sweep comes within a minute
    KEY_OWED = "key_owed"
    KEY_READY = "key_ready"
    KEY_OVER = "key_over"  # never opened in time, or ended alone
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


@dataclass(frozen=True)
class Look:
    """How a standing shows in a list: the pill's kind and words, and what is waited for."""

    pill: str
    words: str | Promise
    waits: str | Promise


LOOKS = {
    Standing.DRAFT: Look("", pgettext_lazy("application", "draft"), _("You: fill it in and send it")),
    Standing.RECEIVED: Look(
        "info", pgettext_lazy("application", "received"), _("Us: a reviewer takes it up")
    ),
    Standing.IN_REVIEW: Look("info", pgettext_lazy("application", "with a reviewer"), _("Us: the decision")),
    Standing.ASKED: Look(
        "wait", pgettext_lazy("application", "question for you"), _("You: answer our question")
    ),
    Standing.REJECTED: Look("stop", pgettext_lazy("application", "not approved"), _("Nothing")),
    Standing.APPROVED: Look("ok", pgettext_lazy("application", "approved"), _("Nothing")),
    Standing.IN_LINE: Look(
        "info", pgettext_lazy("application", "in line"), _("Us: a seat in one of the next weeks")
    ),
    Standing.HELD: Look("wait", pgettext_lazy("application", "held in line"), _("Us: your place is on hold")),
    Standing.INVITED: Look("wait", pgettext_lazy("application", "invited"), _("You: accept the invitation")),
    Standing.INVITATION_OVER: Look(
        "stop", pgettext_lazy("application", "invitation expired"), _("Us: your place in line")
    ),
    Standing.KEY_OWED: Look("ok", pgettext_lazy("application", "access granted"), _("Us: your key")),
    Standing.KEY_READY: Look("wait", pgettext_lazy("application", "key ready"), _("You: open your key")),
    Standing.KEY_OVER: Look(
        "stop", pgettext_lazy("application", "no working key"), _("You: ask for a new key, or resume one")
    ),
    Standing.ACTIVE: Look("ok", pgettext_lazy("application", "access granted"), _("Nothing")),
    Standing.SUSPENDED: Look(
        "stop", pgettext_lazy("application", "suspended"), _("You: read why, and answer")
    ),
    Standing.REVOKED: Look("stop", pgettext_lazy("application", "revoked"), _("Nothing")),
    Standing.EXPIRED: Look("stop", pgettext_lazy("application", "expired"), _("Nothing")),
    Standing.WITHDRAWN: Look("stop", pgettext_lazy("application", "withdrawn"), _("Nothing")),
    Standing.LAPSED: Look("stop", pgettext_lazy("application", "lapsed"), _("Nothing")),
}
WITHOUT_APPROVAL = {
    ApplicationState.DRAFT: Standing.DRAFT,
    ApplicationState.SUBMITTED: Standing.RECEIVED,
    ApplicationState.IN_REVIEW: Standing.IN_REVIEW,
    ApplicationState.INFORMATION_REQUESTED: Standing.ASKED,
    ApplicationState.REJECTED: Standing.REJECTED,
    ApplicationState.WITHDRAWN: Standing.WITHDRAWN,
    ApplicationState.LAPSED: Standing.LAPSED,
}
ENDED_GRANTS = {
    GrantState.SUSPENDED: Standing.SUSPENDED,
    GrantState.REVOKED: Standing.REVOKED,
    GrantState.EXPIRED: Standing.EXPIRED,
}


@dataclass(frozen=True)
class Course:
    """The rows an application has grown so far; invitations newest first."""

    application: Application
    entry: WaitlistEntry | None
    invitations: list[Invitation]
    grant: Grant | None
    key: Key | None
    standing: Standing

    @property
    def look(self) -> Look:
        return LOOKS[self.standing]

    @property
    def invitation(self) -> Invitation | None:
        return self.invitations[0] if self.invitations else None


def with_course(applications: QuerySet[Application]) -> QuerySet[Application]:
    """Load what `course` reads: three statements more, whatever the number of applications."""
    seats = Seat.objects.select_related("invitation").order_by("-pk")
    grants = (
        Grant.objects.select_related("program", "tier")
        .order_by("-pk")
        .prefetch_related(Prefetch("keys", Key.objects.order_by("-pk")))
    )
    rows = applications.select_related("program", "owner__person", "owner__organisation", "entry")
    return rows.prefetch_related(Prefetch("entry__seats", seats), Prefetch("grants", grants))


def course(application: Application, *, at: datetime) -> Course:
    """Return how far an application loaded by `with_course` has come."""
    entry = getattr(application, "entry", None)
    invitations = [seat.invitation for seat in entry.seats.all()] if entry else []
    grant = next(iter(application.grants.all()), None)
    key = _telling(grant.keys.all()) if grant else None
    if application.state in WITHOUT_APPROVAL:
        standing = WITHOUT_APPROVAL[ApplicationState(application.state)]
    elif grant:
        standing = ENDED_GRANTS.get(GrantState(grant.state)) or _of_key(grant, key, at)
    else:
        standing = _of_line(entry, invitations, at)
    return Course(application, entry, invitations, grant, key, standing)


def _of_line(entry: WaitlistEntry | None, invitations: list[Invitation], at: datetime) -> Standing:
    if entry is None or entry.state not in LIVE_ENTRY_STATES:
        return Standing.APPROVED
    if entry.state == EntryState.SEATED and invitations:
        return Standing.INVITATION_OVER if is_over(invitations[0], at) else Standing.INVITED
    return Standing.HELD if entry.state == EntryState.HELD else Standing.IN_LINE


def _telling(keys: Iterable[Key]) -> Key | None:
    """Return the key that says most of where somebody stands: one that works, one to be opened, or the latest."""
    ranks = (KeyState.ACTIVE, KeyState.ISSUED, KeyState.SUSPENDED, KeyState.REVOKED, KeyState.EXPIRED)
    return min(keys, key=lambda key: (min(ranks.index(KeyState(key.state)), 2), -key.pk), default=None)


def _of_key(grant: Grant, key: Key | None, at: datetime) -> Standing:
    if grant.expires_at <= at:
        return Standing.EXPIRED
    if key and key.state == KeyState.ACTIVE:
        return Standing.ACTIVE
    if grant.key_owed or key is None:
        return Standing.KEY_OWED
    if key.state == KeyState.ISSUED:
        return Standing.KEY_READY if key.open_by > at else Standing.KEY_OVER
    return Standing.KEY_OVER


def is_over(invitation: Invitation, at: datetime) -> bool:
    """Return whether an offered invitation can no longer be accepted; those not told have no deadline yet."""
    return invitation.state != InvitationState.OFFERED or invitation.is_over(at)
