"""What integrators reported to the gateway, until the payer has made flags of it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from enforcement.models.flag import Flag
from enforcement.models.integrator import Integrator


class FlagReport(models.Model):
    """One report, written by a gateway in one statement; `receipt` is what its sender was told."""

    PERSONAL_FIELDS = ("excerpt",)

    receipt = models.CharField(max_length=17, unique=True)
    integrator = models.ForeignKey(Integrator, on_delete=models.PROTECT, related_name="flag_reports")
    key_id = models.CharField(max_length=20, help_text=_("As authorize called it."))
    end_user = models.CharField(max_length=128, blank=True)
    category = models.CharField(max_length=60, blank=True)
    severity = models.PositiveSmallIntegerField(null=True)
    excerpt = models.CharField(max_length=500, blank=True, help_text=_("Until the flag keeps it."))
    idempotency = models.CharField(max_length=200)
    received_at = models.DateTimeField(db_default=Now())
    flag = models.OneToOneField(Flag, null=True, on_delete=models.PROTECT, related_name="report")
    problem = models.CharField(max_length=200, blank=True, help_text=_("Why no flag was made of it."))

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["id"], name="flag_report_owed", condition=Q(flag=None, problem=""))]
        constraints = [
            models.UniqueConstraint(fields=["integrator", "idempotency"], name="one_report_per_mark"),
            models.CheckConstraint(name="report_has_a_mark", condition=~Q(idempotency="")),
            models.CheckConstraint(
                name="report_became_a_flag_or_not", condition=Q(flag=None) | Q(problem="")
            ),
        ]

    def __str__(self) -> str:
        return self.receipt
