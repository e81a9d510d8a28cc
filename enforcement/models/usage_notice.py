"""Notices that a share of a day's limit is used: once for each level and day; and which of them a holder wants."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models import Grant
from onboarding.states import Environment, LimitKind

LEVELS = (50, 80, 90, 100, 120)  # per cent, as 3scale's usage alerts
ALWAYS = 100


def every_level() -> list[int]:
    return list(LEVELS)


class UsageNotice(models.Model):
    """A level that was reached on a UTC day. The two `_owed` are promises of a letter: to owner and provider."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="usage_notices")
    environment = models.CharField(max_length=4, choices=Environment.choices)
    on = models.DateField()
    kind = models.CharField(max_length=8, choices=LimitKind.choices)
    level = models.PositiveSmallIntegerField(help_text=_("Per cent of the day's limit."))
    spent = models.PositiveBigIntegerField()
    most = models.PositiveBigIntegerField()
    noticed_at = models.DateTimeField()
    letter_owed = models.BooleanField(default=False)
    provider_owed = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="usage_notice_owed", condition=Q(letter_owed=True)),
            models.Index(fields=["id"], name="usage_notice_provider", condition=Q(provider_owed=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "environment", "on", "kind", "level"],
                name="one_usage_notice_a_day_and_level",
            ),
            models.CheckConstraint(name="usage_notice_level_known", condition=Q(level__in=LEVELS)),
            models.CheckConstraint(name="usage_notice_kind_known", condition=Q(kind__in=LimitKind.values)),
            models.CheckConstraint(
                name="usage_notice_environment_known", condition=Q(environment__in=Environment.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} % of a day's {self.kind}"


class UsageNoticeChoice(models.Model):
    """The levels a holder wants letters about; without a row all of them. The one at the limit always comes."""

    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, related_name="usage_notice_choice")
    levels = ArrayField(models.PositiveSmallIntegerField(), default=every_level)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="usage_notice_choice_known",
                condition=Q(levels__contains=[ALWAYS], levels__contained_by=list(LEVELS)),
            )
        ]

    def __str__(self) -> str:
        return ", ".join(f"{level} %" for level in self.levels)
