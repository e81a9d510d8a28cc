"""Leaked secrets that scanners report, and what is done about one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from enforcement.states import LeakAct
from onboarding.models import Secret


class LeakRule(models.Model):
    """What happens to a leaked secret's key; the newest row is in force, none means the secret alone ends."""

    act = models.CharField(max_length=10, choices=LeakAct.choices)
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        triggers = append_only()
        constraints = [
            models.CheckConstraint(name="leak_act_known", condition=Q(act__in=LeakAct.values)),
            models.CheckConstraint(name="leak_rule_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.get_act_display()


class LeakReportQuerySet(models.QuerySet["LeakReport"]):
    def owed(self) -> "LeakReportQuerySet":
        return self.filter(handled_at=None).order_by("id")


class LeakReport(models.Model):
    """One of our secrets was reported at one place. The secret itself is never kept: its keyed hash found the row."""

    secret = models.ForeignKey(Secret, on_delete=models.PROTECT, related_name="leaks")
    reporter = models.CharField(
        max_length=80, help_text=_("The name of the public key that verified the report.")
    )
    place = models.CharField(max_length=500, blank=True, help_text=_("Where it was found, as reported."))
    kind = models.CharField(max_length=40, blank=True, help_text=_("What sort of place: content, commit, …"))
    place_digest = models.CharField(
        max_length=64, help_text=_("SHA-256 of the place, to know a report again.")
    )
    reported_at = models.DateTimeField()
    handled_at = models.DateTimeField(
        null=True, help_text=_("When it was dealt with; until then it is owed.")
    )
    did = models.CharField(max_length=10, choices=LeakAct.choices, blank=True)

    PERSONAL_FIELDS = ("place",)

    objects = LeakReportQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], name="leak_owed", condition=Q(handled_at=None))]
        constraints = [
            models.UniqueConstraint(fields=["secret", "place_digest"], name="one_leak_report_per_place"),
            models.CheckConstraint(
                name="leak_did_something_once_handled", condition=Q(did="") | Q(handled_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"leak of {self.secret}"
