"""Freeze rules on the manager's side: how they stand, a change with its preview, lifting a freeze, what was before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.languages import grouped
from accounts.roles import Duty, may
from audit import clock
from enforcement.domain import guard_figures
from onboarding.admin import previewing
from onboarding.domain import freezes, guard_rules, guards
from onboarding.domain.guard_rules import FIRST, SAMPLE_MOST, VALUE_MOST, Rule
from onboarding.domain.guards import WITHOUT_WINDOW, Act, Bounds, Memory, Reading, Standing
from onboarding.domain.programs import AlreadySo, SayWhy
from onboarding.models import Freeze, GuardReading, GuardRule, Program
from onboarding.models.guard import REASON_MOST, WINDOW_MOST
from onboarding.permissions import may_lift_freezes, may_set_guards
from onboarding.states import GuardKind, GuardMode, GuardState, Thaw
from reviews.domain import lateness

MEASURES = {**guard_figures.MEASURES, GuardKind.LATE: lateness.measure}
RULE_REFUSALS = (guard_rules.BadRule, guard_rules.NotYoursToSet, SayWhy, AlreadySo)
LIFT_REFUSALS = (freezes.NotYoursToLift, SayWhy, AlreadySo)
SHOWN = 20  # freezes, versions and readings of a list
WRONG = 422


class RuleForm(forms.Form):
    """One rule, as it holds or as is proposed, and why it is changed."""

    mode = forms.ChoiceField(label=gettext_lazy("State"), choices=GuardMode.choices)
    threshold = forms.FloatField(
        label=gettext_lazy("Stops admission from"), min_value=0, max_value=VALUE_MOST
    )
    clear_below = forms.FloatField(
        label=gettext_lazy("Green again below"),
        min_value=0,
        max_value=VALUE_MOST,
        help_text=gettext_lazy("Less than the bound above. Between the two nothing changes."),
    )
    window_days = forms.IntegerField(
        label=gettext_lazy("Days it looks back"), min_value=1, max_value=WINDOW_MOST
    )
    minimum_sample = forms.IntegerField(
        label=gettext_lazy("Smallest sample"),
        min_value=1,
        max_value=SAMPLE_MOST,
        help_text=gettext_lazy(
            "Over fewer it says “too few to tell”, and neither stops admission nor lets it go on."
        ),
    )
    thaw = forms.ChoiceField(label=gettext_lazy("Who lets admission go on"), choices=Thaw.choices)
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=REASON_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with the rule."),
    )

    def __init__(self, guard: GuardKind, rule: GuardRule | None, data: Any = None):
        held = rule or FIRST[guard]
        initial = {name: _plain(getattr(held, name)) for name in Rule.__dataclass_fields__}
        super().__init__(data, initial=initial, auto_id="rule_%s")
        value, sample = guards.UNITS[guard]
        self.fields["threshold"].help_text = f"{capfirst(value)}."
        self.fields["minimum_sample"].label = _("Smallest sample (%(of)s)") % {"of": sample}
        if guard in WITHOUT_WINDOW:
            self.fields["window_days"].widget = forms.HiddenInput()

    def rule(self) -> Rule:
        return Rule(**{name: self.cleaned_data[name] for name in Rule.__dataclass_fields__})


def _plain(value: Any) -> Any:
    """Return a whole figure without its ".0": people type it without."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class LiftForm(forms.Form):
    """Why admission goes on although the rule stopped it."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=REASON_MOST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept with the freeze."),
    )

    def __init__(self, freeze: Freeze, data: Any = None):
        super().__init__(data, auto_id=f"lift_{freeze.pk}_%s")


@dataclass(frozen=True)
class Row:
    """One guard as the page lists it; without a rule it was never set."""

    guard: GuardKind
    standing: Standing | None

    @property
    def unit(self) -> str:
        return guards.UNITS[self.guard][0]

    @property
    def sample(self) -> str:
        return guards.UNITS[self.guard][1]

    @property
    def pill(self) -> str:
        """Return the look of where it stands."""
        looks = {GuardState.GREEN: "ok", GuardState.TRIPPED: "stop", GuardState.SILENT: "stop"}
        return looks.get(self.standing.state, "wait") if self.standing else ""

    @property
    def has_window(self) -> bool:
        return self.guard not in WITHOUT_WINDOW


def paths(board: admin.ModelAdmin) -> list[URLPattern]:
    view = board.admin_site.admin_view
    return [
        path("<slug:slug>/guards/", view(require_safe(partial(page, board))), name="guards"),
        path(
            "<slug:slug>/guards/<slug:guard>/",
            view(require_http_methods(["GET", "POST"])(partial(rule, board))),
            name="guard_rule",
        ),
        path(
            "<slug:slug>/freezes/<int:pk>/lift/", view(require_POST(partial(lift, board))), name="freeze_lift"
        ),
    ]


def page(board: admin.ModelAdmin, request: HttpRequest, slug: str) -> HttpResponse:
    """Show a program's rules with their latest figures, the freezes that hold, and those before."""
    _permit(request)
    return _page(board, request, get_object_or_404(Program, slug=slug))


def _page(
    board: admin.ModelAdmin,
    request: HttpRequest,
    program: Program,
    *,
    form: LiftForm | None = None,
    about: int = 0,
) -> HttpResponse:
    """Show the rules; `form` is what was typed to lift the freeze `about`."""
    at = clock.now()
    standing = {each.rule.guard: each for each in guards.standings(program, at=at)}
    past = list(Freeze.objects.filter(program=program).select_related("ended_by")[:SHOWN])
    held = [each for each in past if each.ended_at is None]
    return _shown(
        board, request, program, "guards", _("Freeze rules of %(program)s") % {"program": program.name},
        WRONG if form else 200,
        rows=[Row(kind, standing.get(kind)) for kind in GuardKind],
        open=[(each, form if form and each.pk == about else LiftForm(each)) for each in held],
        past=[each for each in past if each.ended_at],
        may_lift=may_lift_freezes(request.user),
    )  # fmt: skip


def rule(board: admin.ModelAdmin, request: HttpRequest, slug: str, guard: str) -> HttpResponse:
    """Show one rule and its versions; set another, or with `preview` only say what it would do now."""
    _permit(request)
    if request.method == "POST" and not may_set_guards(request.user):
        raise PermissionDenied
    program = get_object_or_404(Program, slug=slug)
    if guard not in GuardKind.values:
        raise Http404
    kind, at = GuardKind(guard), clock.now()
    held = GuardRule.objects.filter(program=program, guard=kind).in_force().first()
    if request.method != "POST":
        return _rule(board, request, program, kind, RuleForm(kind, held))
    form = RuleForm(kind, held, request.POST)
    if not previewing.is_readable(form, request):
        return _rule(board, request, program, kind, form, status=WRONG)
    try:
        if previewing.wants_preview(request):
            guard_rules.check(kind, form.rule())
            return _rule(
                board, request, program, kind, form, preview=preview(program, kind, form.rule(), at=at)
            )
        guard_rules.set_rule(
            program, kind, form.rule(), by=request.user, at=at, reason=form.cleaned_data["reason"]
        )
    except RULE_REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _rule(board, request, program, kind, form, status=WRONG)
    messages.success(
        request,
        _("Set: %(rule)s. What is frozen stays frozen until it is lifted.") % {"rule": kind.label.lower()},
    )
    return redirect("admin:guard_rule", program.slug, kind)


def _rule(
    board: admin.ModelAdmin,
    request: HttpRequest,
    program: Program,
    kind: GuardKind,
    form: RuleForm,
    *,
    preview: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    versions = GuardRule.objects.filter(program=program, guard=kind).select_related("set_by").order_by("-id")
    readings = GuardReading.objects.filter(program=program, guard=kind).order_by("-read_at")
    return _shown(
        board, request, program, "guard_rule", f"{kind.label}: {program.name}", status,
        guard=kind, unit=guards.UNITS[kind][0], sample=guards.UNITS[kind][1], form=form, preview=preview,
        versions=versions[:SHOWN], readings=readings[:SHOWN], may_set=may_set_guards(request.user),
        has_window=kind not in WITHOUT_WINDOW,
    )  # fmt: skip


def lift(board: admin.ModelAdmin, request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Lift a freeze with a reason."""
    if not may_lift_freezes(request.user):
        raise PermissionDenied
    program = get_object_or_404(Program, slug=slug)
    freeze = get_object_or_404(Freeze.objects.select_related("program"), pk=pk, program=program)
    form = LiftForm(freeze, request.POST)
    if not form.is_valid():
        return _page(board, request, program, form=form, about=freeze.pk)
    try:
        freezes.lift(freeze, by=request.user, at=clock.now(), reason=form.cleaned_data["reason"])
    except LIFT_REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("Lifted. Unless something else holds it, admission goes on within a minute.")
        )
    return redirect("admin:guards", program.slug)


def preview(program: Program, kind: GuardKind, asked: Rule, *, at: datetime) -> list[str]:
    """Return in sentences what such a rule would do now, by figures measured for it at this moment."""
    found = MEASURES[kind]([(program.pk, asked.window_days)], at=at)[0]
    unit, sample = guards.UNITS[kind]
    says = [
        _("Measured now: %(value)s %(unit)s, over %(sample)s %(of)s.")
        % {"value": f"{found.value:g}", "unit": unit, "sample": grouped(found.sample), "of": sample}
    ]
    if Freeze.objects.open().filter(program=program, guard=kind).exists():
        return [
            *says,
            _("Admission is frozen by this rule already; it stays so until it is lifted or thaws."),
        ]
    return [*says, _would_do(asked, found)]


def _would_do(asked: Rule, found: Reading) -> str:
    bounds = Bounds(asked.threshold, asked.clear_below, asked.minimum_sample)
    state = bounds.look(found.value, found.sample)
    does = guards.act(state, found.value, bounds=bounds, memory=Memory(), thaws=False)
    if asked.mode == GuardMode.OFF:
        return _("The rule would be off: nothing is measured for it, and it stops nothing.")
    if does == Act.FREEZE and asked.mode == GuardMode.WATCH:
        return _("It would say that admission should stop, and stop nothing.")
    if does == Act.FREEZE:
        return _("Admission would stop within a minute of the next reading.")
    if state == GuardState.TOO_FEW:
        return _("Too few to tell: it asks for %(sample)s. Admission would go on.") % {
            "sample": grouped(asked.minimum_sample)
        }
    return _("Admission would go on.")


def _permit(request: HttpRequest) -> None:
    if not (may(request.user, Duty.MANAGE_RATES) or may(request.user, Duty.SEE_LINE)):
        raise PermissionDenied


def _shown(
    board: admin.ModelAdmin,
    request: HttpRequest,
    program: Program,
    template: str,
    title: str,
    status: int,
    **context: Any,
) -> HttpResponse:
    with timezone.override(program.zone):
        return render(
            request,
            f"admin/onboarding/{template}.html",
            board.admin_site.each_context(request) | {"title": title, "program": program} | context,
            status=status,
        )
