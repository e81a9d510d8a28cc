"""Freeze rules, what was measured for them, and the freezes that followed. What they do: `domain.freezes`."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from onboarding.models.program import Program
from onboarding.states import GuardKind, GuardMode, Thaw

REASON_MOST = 500  # characters
WINDOW_MOST = 90  # days
WHERE_FROZEN = Q(ended_at=None)


class GuardRuleQuerySet(models.QuerySet["GuardRule"]):
    def in_force(self) -> "GuardRuleQuerySet":
        """The latest version of each program's rules, switched off ones among them; index `guard_rule_latest`."""
        return self.order_by("program_id", "guard", "-id").distinct("program_id", "guard")


class GuardRule(models.Model):
    """One version of a program's freeze rule; the latest one holds, and none is ever changed.

    From `threshold` on it stops admission; it is green again below `clear_below`. In between it stays what it was.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="guard_rules")
    guard = models.CharField(max_length=12, choices=GuardKind.choices)
    mode = models.CharField(max_length=6, choices=GuardMode.choices)
    threshold = models.FloatField()
    clear_below = models.FloatField()
    window_days = models.PositiveSmallIntegerField(help_text=_("What happened in so many days counts."))
    minimum_sample = models.PositiveIntegerField(help_text=_("With less it neither stops nor goes on."))
    thaw = models.CharField(max_length=6, choices=Thaw.choices, default=Thaw.PERSON)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=REASON_MOST)

    objects = GuardRuleQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = append_only()
        indexes = [models.Index(fields=["program", "guard", "-id"], name="guard_rule_latest")]
        constraints = [
            models.CheckConstraint(name="guard_rule_kind_known", condition=Q(guard__in=GuardKind.values)),
            models.CheckConstraint(name="guard_rule_mode_known", condition=Q(mode__in=GuardMode.values)),
            models.CheckConstraint(name="guard_rule_thaw_known", condition=Q(thaw__in=Thaw.values)),
            models.CheckConstraint(name="guard_rule_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="guard_rule_leaves_a_band",
                condition=Q(clear_below__gt=0, threshold__gt=F("clear_below")),
            ),
            models.CheckConstraint(
                name="guard_rule_looks_at_something",
                condition=Q(window_days__range=(1, WINDOW_MOST), minimum_sample__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_guard_display()} ({self.mode})"


class GuardReading(models.Model):
    """What was measured for a rule at a moment, over its window; kept for `guards.KEPT`."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    guard = models.CharField(max_length=12, choices=GuardKind.choices)
    window_days = models.PositiveSmallIntegerField()
    value = models.FloatField(help_text=_("A rate; of what: `guards.UNITS`."))
    sample = models.PositiveIntegerField(help_text=_("How many it was counted over."))
    read_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["read_at"], name="guard_reading_by_age")]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "guard", "window_days", "read_at"], name="one_guard_reading_a_moment"
            ),
            models.CheckConstraint(name="guard_reading_kind_known", condition=Q(guard__in=GuardKind.values)),
            models.CheckConstraint(name="guard_reading_is_a_rate", condition=Q(value__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.guard}: {self.value:g} of {self.sample}"


class GuardWatch(models.Model):
    """Since when a program's rules are looked at without a gap: silence before that is nobody's fault."""

    program = models.OneToOneField(Program, on_delete=models.PROTECT, related_name="+")
    since_at = models.DateTimeField()
    looked_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="guard_watch_in_order", condition=Q(looked_at__gte=F("since_at")))
        ]

    def __str__(self) -> str:
        return f"watched since {self.since_at}"


class FreezeQuerySet(models.QuerySet["Freeze"]):
    def open(self) -> "FreezeQuerySet":
        return self.filter(WHERE_FROZEN)


class Freeze(models.Model):
    """Admission stopped by a rule, apart from the manager's pause. Without figures: no reading had come in time.

    Whoever lifts it takes the figure as it is then (`ended_value`); the rule stops admission again once it was green
    meanwhile (`rearmed_at`), or once the figure is clearly worse.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="freezes")
    guard = models.CharField(max_length=12, choices=GuardKind.choices)
    rule = models.ForeignKey(GuardRule, on_delete=models.PROTECT, related_name="freezes")
    value = models.FloatField(null=True)
    sample = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=REASON_MOST, help_text=_("Made of the figures, for the staff."))
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_reason = models.CharField(max_length=REASON_MOST, blank=True)
    ended_value = models.FloatField(null=True, help_text=_("The figure when it ended; empty: none had come."))
    rearmed_at = models.DateTimeField(null=True, help_text=_("When the rule may stop admission again."))

    objects = FreezeQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="why_it_began_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "program", "guard", "rule", "value", "sample", "reason", "began_at"
                ),
            ),
            pgtrigger.Protect(
                name="it_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False)
                & (
                    pgtrigger.Q(old__ended_at__df=pgtrigger.F("new__ended_at"))
                    | pgtrigger.Q(old__ended_by__df=pgtrigger.F("new__ended_by"))
                    | pgtrigger.Q(old__ended_reason__df=pgtrigger.F("new__ended_reason"))
                    | pgtrigger.Q(old__ended_value__df=pgtrigger.F("new__ended_value"))
                    | pgtrigger.Q(old__rearmed_at__isnull=False)
                    & pgtrigger.Q(old__rearmed_at__df=pgtrigger.F("new__rearmed_at"))
                ),
            ),
        ]
        indexes = [models.Index(fields=["program", "guard", "-id"], name="freeze_latest")]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "guard"], condition=WHERE_FROZEN, name="one_open_freeze_per_guard"
            ),
            models.CheckConstraint(name="freeze_kind_known", condition=Q(guard__in=GuardKind.values)),
            models.CheckConstraint(name="freeze_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="freeze_has_both_figures_or_none",
                condition=Q(value=None, sample=None) | Q(value__isnull=False, sample__isnull=False),
            ),
            models.CheckConstraint(
                name="freeze_ended_at_by_reason",
                condition=Q(ended_at=None, ended_by=None, ended_reason="", ended_value=None, rearmed_at=None)
                | (Q(ended_at__gte=F("began_at")) & ~Q(ended_reason="")),
            ),
            models.CheckConstraint(
                name="freeze_ended_by_its_rule_is_green",
                condition=Q(ended_at=None)
                | Q(ended_by__isnull=False)
                | Q(ended_value__isnull=False, rearmed_at=F("ended_at")),
            ),
            models.CheckConstraint(
                name="freeze_rearmed_after_it_ended",
                condition=Q(rearmed_at=None) | Q(rearmed_at__gte=F("ended_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"freeze {self.pk}: {self.guard}"

    @property
    def is_silent(self) -> bool:
        """Return whether it began because no reading had come."""
        return self.value is None
