"""What the ledger's page can be asked for."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from audit.events import Event
from audit.models import LedgerEntry

ACTOR_HINT = gettext_lazy("An e-mail address, user:12 or system:beat")
SUBJECT_HINT = gettext_lazy("For instance onboarding.application")


class LedgerFilter(forms.Form):
    """Every filter is exact, so that an index answers it."""

    event = forms.ChoiceField(choices=[("", gettext_lazy("Any event")), *Event.choices], required=False)
    actor = forms.CharField(
        required=False, max_length=254, widget=forms.TextInput(attrs={"placeholder": ACTOR_HINT})
    )
    kind = forms.CharField(
        required=False,
        max_length=60,
        label=gettext_lazy("Kind"),
        widget=forms.TextInput(attrs={"placeholder": SUBJECT_HINT}),
    )
    number = forms.CharField(required=False, max_length=40, label=gettext_lazy("Its id"))
    since = forms.DateField(
        required=False, label=pgettext_lazy("days", "From"), widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label=pgettext_lazy("days", "To"), widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_actor(self) -> str:
        """Turn an address into user:<id>; a word alone into system:<word>."""
        said = self.cleaned_data["actor"].strip()
        if "@" in said:
            found = get_user_model().objects.filter(email=said.lower()).values_list("pk", flat=True).first()
            if found is None:
                raise forms.ValidationError(_("Nobody has this e-mail address."))
            return f"user:{found}"
        return said if ":" in said or not said else f"system:{said}"

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if asked.get("number") and not asked.get("kind"):
            self.add_error("kind", _("An id needs its kind beside it."))
        if asked.get("since") and asked.get("until") and asked["since"] > asked["until"]:
            self.add_error("until", _("This day is before the first one."))
        return asked

    def chosen(self) -> QuerySet[LedgerEntry]:
        """Return the entries asked for; all of them where the form cannot be read. Days are UTC days."""
        asked = self.cleaned_data if self.is_valid() else {}
        entries = LedgerEntry.objects.all()
        for field, column in (
            ("event", "event"),
            ("actor", "actor"),
            ("kind", "subject_type"),
            ("number", "subject_id"),
        ):
            if asked.get(field):
                entries = entries.filter(**{column: asked[field].strip()})
        if since := asked.get("since"):
            entries = entries.filter(at__gte=datetime.combine(since, time(), UTC))
        if until := asked.get("until"):
            entries = entries.filter(at__lt=datetime.combine(until, time(), UTC) + timedelta(days=1))
        return entries
