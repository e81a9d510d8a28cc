"""How often the forecast was right: one row for each past week in which dates were told."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from onboarding.models.line import Week


class BackTest(models.Model):
    """The dates as they were told when a week began, those of them that are over, and what came true."""

    week = models.OneToOneField(Week, on_delete=models.PROTECT, related_name="back_test")
    judged = models.PositiveIntegerField(
        help_text=_("Places whose last date is over; whoever left the line is not one.")
    )
    inside = models.PositiveIntegerField(help_text=_("Invited between the two dates."))
    early = models.PositiveIntegerField(help_text=_("Invited before the first one."))
    late = models.PositiveIntegerField(help_text=_("Invited after the last one, or not yet."))
    checked_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="back_test_adds_up", condition=Q(judged=F("inside") + F("early") + F("late"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.inside} of {self.judged} dates told in {self.week} held"
