"""What filters hit on live traffic and a person may have to look at: written by the gateways, one INSERT each."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from enforcement.models.filter_rule import FilterRuleVersion
from onboarding.models import Key

EXCERPT_MOST = 200  # characters


class FilterHit(models.Model):
    """One rule hit one text, or would have: `is_live` is False where it was in shadow. Gone after 30 days."""

    PERSONAL_FIELDS = ("excerpt",)  # what somebody sent through this key

    version = models.ForeignKey(FilterRuleVersion, on_delete=models.PROTECT, related_name="hits")
    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="+", db_index=False)
    request = models.CharField(max_length=64, help_text=_("The caller's own mark, or the gateway's."))
    place = models.PositiveSmallIntegerField(help_text=_("Which of the texts of the request."))
    end_user = models.CharField(max_length=128, blank=True, help_text=_("As the caller hashes it."))
    score = models.FloatField()
    excerpt = models.CharField(max_length=EXCERPT_MOST, blank=True)
    is_live = models.BooleanField()
    hit_at = models.DateTimeField()
    flag_owed = models.BooleanField(default=False, help_text=_("Promise: a flag is raised of it."))

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["version", "key", "-hit_at"], name="filter_hit_of_version"),
            models.Index(fields=["hit_at"], name="filter_hit_kept"),
            models.Index(fields=["id"], name="filter_hit_flag_owed", condition=Q(flag_owed=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key", "request", "place", "version"], name="one_filter_hit_per_request"
            ),
            models.CheckConstraint(name="filter_hit_score_sane", condition=Q(score__gte=0, score__lte=1)),
            models.CheckConstraint(
                name="shadow_owes_no_flag", condition=Q(is_live=True) | Q(flag_owed=False)
            ),
        ]

    def __str__(self) -> str:
        return f"hit {self.pk} of {self.version_id}"
