"""Who works on a case: claims, what was put aside, what was handed over, what was taken away."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from reviews.models.case import Case
from reviews.states import ClaimEnd

SLOTS = (1, 2, 3)  # cases one person works on at once


class ClaimQuerySet(models.QuerySet["Claim"]):
    def unreleased(self) -> "ClaimQuerySet":
        return self.filter(released_at=None)

    def live(self, at: datetime) -> "ClaimQuerySet":
        return self.filter(released_at=None, expires_at__gt=at)

    def run_out(self, at: datetime) -> "ClaimQuerySet":
        return self.filter(released_at=None, expires_at__lte=at)

    def worked_on(self, at: datetime) -> "ClaimQuerySet":
        """Live and not put aside."""
        return self.live(at).filter(held_at=None)


class Claim(models.Model):
    """Who works on a case, and until when. At most one unreleased claim a case: the database says so.

    `slot` is which of the three cases a person works on at once it is; what is put aside (`held_at`) takes none, what
    ran out lets the next one have it. Two live claims of one person never have the same: the database says so too.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="claims")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    claimed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    slot = models.PositiveSmallIntegerField(null=True)
    held_at = models.DateTimeField(null=True, help_text=_("Put aside until `expires_at`."))
    held_reason = models.CharField(max_length=500, blank=True)
    handed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    handed_note = models.CharField(max_length=500, blank=True)
    released_at = models.DateTimeField(null=True)
    ended = models.CharField(max_length=12, choices=ClaimEnd.choices, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    release_reason = models.CharField(max_length=500, blank=True)

    PERSONAL_FIELDS = ("held_reason", "handed_note", "release_reason")

    objects = ClaimQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(released_at=None), name="one_unreleased_claim_per_case"
            ),
            models.UniqueConstraint(
                fields=["reviewer", "slot"], condition=Q(released_at=None), name="one_claim_per_slot"
            ),
            models.CheckConstraint(name="claim_slot_known", condition=Q(slot=None) | Q(slot__in=SLOTS)),
            models.CheckConstraint(
                name="claim_held_with_a_reason_and_no_slot",
                condition=Q(held_at=None, held_reason="")
                | Q(held_at__isnull=False, slot=None) & ~Q(held_reason=""),
            ),
            models.CheckConstraint(
                name="claim_handed_over_by_another",
                condition=Q(handed_by=None, handed_note="")
                | Q(handed_by__isnull=False) & ~Q(handed_by=F("reviewer")),
            ),
            models.CheckConstraint(
                name="claim_ended_how",
                condition=Q(released_at=None, ended="")
                | Q(released_at__isnull=False, ended__in=[*ClaimEnd.values, ""]),
            ),
            models.CheckConstraint(
                name="claim_released_at_by",
                condition=Q(released_by=None, release_reason="")
                | Q(released_at__isnull=False, released_by__isnull=False, ended=ClaimEnd.FORCED)
                & ~Q(release_reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="claim_unreleased", condition=Q(released_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} on case {self.case_id}"
