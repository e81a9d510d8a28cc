"""What an applicant types to a reviewer."""

from django import forms

from reviews.domain.questions import ANSWER_MOST


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label="Your answer",
        help_text="A reviewer reads it beside your application. It cannot be changed after it is sent.",
        error_messages={"required": "Write your answer first."},
        widget=forms.Textarea(attrs={"rows": 10, "data-count": "", "data-max": ANSWER_MOST}),
    )
