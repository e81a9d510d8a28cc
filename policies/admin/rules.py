"""Rules of one program, for policy editors: publish one, end one, see who acknowledged."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.reading import ReadOnly
from accounts.roles import Duty, may
from audit import clock
from onboarding.domain import rule_notices
from onboarding.models import Program
from policies import markdown
from policies.domain import program_rules
from policies.models import ProgramRule


class RuleForm(forms.ModelForm):
    program = forms.ChoiceField(help_text=gettext_lazy("The program the rule is of."))
    title = forms.CharField(max_length=program_rules.TITLE_MOST)
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=gettext_lazy(
            "Markdown. It cannot be changed afterwards; end it and publish another instead."
        ),
    )
    from_on = forms.DateField(
        required=False, help_text=gettext_lazy("In force from this day; empty: from now on.")
    )
    acknowledge_by_on = forms.DateField(
        help_text=gettext_lazy("Holders of access are asked to acknowledge it until the end of this day.")
    )

    class Meta:
        model = ProgramRule
        fields = ("program", "title", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "program" in self.fields:  # absent when a rule is only read
            self.fields["program"].choices = [("", "–"), *Program.objects.values_list("slug", "name")]

    def clean(self) -> dict[str, Any]:
        """Look whether the rule can be published, so that what is wrong stands beside the form."""
        said = super().clean() or {}
        if not self.errors:
            at = clock.now()
            said["from_at"] = _start(said["from_on"]) if said.get("from_on") else at
            said["acknowledge_by"] = _start(said["acknowledge_by_on"], time(23, 59, 59))
            try:
                program_rules.check(
                    said["title"].strip(), said["text"].strip(), said["from_at"], said["acknowledge_by"], at
                )
            except program_rules.BadRule as bad:
                raise forms.ValidationError(str(bad)) from None
        return said


@admin.register(ProgramRule)
class ProgramRuleAdmin(ReadOnly, admin.ModelAdmin):
    duties = (Duty.EDIT_POLICIES,)
    form = RuleForm
    list_display = ("program", "number", "title", "from_at", "acknowledge_by", "ended_at")
    list_filter = ("program",)
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Duty.EDIT_POLICIES)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Duty.EDIT_POLICIES)

    def get_fields(self, request: HttpRequest, obj: ProgramRule | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("program", "title", "text", "from_on", "acknowledge_by_on")
        return (
            "program", "number", "title", "as_shown", "from_at", "acknowledge_by", "acknowledged", "published_at",
            "published_by", "ended_at", "ended_by",
        )  # fmt: skip

    @admin.display(description=gettext_lazy("text"))
    def as_shown(self, rule: ProgramRule) -> SafeString:
        return format_html('<div class="gh"><div class="prose">{}</div></div>', markdown.rendered(rule.text))

    @admin.display(description=gettext_lazy("acknowledged"))
    def acknowledged(self, rule: ProgramRule) -> str:
        held, acknowledged = rule_notices.standing(rule)
        return _("for %(acknowledged)s of %(held)s grants") % {"acknowledged": acknowledged, "held": held}

    def save_model(self, request: HttpRequest, obj: ProgramRule, form: RuleForm, change: bool) -> None:
        """Publish through the domain; the row it makes is the one the admin then names."""
        said = form.cleaned_data
        at = clock.now()
        made = program_rules.publish(
            said["program"],
            title=said["title"],
            text=said["text"],
            from_at=max(said["from_at"], at),
            acknowledge_by=said["acknowledge_by"],
            by=request.user,
            at=at,
        )
        obj.pk, obj.number = made.pk, made.number

    @admin.action(
        description=gettext_lazy("End these rules; their words stay to be read"), permissions=["end"]
    )
    def end(self, request: HttpRequest, queryset: QuerySet[ProgramRule]) -> None:
        at = clock.now()
        for rule in queryset:
            try:
                program_rules.end(rule, by=request.user, at=at)
            except program_rules.Ended as problem:
                self.message_user(request, str(problem), messages.WARNING)
            else:
                self.message_user(request, _("%(rule)s has ended.") % {"rule": str(rule)}, messages.SUCCESS)


def _start(day: date, hour: time = time()) -> datetime:
    return datetime.combine(day, hour, get_current_timezone())
