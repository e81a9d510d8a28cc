"""What evaluations of a program's models found: dated records with method and limits, corrected only by later ones."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from audit.models import append_only
from policies.states import EVALUATION_TRANSITIONS, EvaluationState

MOVES = (
    "state", "revision", "published_at", "published_by_id", "dropped_at", "dropped_by_id",
)  # fmt: skip


class Evaluation(models.Model):
    """One record of one evaluation. It is proposed by one person, published by another, and then never changes.

    `program` is the program's slug: programs stand to the right of policies and cannot be pointed at from here.
    """

    program = models.SlugField(max_length=60)
    code = models.SlugField(
        max_length=60, help_text=_("Short name, for its address; a correction has the same.")
    )
    revision = models.PositiveIntegerField(null=True, help_text=_("Counted once it is published."))
    state = models.CharField(max_length=9, choices=EvaluationState.choices, default=EvaluationState.PROPOSED)
    name = models.CharField(max_length=200, help_text=_("Name of the evaluation."))
    measures = models.TextField(help_text=_("What it measures. Markdown."))
    model = models.CharField(max_length=120, help_text=_("Which model."))
    model_version = models.CharField(max_length=60, blank=True)
    evaluated_on = models.DateField()
    method = models.TextField(help_text=_("How it was done. Markdown."))
    figure = models.CharField(max_length=60, help_text=_("The result, such as 0.72."))
    unit = models.CharField(
        max_length=60, blank=True, help_text=_("Such as per cent, or accuracy from 0 to 1.")
    )
    interval = models.CharField(
        max_length=80, blank=True, help_text=_("Such as 0.69 to 0.75, 95 %; where known.")
    )
    sample = models.PositiveBigIntegerField(null=True, help_text=_("How many were looked at; where known."))
    limits = models.TextField(help_text=_("What it does not say. Markdown."))
    source_url = models.CharField(max_length=1000, blank=True, help_text=_("Where it is published."))
    source_by = models.CharField(max_length=200, help_text=_("Who published the result."))
    weaknesses = models.JSONField(
        default=list, help_text=_("Codes of the records of weaknesses it is about.")
    )
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of what it says."))
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    dropped_at = models.DateTimeField(null=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        default_permissions = ()
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-id"]
        triggers = [
            *moves.only(EVALUATION_TRANSITIONS, first=(EvaluationState.PROPOSED,)),
            append_only()[1],
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="published_for_good",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__state=EvaluationState.PROPOSED),
            ),
            pgtrigger.Trigger(
                name="words_never_change",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=f"""IF to_jsonb(OLD) - '{{{",".join(MOVES)}}}'::text[]
                        IS DISTINCT FROM to_jsonb(NEW) - '{{{",".join(MOVES)}}}'::text[] THEN
                    RAISE EXCEPTION 'Cannot update an evaluation: it is followed by its next revision'
                    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;""",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["program", "code", "revision"], name="one_evaluation_per_revision"),
            models.CheckConstraint(
                name="evaluation_state_known", condition=Q(state__in=EvaluationState.values)
            ),
            models.CheckConstraint(
                name="evaluation_published_by_a_second_person",
                condition=Q(published_at=None, published_by=None, revision=None)
                & ~Q(state=EvaluationState.PUBLISHED)
                | Q(
                    state=EvaluationState.PUBLISHED, published_at__isnull=False, published_by__isnull=False,
                    revision__gte=1,
                )
                & ~Q(published_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="evaluation_dropped_at_and_by",
                condition=Q(dropped_at=None, dropped_by=None) & ~Q(state=EvaluationState.DROPPED)
                | Q(state=EvaluationState.DROPPED, dropped_at__isnull=False, dropped_by__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.code}: {self.name}"
