"""Decide a case. A decision takes effect when it is told (`reviews.domain.telling`), once nobody else has to sign it.

Locks in the one order: application, case, decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import applications
from onboarding.states import ApplicationState
from reviews.domain import cases, claims, findings, opinions, reasons, statements, telling, tenures, unsent
from reviews.domain.statements import Statement
from reviews.models import Case, Decision, InformationRequest, Question, RuleVersion
from reviews.permissions import may_decide
from reviews.states import CaseState, Outcome, SecondPerson

BY_RULE = "A1_notify_list"  # the one reason a rule has: a use on the published list


class AlreadyDecided(Exception):
    """Somebody was faster, or the same person decided otherwise before."""

    def __init__(self, decision: Decision, *, at: datetime):
        self.decision = decision
        said = (
            _("%(maker)s decided this case %(ago)s. Nothing was changed; what you typed is kept below.")
            if _keeps_quiet(decision)
            else _(
                "%(maker)s decided this case %(ago)s: %(outcome)s. Nothing was changed; what you typed is "
                "kept below."
            )
        )
        super().__init__(
            said
            % {
                "maker": decision.maker,
                "ago": ago(decision.decided_at, at=at),
                "outcome": decision.get_outcome_display().lower(),
            }
        )


class QuestionOpen(AlreadyDecided):
    """The applicant was asked and has time to answer: no decision until then."""

    def __init__(self, request: InformationRequest):
        Exception.__init__(
            self,
            _(
                "A question to the applicant is open until %(due_at)s: no decision before it is answered or "
                "that time is over. What you typed is kept below."
            )
            % {"due_at": date_format(localtime(request.due_at), _("j F, H:i T"))},
        )


class Stale(Exception):
    """The page was loaded before something that a decision rests on has changed."""

    def __init__(self, case: Case, *, seen_revision: int | None):
        changed = (
            _("the applicant sent revision %(number)s") % {"number": case.revision.number}
            if seen_revision not in (None, case.revision.number)
            else _("others worked on this case")
        )
        super().__init__(
            _(
                "After you opened this page %(changed)s. Nothing was decided: what you typed is kept below, "
                "beside the case as it is now."
            )
            % {"changed": changed}
        )


class CaseIsOver(Exception):
    def __init__(self, case: Case):
        super().__init__(
            _("This case is “%(state)s”: there is nothing to decide.")
            % {"state": case.get_state_display().lower()}
        )


@dataclass(frozen=True)
class Seen:
    """What the page showed that a decision was typed on, and the token of its form."""

    version: int | None = None
    revision: int | None = None
    token: str = ""


@transaction.atomic
def decide(
    case: Case,
    *,
    by: User,
    at: datetime,
    outcome: str,
    reason_code: str,
    categories: Sequence[str] = (),
    explanation: str = "",
    facts: str = "",
    what_would_change: str = "",
    reapply_after_days: int | None = None,
    reapply_never: bool = False,
    conditions: Sequence[dict[str, Any]] = (),
    question: str = "",
    why_different: str = "",
    questions: Sequence[dict[str, str]] = (),
    emergency_reason: str = "",
    seen: Seen | None = None,
    found: Mapping[str, findings.Said] | None = None,
) -> Decision:
    """Decide a case one holds; told after the program's recall window, or once a second person has signed.

    The same form again, or the same words by the same person (a double click, a retry), return the first decision.
    `found`: findings by category to keep with it, see `findings.record`. Raises claims.NotForYou, HeldBy and NotHeld,
    AlreadyDecided, QuestionOpen, CaseIsOver, Stale, findings.BadFinding, statements.Incomplete.
    """
    seen = seen or Seen()
    case = cases.locked(case)
    if not may_decide(by, case):
        raise claims.NotForYou
    said = Statement(
        outcome, reason_code, categories, explanation, facts, what_would_change,
        reapply_after_days, reapply_never, conditions, question, why_different, questions, emergency_reason,
    )  # fmt: skip
    if first := _before(case, said, seen, by=by, at=at):
        return first
    standing = claims.held(case, by=by, at=at)
    if seen.version not in (None, case.version) or seen.revision not in (None, case.revision.number):
        raise Stale(case, seen_revision=seen.revision)
    if found:
        findings.record(case, by=by, at=at, verdicts=found)
    decision = propose(case, said, by=by, at=at, token=seen.token, supersedes=_fallen(case))
    claims.finish(standing, at=at)
    unsent.forget(case, by=by)
    _move_on(case, decision, by, at)
    return decision


def propose(
    case: Case,
    said: Statement,
    *,
    by: User,
    at: datetime,
    token: str = "",
    supersedes: Decision | None = None,
    second: SecondPerson = SecondPerson.NOBODY,
) -> Decision:
    """Check and keep what somebody decides on a locked case, and record it; the caller moves the case on.

    `second`: who has to sign at least, whatever the rule says. Raises statements.Incomplete.
    """
    said, reason = statements.checked(said, case=case, by=by, at=at)
    tenures.begin(by, at=at)
    is_new = tenures.is_new(by, case.program, at=at)
    needs = statements.second_person(case, reason=reason, newcomer=is_new)
    decision = _write(
        case, said, by=by, at=at, token=token, supersedes=supersedes,
        second=needs if needs != SecondPerson.NOBODY else second,
    )  # fmt: skip
    opinions.record(
        case, by=by, at=at, outcome=decision.outcome, categories=decision.categories,
        reason_code=decision.reason_code,
    )  # fmt: skip
    more = {"supersedes": supersedes.pk} if supersedes else {}
    ledger.record(
        Event.DECISION_PROPOSED, subject=decision, actor=by, at=at, reason=decision.reason_code,
        outcome=decision.outcome, second=decision.second, categories=decision.categories, **more,
    )  # fmt: skip
    return decision


def approve_by_rule(case: Case, version: RuleVersion, *, at: datetime) -> Decision:
    """Approve a locked case on behalf of a triage rule; `automatic` asks whether it may. Told as any other approval.

    The database refuses it outside the notify lane, over a claim or after a decision, and refuses anything but this.
    """
    reason = reasons.get(BY_RULE)
    said = Statement(Outcome.APPROVED, reason.code, explanation=reason.fill(statements.values(case, at=at)))
    decision = _write(
        case, said, second=SecondPerson.NOBODY, by=None, at=at, token="", supersedes=None, by_rule=version
    )
    ledger.record(
        Event.DECISION_PROPOSED, subject=decision, actor=telling.TRIAGE, at=at, reason=decision.reason_code,
        outcome=decision.outcome, second=decision.second, categories=[], rule=version.rule_id, version=version.number,
    )  # fmt: skip
    applications.take_up(case.application, by=telling.TRIAGE, at=at)
    _move_on(case, decision, telling.TRIAGE, at)
    return decision


def sent_before(case: Case, token: str, *, by: User) -> Decision | None:
    """Return what this person decided with the same form before, if they did."""
    return case.decisions.filter(token=token, decided_by=by).first() if token else None


def maker_or_senior(decision: Decision) -> str:
    """Return who may take back or correct a decision, as a sentence about it begins."""
    if decision.decided_by:
        return _("%(person)s, or a senior reviewer without a part in the case") % {
            "person": decision.decided_by
        }
    return _("A senior reviewer without a part in the case")


def ago(then: datetime, *, at: datetime) -> str:
    """Return how long ago something was, in words; after a day, when it was."""
    seconds = max(int((at - then).total_seconds()), 0)
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 90:
        said = ngettext("%(number)s second ago", "%(number)s seconds ago", seconds)
        return said % {"number": seconds}
    if seconds < 90 * 60:
        return ngettext("%(number)s minute ago", "%(number)s minutes ago", minutes) % {"number": minutes}
    if seconds < 24 * 3600:
        return ngettext("%(number)s hour ago", "%(number)s hours ago", hours) % {"number": hours}
    return _("on %(time)s") % {"time": date_format(localtime(then), _("j F, H:i T"))}


def _before(case: Case, said: Statement, seen: Seen, *, by: User, at: datetime) -> Decision | None:
    """Return the decision this is a repetition of; raise where it comes too late to be one."""
    if sent := sent_before(case, seen.token, by=by):
        return sent
    if asked := InformationRequest.objects.open().filter(decision__case=case).first():
        raise QuestionOpen(asked)
    if first := made(case):
        if first.decided_by_id == by.pk and (
            _says_the_same(first, said) if seen.token else first.outcome == said.outcome
        ):
            return first
        raise AlreadyDecided(first, at=at)
    if case.state == CaseState.CLOSED or case.application.state == ApplicationState.WITHDRAWN:
        raise CaseIsOver(case)
    return None


def made(case: Case) -> Decision | None:
    """Return the decision that stands on a case nobody works on; an earlier question does not count any more."""
    if case.state not in (CaseState.AWAITING_SECOND, CaseState.AWAITING_APPLICANT, CaseState.DECIDED):
        return None
    return (
        case.decisions.standing().select_related("decided_by", "by_rule__rule", "case__program").latest("pk")
    )


def _fallen(case: Case) -> Decision | None:
    """Return the decision this one takes the place of: given back, taken back or overturned, if the last one was."""
    last = case.decisions.order_by("-pk").first()
    return last if last and (last.returned_at or last.recalled_at or last.overturned_at) else None


def _says_the_same(made: Decision, said: Statement) -> bool:
    """Return whether a second form says what the first one said, as far as it was typed."""
    return (
        (made.outcome, made.reason_code, made.facts) == (said.outcome, said.reason_code, said.facts.strip())
        and said.explanation.strip() in ("", made.explanation)
        and said.what_would_change.strip() == made.what_would_change
    )


def _keeps_quiet(decision: Decision) -> bool:
    """Return whether whoever comes second may be asked for a blind opinion, and must not read the first one."""
    return decision.waits_for_second and decision.case.program.blind_second


def _write(
    case: Case,
    said: Statement,
    *,
    second: SecondPerson,
    by: User | None,
    at: datetime,
    token: str,
    supersedes: Decision | None,
    by_rule: RuleVersion | None = None,
) -> Decision:
    final = second == SecondPerson.NOBODY
    decision = Decision.objects.create(
        case=case,
        revision=case.revision,
        guidelines=case.revision.guidelines,
        outcome=said.outcome,
        reason_code=said.reason_code,
        reasons_version=reasons.shipped().version,
        categories=said.categories,
        explanation=said.explanation,
        facts=said.facts,
        what_would_change=said.what_would_change,
        reapply_after_days=said.reapply_after_days,
        reapply_never=said.reapply_never,
        conditions=said.conditions,
        why_different=said.why_different,
        beside=said.beside,
        emergency_reason=said.emergency_reason,
        token=token,
        supersedes=supersedes,
        second=second,
        decided_by=by,
        by_rule=by_rule,
        decided_at=at,
        tell_at=telling.due_at(case.program, said.outcome, urgent=bool(said.emergency_reason), at=at)
        if final
        else None,
    )
    if said.questions:  # their clock starts when they are told, see `telling`
        asked = InformationRequest.objects.create(
            decision=decision, question=said.question, asked_at=at, due_at=at + telling.ANSWER_WITHIN
        )
        Question.objects.bulk_create(
            Question(request=asked, position=position, **one)
            for position, one in enumerate(said.questions, start=1)
        )
    return decision


def _move_on(case: Case, decision: Decision, by: ledger.Actor, at: datetime) -> None:
    """Move the case on after a decision, and have it told when its time comes."""
    if decision.second != SecondPerson.NOBODY:
        to, event = CaseState.AWAITING_SECOND, Event.CASE_AWAITS_SECOND
    elif decision.outcome == Outcome.NEEDS_INFORMATION:
        to, event = CaseState.AWAITING_APPLICANT, Event.CASE_AWAITS_APPLICANT
    else:
        to, event = CaseState.DECIDED, Event.CASE_DECIDED
    cases.move(case, to=to, event=event, by=by, at=at, reason=decision.reason_code)
    telling.hint(decision, at=at)
