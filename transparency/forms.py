"""Forms of the staff: what is asked of a report, and what the ledger cannot know."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from transparency.domain import lessons, quarters, standards
from transparency.models import WORDS_MOST
from transparency.states import OFFERED

PAIR = re.compile(r"\s*([\w -]{1,40}?)\s*[:=]\s*(\d{1,9})\s*")


class AskForm(forms.Form):
    quarter = forms.CharField(
        max_length=7,
        label=gettext_lazy("Quarter"),
        help_text=gettext_lazy("Such as 2026Q3; it has to be over."),
    )
    why = forms.CharField(
        label=gettext_lazy("Why again"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Only where a report of the quarter is published already. It is published with the correction."
        ),
    )  # fmt: skip

    def clean_quarter(self) -> quarters.Quarter:
        try:
            return quarters.named(self.cleaned_data["quarter"])
        except quarters.BadQuarter as problem:
            raise forms.ValidationError(str(problem)) from None


class RecordForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("What"),
        choices=[("", gettext_lazy("Choose")), *((kind.value, kind.label) for kind in OFFERED)],
    )
    on = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("It decides the quarter."),
    )
    counts = forms.CharField(
        label=gettext_lazy("How many"), required=False, max_length=500,
        help_text=gettext_lazy(
            "Of contacts and languages: what and how many, such as “police: 2, court: 1” or “en: 5, es: 2”."
        ),
    )  # fmt: skip
    words = forms.CharField(
        label=gettext_lazy("Words"), required=False, max_length=WORDS_MOST, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Of mistakes and outages: published as written, so name nobody."),
    )  # fmt: skip
    replaces = forms.IntegerField(
        label=gettext_lazy("Instead of record"), required=False, min_value=1, max_value=2**31 - 1,
        help_text=gettext_lazy("The number of a record this one corrects."),
    )  # fmt: skip
    is_taken_back = forms.BooleanField(
        label=gettext_lazy("It was wrong altogether; nothing takes its place"), required=False
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
                    _("Write what and how many, with a comma between: police: 2, court: 1")
                )
            found[pair[1].strip().lower()] = int(pair[2])
        return found

    def said(self) -> dict[str, Any]:
        """Return what was filled in, without the number of what it replaces."""
        return {name: value for name, value in self.cleaned_data.items() if name != "replaces"}


class StandardsForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=standards.TEXT_MOST,
        widget=forms.Textarea(attrs={"rows": 24}),
        help_text=gettext_lazy(
            "The whole text, in Markdown. Each version stays in the ledger by its fingerprint."
        ),
    )


class LessonForm(forms.Form):
    slug = forms.SlugField(
        label=gettext_lazy("Short name"), max_length=60, help_text=gettext_lazy("For its address; it stays.")
    )
    title = forms.CharField(label=gettext_lazy("Title"), max_length=150)
    on = forms.DateField(
        label=gettext_lazy("Day it happened"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("It decides in which quarter's report the lesson counts."),
    )
    happened = forms.CharField(
        label=gettext_lazy("What happened"),
        max_length=lessons.TEXT_MOST,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=gettext_lazy("Markdown. Published as written, so name nobody."),
    )
    changed = forms.CharField(
        label=gettext_lazy("What changed"),
        max_length=lessons.TEXT_MOST,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("Markdown: what is done otherwise now."),
    )
    links = forms.CharField(
        label=gettext_lazy("What it is about"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "A line each: what it is | its address here, such as /guidelines/1.1.0/ or "
            "/transparency/2026Q3/#enforcement."
        ),
    )

    def clean_links(self) -> list[dict[str, str]]:
        lines = [line for line in self.cleaned_data["links"].splitlines() if line.strip()]
        parts = [line.rpartition("|") for line in lines]
        return [{"label": label.strip(), "url": url.strip()} for label, _bar, url in parts]
