"""A reviewer's own page: what they take and how much, their break, what they declared; and opening severe text.

Nothing here names a person in its address: whoever asks sees and changes their own, and nobody else's.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import Duty, may
from audit import clock
from reviews.admin.care_forms import CareForm, InterestForm
from reviews.domain import care, exposure, interests, minutes, optouts
from reviews.models import Case, Interest
from reviews.permissions import may_see_case

View = Callable[..., HttpResponse]


def paths(view: Callable[[View], View]) -> list[URLPattern]:
    """Return the addresses of this module, for the urls of cases."""
    return [
        path("care/", view(require_http_methods(["GET", "POST"])(settings)), name="care"),
        path("care/pause/", view(require_POST(pause)), name="care_pause"),
        path("care/resume/", view(require_POST(resume)), name="care_resume"),
        path("care/interests/", view(require_POST(declare)), name="care_declare"),
        path(
            "care/interests/<int:interest>/end/", view(require_POST(end_interest)), name="care_end_interest"
        ),
        path("<int:pk>/open-text/", view(require_POST(open_text)), name="case_open_text"),
        path("<int:pk>/cover-text/", view(require_POST(cover_text)), name="case_cover_text"),
    ]


def settings(request: HttpRequest) -> HttpResponse:
    """Show one's own settings, or keep them."""
    _only_reviewers(request)
    if request.method == "GET":
        return _page(request)
    at = clock.now()
    form = CareForm(request.POST, limits=care.known(request.user, at=clock.now()).limits)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        optouts.settle(by=request.user, at=at, **form.kwargs())
    except optouts.OutOfBounds as error:
        form.add_error(None, str(error))
        return _page(request, form=form, status=422)
    back = optouts.reroute_owed(at=at, of=request.user)
    said = [_("Your settings are kept, and hold from now on.")]
    if back:
        went = ngettext(
            "%(number)s case you held went back to the queue.",
            "%(number)s cases you held went back to the queue.",
            back,
        )
        said.append(went % {"number": back})
    messages.success(request, " ".join(said))
    return redirect("admin:care")


def pause(request: HttpRequest) -> HttpResponse:
    """Take a break."""
    _only_reviewers(request)
    at = clock.now()
    optouts.pause(by=request.user, at=at)
    optouts.reroute_owed(at=at, of=request.user)
    exposure.cover(request.user, at=at)
    messages.success(request, _("You are on a break. Nothing is offered to you until you are back."))
    return redirect("admin:care")


def resume(request: HttpRequest) -> HttpResponse:
    """Be back."""
    _only_reviewers(request)
    optouts.resume(by=request.user)
    messages.success(request, _("Welcome back."))
    return redirect("admin:desk")


def declare(request: HttpRequest) -> HttpResponse:
    """Declare an organisation or a domain."""
    _only_reviewers(request)
    form = InterestForm(request.POST)
    if form.is_valid():
        try:
            interests.declare(**form.cleaned_data, by=request.user, at=clock.now())
        except interests.BadInterest as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("Declared: such cases are not offered to you."))
            return redirect("admin:care")
    return _page(request, interest_form=form, status=422)


def end_interest(request: HttpRequest, interest: int) -> HttpResponse:
    """End what one declared; another's is not found."""
    _only_reviewers(request)
    mine = get_object_or_404(Interest, pk=interest, reviewer=request.user)
    interests.end(mine, by=request.user, at=clock.now())
    messages.success(request, _("Ended."))
    return redirect("admin:care")


def open_text(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the text of a severe case, or say why it stays covered."""
    case = _case(request, pk)
    try:
        exposure.begin(case, by=request.user, at=clock.now())
    except exposure.StaysCovered as error:
        messages.error(request, str(error))
    return _back(request, case)


def cover_text(request: HttpRequest, pk: int) -> HttpResponse:
    """Cover it again; also what a page sends when it is left."""
    case = _case(request, pk)
    exposure.cover(request.user, at=clock.now(), case=case)
    return _back(request, case)


def _case(request: HttpRequest, pk: int) -> Case:
    case = get_object_or_404(Case.objects.select_related("application"), pk=pk)
    if not may_see_case(request.user, case):
        raise PermissionDenied
    return case


def _back(request: HttpRequest, case: Case) -> HttpResponse:
    """Return to the page the text is on: the case, or an appeal about it."""
    there = request.POST.get("next", "")
    if there.startswith("/admin/enforcement/appeal/") and url_has_allowed_host_and_scheme(there, None):
        return redirect(there)
    return redirect("admin:case", case.pk)


def _only_reviewers(request: HttpRequest) -> None:
    if not may(request.user, Duty.REVIEW_CASES):
        raise PermissionDenied


def _page(
    request: HttpRequest,
    *,
    form: CareForm | None = None,
    interest_form: InterestForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user, at = request.user, clock.now()
    known = care.known(user, at=at)
    limits = known.limits
    form = form or CareForm(limits=limits)
    form.count(known.used.seconds)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "is_nav_sidebar_enabled": False,
        "title": _("What you take"),
        "form": form,
        "rule": limits.rule,
        "own": limits.own,
        "now": minutes.local(user, at),
        "interest_form": interest_form or InterestForm(),
        "interests": Interest.objects.live().filter(reviewer=user).order_by("kind", "name"),
    }
    return TemplateResponse(request, "admin/reviews/care.html", context, status=status)
