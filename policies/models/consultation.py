"""Public consultation on a version that is no law yet: when, about what, with which questions, and what came of it."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy

from audit import moves
from audit.models import append_only
from policies.models.guidelines import GuidelineVersion
from policies.states import CONSULTATION_TRANSITIONS, ConsultationState, Phase, QuestionKind

FROZEN_ONCE_OPEN = (
    "guidelines_id",
    "introduction",
    "opens_at",
    "text_hash",
    "source",
    "opened_at",
    "opened_by_id",
)
FROZEN_ONCE_SUMMARISED = (
    "summary",
    "summary_edited_at",
    "summary_edited_by_id",
    "summarised_at",
    "summarised_by_id",
)


def _differs(fields: tuple[str, ...]) -> str:
    return "(" + " OR ".join(f"OLD.{field} IS DISTINCT FROM NEW.{field}" for field in fields) + ")"


def while_the_consultation_is(condition: str, says: str, *, reach: str) -> pgtrigger.Trigger:
    """Return the trigger of rows that belong to a consultation: written only while its state is so.

    `reach` is the SQL, with {row} for OLD or NEW, that finds the id of the consultation.
    """
    new, old = reach.format(row="NEW"), reach.format(row="OLD")
    return pgtrigger.Trigger(
        name="rests_with_its_consultation",
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        when=pgtrigger.Before,
        declare=[("kept", "TEXT")],
        func=f"""
            IF TG_OP = 'DELETE' THEN
                SELECT state INTO kept FROM policies_consultation WHERE id = {old} FOR SHARE;
            ELSE SELECT state INTO kept FROM policies_consultation WHERE id = {new} FOR SHARE; END IF;
            IF NOT (kept {condition}) THEN
                RAISE EXCEPTION '%: {says}', TG_TABLE_NAME USING ERRCODE = 'check_violation'; END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;""",
    )


class Consultation(models.Model):
    """One consultation on one version. Whether it is open is read off its dates, so nobody has to close it."""

    guidelines = models.OneToOneField(GuidelineVersion, on_delete=models.PROTECT, related_name="consultation")
    state = models.CharField(
        max_length=12, choices=ConsultationState.choices, default=ConsultationState.PREPARED
    )
    introduction = models.TextField(blank=True)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    text_hash = models.CharField(max_length=64, blank=True)
    source = models.JSONField(default=dict, help_text=gettext_lazy("The text as it was consulted on."))
    prepared_at = models.DateTimeField()
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(null=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    summary = models.TextField(blank=True)
    summary_edited_at = models.DateTimeField(null=True)
    summary_edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    summarised_at = models.DateTimeField(null=True)
    summarised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        default_permissions = ()
        ordering = ["-opens_at", "-id"]
        triggers = [
            *moves.only(CONSULTATION_TRANSITIONS, first=(ConsultationState.PREPARED,)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            append_only()[1],
            pgtrigger.Trigger(
                name="rests_once_it_is_open",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=f"""
                    IF OLD.state <> 'prepared' AND ({_differs(FROZEN_ONCE_OPEN)} OR NEW.closes_at < OLD.closes_at)
                    OR OLD.state IN ('summarised') AND ({_differs(FROZEN_ONCE_SUMMARISED)}
                        OR NEW.closes_at <> OLD.closes_at) THEN
                        RAISE EXCEPTION 'Cannot update a consultation that is open, but for a later end'
                        USING ERRCODE = 'check_violation'; END IF; RETURN NEW;""",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="consultation_state_known", condition=Q(state__in=ConsultationState.values)
            ),
            models.CheckConstraint(
                name="consultation_closes_after_it_opens", condition=Q(closes_at__gt=F("opens_at"))
            ),
            models.CheckConstraint(
                name="consultation_opened_at_and_by",
                condition=Q(state=ConsultationState.PREPARED, opened_at=None, opened_by=None, text_hash="")
                | (
                    ~Q(state=ConsultationState.PREPARED)
                    & ~Q(text_hash="")
                    & Q(opened_at__isnull=False, opened_by__isnull=False, opens_at__gte=F("opened_at"))
                ),
            ),
            models.CheckConstraint(
                name="consultation_summary_edited_at_and_by",
                condition=Q(summary_edited_at=None, summary_edited_by=None, summary="")
                | Q(summary_edited_at__isnull=False, summary_edited_by__isnull=False),
            ),
            models.CheckConstraint(
                name="consultation_summarised_by_another_than_wrote",
                condition=(~Q(state=ConsultationState.SUMMARISED) & Q(summarised_at=None, summarised_by=None))
                | (
                    Q(
                        state=ConsultationState.SUMMARISED,
                        summarised_at__isnull=False,
                        summarised_by__isnull=False,
                        summary_edited_by__isnull=False,
                        summarised_at__gte=F("closes_at"),
                    )
                    & ~Q(summarised_by=F("summary_edited_by"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"consultation on {self.guidelines.version}"

    def phase(self, at: datetime) -> Phase:
        """Return where it stands at this moment."""
        if self.state != ConsultationState.OPENED:
            return Phase(self.state)
        if at < self.opens_at:
            return Phase.ANNOUNCED
        return Phase.OPEN if at < self.closes_at else Phase.CLOSED

    @property
    def clauses(self) -> dict[str, str]:
        """Return code -> name of the clauses one may comment on, as the text stood."""
        text = self.source or self.guidelines.source
        parts = [*text.get("sections", []), *text.get("prohibited", []), *text.get("extra_scrutiny", [])]
        return {part["id"]: part.get("name") or part["title"] for part in parts}


class ConsultationQuestion(models.Model):
    """One question beside the text; rests once its consultation is open."""

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="questions")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=QuestionKind.choices)
    text = models.CharField(max_length=400)
    options = models.JSONField(default=list, help_text=gettext_lazy("The answers one may choose from."))
    clause = models.CharField(
        max_length=60, blank=True, help_text=gettext_lazy("The part of the text it is about.")
    )

    class Meta:
        default_permissions = ()
        ordering = ["consultation", "position", "id"]
        triggers = [
            append_only()[1],
            while_the_consultation_is(
                "= 'prepared'",
                "the questions of a consultation rest once it is open",
                reach="{row}.consultation_id",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="consultation_question_kind_known", condition=Q(kind__in=QuestionKind.values)
            ),
            models.CheckConstraint(
                name="only_a_choice_has_options",
                condition=Q(kind=QuestionKind.CHOICE) & ~Q(options=[])
                | ~Q(kind=QuestionKind.CHOICE) & Q(options=[]),
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Return (value, label) of what one may choose; a text has none."""
        if self.kind == QuestionKind.SCALE:
            return [(str(value), str(label)) for value, label in SCALE]
        return [(option, option) for option in self.options]


SCALE = (
    (1, gettext_lazy("1 · I disagree strongly")),
    (2, gettext_lazy("2 · I disagree")),
    (3, gettext_lazy("3 · Neither")),
    (4, gettext_lazy("4 · I agree")),
    (5, gettext_lazy("5 · I agree strongly")),
)


class Extension(models.Model):
    """That a consultation was extended, and why; public."""

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="extensions")
    was = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=500)
    extended_at = models.DateTimeField()
    extended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        triggers = append_only()
        constraints = [
            models.CheckConstraint(name="an_extension_ends_later", condition=Q(until__gt=F("was"))),
        ]

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d}"
