"""Filters of the queue that a reviewer gave a name."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """One reviewer's own; the default one is what their desk opens with."""

    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_views"
    )
    name = models.CharField(max_length=40)
    filters = models.JSONField(default=dict, help_text=_("What stands in the desk's address: {name: value}."))
    is_default = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    PERSONAL_FIELDS = ("name", "filters")

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "name"], name="one_saved_view_per_name"),
            models.UniqueConstraint(
                fields=["reviewer"], condition=Q(is_default=True), name="one_default_view_per_reviewer"
            ),
        ]

    def __str__(self) -> str:
        return self.name
