"""Rules of one program beside the guidelines: dated, acknowledged by holders, ended when no longer needed."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only

WORDS = (
    "program", "number", "title", "text", "text_hash", "from_at", "acknowledge_by", "published_at", "published_by_id",
)  # fmt: skip


class ProgramRuleQuerySet(models.QuerySet["ProgramRule"]):
    def standing(self) -> "ProgramRuleQuerySet":
        """In force or coming: not ended."""
        return self.filter(ended_at=None)


class ProgramRule(models.Model):
    """One rule, whole and for good; a changed rule is another one, and this one ends.

    `program` is the program's slug: programs stand to the right of policies and cannot be pointed at from here.
    """

    program = models.SlugField(max_length=60)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField(help_text=_("Markdown."))
    text_hash = models.CharField(max_length=64)
    from_at = models.DateTimeField(help_text=_("When it comes, or came, into force."))
    acknowledge_by = models.DateTimeField(help_text=_("Until when holders of access acknowledge it."))
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    holders_told_at = models.DateTimeField(null=True, help_text=_("Empty: letters to holders may be owed."))
    holders_reminded_at = models.DateTimeField(null=True, help_text=_("Empty: the reminder may be owed."))

    objects = ProgramRuleQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["program", "number"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            append_only()[1],
            pgtrigger.Trigger(
                name="words_never_change",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=f"""
                    IF {" OR ".join(f"OLD.{field} IS DISTINCT FROM NEW.{field}" for field in WORDS)}
                        OR (OLD.ended_at IS NOT NULL AND (OLD.ended_at, OLD.ended_by_id)
                            IS DISTINCT FROM (NEW.ended_at, NEW.ended_by_id)) THEN
                        RAISE EXCEPTION 'Cannot update a rule that was published'
                        USING ERRCODE = 'check_violation'; END IF;
                    RETURN NEW;""",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="one_rule_per_number"),
            models.CheckConstraint(
                name="rule_in_force_after_it_was_published",
                condition=Q(from_at__gte=F("published_at"), acknowledge_by__gte=F("from_at")),
            ),
            models.CheckConstraint(
                name="rule_ended_at_and_by",
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"rule {self.number} of {self.program}: {self.title}"
