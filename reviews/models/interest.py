"""Conflicts of interest that reviewers declare themselves, and the cases somebody let them decide all the same."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from reviews.models.case import Case
from reviews.states import InterestKind


class InterestQuerySet(models.QuerySet["Interest"]):
    def live(self) -> "InterestQuerySet":
        return self.filter(ended_at=None)


class Interest(models.Model):
    """An organisation or an e-mail domain whose cases this reviewer does not look at. Nobody else's to see."""

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="interests")
    kind = models.CharField(max_length=12, choices=InterestKind.choices)
    name = models.CharField(max_length=253, help_text=_("In lower case, one blank between words."))
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("name",)

    objects = InterestQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["reviewer", "kind", "name"], condition=Q(ended_at=None), name="one_live_interest"
            ),
            models.CheckConstraint(
                name="interest_kind_known", condition=Q(kind__in=InterestKind.values) & ~Q(name="")
            ),
        ]

    def __str__(self) -> str:
        return f"an interest of {self.reviewer_id}"


class InterestOverride(models.Model):
    """One reviewer may take part in one case whatever they declared; somebody else said so, in writing."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="interest_overrides")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="interest_overrides"
    )
    reason = models.CharField(max_length=1000)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    PERSONAL_FIELDS = ("reason",)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["case", "reviewer"], name="one_override_per_case_and_person"),
            models.CheckConstraint(
                name="override_in_writing_by_another",
                condition=~Q(reason="") & ~Q(given_by=F("reviewer")),
            ),
        ]

    def __str__(self) -> str:
        return f"override for {self.reviewer_id} in case {self.case_id}"
