"""For managers and seniors: what the team bears in totals, the rule for everybody, overrides of declared interests."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit import clock
from onboarding.domain.programs import SayWhy
from policies.models import Category
from policies.states import Severity
from reviews.admin.team_forms import OverrideForm, RuleForm
from reviews.domain import care, interests, team
from reviews.models import InterestOverride
from reviews.permissions import conflicts, may_see_team

View = Callable[..., HttpResponse]
OVERRIDES_MOST = 50


def paths(view: Callable[[View], View]) -> list[URLPattern]:
    """Return the addresses of this module, for the urls of cases."""
    return [
        path("team/", view(require_GET(page)), name="team"),
        path("team/rule/", view(require_POST(set_rule)), name="team_rule"),
        path("team/override/", view(require_POST(override)), name="team_override"),
    ]


def page(request: HttpRequest) -> HttpResponse:
    """Show totals, the rule, and the overrides."""
    _only_leads(request)
    return _page(request)


def set_rule(request: HttpRequest) -> HttpResponse:
    """Set what holds for everybody who set nothing."""
    _only_leads(request)
    form = RuleForm(request.POST)
    if form.is_valid():
        try:
            care.set_rule(by=request.user, at=clock.now(), **form.cleaned_data)
        except care.BadRule as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The rule holds from now on."))
            return redirect("admin:team")
    return _page(request, rule_form=form, status=422)


def override(request: HttpRequest) -> HttpResponse:
    """Let one reviewer into one case whatever they declared."""
    _only_leads(request)
    form = OverrideForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            interests.override(
                said["case"],
                reviewer=said["reviewer"],
                by=request.user,
                at=clock.now(),
                reason=said["reason"],
            )
        except (interests.CannotOverride, SayWhy) as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _("%(reviewer)s may take part in this case, whatever they declared.")
                % {"reviewer": said["reviewer"]},
            )
            return redirect("admin:team")
    return _page(request, override_form=form, status=422)


def _only_leads(request: HttpRequest) -> None:
    if not may_see_team(request.user):
        raise PermissionDenied


def _page(
    request: HttpRequest,
    *,
    rule_form: RuleForm | None = None,
    override_form: OverrideForm | None = None,
    status: int = 200,
) -> HttpResponse:
    at, rule = clock.now(), care.rule()
    whole, *parts = team.figures(allowed=rule.minutes, at=at)
    names = dict(Category.objects.order_by("guidelines").values_list("code", "name"))
    given = InterestOverride.objects.exclude(conflicts(request.user, to="case__application__"))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "is_nav_sidebar_enabled": False,
        "title": _("The team's load"),
        "days": team.DAYS,
        "least": team.LEAST,
        "whole": whole,
        "parts": [(names.get(part.code, part.code), part) for part in parts],
        "waiting": [(Severity(row.severity).label, row) for row in team.waiting()],
        "rule": rule,
        "rule_form": rule_form or RuleForm.of(rule),
        "override_form": override_form or OverrideForm(),
        "overrides": given.select_related("case__application", "reviewer", "given_by").order_by("-pk")[
            :OVERRIDES_MOST
        ],
    }
    return TemplateResponse(request, "admin/reviews/team.html", context, status=status)
