"""What is asked of builders in one kind of use: safety practices of a program, in versions."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.models import append_only


class Practice(models.Model):
    """One version of what is asked in the uses of one category or scrutiny domain; the newest one holds.

    `program` is the program's slug: programs stand to the right of policies and cannot be pointed at from here.
    """

    program = models.SlugField(max_length=60)
    domain = models.SlugField(
        max_length=60, help_text=_("Code of the category or scrutiny domain whose uses it is about.")
    )
    version = models.PositiveIntegerField()
    text = models.TextField(help_text=_("Markdown."))
    text_hash = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    holders_told_at = models.DateTimeField(null=True, help_text=_("Empty: letters to holders may be owed."))

    class Meta:
        default_permissions = ()
        verbose_name = _("safety practice")
        verbose_name_plural = _("safety practices")
        ordering = ["program", "domain", "-version"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            append_only()[1],
            pgtrigger.Trigger(
                name="says_never_change",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="""IF to_jsonb(OLD) - 'holders_told_at' IS DISTINCT FROM to_jsonb(NEW) - 'holders_told_at' THEN
                    RAISE EXCEPTION 'Cannot update a safety practice: it is followed by its next version'
                    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;""",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["program", "domain", "version"], name="one_practice_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.program}, {self.domain}, version {self.version}"
