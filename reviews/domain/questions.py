"""The applicant answers what was asked: once, with files if they help, and the case goes on.

The time to answer is 30 days. After it the case is a reviewer's again (`reviews.domain.chasing`), and an answer that
comes later still counts as long as nobody has decided.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.languages import grouped, spoken
from accounts.models import User
from accounts.permissions import may_act_for
from audit import ledger
from audit.events import Event
from onboarding.domain import applications, attachments, notices, wording
from onboarding.domain.attachments import Checked
from onboarding.models import Application, Attachment
from onboarding.states import ApplicationState
from outbox import letters
from reviews.domain import calendars, cases, due
from reviews.models import Case, InformationRequest
from reviews.states import CaseState

ANSWER_MOST = 5000  # characters
ADDRESS_MOST = 500
UNDECIDED = (ApplicationState.INFORMATION_REQUESTED, ApplicationState.IN_REVIEW)
UNDECIDED_BY_REVIEWERS = (CaseState.OPEN, CaseState.CLAIMED)


class NothingAsked(Exception):
    def __init__(self) -> None:
        super().__init__(_("There is no open question on this application."))


class DecidedMeanwhile(NothingAsked):
    """The time was over, and a reviewer has decided without the answer."""

    def __init__(self) -> None:
        Exception.__init__(
            self,
            _("The time to answer was over and a decision has been made without it. Nothing was sent."),
        )


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only the owner of an application may answer its question."))


class AlreadyAnswered(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("This question was answered before; the first answer stands. What you typed is kept below.")
        )


class BadAnswer(Exception):
    """Empty, too long, or with what cannot be kept."""


class BadAddress(Exception):
    """The link to a video is not one that a reviewer could open."""


def latest_for(application: Application) -> InformationRequest | None:
    """Return the question that was asked last, answered or not; None when nothing was asked yet."""
    told = InformationRequest.objects.filter(decision__case__application=application)
    return (
        told.exclude(decision__told_at=None)
        .select_related("decision__case__application")
        .order_by("-pk")
        .first()
    )


def takes_answer(request: InformationRequest, case: Case) -> bool:
    """Return whether an answer to the latest question of a case still counts."""
    if request.answered_at or case.application.state not in UNDECIDED:  # withdrawn: its case is closed later
        return False
    if request.overdue_at is None:
        return case.state == CaseState.AWAITING_APPLICANT
    return case.state in UNDECIDED_BY_REVIEWERS


def thread(application: Application) -> QuerySet[InformationRequest]:
    """Return all that was asked and answered, oldest first, with the files; two statements."""
    told = InformationRequest.objects.filter(decision__case__application=application)
    files = Prefetch("attachments", Attachment.objects.order_by("pk"))
    return (
        told.exclude(decision__told_at=None)
        .select_related("decision__decided_by", "answered_by")
        .prefetch_related(files)
        .order_by("pk")
    )


@transaction.atomic
def answer(
    request: InformationRequest,
    *,
    by: User,
    at: datetime,
    answer: str,
    files: Sequence[Checked] = (),
    video_url: str = "",
) -> InformationRequest:
    """Keep the answer and put the case back into the queue; the time we waited is added to its due time.

    The same answer again is one answer. Raises NotYours, NothingAsked, AlreadyAnswered, BadAnswer, BadAddress,
    attachments.TooManyFiles and NoRoom; then nothing was kept.
    """
    case = cases.locked(Case.objects.only("application_id").get(decisions=request.decision_id))
    request = InformationRequest.objects.select_for_update().get(pk=request.pk)
    words, video_url = answer.strip(), video_url.strip()
    if not may_act_for(by, case.application.owner):
        raise NotYours
    if request.answered_at:
        if request.answer == words:
            return request
        raise AlreadyAnswered
    if case.application.state not in UNDECIDED:
        raise NothingAsked
    if latest_for(case.application) != request or not takes_answer(request, case):
        raise DecidedMeanwhile if request.overdue_at else NothingAsked
    _check(words, video_url)
    kept = attachments.keep(case.application, files, by=by, at=at)
    request.answer, request.video_url, request.answered_at, request.answered_by = words, video_url, at, by
    request.save(update_fields=["answer", "video_url", "answered_at", "answered_by"])
    request.attachments.set(kept)
    if request.overdue_at:
        ledger.record(Event.QUESTION_ANSWERED_LATE, subject=request, actor=by, at=at, files=len(kept))
    else:
        case.due_at = due.resumed(
            case.due_at, stopped_at=request.asked_at, at=at, calendar=calendars.of(case.program)
        )
        cases.move(case, to=CaseState.OPEN, event=Event.CASE_ANSWERED, by=by, at=at)
        applications.answered(case.application, by=by, at=at)
    write("answer_received", request, case, at=at, files=[one.name for one in kept])
    return request


def write(kind: str, request: InformationRequest, case: Case, *, at: datetime, **more: object) -> None:
    """Write a letter about a question, once; a row that nobody owns has nobody to write to."""
    application = case.application
    reader = notices.reader_of(application)
    if reader is None:
        return
    with letters.read_in(spoken(reader.language), reader.time_zone):
        letters.write(
            f"reviews/{kind}",
            to=reader.email,
            at=at,
            about=request,
            once=f"{kind}:{request.pk}",
            name=str(reader),
            title=application.title or _("Untitled"),
            number=application.number,
            program=case.program.name,
            question=request.question,
            answer_by=request.due_at,
            due_at=case.due_at,
            url=settings.BASE_URL + reverse("application", args=[application.number]),
            answer_url=settings.BASE_URL + reverse("answer", args=[application.number]),
            **more,
        )


def _check(words: str, video_url: str) -> None:
    if not words or len(words) > ANSWER_MOST:
        raise BadAnswer(
            _("Write an answer of at most %(most)s characters; yours has %(length)s.")
            % {"most": grouped(ANSWER_MOST), "length": grouped(len(words))}
        )
    if "\0" in words:
        raise BadAnswer(_("Your answer holds a character that cannot be kept (NUL). Type it anew."))
    if not video_url:
        return
    if len(video_url) > ADDRESS_MOST or "\0" in video_url:
        raise BadAddress(_("Write one address of at most %(most)d characters.") % {"most": ADDRESS_MOST})
    if problem := wording.FORMS["url"](video_url):
        raise BadAddress(problem)
