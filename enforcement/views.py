"""The applicant's side of a decision against them: appeal, reinstatement, and what became of either."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from audit import clock
from enforcement.domain import appeals, remedies
from enforcement.forms import StatementForm
from enforcement.models import Appeal
from enforcement.permissions import may_withdraw
from enforcement.states import AppealKind
from onboarding.models import Application
from onboarding.permissions import may_see
from policies.models import Category
from reviews.domain import rejections, telling
from reviews.models import Decision
from reviews.states import Outcome

SAID = {
    AppealKind.APPEAL: gettext_lazy("Your appeal is with us. A letter confirms it."),
    AppealKind.REINSTATEMENT: gettext_lazy("Your request is with us. A letter confirms it."),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def against(request: HttpRequest, number: str, kind: str) -> HttpResponse:
    """Show one way against the latest rejection, with its form while it is open; file by POST."""
    application = _visible(request.user, number)
    decision = rejection_of(application)
    if decision is None:
        raise Http404
    if request.method != "POST":
        return _page(request, decision, kind, StatementForm(kind=kind))
    form = StatementForm(request.POST, kind=kind)
    if not form.is_valid():
        return _page(request, decision, kind, form, status=422)
    statement = form.cleaned_data["statement"]
    try:
        appeals.file(decision, kind=kind, statement=statement, by=request.user, at=clock.now())
    except appeals.NotYours as error:  # removed since the page looked
        raise Http404 from error
    except appeals.BadStatement as error:
        form.add_error("statement", str(error))
        return _page(request, decision, kind, form, status=422)
    except appeals.CannotFile as error:
        messages.error(request, str(error))
        return _page(request, decision, kind, form, status=409)
    messages.success(request, SAID[AppealKind(kind)])
    return redirect(kind, application.number)


@require_POST
@login_required
def withdraw(request: HttpRequest, number: str, kind: str) -> HttpResponse:
    """Take the open appeal or request back."""
    application = _visible(request.user, number)
    sent = Appeal.objects.filter(decision__case__application=application, kind=kind).order_by("-pk").first()
    if sent is None:
        raise Http404
    try:
        appeals.withdraw(sent, by=request.user, at=clock.now())
    except appeals.NotYours as error:  # removed since the page looked
        raise Http404 from error
    except appeals.AppealIsOver as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Withdrawn. Nobody works on it any more, and the decision stands."))
    return redirect(kind, application.number)


def rejection_of(application: Application) -> Decision | None:
    """Return the latest told rejection, overturned or not."""
    told = telling.told_for(application).filter(outcome=Outcome.REJECTED)
    return told.select_related("case__program", "case__application", "guidelines").first()


def _visible(user: User, number: str) -> Application:
    """Return the application, or 404 for everybody who is not on its owner's side."""
    application = get_object_or_404(Application.objects.select_related("owner"), number=number)
    if not may_see(user, application):
        raise Http404
    return application


def _page(
    request: HttpRequest, decision: Decision, kind: str, form: StatementForm, *, status: int = 200
) -> HttpResponse:
    at = clock.now()
    known, application = remedies.of(decision, at=at), decision.case.application
    way = known.way(kind)
    return render(
        request,
        "enforcement/against.html",
        {
            "application": application,
            "program": decision.case.program,
            "decision": decision,
            "clauses": _clauses(decision),
            "known": known,
            "way": way,
            "is_appeal": kind == AppealKind.APPEAL,
            "kind": kind,
            "form": form,
            "sent": _sent(decision, kind),
            "latest": way.latest,
            "is_late": bool(way.latest and way.latest.due_at <= at),
            "may_withdraw": bool(way.latest and may_withdraw(request.user, way.latest)),
            "again": _again(decision, at),
            "contact": settings.CONTACT_EMAIL,
        },
        status=status,
    )


def _again(decision: Decision, at: datetime) -> dict[str, Any]:
    again = rejections.reapply_at(decision)
    never = again == rejections.NEVER
    return {"never": never, "at": again if not never and again > at else None}


def _sent(decision: Decision, kind: str) -> list[Appeal]:
    """Return everything of this kind about the application, newest first, against earlier decisions too."""
    about = Appeal.objects.filter(decision__case=decision.case_id, kind=kind)
    return list(about.select_related("filed_by", "withdrawn_by").order_by("-pk"))


def _clauses(decision: Decision) -> list[dict[str, str]]:
    rows = Category.objects.filter(guidelines=decision.guidelines_id, code__in=decision.categories)
    names = dict(rows.values_list("code", "name"))
    return [{"category": code, "name": names.get(code, code)} for code in decision.categories]
