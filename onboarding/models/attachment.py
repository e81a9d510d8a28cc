"""Files that applicants send: what is known of each; the bytes lie in the storage under a random name."""

import secrets

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models.application import Application
from onboarding.states import FileKind


def new_token() -> str:
    """Return 144 random bits for an address; the file in the storage has another name."""
    return secrets.token_urlsafe(18)


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def kept(self) -> "AttachmentQuerySet":
        """Not erased."""
        return self.filter(erased_at=None)


class Attachment(models.Model):
    """One file of one application; its kind was decided by its content, never by its name."""

    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="attachments")
    kind = models.CharField(max_length=4, choices=FileKind.choices)
    name = models.CharField(
        max_length=120, blank=True, help_text=_("As shown: cleaned of all that could mislead.")
    )
    stored_as = models.CharField(max_length=120, blank=True, help_text=_("Its random name in the storage."))
    size = models.PositiveIntegerField(help_text=_("Bytes."))
    sha256 = models.CharField(max_length=64, blank=True)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    erased_at = models.DateTimeField(
        null=True, help_text=_("The file is gone; this row stays as its tombstone.")
    )

    PERSONAL_FIELDS = ("name",)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="content_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NEW.erased_at IS NULL AND (OLD.sha256, OLD.stored_as, OLD.kind, OLD.name)"
                    " IS DISTINCT FROM (NEW.sha256, NEW.stored_as, NEW.kind, NEW.name)"
                ),
            ),
        ]
        indexes = [models.Index(fields=["stored_as"], name="attachment_by_stored_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["stored_as"], condition=~Q(stored_as=""), name="one_attachment_per_stored_file"
            ),
            models.CheckConstraint(name="attachment_kind_known", condition=Q(kind__in=FileKind.values)),
            models.CheckConstraint(
                name="attachment_is_whole_or_erased",
                condition=Q(erased_at=None) & ~Q(sha256="") & ~Q(stored_as="") & ~Q(name="")
                | Q(erased_at__isnull=False, sha256="", stored_as="", name=""),
            ),
        ]

    def __str__(self) -> str:
        return f"attachment {self.pk} of {self.application_id}"
