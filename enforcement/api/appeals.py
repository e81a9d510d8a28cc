"""The self-service API of appeals and reinstatements: the pages' rules, calls and words."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Path, Router, Schema, Status

from accounts.api import By, Problem, plain, refusals
from accounts.scopes import Scope
from audit import clock
from enforcement.domain import appeals
from enforcement.models import Appeal
from enforcement.views import rejection_of
from onboarding.api.applications import Number, refusing, visible

router = Router(tags=["Appeals"])
READS, WRITES = By(Scope.READ_APPLICATIONS), By(Scope.WRITE_APPEALS)
Kind = Literal["appeal", "reinstatement"]
WhichKind = Path()


class AppealIn(Schema):
    kind: Kind = Field(description="appeal: you were wrong. reinstatement: it is mended.")
    statement: str = Field(max_length=20_000, description="40 to 5,000 characters.")


class AppealOut(Schema):
    kind: str
    state: str
    filed_at: datetime
    due_at: datetime
    decided_at: datetime | None
    outcome_reason: str
    explanation: str


class AppealsOut(Schema):
    items: list[AppealOut]


@router.get(
    "/applications/{number}/appeals",
    auth=READS,
    response={200: AppealsOut, **refusals(404, 422)},
    summary="What you sent",
)
def index(request: HttpRequest, number: str = Number) -> dict[str, Any]:
    """List the appeals and requests for reinstatement about this application, newest first."""
    application = visible(request.auth.user, number)
    rows = Appeal.objects.filter(decision__case__application=application).order_by("-pk")
    return {"items": [_out(appeal) for appeal in rows]}


@router.post(
    "/applications/{number}/appeals",
    auth=WRITES,
    response={201: AppealOut, **refusals(400, 404, 409, 413, 422)},
    summary="Appeal, or ask for reinstatement",
)
def file(request: HttpRequest, said: AppealIn, number: str = Number) -> Status:
    """Send one; the same words again are the same appeal."""
    user = request.auth.user
    decision = rejection_of(visible(user, number))
    if decision is None:
        raise Problem(
            409, "nothing_to_appeal", _("There is no decision against you here that could be appealed.")
        )
    try:
        appeal = appeals.file(
            decision, kind=said.kind, statement=plain(said.statement), by=user, at=clock.now()
        )
    except appeals.BadStatement as refused:
        raise Problem(422, "bad_statement", str(refused)) from refused
    except appeals.CannotFile as refused:
        raise Problem(409, refused.code or "not_now", str(refused)) from refused
    return Status(201, _out(appeal))


@router.post(
    "/applications/{number}/appeals/{kind}/withdraw",
    auth=WRITES,
    response={200: AppealOut, **refusals(404, 409, 422)},
    summary="Take it back",
)
def withdraw(request: HttpRequest, number: str = Number, kind: Kind = WhichKind) -> dict[str, Any]:
    """Take the latest of this kind back, while nobody has decided it."""
    user = request.auth.user
    application = visible(user, number)
    sent = Appeal.objects.filter(decision__case__application=application, kind=kind).order_by("-pk").first()
    if sent is None:
        raise Problem(404, "not_found", _("You have sent nothing of this kind."))
    with refusing(appeals.AppealIsOver):
        sent = appeals.withdraw(sent, by=user, at=clock.now())
    return _out(sent)


def _out(appeal: Appeal) -> dict[str, Any]:
    return {
        "kind": appeal.kind,
        "state": appeal.state,
        "filed_at": appeal.filed_at,
        "due_at": appeal.due_at,
        "decided_at": appeal.decided_at,
        "outcome_reason": appeal.outcome_reason,
        "explanation": appeal.explanation,
    }
