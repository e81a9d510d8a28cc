"""What can be done against a decision, until when, and why something cannot. Reads, changes nothing.

An appeal's time runs from the notice: from the telling or, where that was later, from the moment the letter about it
was sent. While it was not sent no clock runs. A reinstatement is for bringing the day of the next application forward.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import ledger
from enforcement.models import Appeal
from enforcement.states import DECIDED_STATES, OPEN_STATES, AppealKind, AppealState
from onboarding.states import LIVE_GRANT_STATES, ApplicationKind
from outbox.models import Letter
from reviews.domain import due, rejections
from reviews.domain.due import Calendar
from reviews.models import Decision
from reviews.states import Outcome

APPEAL_ANSWERED_WITHIN = timedelta(days=14)
REINSTATEMENT_ANSWERED_WITHIN = 10  # working days
MOST_TAKEN_BACK = (
    5  # one way, one decision: sending and withdrawing writes letters and moves the list of open ones
)
AGAIN_AFTER = timedelta(days=30)  # another reinstatement, after one that was denied
REJECTION_LETTER = "reviews/rejected"


class CannotFile(Exception):
    """This way is not open now; `code` says why to a program, the sentence to a person."""

    code = ""


class NothingToAppeal(CannotFile):
    code = "nothing_to_appeal"

    def __init__(self) -> None:
        super().__init__(_("There is no decision against you here that could be appealed."))


class Overturned(CannotFile):
    code = "overturned"

    def __init__(self, decision: Decision):
        assert decision.overturned_at is not None
        super().__init__(
            _("This decision was set aside on %(date)s: there is nothing left to appeal.")
            % {"date": when(decision.overturned_at)}
        )


class AlreadyOpen(CannotFile):
    code = "already_open"

    def __init__(self, appeal: Appeal):
        self.appeal = appeal
        said = (
            _("Your appeal is with us; we answer it by %(date)s. Withdraw it first to send another.")
            if appeal.kind == AppealKind.APPEAL
            else _(
                "Your request for reinstatement is with us; we answer it by %(date)s. "
                "Withdraw it first to send something else."
            )
        )
        super().__init__(said % {"date": when(appeal.due_at)})


class AppealedBefore(CannotFile):
    code = "appealed_before"

    def __init__(self, appeal: Appeal):
        self.appeal = appeal
        assert appeal.decided_at is not None
        super().__init__(
            _("Your appeal was decided on %(date)s. A decision can be appealed once.")
            % {"date": when(appeal.decided_at)}
        )


class AccessEnded(CannotFile):
    code = "access_ended"

    def __init__(self) -> None:
        super().__init__(
            _(
                "The access that this request was about has ended, so the request cannot be looked at again. "
                "You can apply for access anew."
            )
        )


class WindowClosed(CannotFile):
    code = "window_closed"

    def __init__(self, closed_at: datetime):
        super().__init__(_("An appeal could be filed until %(date)s.") % {"date": when(closed_at)})


class NeverAgain(CannotFile):
    code = "never_again"

    def __init__(self) -> None:
        super().__init__(
            _(
                "This decision is not about something that can be mended, and we take no other application for this "
                "program from you. If you think it is wrong, appeal."
            )
        )


class MayApplyAlready(CannotFile):
    code = "may_apply_already"

    def __init__(self) -> None:
        super().__init__(_("You may apply again now: nobody has to be asked first."))


class TakenBackTooOften(CannotFile):
    code = "taken_back_too_often"

    def __init__(self) -> None:
        super().__init__(
            ngettext(
                "You took back what you sent against this decision %(most)d time, as often as one may.",
                "You took back what you sent against this decision %(most)d times, as often as one may.",
                MOST_TAKEN_BACK,
            )
            % {"most": MOST_TAKEN_BACK}
        )


class TooSoonAgain(CannotFile):
    code = "too_soon"

    def __init__(self, again_at: datetime):
        super().__init__(
            _("Your last request for reinstatement was denied; you may send another from %(date)s.")
            % {"date": when(again_at)}
        )


@dataclass(frozen=True)
class Window:
    """From the notice to its end; both empty while the letter about the decision was not sent."""

    notice_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True)
class Way:
    """One way against a decision: what was sent that way (newest first), and what stands in the way now."""

    kind: AppealKind
    obstacle: CannotFile | None
    until: datetime | None
    appeals: Sequence[Appeal]

    @property
    def is_open(self) -> bool:
        return self.obstacle is None

    @property
    def latest(self) -> Appeal | None:
        return self.appeals[0] if self.appeals else None


@dataclass(frozen=True)
class Remedies:
    """Both ways against one decision, told apart."""

    decision: Decision
    window: Window
    appeal: Way
    reinstatement: Way

    def way(self, kind: str) -> Way:
        return self.appeal if kind == AppealKind.APPEAL else self.reinstatement


def of(decision: Decision, *, at: datetime) -> Remedies:
    """Return both ways against a decision (loaded with its case and program): two queries."""
    sent = list(decision.appeals.select_related("filed_by", "withdrawn_by").order_by("-pk"))
    time = window(decision)
    ways = {
        kind: Way(
            kind,
            _obstacle(kind, decision, sent, time, at),
            time.closes_at if kind == AppealKind.APPEAL else _reapply_at(decision),
            [appeal for appeal in sent if appeal.kind == kind],
        )
        for kind in AppealKind
    }
    return Remedies(decision, time, ways[AppealKind.APPEAL], ways[AppealKind.REINSTATEMENT])


def window(decision: Decision) -> Window:
    """Return when the time for an appeal began and when it ends, the same local time so many days later."""
    about = Letter.objects.filter(
        kind=REJECTION_LETTER, about_type=ledger.kind_of(decision), about_id=str(decision.pk)
    )
    sent_at = about.aggregate(first=Min("sent_at"))["first"]
    if decision.told_at is None or sent_at is None:
        return Window()
    notice_at, program = max(decision.told_at, sent_at), decision.case.program
    return Window(notice_at, days_after(notice_at, days=program.appeal_days, zone=program.zone))


def due_at(kind: str, *, since: datetime, calendar: Calendar) -> datetime:
    """Return by when what is filed now is answered (UTC): appeals 14 days, reinstatements 10 working days."""
    if kind == AppealKind.APPEAL:
        return days_after(since, days=APPEAL_ANSWERED_WITHIN.days, zone=calendar.zone)
    return due.working_days_after(since, days=REINSTATEMENT_ANSWERED_WITHIN, calendar=calendar)


def days_after(start: datetime, *, days: int, zone: ZoneInfo) -> datetime:
    """Return the same local time so many days later (UTC), whatever the clocks there did in between."""
    local = start.astimezone(zone).replace(tzinfo=None)
    return (local + timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC)


def when(at: datetime) -> str:
    """Return a moment as the reader's own date and time, with the zone."""
    return date_format(localtime(at), _("j F Y, H:i T"))


def _obstacle(
    kind: str, decision: Decision, sent: Sequence[Appeal], time: Window, at: datetime
) -> CannotFile | None:
    if decision.outcome != Outcome.REJECTED or decision.told_at is None:
        return NothingToAppeal()
    if decision.overturned_at:
        return Overturned(decision)
    if found := next((appeal for appeal in sent if appeal.state in OPEN_STATES), None):
        return AlreadyOpen(found)
    if kind == AppealKind.APPEAL:
        stands = _against_appealing(decision, sent, time, at)
    else:
        stands = _against_reinstating(decision, sent, at)
    return stands or _against_sending_again(kind, sent)


def _against_appealing(
    decision: Decision, sent: Sequence[Appeal], time: Window, at: datetime
) -> CannotFile | None:
    decided = (a for a in sent if a.kind == AppealKind.APPEAL and a.state in DECIDED_STATES)
    if found := next(decided, None):
        return AppealedBefore(found)
    if time.closes_at and time.closes_at <= at:
        return WindowClosed(time.closes_at)
    application = decision.case.application
    grant, is_barring = application.grant, application.kind == ApplicationKind.RENEWAL
    if (
        grant is not None
        and not is_barring
        and (grant.state not in LIVE_GRANT_STATES or grant.expires_at <= at)
    ):
        return AccessEnded()
    return None


def _against_reinstating(decision: Decision, sent: Sequence[Appeal], at: datetime) -> CannotFile | None:
    if decision.reapply_never:
        return NeverAgain()
    if rejections.reapply_at(decision) <= at:
        return MayApplyAlready()
    denied = [a for a in sent if a.kind == AppealKind.REINSTATEMENT and a.state == AppealState.DENIED]
    if denied and denied[0].decided_at and (again_at := denied[0].decided_at + AGAIN_AFTER) > at:
        return TooSoonAgain(again_at)
    return None


def _against_sending_again(kind: str, sent: Sequence[Appeal]) -> CannotFile | None:
    back = [each for each in sent if each.kind == kind and each.state == AppealState.WITHDRAWN]
    return TakenBackTooOften() if len(back) >= MOST_TAKEN_BACK else None


def _reapply_at(decision: Decision) -> datetime | None:
    again = rejections.reapply_at(decision)
    return None if again == rejections.NEVER else again
