"""How a program's decisions wait and who signs them: what holds now, what a change would do, the change."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.languages import grouped
from accounts.roles import Duty, may
from audit import clock
from onboarding.admin import previewing
from onboarding.domain import programs
from onboarding.domain.programs import NEWCOMER_MOST, RECALL_MOST, ReviewRules
from onboarding.models import Program
from onboarding.permissions import may_set_review_rules
from reviews.models import Decision

REFUSALS = (programs.SayWhy, programs.AlreadySo, programs.BadRules)


class RulesForm(forms.Form):
    """The rules, as they hold unless somebody types others, and why."""

    recall_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes between deciding and telling"),
        min_value=0,
        max_value=RECALL_MOST,
        help_text=gettext_lazy("In them a decision can be taken back; 0 tells at once."),
    )
    refusal_recall_minutes = forms.IntegerField(
        label=gettext_lazy("The same for a rejection"), min_value=0, max_value=RECALL_MOST
    )
    newcomer_days = forms.IntegerField(
        label=gettext_lazy("Days a reviewer is new"),
        min_value=0,
        max_value=NEWCOMER_MOST,
        help_text=gettext_lazy("For so long a second person signs each of their decisions."),
    )
    blind_second = forms.BooleanField(
        label=gettext_lazy("Who signs writes down their own opinion before they see the first one"),
        required=False,
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The ledger keeps that a reason was given, not its words."),
    )

    def __init__(self, program: Program, data: Any = None):
        now = {name: getattr(program, name) for name in ReviewRules.__dataclass_fields__}
        super().__init__(data, initial=now, auto_id="rules_%s")

    def rules(self) -> ReviewRules:
        return ReviewRules(**{name: self.cleaned_data[name] for name in ReviewRules.__dataclass_fields__})


def paths(board: admin.ModelAdmin) -> list[URLPattern]:
    page = require_http_methods(["GET", "POST"])(partial(rules, board))
    return [path("<slug:slug>/review-rules/", board.admin_site.admin_view(page), name="review_rules")]


def rules(board: admin.ModelAdmin, request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rules to whoever sees the board; set others, or with `preview` only say what they would do."""
    if not (may(request.user, Duty.MANAGE_RATES) or may(request.user, Duty.SEE_LINE)):
        raise PermissionDenied
    if request.method == "POST" and not may_set_review_rules(request.user):
        raise PermissionDenied
    program = get_object_or_404(Program, slug=slug)
    if request.method != "POST":
        return _show(board, request, program, RulesForm(program))
    form = RulesForm(program, request.POST)
    if not previewing.is_readable(form, request):
        return _show(board, request, program, form, status=422)
    if previewing.wants_preview(request):
        return _show(board, request, program, form, preview=changes(program, form.rules()))
    try:
        programs.set_review_rules(
            program, form.rules(), by=request.user, at=clock.now(), reason=form.cleaned_data["reason"]
        )
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _show(board, request, program, form, status=422)
    messages.success(request, _("Set. What was decided before keeps its time."))
    return redirect("admin:review_rules", program.slug)


def changes(program: Program, asked: ReviewRules) -> list[str]:
    """Return in sentences what these rules would change, and what they would leave."""
    says = []
    if asked.recall_minutes != program.recall_minutes:
        told = ngettext(
            "Approvals and questions are told %(minutes)s minute after the decision instead of %(was)s.",
            "Approvals and questions are told %(minutes)s minutes after the decision instead of %(was)s.",
            asked.recall_minutes,
        )
        says.append(told % _minutes(asked.recall_minutes, program.recall_minutes))
    if asked.refusal_recall_minutes != program.refusal_recall_minutes:
        told = ngettext(
            "Rejections are told %(minutes)s minute after the decision instead of %(was)s.",
            "Rejections are told %(minutes)s minutes after the decision instead of %(was)s.",
            asked.refusal_recall_minutes,
        )
        says.append(told % _minutes(asked.refusal_recall_minutes, program.refusal_recall_minutes))
    if asked.newcomer_days != program.newcomer_days:
        says.append(
            _("Reviewers are new for %(days)s instead of %(was)s, counted from their first decision.")
            % {"days": _days(asked.newcomer_days), "was": _days(program.newcomer_days)}
        )
    waiting = Decision.objects.unsigned().filter(case__program=program, told_at=None)
    if asked.blind_second != program.blind_second:
        sign = (
            _(
                "Those who sign write down their own opinion before they see the first one, "
                "also of what waits for them now (%(waiting)s)."
            )
            if asked.blind_second
            else _(
                "Those who sign see the first opinion at once, also of what waits for them now (%(waiting)s)."
            )
        )
        says.append(sign % {"waiting": grouped(waiting.count())})
    if not says:
        return [_("Nothing: it is reviewed like that already.")]
    untold = Decision.objects.standing().filter(case__program=program, told_at=None, tell_at__isnull=False)
    keeps = _("What was decided and is not told yet keeps its time (%(number)s).")
    return [*says, keeps % {"number": grouped(untold.count())}]


def _minutes(minutes: int, was: int) -> dict[str, str]:
    return {"minutes": grouped(minutes), "was": grouped(was)}


def _days(number: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", number) % {"count": grouped(number)}


def _show(
    board: admin.ModelAdmin,
    request: HttpRequest,
    program: Program,
    form: RulesForm,
    *,
    preview: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = board.admin_site.each_context(request) | {
        "title": _("How %(program)s is reviewed") % {"program": program.name},
        "program": program,
        "form": form,
        "preview": preview,
        "may_set": may_set_review_rules(request.user),
    }
    return render(request, "admin/onboarding/review_rules.html", context, status=status)
