"""The self-service API of reviewers' questions: read them, answer the open one in words. Files go by the page."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from accounts.api import By, Problem, refusals
from accounts.scopes import Scope
from audit import clock
from onboarding.api.applications import Number, refusing, visible
from onboarding.models import Application
from reviews.domain import questions
from reviews.models import InformationRequest

router = Router(tags=["Questions"])


class QuestionOut(Schema):
    question: str
    asked_at: datetime
    answer_by: datetime
    is_open: bool = Field(description="An answer still counts.")
    answer: str
    answered_at: datetime | None
    video_url: str
    files: list[str] = Field(description="Names of the files sent with the answer.")


class QuestionsOut(Schema):
    items: list[QuestionOut]


class AnswerIn(Schema):
    answer: str = Field(max_length=20_000, description="1 to 5,000 characters.")
    video_url: str = Field("", max_length=2000, description="A demo video, as a link.")


@router.get(
    "/applications/{number}/questions",
    auth=By(Scope.READ_APPLICATIONS),
    response={200: QuestionsOut, **refusals(404, 422)},
    summary="What was asked",
)
def index(request: HttpRequest, number: str = Number) -> dict[str, Any]:
    """List what reviewers asked and what was answered, oldest first."""
    return _thread(visible(request.auth.user, number))


@router.post(
    "/applications/{number}/answer",
    auth=By(Scope.WRITE_APPLICATIONS),
    response={200: QuestionsOut, **refusals(400, 404, 409, 413, 422)},
    summary="Answer the open question",
)
def answer(request: HttpRequest, said: AnswerIn, number: str = Number) -> dict[str, Any]:
    """Send the answer, once; the same words again are the same answer."""
    user = request.auth.user
    application = visible(user, number)
    asked = questions.latest_for(application)
    if asked is None:
        raise Problem(409, "nothing_asked", _("Nobody has asked anything about this application."))
    wrong = refusing(questions.BadAnswer, questions.BadAddress, status=422, code="bad_answer")
    with refusing(questions.NothingAsked), wrong:
        try:
            questions.answer(asked, by=user, at=clock.now(), answer=said.answer, video_url=said.video_url)
        except questions.AlreadyAnswered as before:
            detail = _("This question was answered before; the first answer stands.")
            raise Problem(409, "answered_before", detail) from before
    return _thread(application)


def _thread(application: Application) -> dict[str, Any]:
    latest = questions.latest_for(application)
    open_now = latest if latest and questions.takes_answer(latest, latest.decision.case) else None
    return {"items": [_out(asked, is_open=asked == open_now) for asked in questions.thread(application)]}


def _out(asked: InformationRequest, *, is_open: bool) -> dict[str, Any]:
    shown = ("question", "asked_at", "answer", "answered_at", "video_url")
    return {
        **{name: getattr(asked, name) for name in shown},
        "answer_by": asked.due_at,
        "is_open": is_open,
        "files": [file.name for file in asked.attachments.all()],
    }
