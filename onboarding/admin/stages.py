"""The stage of a program: what holds, what is planned, whom a change would touch; plan one, or cancel it."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.languages import grouped
from accounts.roles import Duty, may
from audit import clock
from onboarding.admin import previewing
from onboarding.domain import programs, stages
from onboarding.domain.stages import Touched
from onboarding.models import Program, StageChange
from onboarding.permissions import may_change_stage
from onboarding.states import Stage

REFUSALS = (
    programs.SayWhy, programs.IllegalStage, programs.TooFarAhead, stages.InThePast, stages.NoRate,
    stages.NotPlanned, stages.OthersFollow,
)  # fmt: skip
MEANS = {
    Stage.INVITATION_ONLY: gettext_lazy("Only hand-picked people apply."),
    Stage.LIMITED: gettext_lazy("Anybody applies and waits in line for a seat of a week."),
    Stage.OPEN: gettext_lazy("Anybody applies; who is approved is invited at once."),
    Stage.CLOSED: gettext_lazy("Nobody applies, nobody is invited. There is no way back from here."),
}


class StageForm(forms.Form):
    """Which stage, from when on, and why. The date is read in the program's own zone; empty means from now on."""

    to = forms.ChoiceField(label=pgettext_lazy("stage", "To"), widget=forms.RadioSelect)
    from_on = forms.DateTimeField(
        label=pgettext_lazy("days", "From"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stands in the letters, word for word: name nobody in it."),
    )

    def __init__(self, program: Program, data: Any = None):
        super().__init__(data, auto_id="stage_%s")
        offered = stages.may_follow(program)
        self.fields["to"].choices = [
            (stage.value, f"{stage.label}. {MEANS[stage]}") for stage in Stage if stage in offered
        ]
        self.fields["from_on"].help_text = _("In %(zone)s. Empty: from now on.") % {"zone": program.time_zone}


def paths(board: admin.ModelAdmin) -> list[URLPattern]:
    page = require_http_methods(["GET", "POST"])(partial(stage, board))
    cancelling = require_POST(partial(cancel, board))
    view = board.admin_site.admin_view
    return [
        path("<slug:slug>/stage/", view(page), name="program_stage"),
        path("<slug:slug>/stage/<int:pk>/cancel/", view(cancelling), name="program_stage_cancel"),
    ]


def stage(board: admin.ModelAdmin, request: HttpRequest, slug: str) -> HttpResponse:
    """Show the stage to whoever sees the board; plan a change, or with `preview` only say whom it would touch."""
    if not (may(request.user, Duty.MANAGE_RATES) or may(request.user, Duty.SEE_LINE)):
        raise PermissionDenied
    if request.method == "POST" and not may_change_stage(request.user):
        raise PermissionDenied
    program, at = get_object_or_404(Program, slug=slug), clock.now()
    if request.method != "POST":
        return _show(board, request, program, StageForm(program))
    with timezone.override(program.zone):
        form = StageForm(program, request.POST)
        is_readable = previewing.is_readable(form, request)
    if not is_readable:
        return _show(board, request, program, form, status=422)
    to, from_at = Stage(form.cleaned_data["to"]), form.cleaned_data["from_on"] or at
    if previewing.wants_preview(request) and from_at >= at:
        return _show(board, request, program, form, preview=says(to, stages.touched(program)))
    try:
        stages.plan(
            program, to=to, from_at=from_at, by=request.user, at=at, reason=form.cleaned_data["reason"]
        )
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _show(board, request, program, form, status=422)
    since = date_format(from_at.astimezone(program.zone), _("j F Y, H:i"))
    planned = _("%(stage)s, from now on.") if from_at == at else _("%(stage)s, from %(since)s on.")
    messages.success(request, planned % {"stage": to.label, "since": since})
    return redirect("admin:program_stage", program.slug)


def cancel(board: admin.ModelAdmin, request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a planned change back, with the reason posted."""
    if not may_change_stage(request.user):
        raise PermissionDenied
    change = get_object_or_404(StageChange, pk=pk, program__slug=slug)
    reason = request.POST.get("reason", "").replace("\0", "")[:500]  # PostgreSQL keeps no NUL
    try:
        stages.cancel(change, by=request.user, at=clock.now(), reason=reason)
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Cancelled: it stays as it is."))
    return redirect("admin:program_stage", slug)


def says(to: Stage, found: Touched) -> list[str]:
    """Return in sentences whom a change to this stage would find, and what it means for them."""
    figures = _figures(found)
    keep = _("%(accesses)s and %(invitations)s stay as they are.") % figures
    if to == Stage.CLOSED:
        return [
            _("%(places)s in line: nobody is invited any more. A letter goes to each.") % figures,
            _("%(drafts)s can no longer be sent. A letter goes to each.") % figures,
            _("%(applications)s under review are decided all the same; an approval leads to no invitation.")
            % figures,
            keep,
        ]
    if to == Stage.OPEN:
        return [
            _(
                "%(places)s in line: all but those on hold are invited, at most %(most)s a minute. "
                "A letter goes to each."
            )
            % figures,
            _("%(applications)s under review: each is invited as soon as it is approved.") % figures,
            _("%(drafts)s can be sent as before.") % figures,
            keep,
        ]
    return [
        _("Anybody can apply from then on. Nobody is written to."),
        _("%(places)s in line, %(accesses)s and %(invitations)s stay as they are.") % figures,
    ]


def _figures(found: Touched) -> dict[str, str]:
    return {
        "accesses": ngettext("%(count)s access", "%(count)s accesses", found.let_in)
        % {"count": grouped(found.let_in)},
        "invitations": ngettext("%(count)s open invitation", "%(count)s open invitations", found.invited)
        % {"count": grouped(found.invited)},
        "drafts": ngettext("%(count)s draft", "%(count)s drafts", found.drafts)
        % {"count": grouped(found.drafts)},
        "places": ngettext("%(count)s place", "%(count)s places", found.waiting)
        % {"count": grouped(found.waiting)},
        "applications": ngettext("%(count)s application", "%(count)s applications", found.under_review)
        % {"count": grouped(found.under_review)},
        "most": grouped(stages.MOST_AT_ONCE),
    }


def _show(
    board: admin.ModelAdmin,
    request: HttpRequest,
    program: Program,
    form: StageForm,
    *,
    preview: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    changes = program.stage_changes.select_related("set_by", "cancelled_by").order_by("-from_at", "-id")
    context = board.admin_site.each_context(request) | {
        "title": _("Stage of %(program)s") % {"program": program.name},
        "program": program,
        "means": MEANS[Stage(program.stage)],
        "form": form,
        "preview": preview,
        "changes": changes,
        "may_set": may_change_stage(request.user) and bool(form.fields["to"].choices),
        "may_cancel": may_change_stage(request.user),
    }
    with timezone.override(program.zone):
        return render(request, "admin/onboarding/stage.html", context, status=status)
