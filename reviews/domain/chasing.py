"""Remind the applicant of an open question, and take the case back when the time is over. Both are payers.

Nothing is ever rejected for silence: a person decides with what there is, and the answer may still come until then.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet

from audit import ledger
from audit.events import Event
from onboarding.domain import applications, notices
from onboarding.states import ApplicationState
from reviews.domain import calendars, cases, due, questions
from reviews.models import Case, InformationRequest
from reviews.states import CaseState

log = logging.getLogger(__name__)

BATCH = 500
REMIND_BEFORE = timedelta(days=7)
LAST_BEFORE = timedelta(days=1)  # the day of `due_at` begins a day before it at the earliest
AFTER_LAST = timedelta(
    hours=6
)  # between the last reminder and the case going back: silence is counted from a letter


def remind_owed(*, at: datetime) -> int:
    """Write the reminder a week before the end of the time to answer, and the one on its day; return how many.

    One transaction each; may run twice and beside itself. A payer that was away writes the last one only.
    """
    soon = Q(reminded_at=None, due_at__lte=at + REMIND_BEFORE)
    today = Q(reminded_last_at=None, due_at__lte=at + LAST_BEFORE)
    return _each(InformationRequest.objects.open().filter(soon | today), _remind, at)


def return_overdue(*, at: datetime) -> int:
    """Put cases whose question was not answered in time back into the queue; return how many. May run twice."""
    over = InformationRequest.objects.open().filter(due_at__lte=at, reminded_last_at__lte=at - AFTER_LAST)
    return _each(over, _return, at)


def _each(rows: QuerySet[InformationRequest], act: Callable[[int, datetime], bool], at: datetime) -> int:
    done = 0
    for pk in list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH]):
        try:
            done += act(pk, at)
        except Exception:  # what one question's rows hold must not stop the others
            log.exception("Question %s could not be chased; it stays owed.", pk)
    return done


@transaction.atomic
def _remind(pk: int, at: datetime) -> bool:
    case, request = _locked(pk)
    if request is None:
        return False
    if _is_the_day(case, request, at):
        if request.reminded_last_at:
            return False
        request.reminded_last_at, which = at, "question_due"
    else:
        if request.reminded_at:
            return False
        which = "question_reminder"
    request.reminded_at = request.reminded_at or at
    request.save(update_fields=["reminded_at", "reminded_last_at"])
    ledger.record(Event.QUESTION_REMINDED, subject=request, actor="reviews", at=at, reason=which)
    questions.write(which, request, case, at=at)
    return True


@transaction.atomic
def _return(pk: int, at: datetime) -> bool:
    case, request = _locked(pk)
    if request is None or request.due_at > at:
        return False
    request.overdue_at = at
    request.save(update_fields=["overdue_at"])
    case.due_at = due.resumed(
        case.due_at, stopped_at=request.asked_at, at=at, calendar=calendars.of(case.program)
    )
    cases.move(case, to=CaseState.OPEN, event=Event.CASE_UNANSWERED, by="reviews", at=at, reason="no_reply")
    applications.unanswered(case.application, by="reviews", at=at)
    questions.write("no_answer", request, case, at=at)
    return True


def _locked(pk: int) -> tuple[Case, InformationRequest | None]:
    """Lock the case, then its question; None when it was answered, or taken back, while we waited."""
    case = cases.locked(Case.objects.only("application_id").get(decisions__request=pk))
    request = InformationRequest.objects.open().select_for_update(of=("self",)).filter(pk=pk).first()
    asked = case.application.state == ApplicationState.INFORMATION_REQUESTED  # not withdrawn a moment ago
    return case, request if asked else None


def _is_the_day(case: Case, request: InformationRequest, at: datetime) -> bool:
    """Return whether it is the day of the end where whoever was written to is, or later."""
    person = notices.reader_of(case.application)
    zone = ZoneInfo(person.time_zone) if person else case.program.zone
    return at.astimezone(zone).date() >= request.due_at.astimezone(zone).date()
