"""What a program's models are known to do badly."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.models import append_only


class KnownWeakness(models.Model):
    """What a program's models are known to do badly: the whole text, in versions.

    `program` is the program's slug: programs stand to the right of policies and cannot be pointed at from here.
    """

    program = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    text = models.TextField()
    text_hash = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        default_permissions = ()
        verbose_name_plural = _("known weaknesses")
        ordering = ["program", "-version"]
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["program", "version"], name="one_text_per_weakness_version")
        ]

    def __str__(self) -> str:
        return f"known weaknesses of {self.program}, version {self.version}"
