"""Programs (a model in limited access), the models they offer, the tiers of limits."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import must_be_a_zone
from audit import moves
from onboarding.states import STAGE_TRANSITIONS, Environment, Stage


class ProgramQuerySet(models.QuerySet["Program"]):
    def public(self) -> "ProgramQuerySet":
        """What anybody may see listed."""
        return self.exclude(stage=Stage.CLOSED)

    def admitting(self) -> "ProgramQuerySet":
        """Programs whose weeks run."""
        return self.exclude(stage=Stage.CLOSED)


class Program(models.Model):
    """A model in limited access: what is applied for."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    summary = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.LIMITED)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[must_be_a_zone])
    week_starts_on = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(6)], help_text=_("0 is Monday.")
    )
    week_starts_hour = models.PositiveSmallIntegerField(default=9, validators=[MaxValueValidator(23)])
    week_starts_minute = models.PositiveSmallIntegerField(
        default=0, db_default=0, validators=[MaxValueValidator(59)]
    )
    invitation_days = models.PositiveSmallIntegerField(
        default=7, validators=[MinValueValidator(1)], help_text=_("Days an invitation stays open.")
    )
    unopened_key_days = models.PositiveSmallIntegerField(
        default=30, help_text=_("Days a key waits to be opened.")
    )
    grant_months = models.PositiveSmallIntegerField(default=12)
    recall_minutes = models.PositiveIntegerField(
        default=30, help_text=_("Between deciding and telling: time to take a decision back.")
    )
    refusal_recall_minutes = models.PositiveIntegerField(
        default=120, help_text=_("The same for a rejection, which is worse to have been told in error.")
    )
    blind_second = models.BooleanField(
        default=False, help_text=_("Who signs writes down their own view before they see the first one.")
    )
    newcomer_days = models.PositiveSmallIntegerField(
        default=30, help_text=_("For so long a new reviewer's decisions are signed by a second person.")
    )
    claim_minutes = models.PositiveSmallIntegerField(
        default=15, validators=[MinValueValidator(1)], help_text=_("How long a reviewer's claim holds.")
    )
    appeal_days = models.PositiveSmallIntegerField(
        default=183,
        validators=[MinValueValidator(1)],
        help_text=_(
            "Days in which an appeal may be filed, from the day the letter about the decision was sent."
        ),
    )
    production_review = models.BooleanField(default=False, help_text=_("A second gate after trial access."))
    api_base_url = models.URLField(
        blank=True, help_text=_("Where the model's API answers, as clients call it; the examples name it.")
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    pause_reason = models.CharField(max_length=500, blank=True)
    opened_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ProgramQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        triggers = moves.only(STAGE_TRANSITIONS, first=tuple(Stage.values), field="stage")
        constraints = [
            models.CheckConstraint(
                name="program_paused_at_by_reason",
                condition=Q(paused_at=None, paused_by=None, pause_reason="")
                | (Q(paused_at__isnull=False, paused_by__isnull=False) & ~Q(pause_reason="")),
            ),
            models.CheckConstraint(name="program_appeal_days_positive", condition=Q(appeal_days__gte=1)),
            models.CheckConstraint(name="program_stage_known", condition=Q(stage__in=Stage.values)),
            models.CheckConstraint(
                name="program_week_start_sane",
                condition=Q(week_starts_on__lte=6, week_starts_hour__lte=23, week_starts_minute__lte=59),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def accepts_applications(self) -> bool:
        return self.stage in (Stage.LIMITED, Stage.OPEN)

    def takes_from(self, pick: object | None) -> bool:
        """Return whether somebody may apply now who was asked by hand by this pick (its row or its number), or not."""
        return self.accepts_applications or (self.stage == Stage.INVITATION_ONLY and pick is not None)


class OfferedModel(models.Model):
    """A model behind the gate, by the name a caller sends to the gateway."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="models")
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["program", "code"]
        constraints = [models.UniqueConstraint(fields=["program", "code"], name="one_model_per_code")]

    def __str__(self) -> str:
        return self.code


class Tier(models.Model):
    """Named limits. `environment` says which keys carry them: test keys in trial, live keys after."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="tiers")
    name = models.CharField(max_length=40)
    environment = models.CharField(max_length=4, choices=Environment.choices)
    requests_per_minute = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    requests_per_day = models.PositiveIntegerField(validators=[MinValueValidator(1)])

    class Meta:
        default_permissions = ()
        ordering = ["program", "requests_per_day"]
        constraints = [
            models.UniqueConstraint(fields=["program", "name"], name="one_tier_per_name"),
            models.UniqueConstraint(fields=["program", "environment"], name="one_tier_per_environment"),
            models.CheckConstraint(
                name="tier_environment_known", condition=Q(environment__in=Environment.values)
            ),
            models.CheckConstraint(
                name="tier_limits_positive", condition=Q(requests_per_minute__gte=1, requests_per_day__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return _("%(name)s (%(minute)d/minute, %(day)d/day)") % {
            "name": self.name,
            "minute": self.requests_per_minute,
            "day": self.requests_per_day,
        }
