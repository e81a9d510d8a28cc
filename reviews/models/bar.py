"""Who may not apply again yet, although their account is gone."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onboarding.models import Program
from reviews.models.decision import Decision


class Bar(models.Model):
    """A rejection that outlives the account: the keyed hash of an address, and until when it may not apply again.

    Made when the person deletes their account, and only where the rejection still holds. Deleted when it is over, or
    when the program takes no applications any more.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="bars")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="bars")
    address_hash = models.CharField(
        max_length=64, help_text=_("HMAC-SHA-256 of the address with the pepper named beside it, hex.")
    )
    pepper = models.CharField(max_length=20)
    until = models.DateTimeField(null=True, help_text=_("Empty: as long as the program takes applications."))

    PERSONAL_FIELDS = ("address_hash",)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "address_hash"], name="one_bar_per_decision_and_address"
            )
        ]
        indexes = [models.Index(fields=["program", "address_hash"], name="bar_by_address")]

    def __str__(self) -> str:
        return f"bar of decision {self.decision_id}"
