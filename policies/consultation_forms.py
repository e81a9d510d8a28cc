"""The form of a comment: one box for the whole, rows for parts of the text, a field for each question."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policies.domain.comment_words import ANSWER_MOST, REMARK_MOST, REMARKS_MOST, Words
from policies.models import Comment, Consultation, ConsultationQuestion, ConsulteeInvitation
from policies.states import AffiliationKind, QuestionKind

ROWS = 2  # parts of the text shown at first; "another part" adds as many


class CommentForm(forms.Form):
    """`who` says what the page knows of its writer: an address is only asked for where there is none."""

    overall = forms.CharField(
        label=gettext_lazy("On the text as a whole"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "data-count": "", "data-max": REMARK_MOST, "dir": "auto"}),
    )

    def __init__(
        self,
        consultation: Consultation,
        data: Any = None,
        *,
        has_address: bool,
        invitation: ConsulteeInvitation | None = None,
        initial: Mapping[str, Any] | None = None,
        more: bool = False,
    ):
        super().__init__(data, initial=dict(initial or {}))
        self.consultation = consultation
        self.is_typed = more  # a page that folds the form away opens it
        self.questions = list(consultation.questions.all())
        filled = _rows_in(data if data is not None else self.initial)
        self.rows = min(max(filled, ROWS) + (ROWS if more else 0), REMARKS_MOST)
        parts = [("", _("Choose a part")), *consultation.clauses.items()]
        for number in range(self.rows):
            self._add_row(number, parts)
        for question in self.questions:
            self.fields[f"answer-{question.pk}"] = _answer_field(question, consultation)
        self._add_writer(has_address=has_address, invitation=invitation)

    def _add_row(self, number: int, parts: list[tuple[str, str]]) -> None:
        self.fields[f"part-{number}"] = forms.ChoiceField(
            label=_("Part of the text"), choices=parts, required=False
        )
        box = forms.Textarea(attrs={"rows": 4, "data-count": "", "data-max": REMARK_MOST, "dir": "auto"})
        self.fields[f"text-{number}"] = forms.CharField(
            label=_("What you say about it"), required=False, strip=False, widget=box
        )

    def _add_writer(self, *, has_address: bool, invitation: ConsulteeInvitation | None) -> None:
        self.fields["name"] = forms.CharField(
            label=_("Your name"),
            required=False,
            help_text=_("Shown beside your comment. Leave it empty to be shown without a name."),
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
        )
        if invitation is None:
            self.fields["affiliation_kind"] = forms.ChoiceField(
                label=_("For whom you speak"),
                choices=[("", _("I do not say")), *AffiliationKind.choices],
                required=False,
            )
            self.fields["affiliation_name"] = forms.CharField(
                label=_("Name of the organisation"),
                required=False,
                widget=forms.TextInput(attrs={"autocomplete": "organization"}),
            )
        if not has_address:
            self.fields["email"] = forms.EmailField(
                label=_("E-mail address"),
                max_length=254,
                help_text=_(
                    "Never shown. You get a letter with a link; your comment counts once you use it."
                ),
                widget=forms.EmailInput(attrs={"autocomplete": "email"}),
            )
        self.fields["consent"] = forms.BooleanField(
            label=_(
                "I agree that a person reads this comment and that it is published, with the name and affiliation I "
                "give, and that my address is kept to write to me about it. I can take it back at any time."
            )
        )

    @property
    def words(self) -> Words:
        """Return what was typed, whether it may be kept or not."""
        typed = self.data if self.is_bound else self.initial
        remarks = {"": str(typed.get("overall", ""))}
        for number in range(self.rows):
            text, part = (str(typed.get(f"{name}-{number}", "")) for name in ("text", "part"))
            if text.strip():
                remarks[part] = f"{remarks[part]}\n\n{text}".strip() if remarks.get(part) else text
        answers = {str(row.pk): str(typed.get(f"answer-{row.pk}", "")) for row in self.questions}
        kind, name, where = (
            str(typed.get(key, "")) for key in ("affiliation_kind", "name", "affiliation_name")
        )
        return Words(remarks, answers, name, kind, where)

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Put the problems of a comment beside the fields they are about."""
        for name, says in problems.items():
            field = self._row_of(name.removeprefix("clause-")) if name.startswith("clause-") else name
            self.add_error(field if field in self.fields else None, says)

    def _row_of(self, code: str) -> str:
        rows = (f"text-{number}" for number in range(self.rows) if self.data.get(f"part-{number}") == code)
        return next(rows, "overall")

    @property
    def part_fields(self) -> list[tuple[Any, Any]]:
        return [(self[f"part-{number}"], self[f"text-{number}"]) for number in range(self.rows)]

    @property
    def answer_fields(self) -> list[Any]:
        return [self[f"answer-{question.pk}"] for question in self.questions]

    @property
    def writer_fields(self) -> list[Any]:
        names = ("name", "affiliation_kind", "affiliation_name", "email", "consent")
        return [self[name] for name in names if name in self.fields]


def initial_of(comment: Comment) -> dict[str, str]:
    """Return what a form begins with to correct a comment."""
    last = comment.revisions.last()
    words = last.words if last else {}
    remarks = dict(words.get("remarks", {}))
    begins = {
        "overall": remarks.pop("", ""),
        "name": comment.name,
        "affiliation_kind": comment.affiliation_kind,
        "affiliation_name": comment.affiliation_name,
    }
    for number, (part, text) in enumerate(remarks.items()):
        begins |= {f"part-{number}": part, f"text-{number}": text}
    return begins | {f"answer-{key}": text for key, text in words.get("answers", {}).items()}


def _answer_field(question: ConsultationQuestion, consultation: Consultation) -> forms.Field:
    about = consultation.clauses.get(question.clause, "")
    hint = _("About: %(part)s") % {"part": about} if about else ""
    if question.kind == QuestionKind.TEXT:
        box = forms.Textarea(attrs={"rows": 4, "data-count": "", "data-max": ANSWER_MOST, "dir": "auto"})
        return forms.CharField(label=question.text, help_text=hint, required=False, strip=False, widget=box)
    choices = [("", _("No answer")), *question.choices]
    return forms.ChoiceField(
        label=question.text, help_text=hint, required=False, choices=choices, widget=forms.RadioSelect
    )


def _rows_in(typed: Mapping[str, Any]) -> int:
    texts = {f"text-{number}": number for number in range(REMARKS_MOST)}
    numbers = [texts[name] for name, text in typed.items() if name in texts and str(text).strip()]
    return max(numbers, default=-1) + 1
