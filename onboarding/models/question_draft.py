"""The next question set, while policy editors write it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models.application import QuestionSet


class QuestionDraftQuerySet(models.QuerySet["QuestionDraft"]):
    def open(self) -> "QuestionDraftQuerySet":
        """Neither published nor thrown away."""
        return self.filter(closed_at=None)


class QuestionDraft(models.Model):
    """A question set being written; nobody applies under it before it is published."""

    based_on = models.ForeignKey(QuestionSet, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(help_text=_("YAML, as in the shipped file; kept as typed, right or wrong."))
    edits = models.PositiveIntegerField(
        default=0, help_text=_("Raised by each save: nobody overwrites unseen.")
    )
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    close_reason = models.CharField(max_length=500, blank=True)
    published_as = models.ForeignKey(
        QuestionSet,
        null=True,
        on_delete=models.PROTECT,
        related_name="drafts",
        help_text=_("Empty: thrown away."),
    )

    objects = QuestionDraftQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="question_draft_closed_at_by_reason",
                condition=Q(closed_at=None, closed_by=None, close_reason="", published_as=None)
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(close_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk} after {self.based_on.version}"
