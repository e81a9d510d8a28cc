"""How a program's weeks are made from its rate: the plan that holds, what another would do, the change."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.languages import grouped
from accounts.roles import Duty, may
from audit import clock
from onboarding.admin import previewing
from onboarding.domain import countries, plan_words, plans, programs, rates
from onboarding.domain.plans import Rules, Share
from onboarding.models import Program, WaitlistEntry
from onboarding.models.plan import MOST_RAMP, MOST_RAMP_WEEKS, NO_RAMP
from onboarding.states import Carry, ShareKind, Spread, Unfilled

REFUSALS = (programs.SayWhy, programs.AlreadySo, plans.BadPlan)
WRONG = 422
WEEKS_AHEAD = 8  # whose rates the preview names
KINDS = {
    "type": ShareKind.APPLICANT_TYPE,
    "country": ShareKind.COUNTRY,
    "wave": ShareKind.WAVE,
    "hand-picked": ShareKind.HAND_PICKED,
}
SHARE = re.compile(r"(\d{1,3})\s*%?\s+(.*)")
COHORT = re.compile(r"(type|country|wave|hand-picked)\s*:?\s*(.*)", re.IGNORECASE)


class PlanForm(forms.Form):
    """The plan as it holds unless somebody types another, and why."""

    ramp_percent = forms.IntegerField(
        label=gettext_lazy("At each step of the ramp the rate becomes, in percent"),
        min_value=NO_RAMP,
        max_value=MOST_RAMP,
        help_text=gettext_lazy("150 is half as many again. 100: no ramp."),
    )
    ramp_weeks = forms.IntegerField(
        label=gettext_lazy("Weeks between two steps"), min_value=1, max_value=MOST_RAMP_WEEKS
    )
    ramp_most = forms.IntegerField(
        label=gettext_lazy("The ramp ends at, people a week"),
        required=False,
        min_value=1,
        max_value=plans.MOST_SEATS,
        help_text=gettext_lazy("Empty without a ramp."),
    )
    carry = forms.ChoiceField(
        label=gettext_lazy("Seats that were not used, were declined or ran out"), choices=Carry.choices
    )
    carry_most = forms.IntegerField(
        label=gettext_lazy("Up to how many"),
        required=False,
        min_value=1,
        max_value=plans.MOST_SEATS,
        help_text=gettext_lazy(
            "Only where a number is their limit. Paused and missed weeks leave unused seats too."
        ),
    )
    spread = forms.ChoiceField(
        label=gettext_lazy("Seats are given"),
        choices=Spread.choices,
        help_text=gettext_lazy("In the program's zone; holidays are not known here."),
    )
    shares = forms.CharField(
        label=gettext_lazy("Shares, one a line"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Percent, then type, country, wave or hand-picked, then which of it: “30 type: university, "
            "non_profit”, “10 country: ES, PT”, “5 wave: first”, “20 hand-picked”."
        ),
    )
    unfilled = forms.ChoiceField(
        label=gettext_lazy("Seats of a share nobody of its people waits for"), choices=Unfilled.choices
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with the plan."),
    )

    def __init__(self, rules: Rules, data: Any = None):
        now = {name: getattr(rules, name) for name in Rules.__dataclass_fields__}
        now["shares"] = "\n".join(typed(share) for share in rules.shares)
        super().__init__(data, initial=now, auto_id="plan_%s")

    def clean_shares(self) -> tuple[Share, ...]:
        lines = [line.strip() for line in self.cleaned_data["shares"].splitlines() if line.strip()]
        return tuple(_read(line) for line in lines)

    def rules(self) -> Rules:
        return Rules(**{name: self.cleaned_data[name] for name in Rules.__dataclass_fields__})


def typed(share: Share) -> str:
    """Return a share as it is typed."""
    kind = next(name for name, kind in KINDS.items() if kind == share.kind)
    return f"{share.percent} {kind}" + (f": {', '.join(share.among.split(','))}" if share.among else "")


def _read(line: str) -> Share:
    found = SHARE.fullmatch(line)
    cohort = read_cohort(found[2]) if found else None
    if found is None or cohort is None:
        raise forms.ValidationError(
            _(
                "“%(typed)s” is no share. Write percent, then type, country, wave or hand-picked, "
                "then which of it."
            )
            % {"typed": line[:80]}
        )
    return Share(*cohort, int(found[1]))


def read_cohort(text: str) -> tuple[ShareKind, str] | None:
    """Return the kind and which of it that “country: ES, PT” names; None where it cannot be read.

    Raises ValidationError where a name is not known.
    """
    found = COHORT.fullmatch(text)
    if found is None:
        return None
    kind, among = KINDS[found[1].lower()], [each.strip() for each in found[2].split(",")]
    if kind == ShareKind.COUNTRY:
        among = [each.upper() for each in among]
    known = _known(kind)
    for each in among:
        if each and known is not None and each not in known:
            raise forms.ValidationError(
                _("“%(typed)s” is not known. There is: %(known)s.")
                % {"typed": each[:80], "known": ", ".join(known)}
            )
    return kind, ",".join(each for each in among if each)


def _known(kind: ShareKind) -> Mapping[str, str] | None:
    """Return what there is of a kind; None where anything may be typed."""
    if kind == ShareKind.COUNTRY:
        return countries.names()
    return plan_words.applicant_types() if kind == ShareKind.APPLICANT_TYPE else None


def paths(board: admin.ModelAdmin) -> list[URLPattern]:
    page = require_http_methods(["GET", "POST"])(partial(plan, board))
    return [path("<slug:slug>/plan/", board.admin_site.admin_view(page), name="rate_plan")]


def plan(board: admin.ModelAdmin, request: HttpRequest, slug: str) -> HttpResponse:
    """Show the plan to whoever sees the board; set another, or with `preview` only say what it would do."""
    if not (may(request.user, Duty.MANAGE_RATES) or may(request.user, Duty.SEE_LINE)):
        raise PermissionDenied
    if request.method == "POST" and not may(request.user, Duty.MANAGE_RATES):
        raise PermissionDenied
    program, at = get_object_or_404(Program, slug=slug), clock.now()
    rules = plans.rules_of(plans.in_force(program, at))
    if request.method != "POST":
        return _show(board, request, program, rules, PlanForm(rules))
    form = PlanForm(rules, request.POST)
    if not previewing.is_readable(form, request):
        return _show(board, request, program, rules, form, status=WRONG)
    try:
        if previewing.wants_preview(request):
            plans.refuse_nonsense(form.rules())
            return _show(board, request, program, rules, form, preview=effect(program, form.rules(), at))
        plans.set_plan(program, form.rules(), by=request.user, at=at, reason=form.cleaned_data["reason"])
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _show(board, request, program, rules, form, status=WRONG)
    messages.success(request, _("Set. It holds for the weeks that open from now on."))
    return redirect("admin:rate_plan", program.slug)


def effect(program: Program, rules: Rules, at: Any) -> list[str]:
    """Return in sentences what a plan would do: in the words everybody reads, and in this program's figures."""
    says = plan_words.in_words(rules)
    step = rates.in_force(program, at)
    if step is not None and rules.ramp_most is not None:
        ahead = [grouped(plans.weekly(rules, step.per_week, number)) for number in range(WEEKS_AHEAD)]
        says.append(
            _("From the next week on, while all is well: %(numbers)s people a week.")
            % {"numbers": ", ".join(ahead)}
        )
    line = WaitlistEntry.objects.waiting().filter(program=program)
    for share in rules.shares:
        seats = plans.of_share(step.per_week, share.percent) if step else 0
        there = line.filter(plans.belongs(share.kind, share.among)).count()
        says.append(
            _(
                "%(waiting)s of those who wait now count for %(who)s: %(seats)s seats a week at the rate of now."
            )
            % {"waiting": grouped(there), "who": plan_words.who(share), "seats": grouped(seats)}
        )
    return [*says, _("The week that is open stays as it opened, and seats already given are never touched.")]


def _show(
    board: admin.ModelAdmin,
    request: HttpRequest,
    program: Program,
    rules: Rules,
    form: PlanForm,
    *,
    preview: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = board.admin_site.each_context(request) | {
        "title": _("Plan of %(program)s") % {"program": program.name},
        "program": program,
        "form": form,
        "now": plan_words.in_words(rules),
        "types": plan_words.applicant_types(),
        "set": program.plans.select_related("set_by").order_by("-id")[:10],
        "preview": preview,
        "may_set": may(request.user, Duty.MANAGE_RATES),
    }
    return render(request, "admin/onboarding/rate_plan.html", context, status=status)
