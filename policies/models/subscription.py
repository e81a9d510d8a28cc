"""Who wants a letter when guidelines are published."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from policies.models.guidelines import GuidelineVersion


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def live(self) -> "SubscriptionQuerySet":
        """Confirmed at the address itself."""
        return self.filter(confirmed_at__isnull=False)


class Subscription(models.Model):
    """One address that asked for a letter about each published version; gone as soon as it is ended."""

    email = models.EmailField()
    language = models.CharField(max_length=10, blank=True)
    token = models.CharField(max_length=64, unique=True, help_text=_("In the links of its letters."))
    asked_at = models.DateTimeField(help_text=_("When the letter with the link to confirm was last written."))
    confirmed_at = models.DateTimeField(null=True)
    told_of = models.ForeignKey(
        GuidelineVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The last version a letter was written about."),
    )

    PERSONAL_FIELDS = ("email", "language", "token")

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_subscription_per_address"),
            models.CheckConstraint(
                name="subscription_confirmed_after_it_was_asked_for",
                condition=Q(confirmed_at=None) | Q(confirmed_at__gte=models.F("asked_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"subscription {self.pk}"
