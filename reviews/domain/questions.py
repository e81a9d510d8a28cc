"""The applicant answers what was asked: once, and the case goes back to the reviewers."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.permissions import may_act_for
from audit.events import Event
from onboarding.domain import applications
from onboarding.models import Application
from onboarding.states import ApplicationState
from reviews.domain import cases, due
from reviews.models import Case, InformationRequest
from reviews.states import CaseState

ANSWER_MOST = 5000  # characters


class NothingAsked(Exception):
    def __init__(self) -> None:
        super().__init__("There is no open question on this application.")


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__("Only the owner of an application may answer its question.")


class AlreadyAnswered(Exception):
    def __init__(self) -> None:
        super().__init__(
            "This question was answered before; the first answer stands. What you typed is kept below."
        )


class BadAnswer(Exception):
    """Empty, or too long."""


def open_for(application: Application) -> InformationRequest | None:
    """Return the question the applicant has to answer now, or None."""
    if application.state != ApplicationState.INFORMATION_REQUESTED:
        return None
    asked = InformationRequest.objects.filter(decision__case__application=application, answered_at=None)
    return asked.exclude(decision__told_at=None).order_by("-pk").first()


def latest_for(application: Application) -> InformationRequest | None:
    """Return the question that was asked last, answered or not; None when nothing was asked yet."""
    told = InformationRequest.objects.filter(decision__case__application=application)
    return told.exclude(decision__told_at=None).select_related("decision").order_by("-pk").first()


@transaction.atomic
def answer(request: InformationRequest, *, by: User, at: datetime, answer: str) -> InformationRequest:
    """Keep the answer and put the case back into the queue; the time we waited is added to its due time.

    The same answer again is one answer. Raises NotYours, NothingAsked, AlreadyAnswered, BadAnswer.
    """
    case = cases.locked(Case.objects.only("application_id").get(decisions=request.decision_id))
    request = InformationRequest.objects.select_for_update().get(pk=request.pk)
    words = answer.strip()
    if not may_act_for(by, case.application.owner):
        raise NotYours
    if request.answered_at:
        if request.answer == words:
            return request
        raise AlreadyAnswered
    if case.state != CaseState.AWAITING_APPLICANT or open_for(case.application) != request:
        raise NothingAsked
    if not words or len(words) > ANSWER_MOST:
        raise BadAnswer(f"Write an answer of at most {ANSWER_MOST:,} characters; yours has {len(words):,}.")
    request.answer, request.answered_at, request.answered_by = words, at, by
    request.save(update_fields=["answer", "answered_at", "answered_by"])
    case.due_at = due.stretched(case.due_at, waited=at - request.asked_at, zone=case.program.zone)
    cases.move(case, to=CaseState.OPEN, event=Event.CASE_ANSWERED, by=by, at=at)
    applications.answered(case.application, by=by, at=at)
    return request
