"""Forms of one field beside a case: a note, why one does not sign, why a decision is taken back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from reviews.domain import notes


class NoteForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("A note for colleagues"),
        help_text=gettext_lazy("Whoever may see the case reads it; the applicant never does."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "data-max": notes.MOST}),
    )


class GiveBackForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why you do not sign"),
        max_length=1000,
        help_text=gettext_lazy("The first reviewer reads it."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "data-max": 1000}),
    )


class RecallForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why it is taken back"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "data-count": "", "data-max": 1000}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="recall_%s")
