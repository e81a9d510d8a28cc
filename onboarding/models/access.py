"""Grants: the right to use."""

import base64
import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Owner
from audit import moves
from onboarding.models import counts
from onboarding.models.application import ALPHABET, Application, Revision
from onboarding.models.line import Seat
from onboarding.models.program import Program, Tier
from onboarding.states import GRANT_TRANSITIONS, LIVE_GRANT_STATES, Environment, GrantState
from policies.models import GuidelineVersion

TO_ALPHABET = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())


def new_key_id() -> str:
    """Return a key's public id: `k_` and 16 characters, 80 random bits. The first migration names it here."""
    return "k_" + base64.b32encode(secrets.token_bytes(10)).translate(TO_ALPHABET).decode().lower()


class GrantQuerySet(models.QuerySet["Grant"]):
    def owed_a_key(self) -> "GrantQuerySet":
        return self.filter(state=GrantState.ACTIVE, key_owed=True)

    def live(self) -> "GrantQuerySet":
        return self.filter(state__in=LIVE_GRANT_STATES)


class Grant(models.Model):
    """The right to use a program's models for one approved use, with its scope, conditions and limits."""

    PERSONAL_FIELDS = (
        "key_name",
        "conditions",
        "suspend_reason",
        "end_users_kept_out",
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="grants")
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="grants")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="grants")
    seat = models.OneToOneField(Seat, on_delete=models.PROTECT, related_name="grant")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="grants")
    state = models.CharField(max_length=10, choices=GrantState.choices, default=GrantState.ACTIVE)
    models_allowed = models.JSONField(help_text=_("Model codes; the gateway refuses any other."))
    conditions = models.JSONField(
        default=list, help_text=_("[{category, text, kind, …}] as decided, see `domain.bounds`.")
    )
    most_per_minute = models.PositiveIntegerField(
        null=True, help_text=_("Requests, where a condition asks for fewer than the tier.")
    )
    most_per_day = models.PositiveIntegerField(null=True, help_text=_("The same for a UTC day."))
    revision = models.ForeignKey(
        Revision,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The use that is approved now; `application` says how access began."),
    )
    latest_request = models.ForeignKey(
        Application,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The request whose approval changed it last: telling that twice changes nothing."),
    )
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    held_over_from = models.DateTimeField(
        null=True,
        help_text=_("When it would have ended, had a renewal that is under review not been sent in time."),
    )
    reminded = models.PositiveSmallIntegerField(
        default=0, help_text=_("How many of the reminders before its end are written.")
    )
    asked_version = models.ForeignKey(
        GuidelineVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The guidelines whose acknowledgement was asked for last."),
    )
    asked_at = models.DateTimeField(null=True, help_text=_("When it was asked for first."))
    asked_times = models.PositiveSmallIntegerField(default=0, help_text=_("How many letters asked for it."))
    acknowledged_version = models.ForeignKey(
        GuidelineVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_(
            "The newest that somebody acknowledged for the owner; it counts after they have left, too."
        ),
    )
    limited_since = models.DateTimeField(
        null=True, help_text=_("Trial limits since then: changed guidelines were not acknowledged in time.")
    )
    sanctioned_since = models.DateTimeField(
        null=True, help_text=_("Stopped by a sanction since then, whatever its state: see `domain.holds`.")
    )
    end_users_kept_out = models.JSONField(
        default=list,
        db_default=[],
        help_text=_("As the caller hashes them, in order; the gateways refuse them, see `domain.holds`."),
    )
    key_owed = models.BooleanField(
        default=False, help_text=_("Promise: Celery issues a key and takes this back.")
    )
    key_request = models.PositiveIntegerField(
        default=0, help_text=_("Which request for a key is owed or was last paid; 0 before the first.")
    )
    key_environment = models.CharField(
        max_length=4, choices=Environment.choices, blank=True, help_text=_("Of the key that is owed.")
    )
    key_name = models.CharField(max_length=60, blank=True, help_text=_("Of the key that is owed."))
    suspended_at = models.DateTimeField(null=True)
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    suspend_reason = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [*moves.only(GRANT_TRANSITIONS, first=(GrantState.ACTIVE,)), *counts.of_grants()]
        indexes = [
            models.Index(fields=["id"], name="grant_owed_a_key", condition=Q(state="active", key_owed=True)),
            models.Index(fields=["expires_at"], name="grant_live", condition=Q(state__in=LIVE_GRANT_STATES)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "owner"],
                condition=Q(state__in=LIVE_GRANT_STATES),
                name="one_live_grant_per_owner_and_program",
            ),
            models.CheckConstraint(
                name="grant_limits_positive",
                condition=(Q(most_per_minute=None) | Q(most_per_minute__gte=1))
                & (Q(most_per_day=None) | Q(most_per_day__gte=1)),
            ),
            models.CheckConstraint(name="grant_state_known", condition=Q(state__in=GrantState.values)),
            models.CheckConstraint(
                name="owed_key_has_environment_and_name",
                condition=Q(key_owed=False, key_environment="", key_name="")
                | (Q(key_owed=True, key_environment__in=Environment.values) & ~Q(key_name="")),
            ),
            models.CheckConstraint(
                name="grant_held_over_beyond_its_end",
                condition=Q(held_over_from=None) | Q(held_over_from__lte=F("expires_at")),
            ),
            models.CheckConstraint(
                name="grant_asked_when_and_for_what",
                condition=Q(asked_version=None, asked_at=None, asked_times=0)
                | Q(asked_version__isnull=False, asked_at__isnull=False, asked_times__gte=1),
            ),
            models.CheckConstraint(
                name="grant_suspended_at_by_reason",
                condition=(
                    Q(state=GrantState.SUSPENDED, suspended_at__isnull=False, suspended_by__isnull=False)
                    & ~Q(suspend_reason="")
                )
                | (
                    ~Q(state=GrantState.SUSPENDED)
                    & Q(suspended_at=None, suspended_by=None, suspend_reason="")
                ),
            ),
            models.CheckConstraint(
                name="grant_ended_at_when_ended",
                condition=Q(state__in=LIVE_GRANT_STATES, ended_at=None)
                | Q(state__in=[GrantState.REVOKED, GrantState.EXPIRED], ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner}: {self.program}"

    @property
    def live_key_owed(self) -> bool:
        return self.key_owed and self.key_environment == Environment.LIVE

    @property
    def has_live_key(self) -> bool:
        """Whether a live key was ever made for it, or is being made: one query, for a page of one grant."""
        return self.live_key_owed or self.keys.filter(environment=Environment.LIVE).exists()

    @property
    def is_in_production(self) -> bool:
        """Whether a production review was passed for it; a program without one asks for no evidence."""
        return self.program.production_review and self.tier.environment == Environment.LIVE
