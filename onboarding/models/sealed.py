"""What an application keeps apart from its answers, encrypted."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models.application import Application


class SealedAnswer(models.Model):
    """A secret answer, such as a test login: for the reviewer of the case, until the decision is told."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="sealed")
    key = models.SlugField(max_length=60, help_text=_("The question's."))
    draft = models.BooleanField(
        default=False, help_text=_("Of changes that are not sent; what was sent keeps its own row.")
    )
    text = models.TextField(
        blank=True, help_text=_("Encrypted with the newest of FIELD_KEYS; empty once wiped.")
    )
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    wipe_owed = models.BooleanField(default=False, help_text=_("Promise: wiped by the sweep."))
    wiped_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("text",)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["id"], name="sealed_wipe_owed", condition=Q(wipe_owed=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "key", "draft"], name="one_sealed_answer_of_each_kind"
            ),
            models.CheckConstraint(
                name="sealed_text_until_wiped",
                condition=(Q(wiped_at=None) & ~Q(text=""))
                | Q(wiped_at__isnull=False, text="", wipe_owed=False),
            ),
        ]

    def __str__(self) -> str:
        return f"sealed answer to {self.key}"
