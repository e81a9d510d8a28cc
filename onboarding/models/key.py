"""Keys (what proves a grant) and their secrets (what is shown once)."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from onboarding.models import counts
from onboarding.models.access import Grant, new_key_id
from onboarding.projection import LOOK_AGAIN
from onboarding.states import KEY_TRANSITIONS, LIVE_KEY_STATES, Environment, KeyState


class KeyQuerySet(models.QuerySet["Key"]):
    def live(self) -> "KeyQuerySet":
        return self.filter(state__in=LIVE_KEY_STATES)

    def projection_owed(self) -> "KeyQuerySet":
        return self.filter(projection_owed=True)


class Key(models.Model):
    """A key: a stable public id, whatever its secret is at the moment."""

    PERSONAL_FIELDS = ("name",)  # what its owner calls it

    key_id = models.CharField(max_length=20, unique=True, default=new_key_id, editable=False)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="keys")
    request = models.PositiveIntegerField(help_text=_("The grant's request this key answers."))
    name = models.CharField(max_length=60)
    environment = models.CharField(max_length=4, choices=Environment.choices)
    state = models.CharField(max_length=10, choices=KeyState.choices, default=KeyState.ISSUED)
    issued_at = models.DateTimeField()
    open_by = models.DateTimeField(help_text=_("An unopened key expires then."))
    opened_at = models.DateTimeField(null=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    suspended_at = models.DateTimeField(null=True, help_text=_("By its owner; what staff stop is the grant."))
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    sanctioned_since = models.DateTimeField(
        null=True,
        help_text=_("Stopped by a sanction since then, whatever its owner does: see `domain.holds`."),
    )
    expires_at = models.DateTimeField()
    noticed_days = models.PositiveSmallIntegerField(
        null=True, help_text=_("The notice of its end written last: 30, 7 or 1 days before.")
    )
    last_used_at = models.DateTimeField(
        null=True, help_text=_("To the minute, copied from the gateways' counters; it only moves forward.")
    )
    ended_at = models.DateTimeField(null=True)
    access_version = models.PositiveIntegerField(
        default=1,
        help_text=_("Raised by every change the gateway must see; the projection keeps the highest."),
    )
    access_changed_at = models.DateTimeField(
        help_text=_("PostgreSQL time of that change: what the gateways poll.")
    )
    projection_owed = models.BooleanField(default=False, help_text=_("Promise: Redis is brought up to date."))

    objects = KeyQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(KEY_TRANSITIONS, first=(KeyState.ISSUED,)),
            *counts.of_keys(),
            pgtrigger.Trigger(
                name="gateways_look_again",
                operation=pgtrigger.UpdateOf("access_version"),
                when=pgtrigger.After,
                level=pgtrigger.Statement,
                func=LOOK_AGAIN,
            ),
        ]
        indexes = [
            models.Index(fields=["access_changed_at"], name="key_access_changed"),
            models.Index(fields=["id"], name="key_projection_owed", condition=Q(projection_owed=True)),
            models.Index(fields=["open_by"], name="key_unopened", condition=Q(state=KeyState.ISSUED)),
            models.Index(
                fields=["id"], name="key_never_used", condition=Q(state=KeyState.ACTIVE, last_used_at=None)
            ),
            models.Index(fields=["expires_at"], name="key_live", condition=Q(state__in=LIVE_KEY_STATES)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["grant", "request"], name="one_key_per_request"),
            models.UniqueConstraint(
                fields=["grant", "name"], condition=Q(state__in=LIVE_KEY_STATES), name="one_live_key_per_name"
            ),
            models.CheckConstraint(name="key_state_known", condition=Q(state__in=KeyState.values)),
            models.CheckConstraint(
                name="key_environment_known", condition=Q(environment__in=Environment.values)
            ),
            models.CheckConstraint(
                name="key_opened_at_by",
                condition=Q(opened_at=None, opened_by=None)
                | Q(opened_at__isnull=False, opened_by__isnull=False),
            ),
            models.CheckConstraint(
                name="working_key_was_opened",
                condition=~Q(state__in=[KeyState.ACTIVE, KeyState.SUSPENDED]) | Q(opened_at__isnull=False),
            ),
            models.CheckConstraint(
                name="key_suspended_at_by",
                condition=Q(state=KeyState.SUSPENDED, suspended_at__isnull=False, suspended_by__isnull=False)
                | (~Q(state=KeyState.SUSPENDED) & Q(suspended_at=None, suspended_by=None)),
            ),
            models.CheckConstraint(
                name="only_an_opened_key_was_used",
                condition=Q(last_used_at=None) | Q(opened_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key_id

    @property
    def secret(self) -> "Secret | None":
        """The secret that was minted last; the ones before it work until their own end."""
        return next(iter(self.secrets.all()), None)

    @property
    def hint(self) -> str:
        return self.secret.hint if self.secret else ""


class SecretQuerySet(models.QuerySet["Secret"]):
    def live(self) -> "SecretQuerySet":
        return self.filter(ended_at=None)


class Secret(models.Model):
    """The keyed hash of one secret of a key. During a rotation a key has two: the newest, and one with an end."""

    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="secrets")
    number = models.PositiveIntegerField(help_text=_("Counted within the key; what a page says it has seen."))
    digest = models.CharField(
        max_length=64, unique=True, help_text=_("HMAC-SHA-256 with the pepper named beside it, hex.")
    )
    pepper = models.CharField(max_length=20)
    hint = models.CharField(max_length=20, help_text=_("Start and end of the secret, to tell secrets apart."))
    minted_at = models.DateTimeField()
    minted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(
        null=True, help_text=_("End of the overlap, once a newer one was minted.")
    )
    notice_owed = models.BooleanField(
        default=False, help_text=_("Promise: a letter a day before the overlap ends.")
    )
    ended_at = models.DateTimeField(null=True)

    objects = SecretQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="secrets_stay", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="only_its_end_changes",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(
                    """(ROW(OLD.key_id, OLD.number, OLD.digest, OLD.pepper, OLD.hint, OLD.minted_at, OLD.minted_by_id)
                    IS DISTINCT FROM
                    ROW(NEW.key_id, NEW.number, NEW.digest, NEW.pepper, NEW.hint, NEW.minted_at, NEW.minted_by_id)
                    OR OLD.ended_at IS DISTINCT FROM NEW.ended_at AND OLD.ended_at IS NOT NULL
                    OR OLD.expires_at IS DISTINCT FROM NEW.expires_at AND OLD.expires_at IS NOT NULL)"""
                ),
                func="""RAISE EXCEPTION '%: only the end of a secret is written, once', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation';""",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="secret_in_overlap",
                condition=Q(ended_at=None, expires_at__isnull=False),
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="secrets_are_counted"),
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended_at=None, expires_at=None), name="one_current_secret"
            ),
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended_at=None, expires_at__isnull=False), name="one_old_secret"
            ),
            models.CheckConstraint(name="secret_is_a_hash", condition=Q(digest__regex="^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="secret_ends_after_its_start",
                condition=(Q(ended_at=None) | Q(ended_at__gte=F("minted_at")))
                & (Q(expires_at=None) | Q(expires_at__gte=F("minted_at"))),
            ),
            models.CheckConstraint(
                name="only_an_overlap_is_noticed",
                condition=Q(notice_owed=False) | Q(expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.hint
