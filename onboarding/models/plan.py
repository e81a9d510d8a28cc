"""The rate plan: how a program's weeks are made from its rate. Rows are only added; the last one set is in force."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from onboarding.models.program import Program
from onboarding.states import Carry, ShareKind, Spread, Unfilled

NO_RAMP = 100  # percent: the rate stays what it is
MOST_RAMP = 1000  # percent: tenfold at one step is a typing slip
MOST_RAMP_WEEKS = 52
AMONG_MOST = 200  # characters of what a share names


class RatePlan(models.Model):
    """How weeks that open from now on are made: ramp, carry-over, spread, shares; who said so, and why."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="plans")
    ramp_percent = models.PositiveSmallIntegerField(
        default=NO_RAMP,
        help_text=_("What the rate becomes at each step of the ramp, in percent; 100: no ramp."),
    )
    ramp_weeks = models.PositiveSmallIntegerField(default=1, help_text=_("Weeks between two steps."))
    ramp_most = models.PositiveIntegerField(
        null=True, help_text=_("The ramp ends here; empty without a ramp.")
    )
    carry = models.CharField(max_length=10, choices=Carry.choices, default=Carry.NONE)
    carry_most = models.PositiveIntegerField(null=True, help_text=_("At most so many, where capped."))
    spread = models.CharField(max_length=12, choices=Spread.choices, default=Spread.AT_ONCE)
    unfilled = models.CharField(max_length=10, choices=Unfilled.choices, default=Unfilled.OTHERS)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)

    class Meta:
        default_permissions = ()
        ordering = ["program", "id"]
        triggers = append_only()
        constraints = [
            models.CheckConstraint(name="plan_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="plan_carry_known", condition=Q(carry__in=Carry.values)),
            models.CheckConstraint(name="plan_spread_known", condition=Q(spread__in=Spread.values)),
            models.CheckConstraint(name="plan_unfilled_known", condition=Q(unfilled__in=Unfilled.values)),
            models.CheckConstraint(
                name="plan_ramp_has_an_end",
                condition=Q(ramp_percent=NO_RAMP, ramp_most=None)
                | Q(ramp_percent__gt=NO_RAMP, ramp_percent__lte=MOST_RAMP, ramp_most__isnull=False),
            ),
            models.CheckConstraint(
                name="plan_ramp_weeks_sane", condition=Q(ramp_weeks__range=(1, MOST_RAMP_WEEKS))
            ),
            models.CheckConstraint(
                name="plan_carry_most_when_capped",
                condition=Q(carry=Carry.CAPPED, carry_most__isnull=False)
                | (~Q(carry=Carry.CAPPED) & Q(carry_most=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"plan of {self.program} set on {self.set_at:%d %b %Y}"


class PlanShare(models.Model):
    """A part of every week that is for one cohort first. `place` is the order in which shares are looked at."""

    plan = models.ForeignKey(RatePlan, on_delete=models.PROTECT, related_name="shares")
    place = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=14, choices=ShareKind.choices)
    among = models.CharField(
        max_length=AMONG_MOST,
        blank=True,
        help_text=_("Which of that kind, with commas between; empty for hand-picked."),
    )
    percent = models.PositiveSmallIntegerField(help_text=_("Of the week's limit."))

    class Meta:
        default_permissions = ()
        ordering = ["plan", "place"]
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["plan", "place"], name="one_share_per_place"),
            models.CheckConstraint(name="share_kind_known", condition=Q(kind__in=ShareKind.values)),
            models.CheckConstraint(name="share_percent_sane", condition=Q(percent__range=(1, 100))),
            models.CheckConstraint(
                name="share_names_its_cohort",
                condition=Q(kind=ShareKind.HAND_PICKED, among="")
                | (~Q(kind=ShareKind.HAND_PICKED) & ~Q(among="")),
            ),
        ]

    def __str__(self) -> str:
        return (
            _("%(percent)d %% for %(kind)s %(among)s")
            % {
                "percent": self.percent,
                "kind": self.get_kind_display().lower(),
                "among": self.among,
            }
        ).strip()


class WeekShare(models.Model):
    """What a share is in one week: copied when the week opens, so that a later plan never changes it."""

    week = models.ForeignKey("onboarding.Week", on_delete=models.PROTECT, related_name="shares")
    share = models.ForeignKey(PlanShare, on_delete=models.PROTECT, related_name="+")
    limit = models.PositiveIntegerField()
    admitted = models.PositiveIntegerField(default=0, help_text=_("Seats of this share that were given."))

    class Meta:
        default_permissions = ()
        ordering = ["week", "share__place"]
        constraints = [
            models.UniqueConstraint(fields=["week", "share"], name="one_week_share_per_share"),
            models.CheckConstraint(name="share_never_over_limit", condition=Q(admitted__lte=F("limit"))),
        ]

    def __str__(self) -> str:
        return f"{self.limit} seats of week {self.week_id} for share {self.share_id}"
