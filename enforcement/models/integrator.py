"""Integrators: who runs a gateway in front of a model, each with a token of its own."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from onboarding.projection import LOOK_AGAIN


class IntegratorQuerySet(models.QuerySet["Integrator"]):
    def live(self) -> "IntegratorQuerySet":
        return self.filter(revoked_at=None)


class Integrator(models.Model):
    """The token of one program of the provider that reports usage or flags; only its keyed hash is kept."""

    name = models.CharField(max_length=80)
    pepper = models.CharField(max_length=40)
    digest = models.CharField(
        max_length=64, unique=True, help_text=_("HMAC-SHA-256 with the pepper named beside it, hex.")
    )
    hint = models.CharField(max_length=40, help_text=_("Start and end of the token, to tell tokens apart."))
    is_partner = models.BooleanField(
        default=False, db_default=False, help_text=_("Trusted: what they flag is looked at within 24 hours.")
    )
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    last_used_at = models.DateTimeField(
        null=True, help_text=_("To the minute, copied from the gateways; it only moves forward.")
    )
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = IntegratorQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="integrators_stay", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="gateways_look_again",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("revoked_at"),
                when=pgtrigger.After,
                level=pgtrigger.Statement,
                func=LOOK_AGAIN,
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(revoked_at=None), name="one_live_integrator_per_name"
            ),
            models.CheckConstraint(name="integrator_is_a_hash", condition=Q(digest__regex="^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="integrator_revoked_at_by",
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__gte=F("made_at"), revoked_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name
