"""What the gateways counted, kept: hours as they are copied, days as they are sealed. Figures of keys, no words."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from onboarding.models import Key

# The columns of a row of counts: the gateway's answers by code, then tokens. Anything else it counts is in `more`.
ALLOWED, LIMITED = "ok", "rate_limited"
REFUSED = ("suspended", "outside_scope", "terms_not_accepted", "revoked_key", "expired_key")
TOKENS = ("tokens_in", "tokens_out")
HOURS_A_DAY = 24
COLUMNS = (ALLOWED, LIMITED, *REFUSED, *TOKENS)


class Counts(models.Model):
    """The counts of one key in some stretch of time."""

    ok = models.PositiveBigIntegerField(default=0)
    rate_limited = models.PositiveBigIntegerField(default=0)
    suspended = models.PositiveBigIntegerField(default=0)
    outside_scope = models.PositiveBigIntegerField(default=0)
    terms_not_accepted = models.PositiveBigIntegerField(default=0)
    revoked_key = models.PositiveBigIntegerField(default=0)
    expired_key = models.PositiveBigIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    more = models.JSONField(default=dict, help_text=_("{name: count} of whatever else the gateway counted."))

    class Meta:
        abstract = True


class UsageHour(Counts):
    """One key in one hour, as far as it is copied.

    An epoch is one life of the counters in Redis: after a loss they begin again at 0 under another epoch, and what was
    copied before stays. What a key was answered in an hour is the sum over the epochs.
    """

    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="+", db_index=False)
    hour = models.PositiveIntegerField(help_text=_("Hours since 1970, UTC."))
    epoch = models.PositiveBigIntegerField()
    end_users = models.PositiveIntegerField(
        default=0, help_text=_("About how many different ones in this hour; of a day that is no sum.")
    )
    networks = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text=_("About how many it was used from in this hour (IPv4 /24, IPv6 /48)."),
    )

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["hour"], name="usage_by_hour")]
        constraints = [
            models.UniqueConstraint(fields=["key", "hour", "epoch"], name="one_usage_row_per_epoch")
        ]

    def __str__(self) -> str:
        return f"{self.key_id}, hour {self.hour}"


class UsageDay(Counts):
    """One key on one UTC day, for good. A later part holds what its day lacked: a day is the sum of its parts."""

    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="+", db_index=False)
    on = models.DateField()
    part = models.PositiveSmallIntegerField(default=1)

    class Meta:
        default_permissions = ()
        triggers = append_only()
        indexes = [models.Index(fields=["on", "part"], name="usage_by_day")]
        constraints = [models.UniqueConstraint(fields=["key", "on", "part"], name="one_usage_row_per_day")]

    def __str__(self) -> str:
        return f"{self.key_id}, {self.on}"


class UsageSeal(models.Model):
    """The digest of one part of a day. The ledger has it too, and the ledger's own seals chain it."""

    on = models.DateField()
    part = models.PositiveSmallIntegerField(default=1)
    rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["on", "part"], name="one_usage_seal_per_part")]

    def __str__(self) -> str:
        return f"usage of {self.on}, part {self.part}"


class UsageMark(models.Model):
    """How far the payers of usage are: one row."""

    copied_until_at = models.DateTimeField(
        null=True, help_text=_("By Redis' clock: whatever was counted before is copied.")
    )
    hours_from = models.PositiveIntegerField(default=0, help_text=_("The first hour whose rows are kept."))
    judged_hour = models.PositiveIntegerField(
        default=0, help_text=_("The last hour anomaly rules have seen.")
    )

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(name="one_usage_mark", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"copied until {self.copied_until_at}"
