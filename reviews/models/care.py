"""What keeps the work bearable: the site's rule, and each person's own settings, choices, minutes: theirs alone."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from reviews.models.case import Case
from reviews.states import Blur, Choice

MINUTES_MOST = 480  # a working day: no bound goes beyond it
KEPT_DAYS = 90  # minutes are kept no longer; the database refuses to forget them sooner


class CareRule(models.Model):
    """What holds for everybody who set nothing, and how far a person may depart from it; the latest row counts."""

    minutes = models.PositiveSmallIntegerField(default=60, help_text=_("A day and category of severity 2."))
    grave_minutes = models.PositiveSmallIntegerField(
        default=30, help_text=_("A day and category of severity 3.")
    )
    most_minutes = models.PositiveSmallIntegerField(
        default=120, help_text=_("Nobody may set more for themselves.")
    )
    cool_down = models.PositiveSmallIntegerField(
        default=15, help_text=_("Minutes between one severe case and the next.")
    )
    least_cool_down = models.PositiveSmallIntegerField(
        default=5, help_text=_("Nobody may set less for themselves.")
    )
    last_hour = models.PositiveSmallIntegerField(
        default=16,
        help_text=_("No severe case from this hour on, in the reviewer's own time zone; 24: at any hour."),
    )
    latest_hour = models.PositiveSmallIntegerField(
        default=19, help_text=_("Nobody may set a later one for themselves.")
    )
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = append_only()
        constraints = [
            models.CheckConstraint(
                name="care_rule_within_its_own_bounds",
                condition=Q(
                    most_minutes__lte=MINUTES_MOST,
                    minutes__lte=F("most_minutes"),
                    grave_minutes__lte=F("most_minutes"),
                    cool_down__gte=F("least_cool_down"),
                    cool_down__lte=MINUTES_MOST,
                    last_hour__lte=F("latest_hour"),
                    latest_hour__lte=24,
                )
                & ~Q(reason=""),
            )
        ]

    def __str__(self) -> str:
        return f"care rule {self.pk}"


class Care(models.Model):
    """One reviewer's own settings; where one is empty, the site's rule holds. Only the person reads or sets them."""

    reviewer = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="care")
    paused_at = models.DateTimeField(null=True, help_text=_("On a break since then: nothing is offered."))
    cool_down = models.PositiveSmallIntegerField(null=True)
    last_hour = models.PositiveSmallIntegerField(null=True)
    blur = models.CharField(max_length=6, choices=Blur.choices, default=Blur.LIGHT)
    grey = models.BooleanField(default=True)
    reroute_owed = models.BooleanField(
        default=False, help_text=_("Promise: cases they hold and are now kept from go back to the queue.")
    )

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["id"], name="care_reroute_owed", condition=Q(reroute_owed=True)),
        ]
        constraints = [
            models.CheckConstraint(name="blur_known", condition=Q(blur__in=Blur.values)),
            models.CheckConstraint(
                name="care_within_a_day",
                condition=(Q(cool_down=None) | Q(cool_down__lte=MINUTES_MOST))
                & (Q(last_hour=None) | Q(last_hour__lte=24)),
            ),
        ]

    def __str__(self) -> str:
        return f"care of {self.reviewer_id}"


class CategoryChoice(models.Model):
    """Whether one reviewer takes cases of a category, and for how many minutes a day. No row: what is usual."""

    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="category_choices"
    )
    category = models.SlugField(max_length=60)
    choice = models.CharField(max_length=3, choices=Choice.choices)
    minutes = models.PositiveSmallIntegerField(null=True, help_text=_("A day; empty: the site's."))

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["reviewer", "category"], name="one_choice_per_person_and_category"
            ),
            models.CheckConstraint(name="choice_known", condition=Q(choice__in=Choice.values)),
            models.CheckConstraint(
                name="own_minutes_within_a_day", condition=Q(minutes=None) | Q(minutes__lte=MINUTES_MOST)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_id}: {self.category} {self.choice}"


class ExposureQuerySet(models.QuerySet["Exposure"]):
    def running(self, at: datetime) -> "ExposureQuerySet":
        """Text that is open now."""
        return self.filter(ended_at=None, ends_by__gt=at)


class Exposure(models.Model):
    """The text of a severe case was open before one reviewer, from when until when. At most one at a time a person."""

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exposures")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="exposures")
    severe = models.JSONField(help_text=_("{category code: severity} as it was expected then."))
    opened_at = models.DateTimeField()
    ends_by = models.DateTimeField(help_text=_("Counted no further, and covered again from then on."))
    ended_at = models.DateTimeField(null=True)

    objects = ExposureQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = [
            pgtrigger.Protect(
                name="ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False)
                | pgtrigger.Q(old__opened_at__df=pgtrigger.F("new__opened_at"))
                | pgtrigger.Q(old__ends_by__df=pgtrigger.F("new__ends_by"))
                | pgtrigger.Q(old__severe__df=pgtrigger.F("new__severe"))
                | pgtrigger.Q(old__case__df=pgtrigger.F("new__case"))
                | pgtrigger.Q(old__reviewer__df=pgtrigger.F("new__reviewer")),
            ),
            pgtrigger.Trigger(
                name="kept_as_long_as_said",
                operation=pgtrigger.Delete,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(f"OLD.opened_at > now() - interval '{KEPT_DAYS} days'"),
                func=f"RAISE EXCEPTION '%: kept for {KEPT_DAYS} days', TG_TABLE_NAME;",
            ),
        ]
        indexes = [
            models.Index(fields=["reviewer", "opened_at"], name="exposure_by_person"),
            models.Index(fields=["opened_at"], name="exposure_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reviewer"], condition=Q(ended_at=None), name="one_open_text_per_person"
            ),
            models.CheckConstraint(
                name="exposure_ends_after_it_began",
                condition=Q(ends_by__gte=F("opened_at"))
                & (Q(ended_at=None) | Q(ended_at__gte=F("opened_at"), ended_at__lte=F("ends_by"))),
            ),
        ]

    def __str__(self) -> str:
        return f"text of case {self.case_id}"
