"""Apply: start a draft, fill it in section by section, look it over, send it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from audit import clock
from onboarding.domain import answers, applications, drafts
from onboarding.domain.applications import AlreadyApplied
from onboarding.domain.drafts import Draft
from onboarding.domain.questions import Question, Section
from onboarding.domain.triage import Judgement
from onboarding.forms import SectionForm, on_page, typed_on
from onboarding.models import Application, Program
from onboarding.permissions import may_see
from onboarding.states import ApplicationState
from onboarding.views import starting, stepper
from policies import markdown
from policies.domain import acceptances, guidelines
from policies.domain.guidelines import NoGuidelines
from policies.states import Lane

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
    return redirect("apply_section", draft.number, drafts.read(draft).paper.form.sections[0].key)


@never_cache  # "back" then shows what is saved, not an older copy of the page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, number: str, section: str) -> HttpResponse:
    """Show one section; a POST saves what was typed, right or wrong, and goes on when nothing is wrong."""
    application = _mine(request.user, number)
    if application.state != ApplicationState.DRAFT:
        messages.error(
            request, "This application is sent or withdrawn; its answers cannot be changed any more."
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
    problems = stepper.problems(draft, here.key) if "look" in request.GET else {}
    return _section_page(request, application, draft, here, problems=problems)


@never_cache
@login_required
@require_safe
def check(request: HttpRequest, number: str) -> HttpResponse:
    """Show all before it is sent: the answers, what must be mended, what needs extra review and why."""
    application = _mine(request.user, number)
    if application.state != ApplicationState.DRAFT:
        return redirect("application", number)
    draft = drafts.look_at(application, by=request.user)
    version = guidelines.in_force()
    context = _facts(application) | {
        "parts": [(section, _said(draft, section)) for section in stepper.pages(draft)],
        "places": [_place(application, draft, key, said) for key, said in draft.problems.items()],
        "reasons": _reasons(draft.judgement),
        "lane": draft.judgement.lane,
        "domains": draft.judgement.domains,
        "steps": stepper.steps(draft, at=""),
        "version": None if acceptances.accepted(request.user, version) else version,
    }
    return render(request, "onboarding/apply_check.html", context)


@login_required
@require_POST
def submit(request: HttpRequest, number: str) -> HttpResponse:
    """Send the draft; sending it again is the same sending."""
    application = _mine(request.user, number)
    at = clock.now()
    try:
        version = guidelines.in_force()
        if request.POST.get("guidelines") == version.text_hash:
            starting.accept(request.user, version, at=at)
        applications.submit(application, by=request.user, at=at)
    except AlreadyApplied as refused:
        messages.error(request, str(refused))
        return redirect("application", refused.application.number)
    except applications.IllegalMove as refused:
        messages.error(request, str(refused))
        return redirect("application", number)
    except (
        applications.Incomplete,
        applications.ProgramIsClosed,
        applications.GuidelinesNotAccepted,
        NoGuidelines,
    ) as refused:
        messages.error(request, str(refused))
        return redirect("apply_check", number)
    messages.success(request, "Your application is sent. A receipt is on its way to you by e-mail.")
    return redirect("application", number)


def _mine(user: User, number: str) -> Application:
    """Return the application with this number; somebody else's is not there."""
    rows = Application.objects.select_related("program", "question_set", "owner__organisation", "applicant")
    application = get_object_or_404(rows, number=number)
    if not may_see(user, application):
        raise Http404
    return application


def _save(request: HttpRequest, application: Application, draft: Draft, here: Section) -> HttpResponse:
    typed = answers.clean(draft.reading.paper.form, typed_on(draft.reading, here.key, request.POST))
    seen = request.POST.get("seen", "")
    try:
        application = applications.save_draft(
            application,
            answers=typed,
            seen_version=int(seen) if seen.isascii() and seen.isdigit() else -1,
            by=request.user,
            at=clock.now(),
        )
    except applications.StaleDraft as stale:
        draft = drafts.look_at(stale.application, by=request.user)
        return _section_page(request, stale.application, draft, here, typed=typed, status=CONFLICT)
    except applications.IllegalMove as refused:
        messages.error(request, str(refused))
        return redirect("application", application.number)
    draft = drafts.look_at(application, by=request.user)
    problems = stepper.problems(draft, here.key)
    go = request.POST.get("go", "on")
    if go == "on" and problems:
        return _section_page(request, application, draft, here, problems=problems, status=WRONG)
    return _onward(request, application, draft, here, go)


def _onward(
    request: HttpRequest, application: Application, draft: Draft, here: Section, go: str
) -> HttpResponse:
    """Go where the pressed button leads; only going on asks for the section to be in order."""
    if go == "leave":
        messages.success(request, "Your draft is saved. You find it among your applications.")
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


def _section_page(
    request: HttpRequest,
    application: Application,
    draft: Draft,
    here: Section,
    *,
    problems: dict[str, str] | None = None,
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a section's page; `typed` came from a page that was behind what was saved since."""
    form = SectionForm(draft.reading, here.key, texts=draft.texts, typed=typed, problems=problems)
    for field in form.fields.values():
        field.body = markdown.rendered(field.body) if field.body else ""
    context = _facts(application) | {
        "section": here,
        "form": form,
        "steps": stepper.steps(draft, at=here.key),
        "before": stepper.before(draft, here.key),
        "after": stepper.after(draft, here.key),
        "differing": _differing(draft, typed) if typed else [],
    }
    return render(request, "onboarding/apply_section.html", context, status=status)


def _reasons(judgement: Judgement) -> list[dict[str, Any]]:
    """Return the reasons that count: a usual use is no reason any more where something stricter applies."""
    counts = [judgement.lane, Lane.REFUSE, Lane.HOLD]
    return [reason for reason in judgement.lane_reasons if reason["lane"] in counts and not reason["missing"]]


def _facts(application: Application) -> dict[str, Any]:
    return {"application": application, "program": application.program}


def _differing(draft: Draft, typed: dict[str, Any]) -> list[dict[str, str]]:
    """Return the answers where what was typed here is not what was saved elsewhere."""
    there = draft.reading.answers
    return [
        {
            "name": question.name,
            "there": _words(draft, question, there.get(key)),
            "here": _words(draft, question, value),
        }
        for key, value in typed.items()
        if (question := draft.reading.paper.form.question(key)) and value != there.get(key)
    ]


def _said(draft: Draft, section: Section) -> list[dict[str, Any]]:
    """Return a section's questions with their answers in words and what must be mended."""
    return [
        {
            "question": draft.texts[question.key].words if question.key in draft.texts else question.question,
            "words": _words(draft, question, draft.reading.answers.get(question.key)),
            "problem": draft.problems.get(question.key, ""),
            "is_long": question.type in ("long", "tick") or len(question.question) > 50,
        }
        for question in draft.reading.asked()
        if question.section == section.key
    ]


def _words(draft: Draft, question: Question, value: Any) -> str:
    return "" if answers.is_empty(value) else answers.in_words(draft.reading.paper, question, value)


def _place(application: Application, draft: Draft, key: str, sentence: str) -> dict[str, str]:
    """Return where something must be mended: the question, the sentence, and the address of its field."""
    question = draft.reading.paper.form.by_key[key]
    page = reverse("apply_section", args=[application.number, question.section])
    first = "_0" if question.type in ("multi", "yesno") or 0 < len(question.options) <= 9 else ""
    return {"name": question.name, "says": sentence, "url": f"{page}?look=1#id_{key}{first}"}
