"""Where triage rules may approve by themselves."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from onboarding.models import Program
from reviews.models.per_program import PerProgramQuerySet

SAMPLE_LEAST = 5  # percent: what nobody looks at again is not automation under review


class AutomaticApproval(models.Model):
    """Whether triage rules approve by themselves in a program, and the share looked at again; the latest row counts."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="automatic_approvals")
    is_on = models.BooleanField()
    sample = models.PositiveSmallIntegerField(
        help_text=_("Percent of what rules approve that a person looks at again.")
    )
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    objects = PerProgramQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = append_only()
        constraints = [
            models.CheckConstraint(
                name="automatic_approval_says_why_and_is_looked_at",
                condition=~Q(reason="") & Q(sample__range=(SAMPLE_LEAST, 100)),
            )
        ]

    def __str__(self) -> str:
        return f"automatic approval in {self.program_id}: {'on' if self.is_on else 'off'}"
