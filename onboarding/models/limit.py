"""Limits beside a tier's requests: rows with history. Which of them hold for a key: `onboarding.projection`."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.languages import grouped
from onboarding.models.access import Grant
from onboarding.models.key import Key
from onboarding.models.program import Program
from onboarding.states import Environment, LimitKind, LimitLevel, LimitPer, LimitSource

MOST_A_MINUTE = (
    150_000_000  # the formula counts in whole numbers below 2^53, see enforcement/gateway/limits.py
)
MOST_A_DAY = 1_000_000_000_000


class LimitQuerySet(models.QuerySet["Limit"]):
    def in_force(self) -> "LimitQuerySet":
        return self.filter(ended_at=None)

    def set_by_owners(self) -> "LimitQuerySet":
        """Those in force that owners hold their own keys to."""
        return self.in_force().filter(source=LimitSource.OWNER)


class Limit(models.Model):
    """At most so many requests or tokens a minute or a day, for each of its level. The least of several counts.

    Without `key` and `grant` it holds for every key, owner or end user of the program; with one, for that one.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="limits")
    level = models.CharField(max_length=8, choices=LimitLevel.choices)
    environment = models.CharField(
        max_length=4, choices=Environment.choices, blank=True, help_text=_("Whose keys; empty: of both.")
    )
    kind = models.CharField(max_length=8, choices=LimitKind.choices)
    per = models.CharField(max_length=6, choices=LimitPer.choices)
    most = models.PositiveBigIntegerField()
    key = models.ForeignKey(Key, null=True, on_delete=models.PROTECT, related_name="limits")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="limits")
    source = models.CharField(max_length=8, choices=LimitSource.choices, default=LimitSource.STAFF)
    is_shadow = models.BooleanField(
        default=False, help_text=_("Counted, and what it would have refused; it refuses nothing.")
    )
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = LimitQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="limits_stay", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="only_the_end_of_a_limit_changes",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(
                    """(OLD.ended_at IS NOT NULL OR ROW(OLD.program_id, OLD.level, OLD.environment, OLD.kind, OLD.per,
                        OLD.most, OLD.key_id, OLD.grant_id, OLD.source, OLD.is_shadow, OLD.set_at, OLD.set_by_id)
                    IS DISTINCT FROM ROW(NEW.program_id, NEW.level, NEW.environment, NEW.kind, NEW.per, NEW.most,
                        NEW.key_id, NEW.grant_id, NEW.source, NEW.is_shadow, NEW.set_at, NEW.set_by_id))"""
                ),
                func="""RAISE EXCEPTION '%: a limit is ended and another one set', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation';""",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "program",
                    "level",
                    "environment",
                    "kind",
                    "per",
                    "key",
                    "grant",
                    "source",
                    "is_shadow",
                ],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="one_limit_of_a_sort_in_force",
            ),
            models.CheckConstraint(name="limit_level_known", condition=Q(level__in=LimitLevel.values)),
            models.CheckConstraint(name="limit_kind_known", condition=Q(kind__in=LimitKind.values)),
            models.CheckConstraint(name="limit_per_known", condition=Q(per__in=LimitPer.values)),
            models.CheckConstraint(name="limit_source_known", condition=Q(source__in=LimitSource.values)),
            models.CheckConstraint(
                name="limit_environment_known", condition=Q(environment__in=["", *Environment.values])
            ),
            models.CheckConstraint(
                name="limit_counts_exactly",
                condition=Q(per=LimitPer.MINUTE, most__range=(1, MOST_A_MINUTE))
                | Q(per=LimitPer.DAY, most__range=(1, MOST_A_DAY)),
            ),
            models.CheckConstraint(
                name="limit_of_one_fits_its_level",
                condition=(Q(key=None) | Q(level=LimitLevel.KEY, grant=None))
                & (Q(grant=None) | Q(level__in=[LimitLevel.KEY, LimitLevel.OWNER, LimitLevel.END_USER]))
                & (~Q(level=LimitLevel.PROGRAM) | Q(environment="")),
            ),
            models.CheckConstraint(
                name="end_users_are_limited_in_requests_a_minute",
                condition=~Q(level=LimitLevel.END_USER) | Q(kind=LimitKind.REQUESTS, per=LimitPer.MINUTE),
            ),
            models.CheckConstraint(
                name="owners_limit_a_key_of_theirs",
                condition=~Q(source=LimitSource.OWNER) | Q(key__isnull=False, is_shadow=False),
            ),
            models.CheckConstraint(
                name="limit_ended_at_by",
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__gte=F("set_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{grouped(self.most)} {self.get_kind_display()} {self.get_per_display()}, {self.get_level_display()}"
