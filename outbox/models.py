"""Letters owed and sent. Written by `outbox.letters`; no other module sends mail."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class LetterQuerySet(models.QuerySet["Letter"]):
    def owed(self, at: datetime) -> "LetterQuerySet":
        """Due, not sent, not recalled, not given up."""
        return self.filter(due_at__lte=at, sent_at=None, recalled_at=None, given_up_at=None)


class Letter(models.Model):
    """One letter to one address, rendered once; what is sent is exactly what stands here."""

    kind = models.CharField(max_length=60, help_text=_("<app>/<letter>, the folder of its three templates."))
    recipient = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    about_type = models.CharField(max_length=60, blank=True)
    about_id = models.CharField(max_length=40, blank=True)
    once = models.CharField(
        max_length=120,
        null=True,
        unique=True,
        help_text=_("A letter with the same mark is never written twice."),
    )
    passing = models.BooleanField(
        default=False, help_text=_("Holds a one-time link or code: its text is blanked once it is sent.")
    )
    unsubscribe_url = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",  # letters that are all alike are written by a statement of their own
        help_text=_("Where a mail program ends such letters with one click (RFC 8058)."),
    )
    written_at = models.DateTimeField(db_default=Now(), editable=False)
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    recalled_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("recipient", "subject", "text", "html", "problem", "unsubscribe_url")

    objects = LetterQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["due_at"],
                name="letter_owed",
                condition=Q(sent_at=None, recalled_at=None, given_up_at=None),
            ),
            models.Index(fields=["about_type", "about_id"], name="letter_about"),
            models.Index(fields=["recipient"], name="letter_recipient"),
        ]
        constraints = [
            models.CheckConstraint(
                name="letter_sent_or_recalled_never_both",
                condition=Q(sent_at=None) | Q(recalled_at=None),
            ),
        ]

    def __str__(self) -> str:
        return _("%(kind)s to %(recipient)s") % {"kind": self.kind, "recipient": self.recipient}
