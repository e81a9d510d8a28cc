"""What one person thinks of one submitted revision, and since when they review."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models import Revision
from reviews.models.case import Case
from reviews.states import Outcome


class Opinion(models.Model):
    """One person's view of one revision. A decision is another thing: the act that counts.

    `blind`: formed while nobody else's view of it was shown; such a one is never written over.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="opinions")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="opinions")
    outcome = models.CharField(max_length=26, choices=Outcome.choices)
    categories = models.JSONField(default=list, help_text=_("Category codes, the main one first."))
    reason_code = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    made_at = models.DateTimeField()
    blind = models.BooleanField()

    PERSONAL_FIELDS = ("note",)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "reviewer"], name="one_opinion_per_person_and_revision"
            ),
            models.CheckConstraint(name="opinion_outcome_known", condition=Q(outcome__in=Outcome.values)),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} on case {self.case_id}: {self.outcome}"


class Tenure(models.Model):
    """Since when somebody reviews: their first decision. In the first weeks a second person signs what they decide."""

    reviewer = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tenure")
    since_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.reviewer} reviews since {self.since_at:%Y-%m-%d}"
