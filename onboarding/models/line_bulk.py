"""Changes of many places in line at once, asked for by a manager and run by rq."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from onboarding.models.line import WaitlistEntry
from onboarding.models.plan import AMONG_MOST
from onboarding.models.program import Program
from onboarding.states import LineVerb, ShareKind


class LineBulk(models.Model):
    """Hold or move many places, or end or undo that. The selection is kept as asked: a filter, and the moment."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="line_bulks")
    verb = models.CharField(max_length=10, choices=LineVerb.choices)
    joined_from = models.DateTimeField(null=True, help_text=_("Who joined the line then or later."))
    joined_until = models.DateTimeField(null=True, help_text=_("Who joined it before then."))
    cohort = models.CharField(max_length=14, blank=True, default="", db_default="", choices=ShareKind.choices)
    among = models.CharField(
        max_length=AMONG_MOST,
        blank=True,
        default="",
        db_default="",
        help_text=_("Which of that cohort, with commas between; empty for hand-picked."),
    )
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    asked_at = models.DateTimeField(help_text=_("The moment: who joins later is not in it."))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, help_text=_("The applicants read it."))
    found = models.PositiveIntegerField(help_text=_("How many it was about when it was asked for."))
    up_to = models.PositiveBigIntegerField(default=0, help_text=_("The last entry that was looked at."))
    changed = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(
        null=True, help_text=_("Promise: everybody it is about was looked at.")
    )

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="line_bulk_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="line_bulk_is_asked_once",
                fields=[
                    "program", "verb", "joined_from", "joined_until", "cohort", "among", "undoes", "asked_at",
                    "asked_by", "reason", "found",
                ],
            ),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(name="line_bulk_verb_known", condition=Q(verb__in=LineVerb.values)),
            models.CheckConstraint(name="line_bulk_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="line_bulk_is_about_somebody", condition=Q(found__gte=1)),
            models.CheckConstraint(
                name="line_bulk_filter_sane",
                condition=Q(joined_from=None) | Q(joined_until=None) | Q(joined_from__lt=F("joined_until")),
            ),
            models.CheckConstraint(
                name="line_bulk_names_its_cohort",
                condition=Q(cohort__in=["", ShareKind.HAND_PICKED], among="")
                | (
                    Q(cohort__in=[each for each in ShareKind.values if each != ShareKind.HAND_PICKED])
                    & ~Q(among="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return _("%(verb)s: %(found)d places of %(program)s") % {
            "verb": self.get_verb_display(),
            "found": self.found,
            "program": self.program,
        }


class LineBulkItem(models.Model):
    """A place that a bulk changed: what its undoing is about."""

    bulk = models.ForeignKey(LineBulk, on_delete=models.PROTECT, related_name="items")
    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["bulk", "entry"], name="one_item_per_bulk_and_entry")]

    def __str__(self) -> str:
        return f"{self.entry_id} in bulk {self.bulk_id}"
