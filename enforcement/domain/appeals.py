"""File an appeal or a request for reinstatement, take it up, decide it, withdraw it.

Locks in the one order: application, case, decision, appeal; against a sanction: owner, sanction, appeal. Deciding
and telling are one moment here: whoever waits for an appeal has waited once already, and a third person has looked at
it, so there is no recall window. Filing against a sanction: `against_sanctions`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.domain import against_sanctions, notices, owed, remedies, sanctions
from enforcement.domain.remedies import CannotFile
from enforcement.models import STATEMENT_LEAST, STATEMENT_MOST, Appeal
from enforcement.permissions import may_decide, may_file, may_stand_for
from enforcement.states import (
    APPEAL_TRANSITIONS,
    DECIDED_STATES,
    OPEN_STATES,
    REASONS,
    AppealKind,
    AppealState,
)
from reviews.domain import calendars, cases, reversals
from reviews.models import Case, Decision

KEPT_FOR = timedelta(hours=2)  # how long one person has an appeal; longer with each renewal
WORDS_MOST = 2000  # characters of an explanation, and of what to look at again


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only the applicant or somebody of the same organisation may do this."))


class BadStatement(Exception):
    """Too short, or too long."""


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else decides this: a senior reviewer who neither made nor signed the decision and has no "
                "part in the application."
            )
        )


class HeldBy(Exception):
    def __init__(self, appeal: Appeal):
        assert appeal.taken_until is not None
        super().__init__(
            _("%(name)s has this until %(date)s; nothing was changed.")
            % {"name": appeal.taken_by, "date": remedies.when(appeal.taken_until)}
        )


class NotHeld(Exception):
    def __init__(self) -> None:
        super().__init__(_("You do not have this (any more). Take it first; what you typed is kept."))


class AppealIsOver(Exception):
    def __init__(self, appeal: Appeal):
        super().__init__(
            _("This is “%(state)s”: there is nothing to do any more.")
            % {"state": appeal.get_state_display().lower()}
        )


class AlreadyDecided(Exception):
    """Somebody was faster, or the same person decided otherwise before."""

    def __init__(self, appeal: Appeal, at: datetime):
        self.appeal = appeal
        assert appeal.decided_at is not None
        super().__init__(
            _(
                "Decided %(ago)s ago by %(name)s: %(state)s. Nothing was changed; what you typed is kept below."
            )
            % {
                "ago": _ago(appeal.decided_at, at),
                "name": appeal.decided_by,
                "state": appeal.get_state_display().lower(),
            }
        )


class Incomplete(Exception):
    """`problems` says what a decision lacks, by field."""

    def __init__(self, problems: Mapping[str, str]):
        self.problems = dict(problems)
        super().__init__(" ".join(problems.values()))


class IllegalMove(Exception):
    def __init__(self, appeal: Appeal, to: str):
        super().__init__(
            _("This is “%(state)s”; it cannot become “%(to)s”.")
            % {"state": appeal.get_state_display().lower(), "to": str(AppealState(to).label).lower()}
        )


@transaction.atomic
def file(decision: Decision, *, kind: str, statement: str, by: User, at: datetime) -> Appeal:
    """File an appeal (`kind` "appeal") or a request for reinstatement ("reinstatement") against a told rejection.

    The statement has 40 to 5,000 characters. The same words again, while the first are open, are the same appeal.
    Raises NotYours; CannotFile, by its subclass why this way is not open now (`remedies.of` says so beforehand);
    BadStatement. Nothing was changed then.
    """
    decision = _locked_decision(decision)
    if not may_file(by, decision):
        raise NotYours
    kind, words = AppealKind(kind), _tidy(statement)
    known = remedies.of(decision, at=at)
    way = known.way(kind)
    if way.latest and way.latest.state in OPEN_STATES and way.latest.statement == words:
        return way.latest
    if way.obstacle:
        raise way.obstacle
    _check_length(words)
    appeal = Appeal.objects.create(
        kind=kind,
        decision=decision,
        statement=words,
        filed_by=by,
        filed_at=at,
        notice_at=known.window.notice_at,
        closes_at=known.window.closes_at if kind == AppealKind.APPEAL else None,
        due_at=remedies.due_at(kind, since=at, calendar=calendars.of(decision.case.program)),
    )
    ledger.record(Event.APPEAL_FILED, subject=appeal, actor=by, at=at, kind=kind, decision=decision.pk)
    notices.write("appeal_received", appeal, at=at)
    return appeal


@transaction.atomic
def withdraw(appeal: Appeal, *, by: User, at: datetime) -> Appeal:
    """Take it back while nobody has decided it; twice is once. Raises NotYours, AppealIsOver."""
    appeal = _locked(appeal)
    if not may_stand_for(by, appeal):
        raise NotYours
    if appeal.state == AppealState.WITHDRAWN:
        return appeal
    if appeal.state not in OPEN_STATES:
        raise AppealIsOver(appeal)
    appeal.withdrawn_by, appeal.withdrawn_at, appeal.taken_until = by, at, None
    _move(appeal, to=AppealState.WITHDRAWN, event=Event.APPEAL_WITHDRAWN, by=by, at=at)
    notices.write("appeal_withdrawn", appeal, at=at)
    return appeal


@transaction.atomic
def take(appeal: Appeal, *, by: User, at: datetime) -> Appeal:
    """Take it up for KEPT_FOR; asking again renews it; what another kept too long is taken over.

    Raises NotForYou, HeldBy, AppealIsOver.
    """
    appeal = _locked(appeal)
    if not may_decide(by, appeal):
        raise NotForYou
    if appeal.state not in OPEN_STATES:
        raise AppealIsOver(appeal)
    if appeal.state == AppealState.IN_REVIEW and appeal.taken_by_id != by.pk:
        if appeal.taken_until and appeal.taken_until > at:
            raise HeldBy(appeal)
        _let_go(appeal, by=by, at=at, reason="ran_out")
    if appeal.state == AppealState.IN_REVIEW:
        appeal.taken_until = at + KEPT_FOR
        appeal.save(update_fields=["taken_until"])
        return appeal
    appeal.taken_by, appeal.taken_at, appeal.taken_until = by, at, at + KEPT_FOR
    return _move(appeal, to=AppealState.IN_REVIEW, event=Event.APPEAL_TAKEN, by=by, at=at)


@transaction.atomic
def release(appeal: Appeal, *, by: User, at: datetime) -> Appeal:
    """Give it back; doing so twice is once. Raises NotHeld when somebody else has it."""
    appeal = _locked(appeal)
    if appeal.state != AppealState.IN_REVIEW:
        return appeal
    if appeal.taken_by_id != by.pk:
        raise NotHeld
    return _let_go(appeal, by=by, at=at, reason="given_back")


def release_run_out(*, at: datetime) -> int:
    """Give back what was kept too long; return how many. Safe to run twice and beside itself."""
    run_out = Appeal.objects.run_out(at).order_by("taken_until")
    return owed.settle_each(run_out, lambda pk: _release_run_out(pk, at), what="The release of appeal")


@transaction.atomic
def uphold(
    appeal: Appeal, *, reason_code: str, explanation: str, look_again: str = "", by: User, at: datetime
) -> Appeal:
    """Say that the applicant is right, and make it so, in this transaction.

    An appeal: the rejection is set aside, the application is in review again, and its case is open for reviewers who
    had no part in the first decision; `look_again` tells them where to look. A reinstatement: one may apply again now.
    Against a sanction: what it stopped works again (`against_sanctions.turn`).
    The same by the same person again is once. Raises NotForYou, AlreadyDecided, AppealIsOver, HeldBy, NotHeld,
    Incomplete, reversals.NothingToOverturn, reversals.NewerRequest, reversals.AccessEnded.
    """
    appeal = _held(appeal, to=AppealState.UPHELD, by=by, at=at)
    if appeal.state == AppealState.UPHELD:
        return appeal
    anew = _tidy(look_again) if appeal.kind == AppealKind.APPEAL and appeal.decision else ""
    _write_outcome(appeal, AppealState.UPHELD, reason_code, explanation, anew)
    _decide(appeal, to=AppealState.UPHELD, event=Event.APPEAL_UPHELD, by=by, at=at)
    if appeal.decision is None:
        against_sanctions.turn(appeal, by=by, at=at)
    else:
        turn = reversals.overturn if appeal.kind == AppealKind.APPEAL else reversals.allow_reapplying
        turn(appeal.decision, by=by, at=at, reason=appeal.outcome_reason)
    notices.write("appeal_upheld", appeal, at=at)
    return appeal


@transaction.atomic
def deny(appeal: Appeal, *, reason_code: str, explanation: str, by: User, at: datetime) -> Appeal:
    """Say that the decision stands, and why. Idempotence and errors as in `uphold`."""
    appeal = _held(appeal, to=AppealState.DENIED, by=by, at=at)
    if appeal.state == AppealState.DENIED:
        return appeal
    _write_outcome(appeal, AppealState.DENIED, reason_code, explanation, "")
    _decide(appeal, to=AppealState.DENIED, event=Event.APPEAL_DENIED, by=by, at=at)
    notices.write("appeal_denied", appeal, at=at)
    return appeal


def upheld_for(case: Case) -> Appeal | None:
    """Return the appeal that opened this case again, with its statement and what to look at, or None."""
    won = Appeal.objects.filter(
        decision__case=case, kind=AppealKind.APPEAL, state=AppealState.UPHELD
    ).select_related("decided_by")
    return won.order_by("-decided_at").first()


def _locked_decision(decision: Decision) -> Decision:
    case = cases.locked(Case.objects.only("application_id").get(decisions=decision.pk))
    decision = Decision.objects.select_for_update(of=("self",)).get(pk=decision.pk)
    decision.case = case
    return decision


def _locked(appeal: Appeal) -> Appeal:
    target = Appeal.objects.select_related("decision", "sanction").get(pk=appeal.pk)
    decision = _locked_decision(target.decision) if target.decision else None
    sanction = sanctions.locked(target.sanction) if target.sanction else None
    appeal = (
        Appeal.objects.select_for_update(of=("self",))
        .select_related("filed_by", "taken_by", "decided_by")
        .get(pk=appeal.pk)
    )
    appeal.decision, appeal.sanction = decision, sanction
    return appeal


def _held(appeal: Appeal, *, to: AppealState, by: User, at: datetime) -> Appeal:
    """Return the appeal, locked: held by this person, or decided so by them before."""
    appeal = _locked(appeal)
    if not may_decide(by, appeal):
        raise NotForYou
    if appeal.state in DECIDED_STATES:
        if (appeal.decided_by_id, appeal.state) == (by.pk, to):
            return appeal
        raise AlreadyDecided(appeal, at)
    if appeal.state == AppealState.WITHDRAWN:
        raise AppealIsOver(appeal)
    if appeal.state == AppealState.FILED:
        raise NotHeld
    if appeal.taken_by_id != by.pk:
        raise HeldBy(appeal) if appeal.taken_until and appeal.taken_until > at else NotHeld
    return appeal


def _write_outcome(
    appeal: Appeal, to: AppealState, reason_code: str, explanation: str, look_again: str
) -> None:
    words, problems = _tidy(explanation), {}
    if reason_code not in REASONS[appeal.kind, to]:
        problems["reason_code"] = _("Choose a reason.")
    if not words:
        problems["explanation"] = _("Write what the applicant reads: what you looked at, and why it ends so.")
    if appeal.kind == AppealKind.APPEAL and to == AppealState.UPHELD and appeal.decision and not look_again:
        problems["look_again"] = _("Write what the next reviewer should look at again.")
    for name, text in (("explanation", words), ("look_again", look_again)):
        if len(text) > WORDS_MOST:
            problems[name] = _("At most %(most)s characters; this has %(count)s.") % {
                "most": grouped(WORDS_MOST),
                "count": grouped(len(text)),
            }
    if problems:
        raise Incomplete(problems)
    appeal.outcome_reason, appeal.explanation, appeal.look_again = reason_code, words, look_again


def _decide(appeal: Appeal, *, to: AppealState, event: Event, by: User, at: datetime) -> None:
    appeal.decided_by, appeal.decided_at, appeal.taken_until = by, at, None
    _move(appeal, to=to, event=event, by=by, at=at, reason=appeal.outcome_reason, kind=appeal.kind)


def _move(
    appeal: Appeal,
    *,
    to: AppealState,
    event: Event,
    by: ledger.Actor,
    at: datetime,
    reason: str = "",
    **details: object,
) -> Appeal:
    """Change the state of a locked appeal and record it. Raises IllegalMove."""
    if to not in APPEAL_TRANSITIONS[appeal.state]:
        raise IllegalMove(appeal, to)
    appeal.state = to
    appeal.save()
    ledger.record(event, subject=appeal, actor=by, at=at, reason=reason, **details)
    return appeal


def _let_go(appeal: Appeal, *, by: ledger.Actor, at: datetime, reason: str) -> Appeal:
    appeal.taken_by = appeal.taken_at = appeal.taken_until = None
    return _move(appeal, to=AppealState.FILED, event=Event.APPEAL_RELEASED, by=by, at=at, reason=reason)


@transaction.atomic
def _release_run_out(pk: int, at: datetime) -> bool:
    appeal = _locked(Appeal.objects.only("pk").get(pk=pk))
    if not Appeal.objects.run_out(at).filter(pk=pk).exists():
        return False  # renewed, given back or decided while we waited for the lock
    _let_go(appeal, by="enforcement", at=at, reason="ran_out")
    return True


def _tidy(text: str) -> str:
    """Return what was typed with plain line ends and without NUL, which PostgreSQL does not keep."""
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def _check_length(words: str) -> None:
    if len(words) < STATEMENT_LEAST:
        raise BadStatement(
            ngettext(
                "Write at least %(least)d characters; this has %(count)d.",
                "Write at least %(least)d characters; this has %(count)d.",
                len(words),
            )
            % {"least": STATEMENT_LEAST, "count": len(words)}
        )
    if len(words) > STATEMENT_MOST:
        raise BadStatement(
            _("Write at most %(most)s characters; this has %(count)s.")
            % {"most": grouped(STATEMENT_MOST), "count": grouped(len(words))}
        )


def _ago(then: datetime, at: datetime) -> str:
    """Return `20 s` within two minutes, then what `timesince` says."""
    seconds = max(0, int((at - then).total_seconds()))
    return _("%(seconds)d s") % {"seconds": seconds} if seconds < 120 else timesince(then, at, depth=1)


__all__ = [
    "CannotFile",
    "deny",
    "file",
    "release",
    "release_run_out",
    "take",
    "upheld_for",
    "uphold",
    "withdraw",
]
