"""The holder's side: appeals and reinstatements against decisions and sanctions, and reports by anybody."""

from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from audit import clock
from enforcement.domain import against_sanctions, appeals, flags, remedies, statements
from enforcement.forms import ProblemForm, ReportForm, StatementForm
from enforcement.models import Appeal, Flag, Sanction
from enforcement.permissions import may_withdraw
from enforcement.states import AppealKind, FlagSource, SanctionState
from onboarding.models import Application, Grant
from onboarding.permissions import may_see
from policies.models import Category
from reviews.domain import reasons, rejections, telling
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
            "explanation": reasons.read(decision.reason_code, decision.explanation),
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


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sanction(request: HttpRequest, number: str) -> HttpResponse:
    """Show a sanction with its reasons and both ways against it; file by POST."""
    found = _my_sanction(request.user, number)
    kind = request.POST.get("kind") or request.GET.get("kind") or AppealKind.APPEAL
    if kind not in AppealKind.values:
        raise Http404
    if request.method != "POST":
        return _sanction_page(request, found, kind, StatementForm(kind=kind))
    form = StatementForm(request.POST, kind=kind)
    if not form.is_valid():
        return _sanction_page(request, found, kind, form, status=422)
    said = form.cleaned_data["statement"]
    try:
        against_sanctions.file(found, kind=kind, statement=said, by=request.user, at=clock.now())
    except against_sanctions.NotYours as error:  # removed since the page looked
        raise Http404 from error
    except against_sanctions.BadStatement as error:
        form.add_error("statement", str(error))
        return _sanction_page(request, found, kind, form, status=422)
    except against_sanctions.CannotFile as error:
        messages.error(request, str(error))
        return _sanction_page(request, found, kind, form, status=409)
    messages.success(request, SAID[AppealKind(kind)])
    return redirect("sanction", found.number)


@require_POST
@login_required
def sanction_withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take back what is open against a sanction."""
    found = _my_sanction(request.user, number)
    sent = found.appeals.order_by("-pk").first()
    if sent is None:
        raise Http404
    try:
        appeals.withdraw(sent, by=request.user, at=clock.now())
    except appeals.NotYours as error:
        raise Http404 from error
    except appeals.AppealIsOver as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Withdrawn. Nobody works on it any more, and it stands."))
    return redirect("sanction", found.number)


def _my_sanction(user: User, number: str) -> Sanction:
    """Return a sanction that took effect, or 404 for everybody who is not on its owner's side."""
    told = Sanction.objects.exclude(state__in=[SanctionState.PROPOSED, SanctionState.DROPPED]).select_related(
        "grant__application__owner", "grant__program", "guidelines", "key", "owner"
    )
    found = get_object_or_404(told, number=number)
    if not may_see(user, found.grant.application):
        raise Http404
    return found


def _sanction_page(
    request: HttpRequest, found: Sanction, kind: str, form: StatementForm, *, status: int = 200
) -> HttpResponse:
    at = clock.now()
    found.refresh_from_db(fields=["state", "closed_at", "close_reason"])
    known = against_sanctions.of(found, at=at)
    latest = known.sent[0] if known.sent else None
    return render(
        request,
        "enforcement/sanction.html",
        {
            "sanction": found,
            "grant": found.grant,
            "what": statements.what(found),
            "clause": statements.clause(found.category, found.guidelines_id),
            "known": known,
            "latest": latest,
            "kind": kind,
            "is_appeal": kind == AppealKind.APPEAL,
            "obstacle": known.obstacle(kind),
            "form": form,
            "may_withdraw": bool(latest and may_withdraw(request.user, latest)),
            "days": found.grant.program.appeal_days,
        },
        status=status,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Let anybody report misuse, without an account; a receipt says what happens next."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    wanted = request.GET.get("receipt", "").replace("\0", "").strip().upper()
    if request.method != "POST" and wanted and _reports().filter(receipt=wanted).exists():
        return redirect("report_receipt", wanted)
    if request.method != "POST" or not form.is_valid():
        shown = {"form": form, "wanted": wanted}
        return render(request, "enforcement/report.html", shown, status=422 if form.is_bound else 200)
    if not ratelimit.consume(request, action="report"):
        form.add_error(None, _("Too many reports were sent from here. Wait an hour, then try again."))
        return render(request, "enforcement/report.html", {"form": form}, status=429)
    by = request.user if request.user.is_authenticated else "public"
    try:
        flag = flags.record(source=FlagSource.PUBLIC, owner=None, by=by, at=clock.now(), **form.said_as())
    except flags.BadFlag as error:
        form.add_error("said", str(error))
        return render(request, "enforcement/report.html", {"form": form}, status=422)
    return redirect("report_receipt", flag.receipt)


@require_http_methods(["GET", "HEAD"])
def report_receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    """Show whoever has the number of a report by a person where it stands; nothing else about it."""
    flag = get_object_or_404(_reports().select_related("case"), receipt=receipt)
    return render(request, "enforcement/report_receipt.html", {"flag": flag, "case": flag.case})


def _reports() -> QuerySet[Flag]:
    """Return what people reported, who look it up by its number."""
    return Flag.objects.filter(source__in=[FlagSource.PUBLIC, FlagSource.HOLDER])


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def problem(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let a holder report a problem with a key, or with an end user of theirs; a person looks within 24 hours."""
    grant = get_object_or_404(
        Grant.objects.select_related("owner", "program", "application__owner"), public_id=public_id
    )
    if not may_see(request.user, grant.application):
        raise Http404
    form = ProblemForm(request.POST if request.method == "POST" else None, grant=grant)
    shown = {"form": form, "grant": grant}
    if request.method != "POST" or not form.is_valid():
        return render(request, "enforcement/problem.html", shown, status=422 if form.is_bound else 200)
    if not ratelimit.consume(request, action="report", user=request.user):
        form.add_error(None, _("Too many reports were sent from here. Wait an hour, then try again."))
        return render(request, "enforcement/problem.html", shown, status=429)
    try:
        flag = flags.record(
            source=FlagSource.HOLDER,
            owner=grant.owner,
            grant=grant,
            by=request.user,
            at=clock.now(),
            **form.said_as(),
        )
    except flags.BadFlag as error:
        form.add_error("said", str(error))
        return render(request, "enforcement/problem.html", shown, status=422)
    return redirect("report_receipt", flag.receipt)
