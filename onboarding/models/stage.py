"""Planned and taken changes of a program's stage."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from onboarding.models.program import Program
from onboarding.states import Stage


class StageChangeQuerySet(models.QuerySet["StageChange"]):
    def planned(self) -> "StageChangeQuerySet":
        """Neither taken nor cancelled, in the order in which they are to be taken."""
        return self.filter(taken_at=None, cancelled_at=None).order_by("from_at", "id")

    def untold(self) -> "StageChangeQuerySet":
        """Taken, and not everybody whom it touches was written to."""
        return self.filter(taken_at__isnull=False, told_at=None)


class StageChange(models.Model):
    """From when on a program is in another stage; who said so, and why. The reason is published and names nobody."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="stage_changes")
    to = models.CharField(max_length=20, choices=Stage.choices)
    from_at = models.DateTimeField()
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    taken_at = models.DateTimeField(
        null=True, help_text=_("Promise: a payer takes it when its time has come.")
    )
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    cancel_reason = models.CharField(max_length=500, blank=True)
    told_up_to = models.PositiveBigIntegerField(
        default=0, help_text=_("The last application whose owner was written to.")
    )
    told_at = models.DateTimeField(
        null=True, help_text=_("Promise: all whom it touches have a letter in the outbox.")
    )

    objects = StageChangeQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["program", "from_at", "id"]
        triggers = [
            pgtrigger.Protect(name="stage_change_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="stage_change_is_written_once",
                fields=["program", "to", "from_at", "set_at", "set_by", "reason"],
            ),
            pgtrigger.Protect(
                name="what_was_taken_stays_taken",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(
                    old__taken_at__isnull=False, old__taken_at__df=pgtrigger.F("new__taken_at")
                )
                | pgtrigger.Q(
                    old__cancelled_at__isnull=False, old__cancelled_at__df=pgtrigger.F("new__cancelled_at")
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["from_at"],
                name="stage_change_planned",
                condition=Q(taken_at=None, cancelled_at=None),
            ),
        ]
        constraints = [
            models.CheckConstraint(name="stage_change_to_known", condition=Q(to__in=Stage.values)),
            models.CheckConstraint(name="stage_change_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="stage_change_is_ahead", condition=Q(from_at__gte=F("set_at"))),
            models.CheckConstraint(
                name="stage_change_taken_in_its_time",
                condition=Q(taken_at=None) | Q(taken_at__gte=F("from_at")),
            ),
            models.CheckConstraint(
                name="stage_change_cancelled_at_by_reason",
                condition=Q(cancelled_at=None, cancelled_by=None, cancel_reason="")
                | (
                    Q(cancelled_at__isnull=False, cancelled_by__isnull=False, taken_at=None)
                    & ~Q(cancel_reason="")
                ),
            ),
            models.CheckConstraint(
                name="stage_change_told_once_taken",
                condition=Q(told_at=None) | Q(taken_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return _("%(program)s: %(stage)s from %(since)s") % {
            "program": self.program,
            "stage": self.get_to_display(),
            "since": date_format(self.from_at, _("d M Y")),
        }
