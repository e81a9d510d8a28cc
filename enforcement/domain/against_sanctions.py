"""Appeals and requests for reinstatement against sanctions: the window, the filing, and what a won one turns back.

An appeal says "you were wrong": it reverses the sanction, as if it had never been. A reinstatement says "it is
mended": it lifts the sanction, which stays on the record. Time runs from the sent letter, as in `remedies`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.languages import grouped, spoken
from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.domain import effects, notices, owed, remedies, sanctions
from enforcement.domain.remedies import (
    AGAIN_AFTER,
    MOST_TAKEN_BACK,
    AlreadyOpen,
    AppealedBefore,
    CannotFile,
    NothingToAppeal,
    TakenBackTooOften,
    TooSoonAgain,
    Window,
    WindowClosed,
)
from enforcement.models import STATEMENT_LEAST, STATEMENT_MOST, Appeal, Sanction, Waiver
from enforcement.states import (
    DECIDED_STATES,
    OPEN_STATES,
    STANDING_SANCTIONS,
    AppealKind,
    AppealState,
    SanctionKind,
    SanctionState,
    SanctionTarget,
)
from onboarding.domain import grants, renewals
from onboarding.domain.keys import changing
from onboarding.domain.notices import reader_of
from onboarding.models import Grant
from onboarding.permissions import may_see
from onboarding.states import LIVE_GRANT_STATES, LIVE_KEY_STATES
from outbox.models import Letter
from reviews.domain import calendars

LETTER = "enforcement/sanction_imposed"


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only the holder of the access or somebody of the same organisation may do this."))


class BadStatement(Exception):
    """Too short, or too long."""


class NothingToMend(CannotFile):
    code = "nothing_to_mend"

    def __init__(self) -> None:
        super().__init__(_("Nothing is stopped any more: there is nothing to give back."))


@dataclass(frozen=True)
class Standing:
    """One sanction as its holder sees it: the window, what was sent (newest first), and what stands in either way."""

    sanction: Sanction
    window: Window
    sent: Sequence[Appeal]
    against_appeal: CannotFile | None
    against_reinstatement: CannotFile | None

    def obstacle(self, kind: str) -> CannotFile | None:
        return self.against_appeal if kind == AppealKind.APPEAL else self.against_reinstatement


def of(sanction: Sanction, *, at: datetime) -> Standing:
    """Return how a sanction stands: two queries."""
    sent = list(sanction.appeals.select_related("filed_by", "withdrawn_by").order_by("-pk"))
    time = window(sanction)
    return Standing(
        sanction, time, sent,
        _obstacle(AppealKind.APPEAL, sanction, sent, time, at),
        _obstacle(AppealKind.REINSTATEMENT, sanction, sent, time, at),
    )  # fmt: skip


def window(sanction: Sanction) -> Window:
    """Return when the time for an appeal began and when it ends; both empty while the letter was not sent."""
    about = Letter.objects.filter(kind=LETTER, about_type=ledger.kind_of(sanction), about_id=str(sanction.pk))
    sent_at = about.aggregate(first=Min("sent_at"))["first"]
    if sanction.active_at is None or sent_at is None:
        return Window()
    notice_at, program = max(sanction.active_at, sent_at), sanction.grant.program
    return Window(notice_at, remedies.days_after(notice_at, days=program.appeal_days, zone=program.zone))


@transaction.atomic
def file(sanction: Sanction, *, kind: str, statement: str, by: User, at: datetime) -> Appeal:
    """File an appeal or a request for reinstatement against a sanction; the same words again are the same one.

    Raises NotYours; CannotFile, by its subclass why this way is not open now; BadStatement. Nothing changed then.
    """
    sanction = sanctions.locked(sanction)
    if not may_see(by, sanction.grant.application):
        raise NotYours
    kind, words = AppealKind(kind), statement.replace("\0", "").replace("\r\n", "\n").strip()
    known = of(sanction, at=at)
    latest = next((each for each in known.sent if each.kind == kind), None)
    if latest and latest.state in OPEN_STATES and latest.statement == words:
        return latest
    if obstacle := known.obstacle(kind):
        raise obstacle
    if not STATEMENT_LEAST <= len(words) <= STATEMENT_MOST:
        raise BadStatement(
            _("Write between %(least)d and %(most)s characters; this has %(count)s.")
            % {"least": STATEMENT_LEAST, "most": grouped(STATEMENT_MOST), "count": grouped(len(words))}
        )
    appeal = Appeal.objects.create(
        kind=kind,
        sanction=sanction,
        statement=words,
        filed_by=by,
        filed_at=at,
        notice_at=known.window.notice_at,
        closes_at=known.window.closes_at if kind == AppealKind.APPEAL else None,
        due_at=remedies.due_at(kind, since=at, calendar=calendars.of(sanction.grant.program)),
    )
    ledger.record(Event.APPEAL_FILED, subject=appeal, actor=by, at=at, kind=kind, sanction=sanction.pk)
    notices.write("appeal_received", appeal, at=at)
    return appeal


def turn(appeal: Appeal, *, by: User, at: datetime) -> None:
    """Make a won appeal or reinstatement true, in its transaction; the sanction is locked.

    A won appeal also keeps the same rule from acting by itself on the same grant, for the same approved use.
    """
    sanction = appeal.sanction
    assert sanction is not None
    if appeal.kind == AppealKind.REINSTATEMENT:
        sanctions.close(
            sanction, SanctionState.LIFTED, Event.SANCTION_LIFTED, by=by, at=at, reason=appeal.explanation
        )
        return
    sanctions.reverse(sanction, by=by, at=at, reason=appeal.explanation)
    for rule, category in _acted_on(sanction):
        waiver = Waiver.objects.create(
            grant=sanction.grant, revision=sanction.grant.revision, rule=rule, category=category,
            reason=gettext_noop("An appeal was won."), sanction=sanction, given_at=at, given_by=by,
        )  # fmt: skip
        ledger.record(
            Event.WAIVER_GIVEN, subject=waiver, actor=by, at=at, reason="appeal_upheld",
            grant=sanction.grant_id, rule=rule, category=category,
        )  # fmt: skip


def carry_out_owed(*, at: datetime) -> int:
    """Make ends of access final whose time to appeal is over with nothing open; return how many. Safe to run twice."""
    waiting = Sanction.objects.active().filter(kind=SanctionKind.TERMINATE, carried_out_at=None)
    waiting = waiting.exclude(appeals__state__in=OPEN_STATES).order_by("active_at")
    return owed.settle_each(
        waiting, lambda pk: _carry_out(pk, at), what="The end of access of sanction", most=5000
    )


def expire_owed(*, at: datetime) -> int:
    """Expire access that is past its end and stopped by something nobody can appeal any more; return how many.

    Until then it waits, so that whoever wins gets it back with the time it lost. Safe to run twice.
    """
    held = Grant.objects.live().filter(sanctioned_since__isnull=False, expires_at__lte=at)
    return owed.settle_each(
        held.order_by("expires_at"), lambda pk: _expire(pk, at), what="The end of grant", most=5000
    )


def _expire(pk: int, at: datetime) -> bool:
    # No lock is needed to ask: what can no longer be appealed never can again.
    grant = Grant.objects.get(pk=pk)
    stopping = [each for each in effects.on(grant) if effects.stops_access(each) and each.key_id is None]
    return any(_is_final(each, at) for each in stopping) and renewals.expire_held(grant, at=at)


def _is_final(sanction: Sanction, at: datetime) -> bool:
    """Return whether nobody can appeal any more: denied, or the time is over; and nothing is open."""
    sent = list(sanction.appeals.all())
    denied = any(each.kind == AppealKind.APPEAL and each.state == AppealState.DENIED for each in sent)
    closes_at = window(sanction).closes_at
    is_over = denied or (closes_at is not None and closes_at <= at)
    return is_over and not any(each.state in OPEN_STATES for each in sent)


@transaction.atomic
def _carry_out(pk: int, at: datetime) -> bool:
    sanction = sanctions.locked(Sanction.objects.get(pk=pk))
    if sanction.state != SanctionState.ACTIVE or sanction.carried_out_at is not None:
        return False
    if not _is_final(sanction, at):
        return False
    assert sanction.signed_by is not None, "an end of access has a second person"
    _end_for_good(sanction, sanction.signed_by, at)
    sanction.carried_out_at = at
    sanction.save(update_fields=["carried_out_at"])
    ledger.record(Event.SANCTION_CARRIED_OUT, subject=sanction, actor="enforcement", at=at)
    return True


def _end_for_good(sanction: Sanction, by: User, at: datetime) -> None:
    if sanction.target == SanctionTarget.END_USER:
        return
    if sanction.target == SanctionTarget.KEY:
        assert sanction.key is not None
        if sanction.key.state in LIVE_KEY_STATES:
            grants.locked(sanction.grant_id)
            changing.end([sanction.key], Event.KEY_REVOKED, by, at)
        return
    wide = Q(owner=sanction.owner_id) if sanction.target == SanctionTarget.OWNER else Q(pk=sanction.grant_id)
    for grant in Grant.objects.filter(wide, state__in=LIVE_GRANT_STATES).order_by("pk"):
        grants.revoke(grant, by=by, at=at, reason=_said_to(grant, sanction))


def _said_to(grant: Grant, sanction: Sanction) -> str:
    """Return why an access ends, in the language of whoever reads the letter for its owner."""
    reader = reader_of(grant.application)
    with translation.override(spoken(reader.language) if reader else settings.LANGUAGE_CODE):
        return _("The time to appeal is over (%(number)s).") % {"number": sanction.number}


def _acted_on(sanction: Sanction) -> list[tuple[str, str]]:
    """Return what made it: the rule that acted, or every rule that flagged the case; (rule, category) each."""
    flags = [sanction.flag] if sanction.flag else list(sanction.case.flags.order_by("pk"))
    made = {(flag.rule, flag.category) for flag in flags if flag.rule or flag.category}
    return sorted(made)


def _obstacle(
    kind: str, sanction: Sanction, sent: Sequence[Appeal], time: Window, at: datetime
) -> CannotFile | None:
    if sanction.state not in STANDING_SANCTIONS:
        return NothingToAppeal()
    if found := next((appeal for appeal in sent if appeal.state in OPEN_STATES), None):
        return AlreadyOpen(found)
    if kind == AppealKind.APPEAL:
        stands = _against_appealing(sent, time, at)
    else:
        stands = _against_reinstating(sanction, sent, at)
    back = [each for each in sent if each.kind == kind and each.state == AppealState.WITHDRAWN]
    return stands or (TakenBackTooOften() if len(back) >= MOST_TAKEN_BACK else None)


def _against_appealing(sent: Sequence[Appeal], time: Window, at: datetime) -> CannotFile | None:
    decided = (a for a in sent if a.kind == AppealKind.APPEAL and a.state in DECIDED_STATES)
    if found := next(decided, None):
        return AppealedBefore(found)
    if time.closes_at and time.closes_at <= at:
        return WindowClosed(time.closes_at)
    return None


def _against_reinstating(sanction: Sanction, sent: Sequence[Appeal], at: datetime) -> CannotFile | None:
    is_warning = sanction.kind == SanctionKind.WARN
    if sanction.state != SanctionState.ACTIVE or is_warning or sanction.carried_out_at is not None:
        return NothingToMend()
    denied = [a for a in sent if a.kind == AppealKind.REINSTATEMENT and a.state == AppealState.DENIED]
    if denied and denied[0].decided_at and (again_at := denied[0].decided_at + AGAIN_AFTER) > at:
        return TooSoonAgain(again_at)
    return None
