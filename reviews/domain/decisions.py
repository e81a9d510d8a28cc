"""Decide, sign, give back, tell. A decision takes effect when it is told.

Locks in the one order: application, case, decision. `decide`, `sign` and `give_back` are deciders; `tell_owed` pays.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.timezone import localtime

from accounts.languages import spoken
from accounts.models import Owner, User
from audit import ledger
from audit.events import Event
from onboarding.domain import applications, notices
from onboarding.domain.programs import SayWhy
from onboarding.models import Application, Grant, Program
from onboarding.states import ApplicationKind, ApplicationState
from outbox import hints, letters
from reviews.domain import bars, cases, claims, reasons, statements
from reviews.domain.statements import Statement
from reviews.models import Case, Decision, InformationRequest
from reviews.permissions import may_decide, may_sign
from reviews.states import APPROVALS, CaseState, Outcome, SecondPerson

log = logging.getLogger(__name__)
BARRING = (ApplicationKind.ACCESS, ApplicationKind.RENEWAL)  # whose rejection stands against access

BATCH = 500
RETURN_REASON_MOST = 1000  # characters
ANSWER_WITHIN = timedelta(days=30)
NEVER = datetime.max.replace(
    tzinfo=UTC
)  # later than any moment, so `reapply_from(…) > at` needs no special case


class AlreadyDecided(Exception):
    """Somebody was faster, or the same person decided otherwise before."""

    def __init__(self, decision: Decision):
        self.decision = decision
        super().__init__(
            f"{decision.decided_by} decided this case on {localtime(decision.decided_at):%-d %B, %H:%M %Z}: "
            f"{decision.get_outcome_display().lower()}. Nothing was changed; what you typed is kept below."
        )


class CaseIsOver(Exception):
    def __init__(self, case: Case):
        super().__init__(f"This case is “{case.get_state_display().lower()}”: there is nothing to decide.")


class NotYoursToSign(Exception):
    """The first person, somebody with a part in the case, or not senior where a senior is asked for."""

    def __init__(self, decision: Decision):
        who = "a senior reviewer" if decision.second == SecondPerson.SENIOR else "another reviewer"
        super().__init__(f"{who.capitalize()} without a part in the case signs this decision, not you.")


class NothingToSign(Exception):
    def __init__(self, decision: Decision):
        if decision.returned_at:
            when = f"{localtime(decision.returned_at):%-d %B, %H:%M %Z}"
            super().__init__(
                f"{decision.returned_by} gave this decision back on {when}; nothing was changed."
            )
        elif decision.signed_at:
            when = f"{localtime(decision.signed_at):%-d %B, %H:%M %Z}"
            super().__init__(f"{decision.signed_by} signed this decision on {when}; nothing was changed.")
        else:
            super().__init__("This decision does not wait for a signature.")


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
    conditions: Sequence[dict[str, str]] = (),
    question: str = "",
) -> Decision:
    """Decide a case one holds; told after the program's recall window, or once a second person has signed.

    The same decision by the same person again (a double click) returns the first. Raises claims.NotForYou, HeldBy and
    NotHeld, AlreadyDecided, CaseIsOver, statements.Incomplete.
    """
    case = cases.locked(case)
    if not may_decide(by, case):
        raise claims.NotForYou
    if made := _made(case):
        if (made.decided_by_id, made.outcome) == (by.pk, outcome):
            return made
        raise AlreadyDecided(made)
    if case.state == CaseState.CLOSED or case.application.state == ApplicationState.WITHDRAWN:
        raise CaseIsOver(case)
    standing = claims.held(case, by=by, at=at)
    said, reason = statements.checked(
        Statement(
            outcome, reason_code, categories, explanation, facts, what_would_change,
            reapply_after_days, reapply_never, conditions, question,
        ),
        case=case, by=by, at=at,
    )  # fmt: skip
    decision = _write(case, said, second=statements.second_person(case, reason=reason), by=by, at=at)
    claims.finish(standing, at=at)
    _after(case, decision, by, at)
    return decision


@transaction.atomic
def sign(decision: Decision, *, by: User, at: datetime) -> Decision:
    """Agree as the second person: the decision is final. Twice by the same person is once.

    Raises NotYoursToSign, NothingToSign.
    """
    case, decision = _locked(decision)
    if not may_sign(by, decision):
        raise NotYoursToSign(decision)
    if decision.signed_by_id == by.pk:
        return decision
    _must_wait_for_signature(case, decision)
    decision.signed_by, decision.signed_at = by, at
    decision.tell_at = at + timedelta(minutes=case.program.recall_minutes)
    decision.save(update_fields=["signed_by", "signed_at", "tell_at"])
    ledger.record(Event.DECISION_SIGNED, subject=decision, actor=by, at=at, reason=decision.reason_code)
    cases.move(
        case, to=CaseState.DECIDED, event=Event.CASE_DECIDED, by=by, at=at, reason=decision.reason_code
    )
    _hint(decision, at)
    return decision


@transaction.atomic
def give_back(decision: Decision, *, by: User, at: datetime, reason: str) -> Decision:
    """Do not sign: the case goes back into the queue with the second person's words.

    Raises SayWhy, NotYoursToSign, NothingToSign, statements.Incomplete.
    """
    case, decision = _locked(decision)
    if not may_sign(by, decision):
        raise NotYoursToSign(decision)
    if decision.returned_by_id == by.pk:
        return decision
    _must_wait_for_signature(case, decision)
    if not reason.strip():
        raise SayWhy
    if len(reason) > RETURN_REASON_MOST:
        raise statements.Incomplete(
            {"reason": f"At most {RETURN_REASON_MOST:,} characters; this has {len(reason):,}."}
        )
    decision.returned_by, decision.returned_at, decision.return_reason = by, at, reason.strip()
    decision.save(update_fields=["returned_by", "returned_at", "return_reason"])
    ledger.record(Event.DECISION_RETURNED, subject=decision, actor=by, at=at, reason=ledger.digest(reason))
    cases.move(case, to=CaseState.OPEN, event=Event.CASE_RELEASED, by=by, at=at, reason="not_signed")
    return decision


def tell_owed(*, at: datetime) -> int:
    """Tell the decisions that are due: move the application, ask the question, write the letter; return how many.

    One transaction each: all of it happens or none. May run twice and beside itself: the row is locked and looked at
    again. A decision that cannot be told stays owed, is logged, and does not hold up the others.
    """
    cases.close_withdrawn(at=at)
    told = 0
    for pk in list(
        Decision.objects.to_tell(at).order_by("tell_at", "pk").values_list("pk", flat=True)[:BATCH]
    ):
        try:
            told += _tell(pk, at)
        except Exception:  # whatever one application's rows hold must not stop the letters of the others
            log.exception("Decision %s could not be told; it stays owed.", pk)
    return told


def told_for(application: Application) -> QuerySet[Decision]:
    """Return the told decisions on an application, newest first, each with its question if there is one."""
    told = Decision.objects.filter(case__application=application).exclude(told_at=None)
    return told.select_related("request", "guidelines", "case__program").order_by("-told_at", "-pk")


def reapply_from(
    owner: Owner, program: Program, *, kind: ApplicationKind = ApplicationKind.ACCESS
) -> datetime | None:
    """Return from when this owner may apply again after a rejection: None for at any time, NEVER for never.

    Each kind has its own: a refused production review does not stand against a change of use. But access that was
    not renewed is not had by applying for it anew, see BARRING. A rejection of an earlier account of the same
    person counts, see `bars`.
    """
    rejections = Decision.objects.filter(
        case__application__kind__in=BARRING if kind == ApplicationKind.ACCESS else (kind,),
        case__application__owner=owner,
        case__program=program,
        case__application__state=ApplicationState.REJECTED,
        outcome=Outcome.REJECTED,
        told_at__isnull=False,
        overturned_at=None,
    )
    found = [reapply_at(rejection) for rejection in rejections]
    if kind == ApplicationKind.ACCESS and (barred := bars.until(owner, program, never=NEVER)):
        found.append(barred)
    return max(found, default=None)


def reapply_at(rejection: Decision) -> datetime:
    """Return when one may apply again after this rejection, counted from its telling; NEVER for never.

    Earlier where a reinstatement was upheld.
    """
    if rejection.reapply_never or rejection.told_at is None or rejection.reapply_after_days is None:
        return NEVER
    again = rejection.told_at + timedelta(days=rejection.reapply_after_days)
    return min(again, rejection.reapply_allowed_at or again)


def _made(case: Case) -> Decision | None:
    """Return the decision that stands on a case nobody works on; an earlier question does not count any more."""
    if case.state not in (CaseState.AWAITING_SECOND, CaseState.AWAITING_APPLICANT, CaseState.DECIDED):
        return None
    return case.decisions.standing().select_related("decided_by").latest("pk")


def _write(case: Case, said: Statement, *, second: SecondPerson, by: User, at: datetime) -> Decision:
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
        second=second,
        decided_by=by,
        decided_at=at,
        tell_at=at + timedelta(minutes=case.program.recall_minutes) if final else None,
    )
    if said.question:  # its clock starts when it is told, see `_ask`
        InformationRequest.objects.create(
            decision=decision, question=said.question, asked_at=at, due_at=at + ANSWER_WITHIN
        )
    return decision


def _after(case: Case, decision: Decision, by: User, at: datetime) -> None:
    """Move the case on after a decision, and record both."""
    ledger.record(
        Event.DECISION_PROPOSED, subject=decision, actor=by, at=at, reason=decision.reason_code,
        outcome=decision.outcome, second=decision.second, categories=decision.categories,
    )  # fmt: skip
    if decision.second != SecondPerson.NOBODY:
        to, event = CaseState.AWAITING_SECOND, Event.CASE_AWAITS_SECOND
    elif decision.outcome == Outcome.NEEDS_INFORMATION:
        to, event = CaseState.AWAITING_APPLICANT, Event.CASE_AWAITS_APPLICANT
    else:
        to, event = CaseState.DECIDED, Event.CASE_DECIDED
    cases.move(case, to=to, event=event, by=by, at=at, reason=decision.reason_code)
    _hint(decision, at)


def _hint(decision: Decision, at: datetime) -> None:
    if decision.tell_at and decision.tell_at <= at:
        transaction.on_commit(partial(hints.later, "reviews.tasks.tell_owed"), robust=True)


def _locked(decision: Decision) -> tuple[Case, Decision]:
    case = cases.locked(Case.objects.only("application_id").get(pk=decision.case_id))
    decision = (
        Decision.objects.select_for_update(of=("self",))
        .select_related("decided_by", "signed_by", "returned_by", "guidelines")
        .get(pk=decision.pk)
    )
    decision.case = case
    return case, decision


def _must_wait_for_signature(case: Case, decision: Decision) -> None:
    waits = decision.signed_at is None and decision.returned_at is None
    if not waits or case.state != CaseState.AWAITING_SECOND:
        raise NothingToSign(decision)


@transaction.atomic
def _tell(pk: int, at: datetime) -> bool:
    case, decision = _locked(Decision.objects.only("case_id").get(pk=pk))
    if decision.told_at or decision.tell_at is None or decision.tell_at > at:
        return False  # told, or taken back, while we waited for the lock
    decision.told_at = at
    decision.save(update_fields=["told_at"])
    ledger.record(
        Event.DECISION_TOLD, subject=decision, actor="reviews", at=at, reason=decision.reason_code,
        outcome=decision.outcome,
    )  # fmt: skip
    by, why, application = decision.decided_by, decision.reason_code, case.application
    if decision.outcome in APPROVALS:
        applications.approve(application, conditions=decision.conditions, by=by, at=at, reason=why)
    elif decision.outcome == Outcome.REJECTED:
        applications.reject(application, by=by, at=at, reason=why)
    else:
        applications.ask(application, by=by, at=at, reason=why)
        _ask(decision, at)
    _write_letter(case, decision, at)
    return True


def _ask(decision: Decision, at: datetime) -> None:
    """Start the applicant's time: it runs from the telling, never from before."""
    InformationRequest.objects.filter(decision=decision).update(asked_at=at, due_at=at + ANSWER_WITHIN)


def _access(application: Application) -> dict[str, object]:
    """Return what a letter says of the access a request was about, as the telling of its decision left it."""
    if application.grant_id is None:
        return {"ends_at": None, "live_key_owed": False}
    grant = Grant.objects.only("expires_at", "key_owed", "key_environment").get(pk=application.grant_id)
    return {"ends_at": grant.expires_at, "live_key_owed": grant.live_key_owed}


def _write_letter(case: Case, decision: Decision, at: datetime) -> None:
    application = case.application
    reader = notices.reader_of(application)
    if reader is None:  # an imported row that nobody owns: there is nobody to write to
        return
    names = statements.names(decision.guidelines_id)
    request = InformationRequest.objects.filter(decision=decision).first()
    again = reapply_at(decision) if decision.outcome == Outcome.REJECTED else None
    with letters.read_in(spoken(reader.language), reader.time_zone):
        letters.write(
            f"reviews/{decision.outcome}",
            to=reader.email,
            at=at,
            about=decision,
            once=f"decision:{decision.pk}",
            name=str(reader),
            title=application.title,
            number=application.number,
            asked=application.kind,
            **_access(application),
            program=case.program.name,
            version=decision.guidelines.version,
            clauses=[names.get(code, code) for code in decision.categories],
            explanation=decision.explanation,
            facts=decision.facts,
            what_would_change=decision.what_would_change,
            conditions=[
                {"category": names.get(c["category"], c["category"]), "text": c["text"]}
                for c in decision.conditions
            ],
            never=again == NEVER,
            reapply_at=again if again and again != NEVER else None,
            reapply_now=bool(again and again <= at),
            question=request.question if request else "",
            answer_by=request.due_at if request else None,
            url=settings.BASE_URL + reverse("application", args=[application.number]),
            appeal_days=case.program.appeal_days,
            appeal_url=settings.BASE_URL + reverse("appeal", args=[application.number]),
            reinstatement_url=settings.BASE_URL + reverse("reinstatement", args=[application.number]),
            answer_url=settings.BASE_URL + reverse("answer", args=[application.number]),
            guidelines_url=settings.BASE_URL + reverse("guidelines"),
        )
