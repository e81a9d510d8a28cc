"""How many decisions of a program are looked at again: what holds, what a change would do, the change.

And the golden cases that come back: by number alone, so that whoever reads the list can still be asked about them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from audit import clock
from onboarding.admin import previewing
from onboarding.domain.programs import SayWhy
from onboarding.models import Program
from policies.states import Lane
from reviews.domain import drawing, reconciling
from reviews.models import GoldenCase, SecondReviewRule
from reviews.permissions import may_see_quality, may_set_shares, parts

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin

GOLDEN_MOST = 50
REFUSALS = (drawing.NotYoursToSet, drawing.BadShare, SayWhy)


class SharesForm(forms.Form):
    """A share for each lane, in percent, and how many of what is new."""

    first_cases = forms.IntegerField(
        label=gettext_lazy("First decisions of new guidelines, and of a new category"),
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("So many are looked at again always, before any lot is drawn."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=drawing.REASON_MOST, widget=forms.Textarea(attrs={"rows": 3})
    )
    field_order = (*Lane.values, "first_cases", "reason")

    def __init__(self, data: Any, *, holds: SecondReviewRule) -> None:
        super().__init__(
            data, initial={**shares_of(holds), "first_cases": holds.first_cases}, auto_id="shares_%s"
        )
        for lane in Lane:
            self.fields[lane.value] = forms.IntegerField(
                label=_("Lane %(lane)s, percent") % {"lane": lane.label.lower()}, min_value=0, max_value=100
            )
        self.order_fields(self.field_order)

    def asked(self) -> dict[str, Any]:
        shares = {lane: self.cleaned_data[lane] for lane in Lane.values}
        return {"shares": shares, "first_cases": self.cleaned_data["first_cases"]}


@dataclass(frozen=True)
class Line:
    """What holds for one program, in words."""

    program: Program
    shares: list[tuple[str, int]]
    first_cases: int
    rule: SecondReviewRule


def paths(desk: "CaseAdmin") -> list[URLPattern]:
    view = desk.admin_site.admin_view
    pages = [
        ("quality/shares/<slug:slug>/", require_http_methods(["GET", "POST"]), shares, "quality_shares"),
        ("quality/golden/<int:golden>/retire/", require_POST, retire, "quality_golden_retire"),
    ]
    return [path(route, view(only(partial(page, desk))), name=name) for route, only, page, name in pages]


def shares(desk: "CaseAdmin", request: HttpRequest, slug: str) -> HttpResponse:
    """Show what holds for a program; set another rule, or with `preview` only say what it would do."""
    if not may_set_shares(request.user):
        raise PermissionDenied
    program = get_object_or_404(Program, slug=slug)
    holds = drawing.rule(program)
    if request.method != "POST":
        return _show(desk, request, program, holds, SharesForm(None, holds=holds))
    form = SharesForm(request.POST, holds=holds)
    if not previewing.is_readable(form, request):
        return _show(desk, request, program, holds, form, status=422)
    if previewing.wants_preview(request):
        return _show(desk, request, program, holds, form, preview=changes(holds, **form.asked()))
    try:
        drawing.set_rule(
            program, by=request.user, at=clock.now(), reason=form.cleaned_data["reason"], **form.asked()
        )
    except REFUSALS as error:
        form.add_error(None, str(error))
        return _show(desk, request, program, holds, form, status=422)
    messages.success(request, _("Set for %(program)s, from the next draw on.") % {"program": program})
    return redirect("admin:quality")


def retire(desk: "CaseAdmin", request: HttpRequest, golden: int) -> HttpResponse:
    """Bring a golden case back no more."""
    if not may_see_quality(request.user):
        raise PermissionDenied
    asked = get_object_or_404(_golden(request.user), pk=golden)
    try:
        reconciling.retire_golden(asked, by=request.user, at=clock.now())
    except reconciling.NotGolden as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("%(number)s comes back no more.") % {"number": asked.decision.case.application.number}
        )
    return redirect("admin:quality")


def lines() -> list[Line]:
    """Return what holds for each program. Two queries."""
    found = {rule.program_id: rule for rule in SecondReviewRule.objects.in_force()}
    return [
        _line(program, found.get(program.pk) or drawing.shipped(program))
        for program in Program.objects.order_by("name")
    ]


def coming_back(user: User) -> QuerySet[GoldenCase]:
    """Return the golden cases this person may retire, the newest first, with how often they came back."""
    done = Count("second_reviews", filter=Q(second_reviews__done_at__isnull=False))
    return _golden(user).filter(retired_at=None).annotate(views=done).order_by("-pk")[:GOLDEN_MOST]


def changes(holds: SecondReviewRule, *, shares: Mapping[str, int], first_cases: int) -> list[str]:
    """Return in sentences what another rule would do."""
    was = shares_of(holds)
    says = [
        _("Lane %(lane)s: %(share)s %% instead of %(was)s %%.")
        % {"lane": lane.label.lower(), "share": shares[lane], "was": was[lane]}
        for lane in Lane
        if shares[lane] != was[lane]
    ]
    if first_cases != holds.first_cases:
        says.append(
            _("The first %(number)s of what is new instead of the first %(was)s.")
            % {"number": first_cases, "was": holds.first_cases}
        )
    if not says:
        return [_("Nothing but who set it, and why.")]
    return [*says, _("From the next draw on; what was drawn or left out stays so.")]


def shares_of(holds: SecondReviewRule) -> dict[str, int]:
    """Return every lane with its share; a lane a rule leaves out has none."""
    return {lane: holds.shares.get(lane, 0) for lane in Lane.values}


def _line(program: Program, rule: SecondReviewRule) -> Line:
    said = shares_of(rule)
    return Line(program, [(lane.label, said[lane]) for lane in Lane], rule.first_cases, rule)


def _golden(user: User) -> QuerySet[GoldenCase]:
    # Not what a second look hides for a while: a number that goes and comes back would tell which one is golden.
    hidden = parts(user, to="decision__case__application__")
    return GoldenCase.objects.exclude(hidden).select_related("decision__case__application", "marked_by")


def _show(
    desk: "CaseAdmin",
    request: HttpRequest,
    program: Program,
    holds: SecondReviewRule,
    form: SharesForm,
    *,
    preview: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    return desk.rendered(
        request,
        "admin/reviews/shares.html",
        title=_("Second looks in %(name)s") % {"name": program.name},
        status=status,
        line=_line(program, holds),
        form=form,
        preview=preview,
    )
