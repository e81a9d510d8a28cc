"""Rules about unusual use, what they found, and their trials on past hours."""

from datetime import timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import moves
from enforcement.models.flag import Flag
from enforcement.states import (
    ANOMALY_TRANSITIONS,
    BACK_TEST_TRANSITIONS,
    AnomalyKind,
    AnomalyMode,
    BackTestState,
)
from onboarding.models import Grant, Key

A_DAY = timedelta(days=1)
REASON_MOST = 500  # characters
BACK_TEST_DAYS = (
    28  # at most: hours are kept for 35 days, and growth looks back another week of them at least
)


class AnomalyRule(models.Model):
    """One rule of a kind: from `threshold` on it finds something, in a sample of at least `minimum`.

    Numbers never change: another version takes the place, in shadow again.
    """

    kind = models.CharField(max_length=12, choices=AnomalyKind.choices)
    version = models.PositiveIntegerField(default=1)
    mode = models.CharField(max_length=6, choices=AnomalyMode.choices, default=AnomalyMode.SHADOW)
    threshold = models.FloatField()
    minimum = models.PositiveIntegerField(help_text=gettext_lazy("Smaller samples are not judged."))
    throttle_to = models.PositiveIntegerField(
        null=True,
        help_text=gettext_lazy("Requests a minute of each key for 24 hours, once on; empty: it only flags."),
    )
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(
        max_length=REASON_MOST, blank=True, help_text=gettext_lazy("Why it was set so last.")
    )

    class Meta:
        default_permissions = ()
        ordering = ["kind", "-version"]
        triggers = [
            *moves.only(ANOMALY_TRANSITIONS, first=(AnomalyMode.SHADOW, AnomalyMode.OFF), field="mode"),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="numbers_never_change",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("kind", "version", "threshold", "minimum", "throttle_to"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="anomaly_rules_are_counted"),
            models.UniqueConstraint(
                fields=["kind"], condition=~Q(mode="off"), name="one_anomaly_rule_of_a_kind_in_use"
            ),
            models.CheckConstraint(name="anomaly_kind_known", condition=Q(kind__in=AnomalyKind.values)),
            models.CheckConstraint(name="anomaly_mode_known", condition=Q(mode__in=AnomalyMode.values)),
            models.CheckConstraint(
                name="anomaly_rule_says_something",
                condition=Q(threshold__gt=0, minimum__gte=1) & (Q(throttle_to=None) | Q(throttle_to__gte=1)),
            ),
        ]

    def __str__(self) -> str:
        return _("%(kind)s, version %(version)s") % {"kind": self.get_kind_display(), "version": self.version}

    @property
    def code(self) -> str:
        return f"anomaly:{self.kind}"


class AnomalyFinding(models.Model):
    """What a rule found about one key on one UTC day, once, with the numbers. In shadow it has no flag."""

    rule = models.ForeignKey(AnomalyRule, on_delete=models.PROTECT, related_name="findings")
    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    hour = models.PositiveIntegerField(help_text=gettext_lazy("The hour it was found in, since 1970."))
    is_shadow = models.BooleanField()
    figures = models.JSONField()
    says = models.CharField(max_length=400)
    found_at = models.DateTimeField()
    flag = models.OneToOneField(Flag, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Update | pgtrigger.Delete)]
        indexes = [models.Index(fields=["rule", "-on"], name="anomaly_finding_by_rule")]
        constraints = [
            models.UniqueConstraint(fields=["rule", "key", "on"], name="one_finding_a_day"),
            models.CheckConstraint(
                name="shadow_flags_nothing",
                condition=Q(is_shadow=True, flag=None) | Q(is_shadow=False, flag__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.says


class BackTest(models.Model):
    """What a rule's kind would have found with these numbers on the last days: run by rq for whoever waits."""

    kind = models.CharField(max_length=12, choices=AnomalyKind.choices)
    threshold = models.FloatField()
    minimum = models.PositiveIntegerField()
    days = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=BackTestState.choices, default=BackTestState.WAITING)
    done = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Hours looked at."))
    total = models.PositiveIntegerField(default=0)
    hits = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Keys and days."))
    owners = models.PositiveIntegerField(default=0)
    confirmed = models.PositiveIntegerField(
        default=0, help_text=gettext_lazy("Hits with a flag that a person confirmed near that day.")
    )
    sample = models.JSONField(default=list, help_text=gettext_lazy("The first sentences."))
    problem = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = moves.only(BACK_TEST_TRANSITIONS, first=(BackTestState.WAITING,))
        constraints = [
            models.CheckConstraint(name="back_test_kind_known", condition=Q(kind__in=AnomalyKind.values)),
            models.CheckConstraint(name="back_test_state_known", condition=Q(state__in=BackTestState.values)),
            models.CheckConstraint(
                name="back_test_asks_something",
                condition=Q(threshold__gt=0, minimum__gte=1, days__range=(1, BACK_TEST_DAYS)),
            ),
            models.CheckConstraint(
                name="back_test_finished",
                condition=Q(state__in=["waiting", "running"], finished_at=None)
                | Q(state__in=["done", "failed"], finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"back-test {self.pk}"


class Throttle(models.Model):
    """A soft throttle of a grant after a finding: it lapses at `ends_at` unless a person confirmed it before."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="throttles")
    finding = models.OneToOneField(AnomalyFinding, on_delete=models.PROTECT, related_name="throttle")
    per_minute = models.PositiveIntegerField(help_text=gettext_lazy("Requests of each key."))
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)]
        indexes = [models.Index(fields=["ends_at"], name="throttle_running", condition=Q(ended_at=None))]
        constraints = [
            models.UniqueConstraint(
                fields=["grant"], condition=Q(ended_at=None), name="one_running_throttle_per_grant"
            ),
            models.CheckConstraint(
                name="throttle_lasts_a_day_at_most_unless_confirmed",
                condition=Q(ends_at__gt=F("began_at"))
                & (Q(confirmed_at__isnull=False) | Q(ends_at__lte=F("began_at") + models.Value(A_DAY))),
            ),
            models.CheckConstraint(
                name="throttle_confirmed_at_by",
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="throttle_ended_at_by",
                condition=Q(ended_at__isnull=False) | Q(ended_at=None, ended_by=None),
            ),
        ]

    def __str__(self) -> str:
        return f"throttle {self.pk}"
