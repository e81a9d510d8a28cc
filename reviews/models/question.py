"""What was asked of an applicant: an ask with its time, made of one or more questions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models import Attachment
from reviews.models.decision import Decision
from reviews.states import CaseState


class InformationRequestQuerySet(models.QuerySet["InformationRequest"]):
    def open(self) -> "InformationRequestQuerySet":
        """Told, and the applicant has neither answered nor let the time pass."""
        waiting = self.filter(decision__case__state=CaseState.AWAITING_APPLICANT)
        return waiting.exclude(decision__told_at=None).filter(answered_at=None, overdue_at=None)

    def unanswered_of(self, case: object) -> "InformationRequestQuerySet":
        """The time to answer passed, and no answer has come since."""
        return self.filter(decision__case=case, answered_at=None, overdue_at__isnull=False)


class InformationRequest(models.Model):
    """What was asked, by when, and the answer: no decision while one is open.

    After `due_at` the case goes back to the reviewers (`overdue_at`); the answer may still come until they decide.
    """

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="request")
    question = models.TextField(
        max_length=2000, help_text=_("All of it as the applicant reads it, made of its `questions`.")
    )
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text=_("30 days after asking."))
    answer = models.TextField(max_length=5000, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    video_url = models.CharField(max_length=500, blank=True, help_text=_("A demo video, as a link only."))
    attachments = models.ManyToManyField(Attachment, related_name="answers")
    reminded_at = models.DateTimeField(null=True, help_text=_("Once a week before `due_at`."))
    reminded_last_at = models.DateTimeField(null=True, help_text=_("Once on the day of `due_at`."))
    overdue_at = models.DateTimeField(null=True, help_text=_("When the case went back without an answer."))

    PERSONAL_FIELDS = ("question", "answer", "video_url")

    objects = InformationRequestQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["due_at"], name="question_open", condition=Q(answered_at=None, overdue_at=None)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="information_answered_at_by",
                condition=Q(answered_at=None, answered_by=None, answer="", video_url="")
                | Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer=""),
            )
        ]

    def __str__(self) -> str:
        return f"question on {self.decision_id}"


class Question(models.Model):
    """One question of an ask; `about` is the form's question that it is about, where it is about one."""

    request = models.ForeignKey(InformationRequest, on_delete=models.PROTECT, related_name="questions")
    position = models.PositiveSmallIntegerField(help_text=_("From 1."))
    question = models.TextField(max_length=2000)
    about = models.CharField(max_length=60, blank=True, help_text=_("Key of a question of the form."))

    PERSONAL_FIELDS = ("question",)

    class Meta:
        default_permissions = ()
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["request", "position"], name="one_question_per_place"),
        ]

    def __str__(self) -> str:
        return f"question {self.position} of {self.request_id}"
