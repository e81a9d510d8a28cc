"""What an applicant types to a reviewer, and sends with it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.domain.questions import ANSWER_MOST


class FilesInput(forms.FileInput):
    """One choice of several files; what was chosen before cannot be shown again, browsers allow it to nobody."""

    allow_multiple_selected = True

    def value_from_datadict(self, data, files, name):
        return files.getlist(name)


class FilesField(forms.FileField):
    """Gives a list; what a file may be is the domain's to say."""

    widget = FilesInput

    def clean(self, data, initial=None):
        return [file for file in data or [] if file]


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("Your answer"),
        help_text=_("A reviewer reads it beside your application. It cannot be changed after it is sent."),
        error_messages={"required": _("Write your answer first.")},
        widget=forms.Textarea(attrs={"rows": 10, "data-count": "", "data-max": ANSWER_MOST}),
    )
    files = FilesField(
        label=_("Files"),
        help_text=_(
            "Up to 5 files: PDF, PNG or JPEG, at most 10 MB each and 100 MB for the whole application. "
            "Only you and the reviewers can open them."
        ),
        required=False,
        widget=FilesInput(attrs={"multiple": True, "accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    video_url = forms.CharField(
        label=_("Demo video"),
        help_text=_(
            "A link that opens without signing in, such as https://video.example/demo. We keep no videos."
        ),
        required=False,
        widget=forms.URLInput(),
    )
