"""One decision said of many cases: choose them on the desk, read every letter, confirm once, read the report."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.roles import Duty, may
from audit import clock
from onboarding.domain.programs import SayWhy
from policies.models import Category
from reviews.admin import queue
from reviews.domain import bulk, reasons, recalls, statements
from reviews.models import Bulk, BulkItem, Case
from reviews.permissions import conflicts
from reviews.states import BULK_OUTCOMES, Outcome

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin

NUMBERS_MOST = 200  # that are read from an address; the domain says how many cases may be meant


class BulkForm(forms.Form):
    """What is said of all cases alike. The reason says which outcome it is; lengths and rules are the domain's."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Decision and reason"),
        error_messages={"required": gettext_lazy("Choose a reason.")},
    )
    category = forms.ChoiceField(
        label=gettext_lazy("Category it rests on"),
        required=False,
        help_text=gettext_lazy("Needed unless you approve."),
    )
    question = forms.CharField(
        label=gettext_lazy("Question to the applicants"),
        required=False,
        help_text=gettext_lazy("Where you ask for information."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    facts = forms.CharField(
        label=gettext_lazy("Facts you rely on"),
        required=False,
        help_text=gettext_lazy("Needed to reject; true of every one of them. The applicants read it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    what_would_change = forms.CharField(
        label=gettext_lazy("What would change it"),
        required=False,
        help_text=gettext_lazy("Needed to reject."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    explanation = forms.CharField(
        label=gettext_lazy("What the applicants read"),
        required=False,
        help_text=gettext_lazy("Empty: the reason's standard wording, filled in for each."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any = None, *, categories: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["reason"].choices = [
            ("", _("Choose one")),
            *(
                (
                    Outcome(outcome).label,
                    [(reason.code, _(reason.name)) for reason in reasons.for_outcome(outcome)],
                )
                for outcome in BULK_OUTCOMES
            ),
        ]
        self.fields["category"].choices = [("", _("None")), *categories]

    def says(self) -> dict[str, Any]:
        """Return what `bulk.preview` and `bulk.confirm` take, from a form that read well."""
        said = self.cleaned_data
        return {
            "outcome": reasons.get(said["reason"]).outcome,
            "reason_code": said["reason"],
            "categories": [said["category"]] if said["category"] else [],
            "question": said["question"],
            "facts": said["facts"],
            "what_would_change": said["what_would_change"],
            "explanation": said["explanation"],
        }


class UndoForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why you take it back"),
        max_length=recalls.REASON_MOST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("For your colleagues; nobody was told anything."),
    )


def paths(desk: "CaseAdmin") -> list[URLPattern]:
    view = desk.admin_site.admin_view
    both = require_http_methods(["GET", "POST"])
    return [
        path("bulk/", view(both(partial(choose, desk))), name="bulk"),
        path("bulk/confirm/", view(require_POST(partial(confirm, desk))), name="bulk_confirm"),
        path("bulk/<int:number>/", view(require_GET(partial(report, desk))), name="bulk_report"),
        path("bulk/<int:number>/undo/", view(require_POST(partial(undo, desk))), name="bulk_undo"),
    ]


def choose(desk: "CaseAdmin", request: HttpRequest) -> HttpResponse:
    """Show the chosen cases with the form; on POST with every letter as it would be sent. Changes nothing."""
    _must_review(request)
    cases, at = _chosen(request), clock.now()
    try:
        bulk.must_be_alike(cases)
    except bulk.NotAlike as error:
        messages.error(request, str(error))
        return redirect("admin:desk")
    form = _form(request, cases)
    if request.method == "GET" or not form.is_valid():
        return _ask(desk, request, cases, form)
    return _preview(desk, request, cases, form, at)


def _preview(
    desk: "CaseAdmin", request: HttpRequest, cases: list[Case], form: BulkForm, at: datetime
) -> HttpResponse:
    shown = bulk.preview(cases, by=request.user, at=at, says=form.says())
    ready = [one for one in shown if not one.problem]
    if not ready:
        form.add_error(None, next(one.problem for one in shown))
        return _ask(desk, request, cases, form)
    return desk.rendered(
        request,
        "admin/reviews/bulk_preview.html",
        title=_("Read every letter, then confirm"),
        reason_name=reasons.name_of(form.cleaned_data["reason"]),
        shown=shown,
        ready=len(ready),
        seconds=sum(one.second != "nobody" for one in ready),
        form=form,
        outcome=Outcome(form.says()["outcome"]),
        reason=reasons.get(form.cleaned_data["reason"]),
        token=uuid4(),
        recall=cases[0].program.recall_minutes,
    )


def confirm(desk: "CaseAdmin", request: HttpRequest) -> HttpResponse:
    """Decide the cases whose letters were shown; the same page sent twice decides once."""
    _must_review(request)
    token = _token(request.POST.get("token", ""))
    if token is None:
        messages.error(request, _("That page is out of date; choose the cases again. Nothing was decided."))
        return redirect("admin:desk")
    cases = _chosen(request, among=Case.objects.exclude(conflicts(request.user, to="application__")))
    seen, form = _seen(request, cases), _form(request, cases)
    cases = [case for case in cases if case.pk in seen]
    if not form.is_valid():
        messages.error(request, _("That page is out of date; choose the cases again. Nothing was decided."))
        return redirect("admin:desk")
    try:
        made = bulk.confirm(cases, by=request.user, at=clock.now(), says=form.says(), seen=seen, token=token)
    except (bulk.NotAlike, bulk.OneByOne) as error:
        messages.error(request, f"{error} {_('Nothing was decided.')}")
        return redirect("admin:desk")
    return redirect("admin:bulk_report", made.pk)


def report(desk: "CaseAdmin", request: HttpRequest, number: int) -> HttpResponse:
    """Show what became of each case of a bulk; open to whoever made it, for good."""
    return _report(desk, request, _mine(request, number), UndoForm())


def undo(desk: "CaseAdmin", request: HttpRequest, number: int) -> HttpResponse:
    """Take back what nobody was told yet."""
    made, form = _mine(request, number), UndoForm(request.POST)
    if not form.is_valid():
        return _report(desk, request, made, form, status=422)
    try:
        undone = bulk.undo(made, by=request.user, at=clock.now(), reason=form.cleaned_data["reason"])
    except (SayWhy, statements.Incomplete) as error:
        form.add_error("reason", str(error))
        return _report(desk, request, made, form, status=422)
    for _decision, problem in undone.refused:
        messages.warning(request, problem)
    if undone.recalled:
        messages.success(
            request,
            ngettext(
                "%(number)s taken back; nobody was told.",
                "%(number)s taken back; nobody was told.",
                len(undone.recalled),
            )
            % {"number": len(undone.recalled)},
        )
    else:
        messages.error(request, _("There is nothing left to take back; nothing was changed."))
    return redirect("admin:bulk_report", made.pk)


def _report(
    desk: "CaseAdmin", request: HttpRequest, made: Bulk, form: UndoForm, *, status: int = 200
) -> HttpResponse:
    items = list(
        made.items.select_related("case__application", "decision", "held_by", "revision").order_by("position")
    )
    hidden = set(
        Case.objects.filter(
            conflicts(request.user, to="application__"), pk__in=[item.case_id for item in items]
        ).values_list("pk", flat=True)
    )
    return desk.rendered(
        request,
        "admin/reviews/bulk_report.html",
        status=status,
        title=_("Decided in bulk"),
        bulk=made,
        reason=reasons.name_of(made.reason_code),
        items=[(item, item.case_id in hidden) for item in items],
        decided=sum(item.decision_id is not None for item in items),
        refused=sum(bool(item.refusal) for item in items),
        left=sum(item.tried_at is None for item in items),
        undoable=sum(_is_undoable(item) for item in items),
        form=form,
    )


def _is_undoable(item: BulkItem) -> bool:
    made = item.decision
    return made is not None and not (made.told_at or made.returned_at or made.recalled_at)


def _must_review(request: HttpRequest) -> None:
    if not may(request.user, Duty.REVIEW_CASES):
        raise PermissionDenied


def _mine(request: HttpRequest, number: int) -> Bulk:
    _must_review(request)
    return get_object_or_404(
        Bulk.objects.select_related("program", "made_by"), pk=number, made_by=request.user
    )


def _chosen(request: HttpRequest, *, among: QuerySet[Case] | None = None) -> list[Case]:
    """Return the cases that were ticked, from the queue; one this person may not see is as if it were not there."""
    given = request.GET if request.method == "GET" else request.POST
    numbers = {int(number) for number in given.getlist("case")[:NUMBERS_MOST] if _is_number(number)}
    visible = (queue.visible_to(request.user) if among is None else among.order_by("pk")).filter(
        pk__in=numbers
    )
    return list(
        visible.select_related("application__owner", "program", "revision__guidelines")[: bulk.MOST + 1]
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _seen(request: HttpRequest, cases: list[Case]) -> dict[int, int]:
    """Return case -> revision whose letter was shown, as far as that is one of the case's own."""
    said = {case.pk: request.POST.get(f"seen-{case.pk}", "") for case in cases}
    revisions = {
        (revision.application_id, revision.pk)
        for case in cases
        for revision in case.application.revisions.only("application_id")
    }
    return {
        case.pk: int(said[case.pk])
        for case in cases
        if _is_number(said[case.pk]) and (case.application_id, int(said[case.pk])) in revisions
    }


def _token(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _form(request: HttpRequest, cases: list[Case]) -> BulkForm:
    versions = {case.revision.guidelines_id for case in cases}
    found = Category.objects.filter(guidelines__in=versions).order_by("position", "pk")
    named = {category.code: category.name for category in found}
    return BulkForm(request.POST if request.method == "POST" else None, categories=list(named.items()))


def _ask(desk: "CaseAdmin", request: HttpRequest, cases: list[Case], form: BulkForm) -> HttpResponse:
    return desk.rendered(
        request,
        "admin/reviews/bulk.html",
        status=422 if form.is_bound else 200,
        title=_("Decide many alike"),
        cases=cases,
        form=form,
        first=cases[0],
    )
