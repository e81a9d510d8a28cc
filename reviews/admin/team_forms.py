"""What a manager or a senior types on the team's page."""

from typing import Any

from django import forms
from django.forms.models import model_to_dict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.roles import Duty
from reviews.models import CareRule, Case

NUMBERS = {
    "minutes": gettext_lazy("Minutes a day with a category of severity 2"),
    "grave_minutes": gettext_lazy("Minutes a day with a category of severity 3"),
    "most_minutes": gettext_lazy("Most minutes a person may set"),
    "cool_down": gettext_lazy("Minutes between two severe cases"),
    "least_cool_down": gettext_lazy("Least pause a person may set"),
    "last_hour": gettext_lazy("Nothing severe from this hour on"),
    "latest_hour": gettext_lazy("Latest hour a person may set"),
}


class RuleForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        label=gettext_lazy("Why"),
        help_text=gettext_lazy("Everybody it holds for may read it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in NUMBERS.items():
            self.fields[name] = forms.IntegerField(min_value=0, max_value=480, label=label)
        self.order_fields([*NUMBERS, "reason"])

    @classmethod
    def of(cls, rule: CareRule) -> "RuleForm":
        return cls(initial=model_to_dict(rule, fields=list(NUMBERS)))


class OverrideForm(forms.Form):
    """It offers every reviewer for every case: whom it is needed for stays unknown."""

    number = forms.CharField(max_length=20, label=gettext_lazy("Number of the application"))
    reviewer = forms.ModelChoiceField(
        queryset=User.objects.none(), label=gettext_lazy("Reviewer"), empty_label=gettext_lazy("Choose")
    )
    reason = forms.CharField(
        max_length=1000,
        label=gettext_lazy("Why this person, whatever they declared"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with your name. It is given whether or not they declared anything."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reviewer"].queryset = reviewers()

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        number = said.get("number", "").replace("\0", "").strip()
        said["case"] = Case.objects.filter(application__number__iexact=number).first()
        if number and said["case"] is None:
            self.add_error("number", _("No case has this number."))
        return said


def reviewers() -> Any:
    """Return everybody who reviews, by name; no setting of theirs changes the list."""
    duty = {"codename": Duty.REVIEW_CASES, "content_type__app_label": "accounts"}
    by_role = {f"groups__permissions__{key}": value for key, value in duty.items()}
    return (
        User.objects.filter(is_active=True, is_staff=True, **by_role).distinct().order_by("full_name", "pk")
    )
