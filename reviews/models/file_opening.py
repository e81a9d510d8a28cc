"""Which files of an application its reviewers opened."""

import pgtrigger
from django.conf import settings
from django.db import models

from onboarding.models import Attachment


class FileOpening(models.Model):
    """One reviewer opened one file, for the first time then. Only totals of it are shown, and never of one person."""

    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="openings")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        triggers = [pgtrigger.Protect(name="never_changes", operation=pgtrigger.Update)]
        indexes = [models.Index(fields=["opened_at"], name="file_opening_by_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["attachment", "reviewer"], name="one_opening_per_file_and_reviewer"
            )
        ]

    def __str__(self) -> str:
        return f"file {self.attachment_id} opened"
