"""What reviewers say of flags, what follows, and which categories do not wait for them."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from enforcement.domain.sanctions import Said
from enforcement.models import FlagCase
from enforcement.models.flag import REASON_MOST
from enforcement.permissions import hidden_applications
from enforcement.states import (
    REASONS,
    AppealKind,
    AppealState,
    Finding,
    SanctionKind,
    SanctionReason,
    SanctionTarget,
)
from onboarding.models import Grant
from policies.domain import guidelines
from policies.states import Severity


def categories() -> list[tuple[str, str]]:
    return [("", _("Choose")), *guidelines.in_force().categories.values_list("code", "name")]


def number_in(text: str) -> int:
    """Return the number of a row that was sent; 0, which no row has, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


class ByHand(forms.Form):
    """A form whose rules are the domain's: its problems come back by field."""

    def take_problems(self, problems: dict[str, str]) -> None:
        for name, problem in problems.items():
            self.add_error(name if name in self.fields else None, problem)


def shown_when(key: str, *values: str) -> str:
    """Return what `conditional.js` reads: show a field where the named input has one of these values."""
    return json.dumps({"key": key, "op": "in", "values": values})


class FindingForm(ByHand):
    finding = forms.ChoiceField(
        label=gettext_lazy("What you found"),
        choices=Finding.choices,
        widget=forms.RadioSelect,
        required=False,
    )
    category = forms.ChoiceField(label=gettext_lazy("The clause"), required=False)
    severity = forms.TypedChoiceField(
        label=gettext_lazy("How grave"),
        choices=[("", gettext_lazy("As flagged")), *Severity.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    note = forms.CharField(
        label=gettext_lazy("Why, for colleagues"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "data-max": 2000}),
    )

    def __init__(self, *args: Any, case: FlagCase, **kwargs: Any) -> None:
        super().__init__(*args, prefix="f", initial={"category": case.category}, **kwargs)
        self.fields["category"].choices = categories()
        for name in ("category", "severity"):
            self.fields[name].shown_when = shown_when("f-finding", Finding.VIOLATION)
        for name in ("finding", "category", "note"):
            self.fields[name].mark = _("required")


SHOWN_WHEN = {
    "key": ("s-target", SanctionTarget.KEY),
    "end_user": ("s-target", SanctionTarget.END_USER),
    "per_minute": ("s-kind", SanctionKind.LIMIT),
    "per_day": ("s-kind", SanctionKind.LIMIT),
    "ends_at": ("s-kind", SanctionKind.LIMIT, SanctionKind.SUSPEND),
}


class AttachForm(ByHand):
    """Whose access a report is about: one of those found, or the one that was chosen before."""

    grant = forms.ModelChoiceField(
        label=gettext_lazy("Which access?"),
        queryset=Grant.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose one."),
            "invalid_choice": gettext_lazy("Choose one of those found."),
        },
    )
    reason = forms.CharField(
        label=gettext_lazy("How do you know?"), required=False, help_text=gettext_lazy("For colleagues."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "data-max": REASON_MOST}),
    )  # fmt: skip

    def __init__(self, *args: Any, by: User, found: Sequence[Grant] = (), **kwargs: Any) -> None:
        super().__init__(*args, prefix="g", **kwargs)
        shown = [grant.pk for grant in found] or [number_in(self.data.get(self.add_prefix("grant"), ""))]
        visible = Grant.objects.exclude(application__in=hidden_applications(by)).filter(pk__in=shown)
        self.fields["grant"].queryset = visible.select_related(
            "owner__person", "owner__organisation", "program", "application__owner"
        )
        self.fields["reason"].mark = _("required")
        self.fields["grant"].label_from_instance = lambda grant: (
            f"{grant.owner}: {grant.program.name}, {grant.application.number}, {grant.get_state_display().lower()}"
        )


class SanctionForm(ByHand):
    kind = forms.ChoiceField(label=gettext_lazy("What follows"), choices=SanctionKind.choices, required=False)
    target = forms.ChoiceField(label=gettext_lazy("For"), choices=SanctionTarget.choices, required=False)
    key = forms.ModelChoiceField(label=gettext_lazy("Key"), queryset=None, required=False)
    end_user = forms.CharField(
        label=gettext_lazy("End user, as the caller hashes them"), max_length=128, required=False
    )
    reason_code = forms.ChoiceField(
        label=gettext_lazy("Ground"), choices=SanctionReason.choices, required=False
    )
    facts = forms.CharField(
        label=gettext_lazy("Facts, as the holder reads them"), required=False,
        help_text=gettext_lazy("No names of people. It is sent at once, or when a second person has signed."),
        widget=forms.Textarea(attrs={"rows": 4, "data-max": 2000}),
    )  # fmt: skip
    would_change = forms.CharField(
        label=gettext_lazy("What would change it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "data-max": 2000}),
    )
    per_minute = forms.IntegerField(label=gettext_lazy("Requests a minute left"), min_value=1, required=False)
    per_day = forms.IntegerField(label=gettext_lazy("Requests a day left"), min_value=1, required=False)
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("In your own time zone. Empty: no end."),
        widget=forms.DateTimeInput({"type": "datetime-local"}),
    )

    def __init__(self, *args: Any, case: FlagCase, **kwargs: Any) -> None:
        super().__init__(*args, prefix="s", **kwargs)
        self.fields["key"].queryset = case.grant.keys.live() if case.grant else FlagCase.objects.none()
        self.fields["key"].label_from_instance = lambda key: (
            f"{key.name or key.key_id} ({key.get_environment_display()})"
        )
        for name, when in SHOWN_WHEN.items():
            self.fields[name].shown_when = shown_when(*when)
        for name in ("kind", "target", "key", "end_user", "reason_code", "facts"):
            self.fields[name].mark = _("required")

    def said(self) -> tuple[Said, Any]:
        typed = dict(self.cleaned_data)
        key = typed.pop("key")
        return Said(**typed), key


class AppealOutcomeForm(ByHand):
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        choices=[("upheld", gettext_lazy("Uphold")), ("denied", gettext_lazy("Deny"))],
        widget=forms.RadioSelect,
        required=False,
    )
    reason_code = forms.ChoiceField(label=gettext_lazy("Reason"), required=False)
    explanation = forms.CharField(
        label=gettext_lazy("What the holder reads"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "data-max": 2000}),
    )

    def __init__(self, *args: Any, kind: str, about: int, **kwargs: Any) -> None:
        super().__init__(*args, prefix="a", auto_id=f"id_%s_{about}", **kwargs)
        self.about = about
        reasons = [
            (label, [(each.value, each.label) for each in REASONS[AppealKind(kind), state]])
            for label, state in (
                (_("To uphold it"), AppealState.UPHELD),
                (_("To deny it"), AppealState.DENIED),
            )
        ]
        self.fields["reason_code"].choices = [("", _("Choose")), *reasons]
        for field in self.fields.values():
            field.mark = _("required")


class EmergencyForm(ByHand):
    category = forms.ChoiceField(label=gettext_lazy("Category"))
    on = forms.BooleanField(label=gettext_lazy("Flags of it suspend at once"), required=False)
    least_severity = forms.TypedChoiceField(
        label=gettext_lazy("From which severity"),
        choices=Severity.choices,
        coerce=int,
        initial=Severity.GRAVE,
    )
    covered_by = forms.MultipleChoiceField(
        label=gettext_lazy("Not where one of these was approved"), required=False,
        help_text=gettext_lazy("The category itself is always among them."), widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = categories()
        self.fields["covered_by"].choices = categories()[1:]


__all__ = ["AppealOutcomeForm", "AttachForm", "EmergencyForm", "FindingForm", "SanctionForm"]
