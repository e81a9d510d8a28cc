"""Who accepted which text."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit.models import append_only


class Acceptance(models.Model):
    """Who accepted which text, and when: never changed, only added to."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acceptances")
    document = models.CharField(
        max_length=80, help_text=_("guidelines, weaknesses:<program>, declaration:<question>")
    )
    version = models.CharField(max_length=20)
    text_hash = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        default_permissions = ()
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "document", "version", "text_hash"], name="one_acceptance_per_text"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} accepted {self.document} {self.version}"
