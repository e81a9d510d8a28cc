"""Warnings that promises to applicants are about to break."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onboarding.models import Program


class PromiseWarning(models.Model):
    """Sent to a program's managers on one of its days: how many cases will be late within a working day."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    on = models.DateField(help_text=_("The day there."))
    cases = models.PositiveIntegerField()
    warned_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["program", "on"], name="one_promise_warning_a_day")]

    def __str__(self) -> str:
        return f"{self.program}, {self.on:%-d %B %Y}"
