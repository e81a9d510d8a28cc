"""What the buttons of a decision call: decide, preview, sign, change, give back, take back, correct, an own opinion."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from audit import clock
from reviews.admin import workspace
from reviews.admin.forms import OpinionForm
from reviews.admin.short_forms import GiveBackForm, RecallForm
from reviews.admin.workspace import Work
from reviews.domain import cases, corrections, decisions, opinions, previews, recalls, signatures, statements
from reviews.domain.decisions import Seen
from reviews.domain.statements import Statement
from reviews.models import Decision
from reviews.states import CaseState, Outcome, SecondPerson

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin

REFUSALS = (
    decisions.AlreadyDecided, decisions.CaseIsOver, decisions.Stale, opinions.BlindFirst, opinions.NothingProposed,
    signatures.NotYoursToSign, signatures.NothingToSign, previews.NobodyToWriteTo,
    recalls.NotYoursToRecall, recalls.AlreadyTold, recalls.NothingToRecall,
    corrections.NotYoursToCorrect, corrections.NothingToCorrect,
)  # fmt: skip


def paths(desk: "CaseAdmin") -> list[URLPattern]:
    """Return the addresses of these buttons."""

    def post(verb: Callable[..., HttpResponse]) -> Any:
        return desk.admin_site.admin_view(require_POST(partial(verb, desk)))

    return [
        path("<int:pk>/decide/", post(decide), name="case_decide"),
        path("<int:pk>/preview/", post(preview), name="case_preview"),
        path("<int:pk>/sign/<int:decision>/", post(sign), name="case_sign"),
        path("<int:pk>/change/<int:decision>/", post(change), name="case_change"),
        path("<int:pk>/give-back/<int:decision>/", post(give_back), name="case_give_back"),
        path("<int:pk>/take-back/<int:decision>/", post(take_back), name="case_take_back"),
        path("<int:pk>/correct/<int:decision>/", post(correct), name="case_correct"),
        path("<int:pk>/opinion/<int:decision>/", post(opinion), name="case_opinion"),
    ]


def decide(desk: "CaseAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """Save the findings and decide; `claim` takes a case whose claim ran out while one was typing."""
    case, at = desk.case(request, pk), clock.now()
    if sent := decisions.sent_before(case, seen_by(request).token, by=request.user):
        return _done(request, sent)
    work = workspace.of(case, user=request.user, at=at, data=request.POST)
    work.kept = True
    try:
        with transaction.atomic():
            # Claim, findings and decision are one: whoever comes second waits here, and reads who was first.
            undecided = decisions.made(cases.locked(case)) is None
            if undecided and (problem := desk.record_findings(request, work, at)):
                return problem
            return _decide(desk, request, work, at)
    except desk.refusals as error:
        return desk.refuse(request, work, error)


def _decide(desk: "CaseAdmin", request: HttpRequest, work: Work, at: datetime) -> HttpResponse:
    if not work.decision_form.is_valid():
        return desk.show(request, work, status=422)
    says = work.decision_form.kwargs()
    try:
        made = decisions.decide(work.case, by=request.user, at=at, seen=seen_by(request), **says)
    except statements.Incomplete as error:
        work.decision_form.take_problems(error.problems, begun=error.begun)
        return desk.show(request, work, status=422)
    return _done(request, made)


def preview(desk: "CaseAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """Show the letter exactly as it would be sent, beside what was typed. Changes nothing."""
    case, at = desk.case(request, pk), clock.now()
    work = workspace.of(case, user=request.user, at=at, data=request.POST)
    work.kept = True
    if not work.decision_form.is_valid():
        return desk.show(request, work, status=422)
    try:
        work.letter = previews.of_decision(case, by=request.user, at=at, says=work.decision_form.kwargs())
    except statements.Incomplete as error:
        work.decision_form.take_problems(error.problems, begun=error.begun)
        return desk.show(request, work, status=422)
    except desk.refusals as error:
        return desk.refuse(request, work, error)
    return desk.show(request, work)


def sign(desk: "CaseAdmin", request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """Sign as the second person."""
    case, at = desk.case(request, pk), clock.now()
    waiting = get_object_or_404(Decision, pk=decision, case=case)
    return desk.do(
        request,
        case,
        lambda: signatures.sign(waiting, by=request.user, at=at),
        to="admin:desk",
        says=_("Signed."),
    )


def give_back(desk: "CaseAdmin", request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """Do not sign, and say why."""
    case, at = desk.case(request, pk), clock.now()
    waiting = get_object_or_404(Decision, pk=decision, case=case)
    work = workspace.of(case, user=request.user, at=at)
    work.give_back_form = GiveBackForm(request.POST)
    if not work.give_back_form.is_valid():
        return desk.show(request, work, status=422)
    why = work.give_back_form.cleaned_data["reason"]
    try:
        signatures.give_back(waiting, by=request.user, at=at, reason=why)
    except desk.refusals as error:
        return desk.refuse(request, work, error)
    messages.success(request, _("Given back: the case is in the queue again, with your words."))
    return redirect("admin:case", case.pk)


def take_back(desk: "CaseAdmin", request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """Take back a decision nobody was told of, or cancel one that waits for a second person."""
    case, at = desk.case(request, pk), clock.now()
    made = get_object_or_404(Decision, pk=decision, case=case)
    work = workspace.of(case, user=request.user, at=at)
    work.recall_form = RecallForm(request.POST)
    if not work.recall_form.is_valid():
        return desk.show(request, work, status=422)
    try:
        recalls.recall(made, by=request.user, at=at, reason=work.recall_form.cleaned_data["reason"])
    except desk.refusals as error:
        return desk.refuse(request, work, error)
    messages.success(request, _("Taken back. Nobody was told."))
    return redirect("admin:case", case.pk)


def change(desk: "CaseAdmin", request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """Decide otherwise than was proposed; the other person signs that."""
    waiting = get_object_or_404(Decision, pk=decision, case=pk)
    why = request.POST.get("reason", "")

    def act(said: Statement, at: datetime, token: str) -> Decision:
        return signatures.change(waiting, said, by=request.user, at=at, reason=why, token=token)

    return _otherwise(desk, request, pk, act)


def correct(desk: "CaseAdmin", request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """Put right what was told, with another letter."""
    told = get_object_or_404(Decision, pk=decision, case=pk)

    def act(said: Statement, at: datetime, token: str) -> Decision:
        return corrections.correct(told, said, by=request.user, at=at, token=token)

    return _otherwise(desk, request, pk, act)


def opinion(desk: "CaseAdmin", request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """Write down one's own view before one sees the first."""
    case, at = desk.case(request, pk), clock.now()
    waiting = get_object_or_404(Decision, pk=decision, case=case)
    work = workspace.of(case, user=request.user, at=at)
    work.opinion_form = OpinionForm(request.POST, categories=work.categories)
    if not work.opinion_form.is_valid():
        return desk.show(request, work, status=422)
    try:
        opinions.give(waiting, by=request.user, at=at, **work.opinion_form.kwargs())
    except statements.Incomplete as error:
        for name, sentence in error.problems.items():
            work.opinion_form.add_error(name, sentence)
        return desk.show(request, work, status=422)
    except desk.refusals as error:
        return desk.refuse(request, work, error)
    return redirect("admin:case", case.pk)


def seen_by(request: HttpRequest) -> Seen:
    """Return what the page showed that was posted, as far as it says so."""

    def number(name: str) -> int | None:
        value = request.POST.get(name, "")
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None

    token = request.POST.get("token", "")
    return Seen(
        number("version"), number("revision"), token if len(token) <= 36 and token.isprintable() else ""
    )


def _otherwise(
    desk: "CaseAdmin",
    request: HttpRequest,
    pk: int,
    act: Callable[[Statement, datetime, str], Decision],
) -> HttpResponse:
    """Read a whole statement from the page and do something with it; what was typed stays when that is refused."""
    case, at = desk.case(request, pk), clock.now()
    work = workspace.of(case, user=request.user, at=at, data=request.POST)
    work.otherwise = True
    if not work.decision_form.is_valid():
        return desk.show(request, work, status=422)
    try:
        made = act(Statement(**work.decision_form.kwargs()), at, seen_by(request).token)
    except statements.Incomplete as error:
        if why := error.problems.pop("reason", ""):
            messages.error(request, why)
        work.decision_form.take_problems(error.problems, begun=error.begun)
        return desk.show(request, work, status=422)
    except desk.refusals as error:
        return desk.refuse(request, work, error)
    return _done(request, made)


def _done(request: HttpRequest, decision: Decision) -> HttpResponse:
    messages.success(request, _said(decision))
    return redirect("admin:desk")


def _said(decision: Decision) -> str:
    """Return what to tell the reviewer after a decision."""
    program, what = decision.case.program, decision.get_outcome_display().lower()
    if decision.case.state == CaseState.AWAITING_SECOND:
        said = (
            _("Proposed: %(what)s. It takes effect when a senior reviewer signs.")
            if decision.second == SecondPerson.SENIOR
            else _("Proposed: %(what)s. It takes effect when a second reviewer signs.")
        )
        return said % {"what": what}
    refused = decision.outcome == Outcome.REJECTED
    minutes = program.refusal_recall_minutes if refused else program.recall_minutes
    minutes = 0 if decision.emergency_reason else minutes
    if not minutes:
        return _("Decided: %(what)s. The applicant is told now.") % {"what": what}
    said = ngettext(
        "Decided: %(what)s. The applicant is told in %(minutes)s minute.",
        "Decided: %(what)s. The applicant is told in %(minutes)s minutes.",
        minutes,
    )
    return said % {"what": what, "minutes": minutes}
