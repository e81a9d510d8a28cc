"""What a reviewer types: findings, a decision, a reason for not signing."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain import questions
from onboarding.states import ConditionKind
from policies.models import Category
from reviews.domain import allowed, reasons, statements
from reviews.domain.conditions import FIGURES
from reviews.domain.findings import NOTE_MOST, QUOTE_MOST, Said
from reviews.domain.precedents import Custom
from reviews.models import Case
from reviews.states import Outcome, Verdict

KEYS = {
    Outcome.APPROVED: "a",
    Outcome.APPROVED_WITH_CONDITIONS: "w",
    Outcome.NEEDS_INFORMATION: "i",
    Outcome.REJECTED: "r",
}
SHORT = {
    Outcome.APPROVED: gettext_lazy("Approve"),
    Outcome.APPROVED_WITH_CONDITIONS: gettext_lazy("With conditions"),
    Outcome.NEEDS_INFORMATION: gettext_lazy("Ask"),
    Outcome.REJECTED: gettext_lazy("Reject"),
}
MARKS = {  # no field is required whatever is decided, so the usual marks would mislead
    "main_category": gettext_lazy("needed unless you simply approve"),
    "question": "required",
    "facts": gettext_lazy("required to reject"),
    "what_would_change": "required",
}
LIMITS = {f"most_{name.removeprefix('most_')}": name for name in FIGURES[ConditionKind.LIMIT]}
BOUNDS = ("scope_models", *LIMITS, "review_on", "human_review", "disclosure")
ASKS = ("question", "about", "question_2", "about_2", "question_3", "about_3")
CONDITION_SEPARATOR = "|"  # between a category's code and the text of its condition, in a tick's value


class OutcomeRadios(forms.RadioSelect):
    """Radios that the keys a, w, i and r press."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"] |= {"data-key": KEYS[Outcome(value)], "data-key-says": Outcome(value).label}
        return option


class ReasonSelect(forms.Select):
    """Options that carry the wording and the rule for applying again, for the script that fills them in."""

    known: Mapping[str, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value:
            reason = reasons.get(str(value))
            option["attrs"]["data-template"] = reason.begun(self.known)
            option["attrs"]["data-reapply"] = "never" if reason.reapply_never else reason.reapply_after_days
        return option


class DecisionForm(forms.Form):
    """The decision as it is typed. Lengths and rules are the domain's; its problems come back by field."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[(o.value, SHORT[o]) for o in Outcome],
        widget=OutcomeRadios,
        required=False,
    )
    main_category = forms.ChoiceField(label=gettext_lazy("Main category"), required=False)
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Also rests on"), required=False, widget=forms.CheckboxSelectMultiple
    )
    conditions = forms.MultipleChoiceField(
        label=gettext_lazy("Usual conditions"), required=False, widget=forms.CheckboxSelectMultiple
    )
    own_conditions = forms.CharField(
        label=gettext_lazy("Own conditions"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One a line."),
    )
    question = forms.CharField(
        label=gettext_lazy("Question to the applicant"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "data-count": "", "data-max": statements.MOST["question"]}),
    )
    facts = forms.CharField(
        label=gettext_lazy("Facts you rely on"),
        required=False,
        help_text=gettext_lazy("What the application itself says. No personal data: the applicant reads it."),
        widget=forms.Textarea(attrs={"rows": 4, "data-count": "", "data-max": statements.MOST["facts"]}),
    )
    what_would_change = forms.CharField(
        label=gettext_lazy("What would change it"),
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 3, "data-count": "", "data-max": statements.MOST["what_would_change"]}
        ),
    )
    reapply_after_days = forms.IntegerField(
        label=gettext_lazy("May apply again after … days"),
        required=False,
        min_value=0,
        max_value=statements.REAPPLY_MOST,
        help_text=gettext_lazy("Empty: as the reason says."),
    )
    reapply_never = forms.BooleanField(label=gettext_lazy("May never apply again"), required=False)
    explanation = forms.CharField(
        label=gettext_lazy("What the applicant reads"),
        required=False,
        help_text=gettext_lazy("Empty: the reason's standard wording."),
        widget=forms.Textarea(
            attrs={"rows": 4, "data-count": "", "data-max": statements.MOST["explanation"]}
        ),
    )

    scope_models = forms.MultipleChoiceField(
        label=gettext_lazy("Only these models"), required=False, widget=forms.CheckboxSelectMultiple
    )
    most_per_minute = forms.IntegerField(
        label=gettext_lazy("At most … requests a minute"), required=False, min_value=1
    )
    most_per_day = forms.IntegerField(
        label=gettext_lazy("At most … requests a day"), required=False, min_value=1
    )
    most_per_end_user = forms.IntegerField(
        label=gettext_lazy("At most … requests a minute for each end user"), required=False, min_value=1
    )
    most_output_tokens = forms.IntegerField(
        label=gettext_lazy("At most … tokens an answer"), required=False, min_value=1
    )
    review_on = forms.DateField(
        label=gettext_lazy("Looked at again by"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Access ends then unless it is renewed."),
    )
    human_review = forms.BooleanField(label=gettext_lazy("A person checks output"), required=False)
    disclosure = forms.BooleanField(label=gettext_lazy("People are told it is a machine"), required=False)
    about = forms.ChoiceField(label=gettext_lazy("About the form's question"), required=False)
    question_2 = forms.CharField(
        label=gettext_lazy("Second question"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    about_2 = forms.ChoiceField(label=gettext_lazy("About the form's question"), required=False)
    question_3 = forms.CharField(
        label=gettext_lazy("Third question"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    about_3 = forms.ChoiceField(label=gettext_lazy("About the form's question"), required=False)
    emergency_reason = forms.CharField(
        label=gettext_lazy("Tell at once, because"),
        required=False,
        help_text=gettext_lazy("Only in an emergency: nobody can take it back then."),
        widget=forms.TextInput(attrs={"maxlength": statements.MOST["emergency_reason"]}),
    )

    why_different = forms.CharField(
        label=gettext_lazy("Why this one differs"),
        required=False,
        help_text=gettext_lazy(
            "A sentence for your colleagues and the case file; the applicant does not read it."
        ),
        widget=forms.Textarea(
            attrs={"rows": 2, "data-count": "", "data-max": statements.MOST["why_different"]}
        ),
    )

    def __init__(
        self, data: Any = None, *, case: Case, at: datetime, categories: list[Category], suggested: list[str]
    ) -> None:
        initial = {"main_category": suggested[0] if suggested else "", "categories": suggested[1:]}
        super().__init__(data, initial=initial, prefix="d")
        named = {category.code: category.name for category in categories}
        known = statements.values(case, at=at, named=named)
        for outcome in Outcome:
            choices = [("", _("Choose")), *((r.code, _(r.name)) for r in reasons.for_outcome(outcome))]
            picked = forms.ChoiceField(
                label=_("Reason"), choices=choices, required=False, widget=ReasonSelect
            )
            picked.widget.known = known
            picked.mark = _("required")
            self.fields[f"reason_{outcome}"] = picked
        self.fields["main_category"].choices = [("", _("None")), *named.items()]
        self.fields["categories"].choices = list(named.items())
        self.fields["conditions"].choices = [
            (f"{category.code}{CONDITION_SEPARATOR}{text}", f"{text[:1].upper()}{text[1:]}")
            for category in categories
            if category.code in case.domains
            for text in category.default_conditions
        ]
        asked = case.revision.answers.get("models")  # only what was asked for can be allowed alone
        self.fields["scope_models"].choices = [(code, code) for code in asked or ()]
        form = questions.of(case.revision.question_set)
        answered = [q for q in form.questions if case.revision.answers.get(q.key) not in (None, "", [])]
        for name in ("about", "about_2", "about_3"):
            self.fields[name].choices = [("", _("None")), *((q.key, q.question[:80]) for q in answered)]
        for name, mark in MARKS.items():
            self.fields[name].mark = mark
        self._show_by_outcome()

    def reason_fields(self) -> list[forms.BoundField]:
        return [self[f"reason_{outcome}"] for outcome in Outcome]

    def measure(self, custom: Custom | None) -> None:
        """Ask for a reason where the nearest cases were clearly decided otherwise, and only then."""
        if custom is None:
            return
        other = [outcome.value for outcome in Outcome if custom.differs(outcome)]
        self.fields["why_different"].shown_when = json.dumps(
            {"key": "d-outcome", "op": "in", "values": other}
        )

    def bound_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in BOUNDS if name != "scope_models" or self.fields[name].choices]

    def ask_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ASKS]

    def kwargs(self) -> dict[str, Any]:
        """Return what `decisions.decide` takes, from a form that read well."""
        said = self.cleaned_data
        main = [said["main_category"]] if said["main_category"] else []
        return {
            "outcome": said["outcome"],
            "reason_code": said.get(f"reason_{said['outcome']}", ""),
            "categories": [*main, *(code for code in said["categories"] if code not in main)],
            "explanation": said["explanation"],
            "facts": said["facts"],
            "what_would_change": said["what_would_change"],
            "reapply_after_days": said["reapply_after_days"],
            "reapply_never": said["reapply_never"],
            "conditions": self._conditions(),
            "questions": [
                {"question": said[f"question{place}"], "about": said[f"about{place}"]}
                for place in ("", "_2", "_3")
            ],
            "emergency_reason": said["emergency_reason"],
            "why_different": said["why_different"],
        }

    def take_problems(self, problems: Mapping[str, str], *, begun: str) -> None:
        """Put the domain's problems beside the fields they are about, and begin the wording nobody wrote."""
        fields = {
            statements.Field.REASON_CODE: f"reason_{self.cleaned_data.get('outcome')}",
            statements.Field.CATEGORIES: "main_category",
            statements.Field.CONDITIONS: "own_conditions",
        }
        for name, sentence in problems.items():
            self.add_error(fields.get(name, name), sentence)
        if begun:
            self.data = self.data.copy()
            self.data[self.add_prefix("explanation")] = begun

    def _conditions(self) -> list[dict[str, Any]]:
        ticked = [value.split(CONDITION_SEPARATOR, 1) for value in self.cleaned_data["conditions"]]
        main = self.cleaned_data["main_category"]
        own = [(main, line) for line in self.cleaned_data["own_conditions"].splitlines()]
        words = [{"category": code, "text": text} for code, text in [*ticked, *own] if text.strip()]
        return [*words, *({"category": main, "text": ""} | bound for bound in self._bounds())]

    def _bounds(self) -> Iterator[dict[str, Any]]:
        """Yield the conditions that the gateway holds, and those it tells its caller of."""
        said = self.cleaned_data
        if said["scope_models"]:
            yield {"kind": ConditionKind.SCOPE, "models": said["scope_models"]}
        if any(said[field] for field in LIMITS):
            yield {"kind": ConditionKind.LIMIT} | {name: said[field] for field, name in LIMITS.items()}
        if said["review_on"]:
            yield {"kind": ConditionKind.REVIEW_DATE, "on": said["review_on"].isoformat()}
        for kind in (ConditionKind.HUMAN_REVIEW, ConditionKind.DISCLOSURE):
            if said[kind]:
                yield {"kind": kind}

    def _show_by_outcome(self) -> None:
        shown = {
            "conditions": [Outcome.APPROVED_WITH_CONDITIONS],
            "own_conditions": [Outcome.APPROVED_WITH_CONDITIONS],
            **dict.fromkeys(BOUNDS, (Outcome.APPROVED_WITH_CONDITIONS,)),
            **dict.fromkeys(ASKS, (Outcome.NEEDS_INFORMATION,)),
            "what_would_change": [Outcome.REJECTED],
            "reapply_after_days": [Outcome.REJECTED],
            "reapply_never": [Outcome.REJECTED],
            "facts": [Outcome.REJECTED, Outcome.APPROVED_WITH_CONDITIONS, Outcome.NEEDS_INFORMATION],
            **{f"reason_{outcome}": [outcome] for outcome in Outcome},
        }
        for name, outcomes in shown.items():
            when = {"key": "d-outcome", "op": "in", "values": outcomes}
            self.fields[name].shown_when = json.dumps(when)


class FindingForm(forms.Form):
    """One verdict, the passage it rests on, and a note."""

    verdict = forms.ChoiceField(
        choices=[(v.value, v.label.lower()) for v in Verdict], widget=forms.RadioSelect, required=False
    )
    quote = forms.CharField(max_length=QUOTE_MOST, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    quoted_in = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    note = forms.CharField(max_length=NOTE_MOST, required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not said.get("verdict") and (said.get("note") or said.get("quote")):
            sentence = (
                _("Choose a verdict on %(category)s for your note.")
                if said.get("note")
                else _("Choose a verdict on %(category)s for your passage.")
            )
            self.add_error(
                "verdict",
                sentence % {"category": self.category.name},
            )
        return said

    @property
    def is_written(self) -> bool:
        """Whether there is a note or a passage to see, or something wrong with one."""
        typed = self["note"].value() or self["quote"].value()
        return bool(typed or self["note"].errors or self["quote"].errors)

    def said(self) -> Said:
        """Return what `findings.record` takes, from a form that read well."""
        return Said(*(self.cleaned_data[name] for name in Said._fields))

    def __init__(
        self, data: Any = None, *, category: Category, initial: dict[str, str] | None = None
    ) -> None:
        super().__init__(data, initial=initial, prefix=f"f-{category.code}")
        self.category, self.refused = category, allowed.refused(category)
        self.fields["verdict"].label = category.name
        self.fields["note"].label = _("Note on %(name)s") % {"name": category.name}
        self.fields["quote"].label = _("Passage of an answer, on %(name)s") % {"name": category.name}


def findings_forms(data: Any, *, categories: list[Category], known: Mapping[str, Any]) -> list[FindingForm]:
    """Return a form for each category, filled with the findings that are known."""
    return [
        FindingForm(
            data,
            category=category,
            initial={name: getattr(known[category.code], name) for name in Said._fields}
            if category.code in known
            else None,
        )
        for category in categories
    ]


def is_written(field: forms.Field) -> bool:
    """Return whether something is typed into it in words."""
    return isinstance(field, forms.CharField) and not isinstance(field.widget, forms.HiddenInput)


def restore(form: forms.Form, typed: Mapping[str, list[str]]) -> None:
    """Let a form begin with what was typed into it earlier; fields that were empty stay as they are."""
    data: MultiValueDict[str, str] = MultiValueDict(typed)
    for name, field in form.fields.items():
        if (key := form.add_prefix(name)) in data:
            form.initial[name] = field.widget.value_from_datadict(data, MultiValueDict(), key)


class OpinionForm(forms.Form):
    """One's own view, before the first one is shown."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("I would"),
        choices=[(o.value, SHORT[o]) for o in Outcome],
        widget=forms.RadioSelect,
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Because of"), required=False, widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(
        label=gettext_lazy("In a sentence"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "data-max": 1000}),
    )

    def __init__(self, data: Any = None, *, categories: list[Category]) -> None:
        super().__init__(data, prefix="o")
        self.fields["categories"].choices = [(category.code, category.name) for category in categories]

    def kwargs(self) -> dict[str, Any]:
        """Return what `opinions.give` takes, from a form that read well."""
        return {name: self.cleaned_data[name] for name in ("outcome", "categories", "note")}
