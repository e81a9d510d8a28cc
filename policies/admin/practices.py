"""Safety practices, for policy editors: read every version, publish the next one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.reading import ReadOnly
from accounts.roles import Duty, may
from audit import clock
from onboarding.models import Program
from policies import markdown
from policies.domain import practices
from policies.models import Category, Practice
from policies.states import VersionState


class PracticeForm(forms.ModelForm):
    program = forms.ChoiceField(label=gettext_lazy("Program"))
    domain = forms.ChoiceField(
        label=gettext_lazy("Kind of use"),
        help_text=gettext_lazy("A category or a scrutiny domain of the guidelines in force."),
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=practices.TEXT_MOST,
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=gettext_lazy(
            "What we ask of builders, in Markdown. It cannot be changed afterwards, only followed by the next version; "
            "holders whose use it touches are written to."
        ),
    )

    class Meta:
        model = Practice
        fields = ("program", "domain", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "program" in self.fields:  # absent when a version is only read
            uses = Category.objects.filter(guidelines__state=VersionState.EFFECTIVE).order_by(
                "kind", "position"
            )
            self.fields["program"].choices = [("", "–"), *Program.objects.values_list("slug", "name")]
            self.fields["domain"].choices = [("", "–"), *uses.values_list("code", "name")]

    def clean_text(self) -> str:
        if not (text := self.cleaned_data["text"].strip()):
            raise forms.ValidationError(_("Write the text first."))
        return text

    def _post_clean(self) -> None:
        """Leave the row alone: the domain makes it."""


@admin.register(Practice)
class PracticeAdmin(ReadOnly, admin.ModelAdmin):
    duties = (Duty.EDIT_POLICIES,)
    form = PracticeForm
    list_display = ("program", "domain", "version", "published_at", "published_by")
    list_filter = ("program", "domain")
    list_select_related = ("published_by",)
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Duty.EDIT_POLICIES)

    def get_fields(self, request: HttpRequest, obj: Practice | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("program", "domain", "text")
        return ("program", "domain", "version", "published_at", "published_by", "text_hash", "as_shown")

    @admin.display(description=gettext_lazy("text"))
    def as_shown(self, row: Practice) -> SafeString:
        return format_html('<div class="gh"><div class="prose">{}</div></div>', markdown.rendered(row.text))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the text that holds now, where the address names one: `?program=…&domain=…`."""
        initial = super().get_changeform_initial_data(request)
        latest = practices.find(*(initial.get(name, "").replace("\0", "") for name in ("program", "domain")))
        return initial | ({"text": latest.text} if latest else {})

    def save_model(self, request: HttpRequest, obj: Practice, form: PracticeForm, change: bool) -> None:
        """Publish through the domain; the row it makes is the one the admin then names."""
        said = form.cleaned_data
        made = practices.publish(
            said["program"], said["domain"], text=said["text"], by=request.user, at=clock.now()
        )
        obj.pk, obj.program, obj.domain, obj.version = made.pk, made.program, made.domain, made.version
