"""Reports of a key's holder by the API: what the page takes, with a receipt, and where it stands."""

from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Header, Path, Router, Schema, Status

from accounts.api import By, Problem, plain, refusals
from accounts.models import Owner
from accounts.scopes import Scope
from audit import clock
from enforcement.domain import flags
from enforcement.models import Flag
from enforcement.states import FlagSource
from onboarding.api.access import visible
from onboarding.models import Grant
from policies.models import Category

router = Router(tags=["Reports"])
ANOTHER_HOUR = "3600"  # seconds, as the limit of reports is one of an hour
Mark = Header(
    alias="Idempotency-Key",
    pattern=r"^[!-~]{1,100}$",
    description="Your own mark of this report: sent again, it is the same report.",
    examples=["0f3c9a52-leak"],
)
Receipt = Path(pattern=r"^R[0-9A-Z]{16}$", examples=["R7F3KQD2MXW4H8J2N"])


class ReportIn(Schema):
    said: str = Field(max_length=20_000, description="What you saw: 1 to 2,000 characters.")
    key_id: str = Field(
        "", pattern=r"^(k_[0-9a-z]{16})?$", description="Which key of this access; empty: none."
    )
    end_user: str = Field("", max_length=128, description="Which of your end users, as you send them to us.")
    category: str = Field(
        "", max_length=60, description="What of the guidelines it is closest to, by its code."
    )


class ReportOut(Schema):
    receipt: str
    access: str
    state: str = Field(description="open, confirmed (it breaks the guidelines) or dismissed.")
    reported_at: datetime
    due_at: datetime = Field(description="When a person is to have decided.")
    decided_at: datetime | None


@router.post(
    "/access/{access}/reports",
    auth=By(Scope.WRITE_REPORTS),
    response={200: ReportOut, 201: ReportOut, **refusals(400, 404, 409, 413, 422)},
    summary="Report a problem",
)
def report(request: HttpRequest, access: UUID, said: ReportIn, mark: str = Mark) -> Status:
    """Report a key that others use, or an end user who misuses what you build; a person looks within 24 hours."""
    user, at = request.auth.user, clock.now()
    grant = visible(user, access)
    words = _words(grant, said) | {"idempotency": f"{user.pk}:{grant.pk}:{mark}"}
    before = Flag.objects.filter(source=FlagSource.HOLDER, idempotency=words["idempotency"]).first()
    if before is None:
        if not ratelimit.consume(request, action="report_by_api", user=user):
            detail = _("You sent too many reports within the hour. Wait an hour, then try again.")
            raise Problem(429, "too_many_reports", detail, **{"Retry-After": ANOTHER_HOUR})
        try:
            made = flags.record(
                source=FlagSource.HOLDER, owner=grant.owner, grant=grant, by=user, at=at, **words
            )
        except flags.BadFlag as refused:
            raise Problem(422, "bad_report", str(refused)) from refused
    same = before or made
    if any(getattr(same, name) != value for name, value in words.items()):
        raise Problem(409, "mark_used", _("This Idempotency-Key belongs to another report of yours."))
    return Status(200 if before else 201, _out(same))


@router.get(
    "/reports/{receipt}",
    auth=By(Scope.READ_KEYS),
    response={200: ReportOut, **refusals(404, 422)},
    summary="Where a report stands",
)
def detail(request: HttpRequest, receipt: str = Receipt) -> dict[str, Any]:
    """Tell where a report about access of yours stands, by its receipt number."""
    mine = Flag.objects.filter(source=FlagSource.HOLDER, grant__owner__in=Owner.objects.of(request.auth.user))
    found = mine.select_related("case", "grant").filter(receipt=receipt).first()
    if found is None:
        raise Problem(404, "not_found", _("There is no such report, or it is not yours to see."))
    return _out(found)


def _words(grant: Grant, said: ReportIn) -> dict[str, Any]:
    """Return what the flag says. Raises Problem; no sentence repeats what was sent."""
    words = flags.plain(said.said)
    key = grant.keys.filter(key_id=said.key_id).first() if said.key_id else None
    if not words:
        raise Problem(422, "bad_report", _("Write what you saw."))
    if said.key_id and key is None:
        raise Problem(422, "bad_report", _("This key belongs to another access."))
    if said.category and not Category.objects.filter(code=plain(said.category)).exists():
        raise Problem(422, "bad_report", _("The guidelines have no such category."))
    return {"said": words, "key": key, "end_user": plain(said.end_user), "category": plain(said.category)}


def _out(flag: Flag) -> dict[str, Any]:
    return {
        "receipt": flag.receipt,
        "access": str(flag.grant.public_id) if flag.grant else "",
        "state": flag.state,
        "reported_at": flag.raised_at,
        "due_at": flag.case.due_at,
        "decided_at": flag.case.decided_at,
    }
