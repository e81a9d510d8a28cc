"""Applications by the API: where they stand, withdraw, leave the line, answer an invitation."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Path, Query, Router, Schema

from accounts.api import By, Problem, plain, refusals
from accounts.models import Owner, User
from accounts.scopes import Scope
from audit import clock
from onboarding.domain import applications, invitations, order, places, waitlist
from onboarding.models import Application, Invitation, WaitlistEntry
from onboarding.permissions import may_leave, may_see
from onboarding.states import ApplicationState, InvitationState
from onboarding.views import standing, timeline
from onboarding.views.standing import Course, Standing
from reviews.domain import telling

router = Router(tags=["Applications"])
Number = Path(pattern=r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}$", examples=["7F3K-QD2M-XW"])
MOST = 100
READS, WRITES = By(Scope.READ_APPLICATIONS), By(Scope.WRITE_APPLICATIONS)
ANSWERS = refusals(404, 409, 422)


class BriefOut(Schema):
    number: str
    title: str
    program: str
    owner: str
    standing: str = Field(examples=["in_line"])
    says: str = Field(description="The standing in words, as on the pages.")
    waits_for: str
    submitted_at: datetime | None


class PlaceOut(Schema):
    position: int
    total: int
    joined_at: datetime
    earliest: datetime | None = Field(description="If the plan holds; empty where no date can be named.")
    latest: datetime | None
    observed_weeks: int | None = Field(
        description="Weeks of history in the later date; empty: no history yet."
    )


class MoveOut(Schema):
    moved_at: datetime
    reason: str
    places: int = Field(description="How many were moved at once.")


class InvitationOut(Schema):
    state: str
    offered_at: datetime
    accept_by: datetime | None = Field(description="Empty until the letter about it was sent.")


class StepOut(Schema):
    kind: str
    mark: str
    at: datetime | None


class ApplicationOut(BriefOut):
    place: PlaceOut | None
    moved_ahead: list[MoveOut] = Field(description="Applications that joined later and were moved ahead.")
    hold_reason: str
    invitation: InvitationOut | None
    timeline: list[StepOut]


class ApplicationsOut(Schema):
    items: list[BriefOut]
    after: str | None = Field(description="Ask for the next page with this; empty on the last one.")


class AnswerIn(Schema):
    answer: Literal["accept", "decline"]
    reason: str = Field(
        "", max_length=invitations.WHY_MOST, description="Why you decline, if you want to say."
    )


@router.get(
    "/applications", auth=READS, response={200: ApplicationsOut, **refusals(422)}, summary="Your applications"
)
def index(
    request: HttpRequest,
    after: str = Query("", max_length=40, description="The number that ended the page before."),
    limit: int = Query(25, ge=1, le=MOST),
) -> dict[str, Any]:
    """List your own and your organisations', newest first."""
    mine = _mine(request.auth.user)
    last = mine.filter(number=plain(after)).values_list("pk", flat=True).first() if after else None
    rows = standing.with_course(mine.filter(pk__lt=last) if last else mine).order_by("-pk")
    found, at = list(rows[: limit + 1]), clock.now()
    shown = found[:limit]
    return {
        "items": [_brief(standing.course(one, at=at)) for one in shown],
        "after": shown[-1].number if len(found) > limit else None,
    }


@router.get(
    "/applications/{number}",
    auth=READS,
    response={200: ApplicationOut, **refusals(404, 422)},
    summary="One of them",
)
def detail(request: HttpRequest, number: str = Number) -> dict[str, Any]:
    """Tell where it stands, its place in line with the date range, its invitation, its course."""
    return _whole(visible(request.auth.user, number))


@router.post(
    "/applications/{number}/withdraw",
    auth=WRITES,
    response={200: ApplicationOut, **ANSWERS},
    summary="Withdraw it",
)
def withdraw(request: HttpRequest, number: str = Number) -> dict[str, Any]:
    """Take it back for good; nobody works on it any more."""
    user = request.auth.user
    application = visible(user, number)
    with refusing(applications.IllegalMove):
        applications.withdraw(application, by=user, at=clock.now())
    return _whole(visible(user, number))


@router.post(
    "/applications/{number}/leave",
    auth=WRITES,
    response={200: ApplicationOut, **ANSWERS},
    summary="Leave the line",
)
def leave(request: HttpRequest, number: str = Number) -> dict[str, Any]:
    """Give up its place in line for good; the approval lapses."""
    user = request.auth.user
    application = visible(user, number)
    entry = WaitlistEntry.objects.select_related("application__owner").filter(application=application).first()
    if entry is None or not may_leave(user, entry):
        raise Problem(
            409, "not_in_line", _("This application has no place in line to give up; nothing was changed.")
        )
    with refusing(waitlist.IllegalMove):
        places.leave(entry, by=user, at=clock.now())
    return _whole(visible(user, number))


@router.post(
    "/applications/{number}/invitation",
    auth=WRITES,
    response={200: ApplicationOut, **refusals(400, 404, 409, 413, 422)},
    summary="Accept or decline its invitation",
)
def answer(request: HttpRequest, said: AnswerIn, number: str = Number) -> dict[str, Any]:
    """Answer the latest invitation; the same answer again changes nothing."""
    user = request.auth.user
    application = visible(user, number)
    rows = Invitation.objects.filter(seat__entry__application=application)
    invitation = rows.select_related("seat__entry__application__owner").order_by("-pk").first()
    if invitation is None:
        raise Problem(409, "not_invited", _("There is no invitation to answer yet; nothing was changed."))
    with refusing(invitations.InvitationIsOver):
        if said.answer == "accept":
            invitations.accept(invitation, by=user, at=clock.now())
        else:
            invitations.decline(invitation, by=user, at=clock.now(), reason=said.reason)
    return _whole(visible(user, number))


@contextmanager
def refusing(*errors: type[Exception], status: int = 409, code: str = "not_now") -> Iterator[None]:
    """Turn what the domain refuses into a problem, in the domain's own words."""
    try:
        yield
    except errors as refused:
        raise Problem(status, code, str(refused)) from refused


def _mine(user: User) -> Any:
    return Application.objects.filter(owner__in=Owner.objects.of(user)).defer("answers", "facts")


def visible(user: User, number: str) -> Application:
    """Return the application; for everybody who is not on its owner's side it is not there."""
    application = standing.with_course(Application.objects.filter(number=number)).first()
    if application is None or not may_see(user, application):
        raise Problem(404, "not_found", _("There is no such application, or it is not yours to see."))
    return application


def _brief(course: Course) -> dict[str, Any]:
    application = course.application
    return {
        "number": application.number,
        "title": application.title,
        "program": application.program.slug,
        "owner": str(application.owner),
        "standing": str(course.standing),
        "says": str(course.look.words),
        "waits_for": str(course.look.waits),
        "submitted_at": application.submitted_at,
    }


def _whole(application: Application) -> dict[str, Any]:
    at = clock.now()
    course = standing.course(application, at=at)
    told = list(telling.told_for(application))
    draft = application.state == ApplicationState.DRAFT
    steps = [] if draft else timeline.steps(course, taken_up_at=None, told=told)
    in_line = course.standing == Standing.IN_LINE
    entry = course.entry
    return {
        **_brief(course),
        "place": _place(course, at) if in_line else None,
        "moved_ahead": order.moved_ahead(application.program, of=entry) if in_line and entry else [],
        "hold_reason": entry.hold_reason if entry else "",
        "invitation": _invitation(course.invitation, at),
        "timeline": [{"kind": step.kind, "mark": step.mark, "at": step.at} for step in steps],
    }


def _place(course: Course, at: datetime) -> dict[str, Any]:
    entry = course.entry
    assert entry is not None
    entry.program = course.application.program
    place = places.of(entry)
    dates = places.forecast(entry, at=at, place=place)
    return {
        "position": place.position,
        "total": place.total,
        "joined_at": entry.joined_at,
        "earliest": dates.earliest if dates else None,
        "latest": dates.latest if dates else None,
        "observed_weeks": dates.history.weeks if dates and dates.history else None,
    }


def _invitation(invitation: Invitation | None, at: datetime) -> dict[str, Any] | None:
    if invitation is None:
        return None
    until = invitation.expires_at
    stands = invitation.state == InvitationState.OFFERED and until is not None and until > at
    return {
        "state": invitation.state,
        "offered_at": invitation.offered_at,
        "accept_by": until if stands else None,
    }
