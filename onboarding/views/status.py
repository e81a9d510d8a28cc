"""The applicant's own applications: where each stands, what is waited for, and what they can do about it."""

from datetime import datetime
from html import unescape
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Min, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Owner, User
from audit import clock
from enforcement.domain import remedies
from onboarding.domain import applications, drafts, freezes, invitations, order, places, rates, waitlist
from onboarding.models import Application, Invitation, Revision, WaitlistEntry
from onboarding.permissions import may_answer_invitation, may_leave, may_see, may_withdraw
from onboarding.states import ApplicationState
from onboarding.views import requests, sent, standing, timeline
from onboarding.views.standing import Course, Standing
from policies import markdown
from policies.domain import weaknesses
from policies.models import Category, KnownWeakness
from reviews.domain import calendars, due, rejections, telling
from reviews.domain import conditions as conditions_of
from reviews.domain import questions as questions_asked
from reviews.models import Case, Decision, InformationRequest
from reviews.states import Outcome

PAGE = 25


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List my applications and my organisations', newest first; `older` and `newer` name where to go on."""
    mine = Application.objects.filter(owner__in=Owner.objects.of(request.user)).defer("answers", "facts")
    found, older, newer = _page(standing.with_course(mine), mine, request)
    at = clock.now()
    return render(
        request,
        "onboarding/application_list.html",
        {
            "courses": [standing.course(application, at=at) for application in found],
            "older_url": f"?older={found[-1].number}" if older else "",
            "newer_url": f"?newer={found[0].number}" if newer else "",
        },
    )


def _page(
    rows: QuerySet[Application], mine: QuerySet[Application], request: HttpRequest
) -> tuple[list[Application], bool, bool]:
    """Return one page, and whether there are older and newer ones; a foreign number is passed over."""
    newer_than, older_than = (_pk_of(mine, request.GET.get(name, "")) for name in ("newer", "older"))
    if newer_than:
        found = list(rows.filter(pk__gt=newer_than).order_by("pk")[: PAGE + 1])
        return found[:PAGE][::-1], bool(found), len(found) > PAGE
    if older_than:
        rows = rows.filter(pk__lt=older_than)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    return found[:PAGE], len(found) > PAGE, bool(older_than)


def _pk_of(mine: QuerySet[Application], number: str) -> int | None:
    return mine.filter(number=number).values_list("pk", flat=True).first() if number else None


@login_required
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """Show one application: where it stands, its course, what can be done, what was sent; a draft's form."""
    rows = standing.with_course(Application.objects.select_related("applicant", "question_set", "grant"))
    application = visible(request.user, number, rows)
    if application.state == ApplicationState.DRAFT:
        return redirect("apply_section", number, drafts.first_section(application))
    requests.attach([*application.grants.all()], request.user, at=clock.now())
    return render(request, "onboarding/application_detail.html", _context(request.user, application))


def _context(user: User, application: Application) -> dict[str, Any]:
    at = clock.now()
    course = standing.course(application, at=at)
    revision = application.revisions.select_related("guidelines", "question_set").order_by("-number").first()
    told = list(telling.told_for(application))
    refused = next((decision for decision in told if decision.outcome == Outcome.REJECTED), None)
    review = _review(course, told, at)
    return {
        "application": application,
        "program": application.program,
        "course": course,
        "standing": course.standing,
        "invitation": course.invitation,
        "accept_by": _accept_by(course.invitation, at),
        "revision": revision,
        "parts": sent.parts(revision, application.program) if revision else [],
        "steps": timeline.steps(
            course, taken_up_at=review["taken_up_at"], told=told, amended=_amended(application, revision)
        ),
        "weaknesses": _in_plain_words(weaknesses.current(application.program.slug)),
        "contact": settings.CONTACT_EMAIL,
        "against": remedies.of(refused, at=at) if refused else None,
        "may_amend": application.state == ApplicationState.SUBMITTED,
        "unsent": _unsent(application, revision),
        "may_withdraw": may_withdraw(user, application),
        "may_leave": course.entry is not None and may_leave(user, course.entry),
        **review,
        **_clauses(application, revision, review["rejection"]),
        **_line(course, at),
    }


def _unsent(application: Application, revision: Revision | None) -> list[sent.Said]:
    """Return what was typed and not sent, but not beside a withdrawal: no reviewer was faster then."""
    if application.amending_since is None or application.state == ApplicationState.WITHDRAWN:
        return []
    return sent.unsent(application, revision)


@require_POST
@login_required
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take an application back; a draft as well."""
    application = visible(request.user, number)
    try:
        why = request.POST.get("reason", "")
        applications.withdraw(application, by=request.user, at=clock.now(), reason=why)
    except (applications.IllegalMove, applications.NotYours, applications.ReasonTooLong) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Your application is withdrawn. Nobody works on it any more."))
    return redirect("application", number) if application.submitted_at else redirect("applications")


@require_POST
@login_required
def leave(request: HttpRequest, number: str) -> HttpResponse:
    """Give up the place in line."""
    application = visible(request.user, number)
    entry = WaitlistEntry.objects.select_related("application__owner").filter(application=application).first()
    if entry is None or not may_leave(request.user, entry):
        messages.error(request, _("This application has no place in line to give up; nothing was changed."))
        return redirect("application", number)
    try:
        places.leave(entry, by=request.user, at=clock.now())
    except waitlist.IllegalMove as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("You have left the line."))
    return redirect("application", number)


@require_POST
@login_required
def answer_invitation(request: HttpRequest, number: str) -> HttpResponse:
    """Accept or decline the latest invitation: `answer` is accept or decline."""
    application = visible(request.user, number)
    invitation = (
        Invitation.objects.filter(seat__entry__application=application)
        .select_related("seat__entry__application__owner")
        .order_by("-pk")
        .first()
    )
    if invitation is None or not may_answer_invitation(request.user, invitation):
        messages.error(request, _("There is no invitation to answer yet; nothing was changed."))
        return redirect("application", number)
    answer = request.POST.get("answer")
    try:
        if answer == "accept":
            invitations.accept(invitation, by=request.user, at=clock.now())
            messages.success(request, _("You have accepted. Your key appears here within a minute."))
            return redirect("access")
        if answer == "decline":
            why = request.POST.get("reason", "")
            invitations.decline(invitation, by=request.user, at=clock.now(), reason=why)
            messages.success(request, _("You have declined and left the line."))
        else:
            messages.error(request, _("Choose to accept or to decline; nothing was changed."))
    except (invitations.InvitationIsOver, invitations.NotYours) as refused:
        messages.error(request, str(refused))
    return redirect("application", number)


def visible(user: User, number: str, rows: QuerySet[Application] | None = None) -> Application:
    """Return the application, or 404 for everybody who is not on its owner's side."""
    rows = Application.objects.select_related("owner") if rows is None else rows
    application = get_object_or_404(rows, number=number)
    if not may_see(user, application):
        raise Http404
    return application


def _review(course: Course, told: list[Decision], at: datetime) -> dict[str, Any]:
    """Return what the reviewers' side says: since when, by when, the open question, the refusal."""
    application = course.application
    overturned_at = max((d.overturned_at for d in told if d.overturned_at), default=application.started_at)
    anew = Q(
        claims__claimed_at__gte=overturned_at
    )  # after an appeal the first reviewer's time does not count
    cases = Case.objects.annotate(taken_up_at=Min("claims__claimed_at", filter=anew))
    case = cases.filter(application=application).first()
    due_at = case.due_at if case else None
    if due_at is None and course.standing == Standing.RECEIVED:  # the payer opens the case within a minute
        calendar = calendars.of(application.program)
        due_at = due.due_at(application.lane, since=application.submitted_at, calendar=calendar)
    asked = [decision for decision in told if decision.outcome == Outcome.NEEDS_INFORMATION]
    rejection = next((decision for decision in told if decision.outcome == Outcome.REJECTED), None)
    again = rejections.reapply_at(rejection) if rejection else None
    return {
        "taken_up_at": case.taken_up_at if case else None,
        "due_at": due_at,
        "is_late": due_at is not None and due_at <= at,
        "working_days": None
        if asked or overturned_at != application.started_at
        else due.WORKING_DAYS.get(application.lane),
        "question": asked[0].request if asked and course.standing == Standing.ASKED else None,
        "thread": questions_asked.thread(application) if asked else [],
        "late_question": _still_open(asked, case),
        "rejection": rejection if course.standing == Standing.REJECTED else None,
        "never_again": again == rejections.NEVER,
        "again_at": again if again and again != rejections.NEVER and again > at else None,
    }


def _amended(application: Application, latest: Revision | None) -> list[Revision]:
    """Return the revisions after the first, oldest first; most applications have none and ask nothing."""
    if latest is None or latest.number == 1:
        return []
    return list(application.revisions.filter(number__gt=1).defer("answers", "risk_parts").order_by("number"))


def _still_open(asked: list[Decision], case: Case | None) -> InformationRequest | None:
    """Return the latest question when its time is over and an answer would still count."""
    latest = asked[0].request if asked else None
    if latest is None or case is None or latest.overdue_at is None:
        return None
    return latest if questions_asked.takes_answer(latest, case) else None


def _clauses(
    application: Application, revision: Revision | None, rejection: Decision | None
) -> dict[str, Any]:
    """Return conditions and clauses of a refusal with the names that the revision's guidelines give them."""
    cited = rejection.categories if rejection else []
    codes = {*cited, *(condition.get("category", "") for condition in application.conditions)} - {""}
    if revision is None or not codes:
        said = [{**one, "text": conditions_of.read(one)} for one in application.conditions]
        return {"conditions": said, "clauses": []}
    rows = Category.objects.filter(guidelines=revision.guidelines_id, code__in=codes)
    names = dict(rows.values_list("code", "name"))
    conditions = [
        {**one, "text": conditions_of.read(one), "name": names.get(one.get("category", ""), "")}
        for one in application.conditions
    ]
    clauses = [{"category": code, "name": names.get(code, code)} for code in cited]
    return {"conditions": conditions, "clauses": clauses}


def _in_plain_words(known: KnownWeakness | None) -> str:
    """Return the text of known weaknesses without its markup, for a line in the side column."""
    return unescape(strip_tags(markdown.rendered(known.text))) if known else ""


def _accept_by(invitation: Invitation | None, at: datetime) -> datetime | None:
    """Return the deadline that holds now; none while the reminder that moves a passed one is not sent."""
    until = invitation.expires_at if invitation else None
    return until if until and until > at else None


def _line(course: Course, at: datetime) -> dict[str, Any]:
    """Return the place and what the plan makes of it; nothing for an entry that does not wait."""
    if course.standing != Standing.IN_LINE or course.entry is None:
        return {}
    entry = course.entry
    entry.program = course.application.program
    place = places.of(entry)
    forecast = places.forecast(entry, at=at, place=place)
    step = rates.in_force(entry.program, at)
    return {
        "place": place,
        "forecast": forecast,
        "frozen": [] if forecast else freezes.in_words(entry.program),
        "is_next": forecast is not None and forecast.earliest <= at,
        "per_week": step.per_week if step else 0,
        "moved": order.moved_ahead(entry.program, of=entry),
    }
