"""Known weaknesses as records, in the shape of AVID: each change is a revision, and none is ever lost."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from policies.states import Gravity, WeaknessStatus


class WeaknessRecordQuerySet(models.QuerySet["WeaknessRecord"]):
    def newest(self) -> "WeaknessRecordQuerySet":
        """The last revision of each record."""
        last = self.order_by("program", "code", "-revision").distinct("program", "code")
        return WeaknessRecord.objects.filter(pk__in=last.values("pk"))


class WeaknessRecord(models.Model):
    """One revision of what is known of one weakness of a program's models.

    `program` is the program's slug: programs stand to the right of policies and cannot be pointed at from here.
    """

    program = models.SlugField(max_length=60)
    code = models.SlugField(max_length=60, help_text=_("Such as avid-2023-v005, or one of your own."))
    revision = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    problem_class = models.CharField(max_length=120, blank=True)
    risk_domains = models.JSONField(default=list, help_text=_("Such as Security, Ethics, Performance."))
    effects = models.JSONField(default=list, help_text=_("AVID's codes, such as S0403: Adversarial Example."))
    lifecycle = models.JSONField(default=list)
    severity = models.CharField(max_length=10, choices=Gravity.choices)
    status = models.CharField(max_length=10, choices=WeaknessStatus.choices)
    affected = models.TextField(blank=True, help_text=_("Which models and versions."))
    description = models.TextField(help_text=_("Markdown."))
    examples = models.TextField(blank=True, help_text=_("Markdown."))
    workaround = models.TextField(blank=True, help_text=_("Markdown: what users of the model do about it."))
    must_read = models.JSONField(
        default=list, help_text=_("Codes of the scrutiny domains whose uses must read it; empty: all.")
    )
    references = models.JSONField(default=list, help_text=_("[{label, url}]"))
    found_by = models.CharField(max_length=200, blank=True)
    found_on = models.DateField(null=True)
    source = models.JSONField(default=dict, help_text=_("The file it was imported from."))
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of what it says."))
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    holders_told_at = models.DateTimeField(null=True, help_text=_("Empty: letters to holders may be owed."))

    objects = WeaknessRecordQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = _("record of a weakness")
        verbose_name_plural = _("records of weaknesses")
        ordering = ["program", "code", "-revision"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            append_only()[1],
            pgtrigger.Trigger(
                name="says_never_change",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="""IF to_jsonb(OLD) - 'holders_told_at' IS DISTINCT FROM to_jsonb(NEW) - 'holders_told_at' THEN
                    RAISE EXCEPTION 'Cannot update a record of a weakness: it is followed by its next revision'
                    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;""",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code", "revision"], name="one_weakness_record_per_revision"
            ),
            models.CheckConstraint(name="weakness_severity_known", condition=Q(severity__in=Gravity.values)),
            models.CheckConstraint(
                name="weakness_status_known", condition=Q(status__in=WeaknessStatus.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.title}"
