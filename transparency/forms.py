"""Forms of the staff: what is asked of a report, and what the ledger cannot know."""

import re
from typing import Any

from django import forms

from transparency.domain import quarters, standards
from transparency.models import WORDS_MOST
from transparency.states import RecordKind

PAIR = re.compile(r"\s*([\w -]{1,40}?)\s*[:=]\s*(\d{1,9})\s*")


class AskForm(forms.Form):
    quarter = forms.CharField(max_length=7, help_text="Such as 2026Q3; it has to be over.")
    why = forms.CharField(
        label="Why again", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Only where a report of the quarter is published already. It is published with the correction.",
    )  # fmt: skip

    def clean_quarter(self) -> quarters.Quarter:
        try:
            return quarters.named(self.cleaned_data["quarter"])
        except quarters.BadQuarter as problem:
            raise forms.ValidationError(str(problem)) from None


class RecordForm(forms.Form):
    kind = forms.ChoiceField(label="What", choices=[("", "Choose"), *RecordKind.choices])
    on = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}), help_text="It decides the quarter."
    )
    counts = forms.CharField(
        label="How many", required=False, max_length=500,
        help_text="Of contacts and languages: what and how many, such as “police: 2, court: 1” or “en: 5, es: 2”.",
    )  # fmt: skip
    words = forms.CharField(
        required=False, max_length=WORDS_MOST, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Of mistakes, outages and lessons: published as written, so name nobody.",
    )  # fmt: skip
    replaces = forms.IntegerField(
        label="Instead of record", required=False, min_value=1, max_value=2**31 - 1,
        help_text="The number of a record this one corrects.",
    )  # fmt: skip
    is_taken_back = forms.BooleanField(
        label="It was wrong altogether; nothing takes its place", required=False
    )

    def clean_counts(self) -> dict[str, int]:
        said = self.cleaned_data["counts"].strip()
        if not said:
            return {}
        found: dict[str, int] = {}
        for part in said.split(","):
            pair = PAIR.fullmatch(part)
            if pair is None:
                raise forms.ValidationError(
                    "Write what and how many, with a comma between: police: 2, court: 1"
                )
            found[pair[1].strip().lower()] = int(pair[2])
        return found

    def said(self) -> dict[str, Any]:
        """Return what was filled in, without the number of what it replaces."""
        return {name: value for name, value in self.cleaned_data.items() if name != "replaces"}


class StandardsForm(forms.Form):
    text = forms.CharField(
        max_length=standards.TEXT_MOST,
        widget=forms.Textarea(attrs={"rows": 24}),
        help_text="The whole text, in Markdown. Each version stays in the ledger by its fingerprint.",
    )
