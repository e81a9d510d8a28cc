"""What reviewers write beside their decisions: notes for each other, and what is not sent yet."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models import Revision
from reviews.models.case import Case


class Note(models.Model):
    """A note on a case for colleagues. The applicant never reads it; it is kept, and blanked when they are erased."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    written_at = models.DateTimeField()

    PERSONAL_FIELDS = ("text",)

    class Meta:
        default_permissions = ()
        ordering = ["case", "pk"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="author_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__author__df=pgtrigger.F("new__author"))
                | pgtrigger.Q(old__case__df=pgtrigger.F("new__case"))
                | pgtrigger.Q(old__written_at__df=pgtrigger.F("new__written_at")),
            ),
        ]
        constraints = [models.CheckConstraint(name="note_says_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return f"note on case {self.case_id}"


class Unsent(models.Model):
    """What one reviewer has typed about one revision and not sent: theirs alone, kept while the case is not over."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="unsent")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    typed = models.JSONField(help_text=_("{name of a field: [values]} as the page sent it."))
    saved_at = models.DateTimeField()

    PERSONAL_FIELDS = ("typed",)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["saved_at"], name="unsent_by_age")]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "revision", "reviewer"], name="one_unsent_work_per_revision_and_reviewer"
            )
        ]

    def __str__(self) -> str:
        return f"unsent work of {self.reviewer_id} on case {self.case_id}"
