"""The queue, the line or its weeks as a CSV file, for the member of staff who asked for it."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from reviews.states import QUEUE_EXPORT_TRANSITIONS, Exported, QueueExportState


def new_name() -> str:
    """Return where the file of an export lies: one place for each, however often its job is delivered."""
    return f"exports/{secrets.token_urlsafe(18)}.csv"


class QueueExport(models.Model):
    """One CSV: written by rq, watched and read by who asked, dropped some days later."""

    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    what = models.CharField(
        max_length=10, choices=Exported.choices, default=Exported.QUEUE, db_default=Exported.QUEUE
    )
    query = models.CharField(
        max_length=500,
        blank=True,
        help_text=_("The page's filters, as in its address; of a line its program."),
    )
    state = models.CharField(
        max_length=10, choices=QueueExportState.choices, default=QueueExportState.WAITING
    )
    total = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    stored_as = models.CharField(max_length=120, default=new_name, editable=False)
    sha256 = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = moves.only(QUEUE_EXPORT_TRANSITIONS, first=(QueueExportState.WAITING,))
        indexes = [
            models.Index(
                fields=["asked_at"], name="queue_export_kept", condition=~Q(state=QueueExportState.DROPPED)
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="queue_export_state_known", condition=Q(state__in=QueueExportState.values)
            ),
            models.CheckConstraint(name="queue_export_what_known", condition=Q(what__in=Exported.values)),
            models.CheckConstraint(
                name="queue_export_done_with_its_digest",
                condition=~Q(state=QueueExportState.DONE) | ~Q(sha256="") & Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.pk} of {self.get_what_display().lower()}"
