"""What a reviewer sets for themselves, what they declare, and what a manager sets for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policies.models import Category
from policies.states import Severity
from reviews.domain import care
from reviews.domain.severities import SEVERE
from reviews.models.care import MINUTES_MOST
from reviews.permissions import spared_categories
from reviews.states import Blur, Choice, InterestKind


@dataclass
class Row:
    """One severe category in the form."""

    name: str
    severity: str
    choice: BoundField
    minutes: BoundField
    used: int = 0


class CareForm(forms.Form):
    """One's own settings; every severe category of any version of the guidelines has its row."""

    cool_down = forms.IntegerField(
        required=False, min_value=0, max_value=MINUTES_MOST, label=gettext_lazy("Pause after a severe case")
    )
    last_hour = forms.IntegerField(
        required=False, min_value=1, max_value=24, label=gettext_lazy("Nothing severe from this hour on")
    )
    blur = forms.ChoiceField(
        choices=Blur.choices,
        label=gettext_lazy("Blur of opened text"),
        help_text=gettext_lazy("It clears where you point."),
    )
    grey = forms.BooleanField(required=False, label=gettext_lazy("Opened text and pictures without colour"))

    def __init__(self, data: Any = None, *, limits: care.Limits) -> None:
        own, rule = limits.own, limits.rule
        initial = {"cool_down": own.cool_down, "last_hour": own.last_hour, "blur": own.blur, "grey": own.grey}
        super().__init__(data, initial=initial)
        self.fields["cool_down"].help_text = _(
            "Minutes, %(least_cool_down)s at least. Empty: %(cool_down)s."
        ) % {"least_cool_down": rule.least_cool_down, "cool_down": rule.cool_down}
        self.fields["last_hour"].help_text = _(
            "In your own time zone, at %(latest_hour)s:00 at the latest. Empty: %(last_hour)s."
        ) % {"latest_hour": rule.latest_hour, "last_hour": rule.last_hour}
        self.categories = _severe()
        spared = spared_categories(own.reviewer)
        for code, category in self.categories.items():
            chosen = limits.choices.get(code)
            usual = limits.rule.grave_minutes if category.severity == Severity.GRAVE else limits.rule.minutes
            self.fields[f"choice_{code}"] = forms.ChoiceField(
                choices=Choice.choices,
                initial=Choice.OUT if code in spared else Choice.IN,
                label=_("Cases of “%(name)s”") % {"name": category.name},
            )
            self.fields[f"minutes_{code}"] = forms.IntegerField(
                required=False,
                min_value=0,
                max_value=MINUTES_MOST,
                initial=chosen.minutes if chosen else None,
                label=_("Minutes a day with “%(name)s”") % {"name": category.name},
                widget=forms.NumberInput(attrs={"placeholder": usual}),
            )
        self.rows = {
            code: Row(
                category.name,
                Severity(category.severity).label,
                self[f"choice_{code}"],
                self[f"minutes_{code}"],
            )
            for code, category in self.categories.items()
        }

    def count(self, seconds: Mapping[str, int]) -> None:
        """Note the minutes used today."""
        for code, row in self.rows.items():
            row.used = seconds.get(code, 0) // 60

    def kwargs(self) -> dict[str, Any]:
        """Return what `optouts.settle` takes."""
        said = self.cleaned_data
        return {
            "choices": {code: (said[f"choice_{code}"], said[f"minutes_{code}"]) for code in self.categories},
            **{name: said[name] for name in ("cool_down", "last_hour", "blur", "grey")},
        }


class InterestForm(forms.Form):
    kind = forms.ChoiceField(choices=InterestKind.choices, label=gettext_lazy("What it is"))
    name = forms.CharField(
        max_length=253,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("The full name of an organisation, or a domain such as example.org."),
    )


def _severe() -> dict[str, Category]:
    """Return every severe category by code, as the newest version that has it calls it."""
    found = Category.objects.filter(severity__gte=SEVERE).order_by("guidelines", "position")
    return {category.code: category for category in found}
