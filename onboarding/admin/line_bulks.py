"""Many places in line at once: which, why, how many it is about; how far it is; undo it."""

import logging
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from redis.exceptions import RedisError

from accounts.languages import grouped
from accounts.roles import Duty, may
from audit import clock
from onboarding import jobs
from onboarding.admin import previewing, rate_plan
from onboarding.domain import line_bulks, programs
from onboarding.models import LineBulk, Program
from onboarding.models.plan import AMONG_MOST
from onboarding.states import LineVerb

log = logging.getLogger(__name__)
SHOWN = 20
REFUSALS = (programs.SayWhy, line_bulks.BadBounds, line_bulks.NobodyFound, line_bulks.CannotUndo)
UNREACHABLE = gettext_lazy("It is kept, but no worker can be asked now. Ask the worker again in a while.")


class When(forms.DateTimeInput):
    def __init__(self) -> None:
        super().__init__(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class BulkForm(forms.Form):
    """Which places, and why. Dates are read in the program's own zone; empty means no bound."""

    verb = forms.ChoiceField(label=gettext_lazy("What"), choices=LineVerb.choices, widget=forms.RadioSelect)
    joined_from = forms.DateTimeField(label=gettext_lazy("Joined from"), required=False, widget=When())
    joined_until = forms.DateTimeField(label=gettext_lazy("Joined before"), required=False, widget=When())
    cohort = forms.CharField(
        label=gettext_lazy("Only the cohort"),
        required=False,
        max_length=AMONG_MOST + 20,
        help_text=gettext_lazy(
            "As in the plan: “type: university”, “country: ES, PT”, “wave: first”, “hand-picked”. "
            "Empty: everybody."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "It stands in the letters, or is published where the order changes, word for word: "
            "name nobody in it."
        ),
    )

    def __init__(self, data: Any = None):
        super().__init__(data, auto_id="bulk_%s")

    def clean_cohort(self) -> tuple[str, str]:
        if not (said := self.cleaned_data["cohort"].strip()):
            return "", ""
        if (cohort := rate_plan.read_cohort(said)) is None:
            raise forms.ValidationError(
                _("“%(typed)s” is no cohort. Write type, country, wave or hand-picked, then which of it.")
                % {"typed": said[:80]}
            )
        return cohort


def paths(board: admin.ModelAdmin) -> list[URLPattern]:
    view = board.admin_site.admin_view
    page = require_http_methods(["GET", "POST"])(partial(bulks, board))
    return [
        path("<slug:slug>/line-bulk/", view(page), name="line_bulks"),
        path(
            "<slug:slug>/line-bulk/<int:pk>/progress.json",
            view(never_cache(require_safe(progress))),
            name="line_bulk_progress",
        ),
        path("<slug:slug>/line-bulk/<int:pk>/<slug:verb>/", view(require_POST(act)), name="line_bulk_act"),
    ]


def bulks(board: admin.ModelAdmin, request: HttpRequest, slug: str) -> HttpResponse:
    """Show what was done; ask for more, or with `preview` only say how many it would be about."""
    _must_be_allowed(request)
    program, at = get_object_or_404(Program, slug=slug), clock.now()
    if request.method != "POST":
        return _show(board, request, program, BulkForm())
    with timezone.override(program.zone):
        form = BulkForm(request.POST)
        is_readable = previewing.is_readable(form, request)
    if not is_readable:
        return _show(board, request, program, form, status=422)
    given = form.cleaned_data
    try:
        bulk = line_bulks.draft(
            program, verb=LineVerb(given["verb"]), joined_from=given["joined_from"],
            joined_until=given["joined_until"], cohort=given["cohort"][0], among=given["cohort"][1],
            reason=given["reason"], by=request.user, at=at,
        )  # fmt: skip
        if previewing.wants_preview(request):
            return _show(board, request, program, form, preview=_would(bulk))
        _enqueue(request, line_bulks.ask(bulk))
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _show(board, request, program, form, status=422)
    return redirect("admin:line_bulks", slug)


def progress(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say how far a bulk is, for the page that polls."""
    _must_be_allowed(request)
    bulk = get_object_or_404(LineBulk, pk=pk, program__slug=slug)
    return JsonResponse(
        {
            "done": bulk.changed,
            "total": bulk.found,
            "says": says(bulk),
            "finished": bulk.finished_at is not None,
            "url": None,
        }
    )


def act(request: HttpRequest, slug: str, pk: int, verb: str) -> HttpResponse:
    """Undo a finished bulk, with the reason posted; or ask the worker again for one that stands still."""
    _must_be_allowed(request)
    if verb not in ("undo", "again"):
        raise Http404
    bulk = get_object_or_404(LineBulk, pk=pk, program__slug=slug)
    reason = request.POST.get("reason", "").replace("\0", "")[:500]  # PostgreSQL keeps no NUL
    try:
        if verb == "undo":
            bulk = line_bulks.undo(bulk, by=request.user, at=clock.now(), reason=reason)
        _enqueue(request, bulk)
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    return redirect("admin:line_bulks", slug)


def says(bulk: LineBulk) -> str:
    if bulk.finished_at is None and not bulk.up_to:
        return _("Waiting for a worker.")
    left = bulk.found - bulk.changed
    figures = {"changed": grouped(bulk.changed), "found": grouped(bulk.found), "left": grouped(left)}
    if bulk.finished_at and left > 0:
        return _("%(changed)s of %(found)s changed; %(left)s had moved on by then.") % figures
    return _("%(changed)s of %(found)s changed.") % figures


def _would(bulk: LineBulk) -> str:
    if not bulk.found:
        return str(line_bulks.NobodyFound())
    return _does(LineVerb(bulk.verb), bulk.found) % {"count": grouped(bulk.found)}


def _does(verb: LineVerb, found: int) -> str:
    if verb == LineVerb.HOLD:
        return ngettext(
            "%(count)s place would be held: nobody invites them before the hold ends. "
            "Each gets a letter with your reason.",
            "%(count)s places would be held: nobody invites them before the hold ends. "
            "Each gets a letter with your reason.",
            found,
        )
    if verb == LineVerb.UNHOLD:
        return ngettext(
            "%(count)s place would wait again at their old places. Each gets a letter with your reason.",
            "%(count)s places would wait again at their old places. Each gets a letter with your reason.",
            found,
        )
    if verb == LineVerb.FORWARD:
        return ngettext(
            "%(count)s place would go ahead of the rule, among each other in their order. "
            "Everybody reads your reason.",
            "%(count)s places would go ahead of the rule, among each other in their order. "
            "Everybody reads your reason.",
            found,
        )
    return ngettext(
        "%(count)s place would stand where the rule says again.",
        "%(count)s places would stand where the rule says again.",
        found,
    )


def _must_be_allowed(request: HttpRequest) -> None:
    if not may(request.user, Duty.MANAGE_RATES):
        raise PermissionDenied


def _enqueue(request: HttpRequest, bulk: LineBulk) -> None:
    try:
        jobs.enqueue_line_bulk(bulk)
    except (RedisError, OSError) as error:
        log.warning("Bulk %s is not in the queue (%s).", bulk.pk, type(error).__name__)
        messages.warning(request, UNREACHABLE)


def _show(
    board: admin.ModelAdmin,
    request: HttpRequest,
    program: Program,
    form: BulkForm,
    *,
    preview: str = "",
    status: int = 200,
) -> HttpResponse:
    done = list(program.line_bulks.select_related("asked_by", "undone_by").order_by("-id")[:SHOWN])
    running = next((bulk for bulk in done if bulk.finished_at is None), None)
    context = board.admin_site.each_context(request) | {
        "title": _("Many places of %(program)s") % {"program": program.name},
        "program": program,
        "form": form,
        "preview": preview,
        "bulks": [(bulk, says(bulk)) for bulk in done],
        "running": running,
        "running_says": says(running) if running else "",
        "poll_url": reverse("admin:line_bulk_progress", args=[program.slug, running.pk]) if running else "",
    }
    with timezone.override(program.zone):
        return render(request, "admin/onboarding/line_bulks.html", context, status=status)
