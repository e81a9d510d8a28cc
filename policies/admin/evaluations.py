"""Results of evaluations, for policy editors: propose one, publish somebody else's, correct what is public."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms.models import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty, may
from audit import clock
from onboarding.models import Program
from policies import markdown
from policies.domain import evaluations
from policies.domain.evaluations import BadEvaluation, IllegalMove, Overtaken, SamePerson
from policies.models import Evaluation
from policies.states import EvaluationState

WORDS = (
    "code", "name", "measures", "model", "model_version", "evaluated_on", "method", "figure", "unit", "interval",
    "sample", "limits", "source_url", "source_by", "weaknesses",
)  # fmt: skip
VERBS: dict[str, tuple[Callable[..., Evaluation], str]] = {
    "publish": (evaluations.publish, gettext_lazy("Published for good.")),
    "drop": (evaluations.drop, gettext_lazy("Dropped.")),
}


class EvaluationForm(forms.ModelForm):
    program = forms.ChoiceField(label=gettext_lazy("Program"))
    weaknesses = forms.CharField(
        label=gettext_lazy("Weaknesses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Codes of the records of weaknesses it is about, a line each."),
    )

    class Meta:
        model = Evaluation
        fields = ("program", *WORDS)
        labels = {
            "code": gettext_lazy("Short name"),
            "name": gettext_lazy("Evaluation"),
            "measures": gettext_lazy("What it measures"),
            "model": gettext_lazy("Model"),
            "model_version": gettext_lazy("Version of the model"),
            "evaluated_on": gettext_lazy("Evaluated"),
            "method": gettext_lazy("Method"),
            "figure": gettext_lazy("Result"),
            "unit": gettext_lazy("Unit"),
            "interval": gettext_lazy("Interval"),
            "sample": gettext_lazy("Number looked at"),
            "limits": gettext_lazy("Limits"),
            "source_url": gettext_lazy("Source"),
            "source_by": gettext_lazy("Published by"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "program" in self.fields:  # absent when a record is only read
            self.fields["program"].choices = [("", "–"), *Program.objects.values_list("slug", "name")]
        if "sample" in self.fields:
            self.fields["sample"].required = False

    def clean(self) -> dict[str, Any]:
        """Look whether the result can be proposed, so that what is wrong stands on the form."""
        said = super().clean() or {}
        if self.errors:
            return said
        record = {name: said[name] for name in WORDS} | {"weaknesses": said["weaknesses"].split()}
        try:
            said["record"] = evaluations.checked(record)
        except BadEvaluation as bad:
            raise forms.ValidationError(bad.problems) from None
        if said["evaluated_on"] > clock.now().date():
            self.add_error("evaluated_on", _("The day lies ahead; write it down once it happened."))
        return said

    def _post_clean(self) -> None:
        """Leave the row alone: the domain makes it."""


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnly, OwnPages, admin.ModelAdmin):
    duties = (Duty.EDIT_POLICIES,)
    form = EvaluationForm
    list_display = ("program", "code", "revision", "name", "result", "state", "evaluated_on", "look")
    list_filter = ("program", "state")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("records/<int:pk>/", view(require_GET(self.show)), name="evaluation"),
            path("records/<int:pk>/<slug:verb>/", view(require_POST(self.take_step)), name="evaluation_step"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Duty.EDIT_POLICIES)

    def get_fields(self, request: HttpRequest, obj: Evaluation | None = None) -> tuple[str, ...]:
        return ("program", *WORDS) if obj is None else ("program", *WORDS, "state", "revision", "look")

    @admin.display(description=gettext_lazy("result"))
    def result(self, row: Evaluation) -> str:
        return f"{row.figure} {row.unit}".strip()

    @admin.display(description=gettext_lazy("look over"))
    def look(self, row: Evaluation) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:evaluation", args=[row.pk]), _("open"))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what was said last, where the address names one: `?program=…&code=…`."""
        initial = super().get_changeform_initial_data(request)
        latest = evaluations.find(*(initial.get(name, "").replace("\0", "") for name in ("program", "code")))
        if latest is None:
            return initial
        said = model_to_dict(latest, fields=EvaluationForm.Meta.fields)
        return initial | said | {"weaknesses": "\n".join(latest.weaknesses)}

    def save_model(self, request: HttpRequest, obj: Evaluation, form: EvaluationForm, change: bool) -> None:
        """Propose through the domain; the row it makes is the one the admin then names."""
        said = form.cleaned_data
        made = evaluations.propose(said["program"], said["record"], by=request.user, at=clock.now())
        obj.pk, obj.code, obj.name = made.pk, made.code, made.name

    def show(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a result as it will be read, with what can be done with it."""
        row = self._one(request, pk)
        said = [
            (_("What it measures"), row.measures),
            (_("Method"), row.method),
            (_("What it does not say"), row.limits),
        ]
        return self.rendered(
            request,
            "admin/policies/evaluation.html",
            title=str(row),
            row=row,
            parts=[(name, markdown.rendered(text)) for name, text in said],
            may_publish=row.state == EvaluationState.PROPOSED and row.proposed_by_id != request.user.pk,
        )

    def take_step(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Publish or drop what was proposed."""
        row = self._one(request, pk)
        if verb not in VERBS:
            raise Http404
        step, says = VERBS[verb]
        try:
            step(row, by=request.user, at=clock.now())
        except (SamePerson, IllegalMove, Overtaken) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, says)
        return redirect("admin:evaluation", pk)

    def _one(self, request: HttpRequest, pk: int) -> Evaluation:
        if not may(request.user, Duty.EDIT_POLICIES):
            raise PermissionDenied
        people = ("proposed_by", "published_by", "dropped_by")
        return get_object_or_404(Evaluation.objects.select_related(*people), pk=pk)
