"""Imports of an existing waiting list, as staff see them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from onboarding.models.program import Program


class ImportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


IMPORT_TRANSITIONS: dict[str, set[str]] = {
    ImportState.WAITING: {ImportState.RUNNING},
    ImportState.RUNNING: {ImportState.DONE, ImportState.FAILED},
    ImportState.FAILED: {
        ImportState.WAITING
    },  # somebody asks for it again; what was imported is skipped then
    ImportState.DONE: set(),
}


class ImportJob(models.Model):
    """One uploaded file; run by rq, watched by the person who uploaded it."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="imports")
    file = models.FileField(upload_to="imports/")
    file_name = models.CharField(max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Who may later accept; empty: every row is reviewable and never admitted."),
    )
    mapping = models.JSONField(default=dict, help_text=_("Field -> question key."))
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    bytes_total = models.PositiveBigIntegerField(default=0)
    bytes_read = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    imported = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(
        default=0, help_text=_("Rows that could not be imported; all of them.")
    )
    short = models.PositiveIntegerField(
        default=0, help_text=_("Imported rows with a text shorter than the form asks for.")
    )
    errors = models.JSONField(default=list, help_text=_("[{line, problem}], the first 10,000."))
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = moves.only(IMPORT_TRANSITIONS, first=(ImportState.WAITING,))
        constraints = [
            models.CheckConstraint(name="import_state_known", condition=Q(state__in=ImportState.values)),
        ]

    def __str__(self) -> str:
        return _("import of %(file)s") % {"file": self.file_name}
