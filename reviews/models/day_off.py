"""Days on which nobody reviews for a program, beside Saturdays and Sundays."""

from django.conf import settings
from django.db import models

from onboarding.models import Program


class DayOff(models.Model):
    """A public holiday, or a day on which the house is shut. The clocks of the program's cases stand still on it."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="days_off")
    on = models.DateField()
    name = models.CharField(max_length=80)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["program", "on"], name="one_day_off_per_date")]

    def __str__(self) -> str:
        return f"{self.name}, {self.on:%-d %B %Y}"
