"""Known weaknesses, for policy editors: read every text, publish the next one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.reading import ReadOnly
from accounts.roles import Duty, may
from audit import clock
from onboarding.models import Program
from policies import markdown
from policies.domain import weaknesses
from policies.models import KnownWeakness


class WeaknessForm(forms.ModelForm):
    program = forms.ChoiceField(help_text=_("The program whose models this is about."))
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 20}),
        help_text=_(
            "The whole text, in Markdown. Applicants acknowledge exactly this; it cannot be changed afterwards, "
            "only followed by the next version."
        ),
    )

    class Meta:
        model = KnownWeakness
        fields = ("program", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "program" in self.fields:  # absent when an existing text is only read
            self.fields["program"].choices = [("", "Choose"), *Program.objects.values_list("slug", "name")]

    def clean_text(self) -> str:
        if not (text := self.cleaned_data["text"].strip()):
            raise forms.ValidationError(str(weaknesses.NoText()))
        return text


@admin.register(KnownWeakness)
class KnownWeaknessAdmin(ReadOnly, admin.ModelAdmin):
    duties = (Duty.EDIT_POLICIES,)
    form = WeaknessForm
    list_display = ("program", "version", "published_at", "published_by")
    list_filter = ("program",)
    list_select_related = ("published_by",)
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Duty.EDIT_POLICIES)

    def get_fields(self, request: HttpRequest, obj: KnownWeakness | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("program", "text")
        return ("program", "version", "published_at", "published_by", "text_hash", "as_shown")

    @admin.display(description=_("text"))
    def as_shown(self, weakness: KnownWeakness) -> SafeString:
        return format_html(
            '<div class="gh"><div class="prose">{}</div></div>', markdown.rendered(weakness.text)
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the text that is public now, where the address names a program: `?program=<slug>`."""
        initial = super().get_changeform_initial_data(request)
        latest = weaknesses.current(initial.get("program", ""))
        return initial | ({"text": latest.text} if latest else {})

    def save_model(self, request: HttpRequest, obj: KnownWeakness, form: WeaknessForm, change: bool) -> None:
        """Publish through the domain; the row it makes is the one the admin then names."""
        said = form.cleaned_data
        made = weaknesses.publish(said["program"], text=said["text"], by=request.user, at=clock.now())
        obj.pk, obj.version = made.pk, made.version
