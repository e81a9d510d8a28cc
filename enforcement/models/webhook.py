"""Webhooks: addresses that hear what happens to access, each message owed to them, each try."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Owner
from enforcement.models.integrator import Integrator
from enforcement.states import WebhookStop


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def live(self) -> "WebhookQuerySet":
        return self.filter(stopped_at=None)


class Webhook(models.Model):
    """One address of an owner, which hears of their access, or of an integrator, which hears of everybody's."""

    owner = models.ForeignKey(Owner, null=True, on_delete=models.PROTECT, related_name="webhooks")
    integrator = models.ForeignKey(Integrator, null=True, on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=500)
    secret = models.TextField(help_text=_("Encrypted with FIELD_KEYS: the signatures need it in clear."))
    old_secret = models.TextField(blank=True, help_text=_("Signs beside the new one until its time is over."))
    old_until = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    heard_to = models.BigIntegerField(
        help_text=_("The ledger's entry up to which everything is owed already.")
    )
    failing_since = models.DateTimeField(null=True, help_text=_("When the first of only failures was."))
    stopped_at = models.DateTimeField(null=True)
    stopped_because = models.CharField(max_length=10, choices=WebhookStop.choices, blank=True)

    PERSONAL_FIELDS = ("url",)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="webhooks_stay", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="whose_it_is_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("owner", "integrator", "made_at", "made_by"),
            ),
        ]
        indexes = [models.Index(fields=["owner", "-id"], name="webhook_by_owner")]
        constraints = [
            models.CheckConstraint(
                name="webhook_of_one",
                condition=Q(owner=None, integrator__isnull=False) | Q(owner__isnull=False, integrator=None),
            ),
            models.CheckConstraint(
                name="webhook_stopped_because",
                condition=Q(stopped_at=None, stopped_because="")
                | Q(stopped_at__isnull=False, stopped_because__in=WebhookStop.values),
            ),
            models.CheckConstraint(
                name="webhook_old_secret_has_an_end",
                condition=Q(old_secret="", old_until=None) | ~Q(old_secret="") & Q(old_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def owed(self) -> "WebhookDeliveryQuerySet":
        """Neither delivered nor given up; index `delivery_owed` serves it by due time."""
        return self.filter(delivered_at=None, given_up_at=None)


class WebhookDelivery(models.Model):
    """One message owed to one address; the same ledger entry is owed to it once."""

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")
    entry = models.BigIntegerField(help_text=_("The ledger's entry it tells of."))
    message_id = models.CharField(max_length=40, unique=True, help_text=_("The same at every try."))
    type = models.CharField(max_length=60)
    payload = models.JSONField(help_text=_("Ids, codes and times; nothing anybody typed."))
    owed_at = models.DateTimeField()
    due_at = models.DateTimeField(
        help_text=_("When the next try is; while one is under way, when that counts as lost.")
    )
    tries = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="delivery_owed",
                condition=Q(delivered_at=None, given_up_at=None),
            ),
            models.Index(fields=["webhook", "-id"], name="delivery_by_webhook"),
            models.Index(fields=["owed_at"], name="delivery_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "entry"], name="an_entry_is_owed_once"),
            models.CheckConstraint(
                name="delivered_or_given_up", condition=Q(delivered_at=None) | Q(given_up_at=None)
            ),
            models.CheckConstraint(name="delivery_due_after_owed", condition=Q(due_at__gte=F("owed_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"


class WebhookTry(models.Model):
    """What came of one try."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text=_("Of the answer; none where none came."))
    problem = models.CharField(max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.status or self.problem}"
