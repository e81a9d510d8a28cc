"""The model of personal tokens; `accounts.models` has it among the others."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.scopes import Scope


class TokenQuerySet(models.QuerySet["Token"]):
    def live(self, at: datetime) -> "TokenQuerySet":
        """Neither revoked nor over."""
        return self.filter(revoked_at=None, expires_at__gt=at)


class Token(models.Model):
    """A personal token of the self-service API; only the keyed hash of its secret is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=30))
    pepper = models.CharField(max_length=40)
    secret_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True, help_text=_("Promise: the notice that it ends is written."))
    revoked_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("name",)

    objects = TokenQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="token_scopes_known", condition=Q(scopes__contained_by=Scope.values) & ~Q(scopes=[])
            ),
            models.CheckConstraint(
                name="token_ends_within_a_year",
                condition=Q(expires_at__gt=F("made_at"), expires_at__lte=F("made_at") + timedelta(days=366)),
            ),
        ]

    def __str__(self) -> str:
        return self.hint
