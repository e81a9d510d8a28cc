"""What an applicant types against a decision, and what a senior reviewer answers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from enforcement.domain.appeals import WORDS_MOST
from enforcement.models import STATEMENT_LEAST, STATEMENT_MOST, Appeal
from enforcement.models.flag import SAID_MOST
from enforcement.states import REASONS, AppealKind, AppealState, OutcomeReason
from onboarding.models import Grant, Key
from policies.domain import guidelines
from policies.models import CategoryKind

ASKED = {
    AppealKind.APPEAL: (
        _("What did we get wrong?"),
        _(
            "Say which fact or which reading of the guidelines is wrong, and what is right. What you send is read "
            "beside your application; it cannot be changed after it is sent."
        ),
        _(
            "The facts say that scores go out unread. They do not: section 8 of the application says that a recruiter "
            "opens every refusal and sends it by hand, and the screenshots in our demo show where."
        ),
    ),
    AppealKind.REINSTATEMENT: (
        _("What have you changed, and how can we see it?"),
        _(
            "Name what was wrong, what you did about it, since when, and where we can see it. It cannot be changed "
            "after it is sent."
        ),
        _(
            "Since 3 May a named recruiter reads every refusal before it goes out. The bias test you asked for was "
            "done on 20 May; its report is linked from our site. Nothing is sent without a person any more."
        ),
    ),
}


class StatementForm(forms.Form):
    """The one question of either form; lengths are the domain's."""

    statement = forms.CharField(
        error_messages={"required": _("Write this first.")},
        widget=forms.Textarea(
            attrs={"rows": 10, "data-count": "", "data-min": STATEMENT_LEAST, "data-max": STATEMENT_MOST}
        ),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["statement"]
        field.label, field.help_text, field.example = ASKED[AppealKind(kind)]


class OutcomeForm(forms.Form):
    """The answer to an appeal. Rules are the domain's; its problems come back by field."""

    outcome = forms.ChoiceField(widget=forms.RadioSelect, required=False)
    reason_upheld = forms.ChoiceField(required=False, label=_("Reason"))
    reason_denied = forms.ChoiceField(required=False, label=_("Reason"))
    explanation = forms.CharField(
        label=_("What the applicant reads"),
        required=False,
        help_text=_("What you looked at, and why it ends so. It is sent at once; there is no recall."),
        widget=forms.Textarea(attrs={"rows": 6, "data-count": "", "data-max": WORDS_MOST}),
    )
    look_again = forms.CharField(
        label=_("What should be looked at again"),
        required=False,
        help_text=_("For the next reviewer; the applicant does not read it."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "data-max": WORDS_MOST}),
    )

    def __init__(self, *args: Any, appeal: Appeal, **kwargs: Any) -> None:
        super().__init__(*args, prefix="a", **kwargs)
        self.appeal = appeal
        self.fields["outcome"].choices = [(AppealState.UPHELD, _("Uphold")), (AppealState.DENIED, _("Deny"))]
        for state in (AppealState.UPHELD, AppealState.DENIED):
            field = self.fields[f"reason_{state}"]
            reasons: tuple[OutcomeReason, ...] = REASONS[appeal.kind, state]
            field.choices = [("", _("Choose")), *((reason.value, reason.label) for reason in reasons)]
            field.mark = _("required")
            field.shown_when = _shown_when(state)
        self.fields["explanation"].mark = _("required")
        if appeal.kind == AppealKind.APPEAL:
            self.fields["look_again"].mark = _("required")
            self.fields["look_again"].shown_when = _shown_when(AppealState.UPHELD)
        else:
            del self.fields["look_again"]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if not typed.get("outcome") and "outcome" not in self.errors:
            self.add_error("outcome", _("Choose to uphold or to deny."))
        return typed

    def words(self) -> dict[str, str]:
        """Return what the domain function of the chosen outcome takes."""
        typed, upheld = self.cleaned_data, self.cleaned_data["outcome"] == AppealState.UPHELD
        words = {
            "reason_code": typed["reason_upheld" if upheld else "reason_denied"],
            "explanation": typed["explanation"],
        }
        return words | ({"look_again": typed.get("look_again", "")} if upheld else {})

    def take_problems(self, problems: dict[str, str]) -> None:
        """Show the domain's problems beside their fields."""
        for name, problem in problems.items():
            field = f"reason_{self.cleaned_data['outcome']}" if name == "reason_code" else name
            self.add_error(field, problem)


def _shown_when(state: str) -> str:
    return f'{{"key": "a-outcome", "op": "=", "values": ["{state}"]}}'


class ReportForm(forms.Form):
    """What anybody may report about anybody."""

    said = forms.CharField(
        label=_("What did you see?"),
        max_length=SAID_MOST,
        help_text=_(
            "Which service, when, and what it did. Do not send what could hurt others to read; we ask if we need it."
        ),
        widget=forms.Textarea(attrs={"rows": 8, "data-count": "", "data-max": SAID_MOST}),
    )
    category = forms.ChoiceField(label=_("What is it closest to?"), required=False)
    reply_to = forms.EmailField(
        label=_("Where should we answer?"),
        required=False,
        help_text=_("Only to answer you; deleted once we have."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = guidelines.in_force()
        named = version.categories.filter(kind=CategoryKind.PROHIBITED).values_list("code", "name")
        self.fields["category"].choices = [("", _("I cannot tell")), *named]
        for name in ("category", "reply_to"):
            if name in self.fields:
                self.fields[name].mark = _("optional")

    def said_as(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return {name: typed[name] for name in ("said", "category", "reply_to") if name in typed}


class ProblemForm(ReportForm):
    """What the holder of a key reports about it, or about an end user of theirs."""

    reply_to = None
    key = forms.ModelChoiceField(label=_("Which key?"), queryset=Key.objects.none(), required=False)
    end_user = forms.CharField(
        label=_("Which of your end users?"),
        required=False,
        max_length=128,
        help_text=_("As you send them to us, hashed; empty where it is about nobody."),
    )
    field_order = ("said", "key", "end_user", "category")

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].queryset = grant.keys.all()
        self.fields["key"].label_from_instance = lambda key: key.name
        self.fields["said"].help_text = _(
            "Such as a key that others use, or an end user who misuses what you build."
        )
        for name in ("key", "end_user"):
            self.fields[name].mark = _("optional")

    def said_as(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return super().said_as() | {"key": typed["key"], "end_user": typed["end_user"]}
