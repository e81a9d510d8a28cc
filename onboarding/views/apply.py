"""Apply: start a draft, fill it in section by section, look it over, send it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from audit import clock
from onboarding.domain import amending, applications, drafts, requests, saving
from onboarding.domain.applications import AlreadyApplied
from onboarding.domain.drafts import Draft
from onboarding.domain.questions import Section
from onboarding.domain.triage import Judgement
from onboarding.forms import on_page, typed_on
from onboarding.models import Application, Program
from onboarding.permissions import may_see
from onboarding.views import posted, precheck, section_page, starting, stash, stepper
from onboarding.views.section_page import Page, clashing
from policies.domain import acceptances, guidelines
from policies.domain.guidelines import NoGuidelines
from policies.states import Lane
from reviews.domain import calendars, due

WRONG, CONFLICT = 422, 409  # answers of a page that was not taken as it came


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose for whom to apply, accept the guidelines where that is still to do, and open the draft."""
    program = get_object_or_404(Program, slug=slug)
    at = clock.now()
    found = starting.look(program, request.user, at=at)
    if request.method != "POST":
        return _start_page(request, found)
    owner = request.POST.get("owner", "")
    if problem := found.problem(owner, request.POST.get("guidelines", "")):
        return _start_page(request, found, problem=problem, status=WRONG)
    try:
        draft = starting.begin(found, request.user, owner, at=at)
    except AlreadyApplied as refused:
        messages.info(request, str(refused))
        return redirect("application", refused.application.number)
    except (applications.ProgramIsClosed, applications.TooEarly, applications.NotYours) as refused:
        return _start_page(request, found, problem=str(refused), status=CONFLICT)
    return redirect("apply_section", draft.number, drafts.first_section(draft))


@sensitive_post_parameters()  # a test login is among what is typed
@never_cache  # "back" then shows what is saved, not an older copy of the page
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, number: str, section: str) -> HttpResponse:
    """Show one section; a POST saves what was typed, right or wrong, and goes on when nothing is wrong.

    What is posted after the session has ended is kept until somebody has signed in again.
    """
    if not request.user.is_authenticated:
        if request.method == "POST":
            stash.keep(request, number, section, at=clock.now())
        return redirect_to_login(request.path)
    application = mine(request.user, number)
    if not application.takes_answers:
        messages.error(
            request, _("This application is sent or withdrawn; its answers cannot be changed any more.")
        )
        return redirect("application", number)
    draft = drafts.look_at(application, by=request.user)
    here = draft.reading.paper.form.section(section)
    if here is None:
        raise Http404
    if request.method == "POST":
        return _save(request, application, draft, here)
    if not on_page(draft.reading, section):
        return _next_page(application, draft, here)
    if page := _brought_back(request, application, draft, here):
        return section_page.whole(request, page)
    problems = stepper.problems(draft, here.key) if "look" in request.GET else {}
    return section_page.whole(request, Page(application, draft, here, problems=problems))


@never_cache
@login_required
@require_safe
def check(request: HttpRequest, number: str) -> HttpResponse:
    """Show all before it is sent: the answers, what must be mended, what needs extra review and why."""
    application = mine(request.user, number)
    if not application.takes_answers:
        return redirect("application", number)
    return _check_page(request, application)


def _check_page(request: HttpRequest, application: Application, *, status: int = 200) -> HttpResponse:
    draft = drafts.look_at(application, by=request.user)
    version, at, calendar = guidelines.in_force(), clock.now(), calendars.of(application.program)
    reasons, put = _reasons(draft.judgement), {question.key for question in draft.reading.put()}
    context = _facts(application) | {
        "parts": [(section, _said(draft, section)) for section in stepper.pages(draft)],
        "places": [_place(application, draft, key, said) for key, said in draft.problems.items()],
        "hints": [
            (hint, _field_url(application, draft, hint.key))
            for hint in precheck.hints(application, draft)
            if hint.key in put  # of what was approved before, nothing is asked again
        ],
        "extra": [reason for reason in reasons if reason["domain"]],
        "reasons": [reason for reason in reasons if not reason["domain"]],
        "lane": draft.judgement.lane,
        "domains": draft.judgement.domains,
        "two_people": len(draft.judgement.domains) > 0 or draft.judgement.lane == Lane.REFUSE,
        "working_days": due.WORKING_DAYS[draft.judgement.lane],
        "answer_by": due.last_day(
            due.due_at(draft.judgement.lane, since=at, calendar=calendar), calendar=calendar
        ),
        "steps": stepper.steps(draft, at=""),
        "version": None if acceptances.accepted(request.user, version) else version,
    }
    return render(request, "onboarding/apply_check.html", context, status=status)


@login_required
@require_POST
def submit(request: HttpRequest, number: str) -> HttpResponse:
    """Send the draft as the page showed it; sending it again is the same sending."""
    application = mine(request.user, number)
    at = clock.now()
    try:
        version = guidelines.in_force()
        if request.POST.get("guidelines") == version.text_hash:
            starting.accept(request.user, version, at=at)
        send = amending.send if application.amending_since else applications.submit
        send(application, by=request.user, at=at, seen=_seen(request))
    except drafts.NotSeen as refused:
        messages.error(request, str(refused))
        return _check_page(request, mine(request.user, number), status=409)
    except AlreadyApplied as refused:
        messages.error(request, str(refused))
        return redirect("application", refused.application.number)
    except requests.NotPossible as refused:
        messages.error(request, str(refused))
        return redirect("apply_check", number)
    except applications.IllegalMove as refused:
        messages.error(request, str(refused))
        return redirect("application", number)
    except (
        applications.Incomplete,
        applications.ProgramIsClosed,
        applications.GuidelinesNotAccepted,
        amending.NothingChanged,
        amending.TooOften,
        NoGuidelines,
    ) as refused:
        messages.error(request, str(refused))
        return redirect("apply_check", number)
    messages.success(request, _("Your application is sent. A receipt is on its way to you by e-mail."))
    return redirect("application", number)


def _seen(request: HttpRequest) -> int | None:
    """Return which version of the answers the page showed; rubbish is none that there is."""
    said = request.POST.get("seen")
    if said is None:
        return None
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1


def mine(user: User, number: str) -> Application:
    """Return the application with this number; somebody else's is not there."""
    rows = Application.objects.select_related("program", "question_set", "owner__organisation", "applicant")
    application = get_object_or_404(rows, number=number)
    if not may_see(user, application):
        raise Http404
    return application


def _save(request: HttpRequest, application: Application, draft: Draft, here: Section) -> HttpResponse:
    typed = typed_on(draft.reading, here.key, request.POST)
    seen = posted.seen(request.POST, typed)
    try:
        saved = saving.save(application, answers=typed, seen=seen, by=request.user, at=clock.now())
    except applications.IllegalMove as refused:
        messages.error(request, str(refused))
        return redirect("application", application.number)
    stash.drop(request, application.number, here.key)
    if section_page.is_cut(request.POST):
        messages.warning(request, _("Of one answer only the first 20,000 characters are kept."))
    draft = drafts.look_at(saved.application, by=request.user)
    if saved.clashes:
        page = clashing(saved, draft, here, typed=drafts.as_stored(saved.application, typed), seen=seen)
        return section_page.whole(request, page, status=CONFLICT)
    problems = stepper.problems(draft, here.key)
    go = request.POST.get("go", "on")
    if posted.KEEP_ALL in request.POST:
        return _to(saved.application, here)
    if go == "on" and problems:
        page = Page(saved.application, draft, here, problems=problems)
        return section_page.whole(request, page, status=WRONG)
    return _onward(request, saved.application, draft, here, go)


def _brought_back(request: HttpRequest, application: Application, draft: Draft, here: Section) -> Page | None:
    """Return the page with what was sent while nobody was signed in, where that is not what is stored."""
    post = stash.kept(request, application.number, here.key, at=clock.now())
    if post is None:
        return None
    said = drafts.as_stored(application, typed_on(draft.reading, here.key, post))
    typed = {key: value for key, value in said.items() if value != draft.reading.answers.get(key)}
    if not typed:
        stash.drop(request, application.number, here.key)
        return None
    shown = posted.seen(post, typed).shown
    return Page(application, draft, here, typed=typed, shown=shown, brought_back=True)


def _onward(
    request: HttpRequest, application: Application, draft: Draft, here: Section, go: str
) -> HttpResponse:
    """Go where the pressed button leads; only going on asks for the section to be in order."""
    if go == "leave":
        messages.success(request, _("Your draft is saved. You find it among your applications."))
        return redirect("applications")
    if go == "back":
        before = stepper.before(draft, here.key)
        return _to(application, before) if before else redirect("apply", application.program.slug)
    return _next_page(application, draft, here)


def _next_page(application: Application, draft: Draft, here: Section) -> HttpResponse:
    following = stepper.after(draft, here.key)
    return _to(application, following) if following else redirect("apply_check", application.number)


def _to(application: Application, section: Section) -> HttpResponse:
    return redirect("apply_section", application.number, section.key)


def _start_page(
    request: HttpRequest, found: starting.Start, *, problem: str = "", status: int = 200
) -> HttpResponse:
    chosen = request.POST.get("owner") or next((choice.value for choice in found.free), "")
    context = {"start": found, "program": found.program, "problem": problem, "chosen": chosen}
    return render(request, "onboarding/apply_start.html", context, status=status)


def _reasons(judgement: Judgement) -> list[dict[str, Any]]:
    """Return the reasons that count: a usual use is no reason any more where something stricter applies."""
    counts = [judgement.lane, Lane.REFUSE, Lane.HOLD]
    return [reason for reason in judgement.lane_reasons if reason["lane"] in counts and not reason["missing"]]


def _facts(application: Application) -> dict[str, Any]:
    return {"application": application, "program": application.program}


def _said(draft: Draft, section: Section) -> list[dict[str, Any]]:
    """Return a section's questions with their answers in words and what must be mended."""
    return [
        {
            "question": draft.texts[question.key].words if question.key in draft.texts else question.question,
            "words": section_page.words(draft, question, draft.reading.answers.get(question.key)),
            "problem": draft.problems.get(question.key, ""),
            "is_long": question.type in ("long", "tick") or len(question.question) > 50,
        }
        for question in draft.reading.put()
        if question.section == section.key
    ]


def _place(application: Application, draft: Draft, key: str, sentence: str) -> dict[str, str]:
    """Return where something must be mended: the question, the sentence, and the address of its field."""
    name = draft.reading.paper.form.by_key[key].name
    return {"name": name, "says": sentence, "url": _field_url(application, draft, key)}


def _field_url(application: Application, draft: Draft, key: str) -> str:
    question = draft.reading.paper.form.by_key[key]
    page = reverse("apply_section", args=[application.number, question.section])
    first = "_0" if question.type in ("multi", "yesno") or 0 < len(question.options) <= 9 else ""
    return f"{page}?look=1#id_{key}{first}"
