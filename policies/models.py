"""Guidelines in versions, known weaknesses, and who accepted which text."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from audit import moves
from audit.models import append_only
from policies.states import TRANSITIONS, Lane, Severity, VersionState

UNPUBLISHED = (VersionState.DRAFT, VersionState.CONSULTATION)


class GuidelineVersionQuerySet(models.QuerySet["GuidelineVersion"]):
    def public(self) -> "GuidelineVersionQuerySet":
        """What anybody may read: published, in force, superseded."""
        return self.filter(
            state__in=[VersionState.PUBLISHED, VersionState.EFFECTIVE, VersionState.SUPERSEDED]
        )


class GuidelineVersion(models.Model):
    """One version of the usage guidelines; decisions name the version they were made under."""

    version = models.CharField(max_length=20, unique=True, help_text="Semantic: 1.0.0")
    state = models.CharField(max_length=20, choices=VersionState.choices, default=VersionState.DRAFT)
    material = models.BooleanField(default=True, help_text="Holders are asked to acknowledge it again.")
    text_hash = models.CharField(max_length=64, help_text="SHA-256 of the loaded source, canonical JSON.")
    source = models.JSONField(help_text="The file as it was loaded.")
    loaded_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    effective_at = models.DateTimeField(null=True, help_text="When it comes, or came, into force.")
    acknowledge_by = models.DateTimeField(
        null=True, help_text="Until when holders of access acknowledge a material change."
    )
    superseded_at = models.DateTimeField(null=True)

    objects = GuidelineVersionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(TRANSITIONS, first=(VersionState.DRAFT,)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="text_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__version__df=pgtrigger.F("new__version"))
                | pgtrigger.Q(old__text_hash__df=pgtrigger.F("new__text_hash"))
                | pgtrigger.Q(old__source__df=pgtrigger.F("new__source")),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=VersionState.EFFECTIVE), name="one_version_in_force"
            ),
            models.CheckConstraint(
                name="acknowledge_by_of_a_material_change",
                condition=Q(acknowledge_by=None)
                | Q(material=True, effective_at__isnull=False, acknowledge_by__gte=F("effective_at")),
            ),
            models.CheckConstraint(name="guideline_state_known", condition=Q(state__in=VersionState.values)),
            models.CheckConstraint(
                name="guideline_times_fit_the_state",
                condition=Q(state__in=UNPUBLISHED, published_at=None, effective_at=None, superseded_at=None)
                | (
                    Q(published_at__isnull=False, effective_at__isnull=False)
                    & (
                        Q(state__in=[VersionState.PUBLISHED, VersionState.EFFECTIVE], superseded_at=None)
                        | Q(state=VersionState.SUPERSEDED, superseded_at__isnull=False)
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"guidelines {self.version}"


class CategoryKind(models.TextChoices):
    PROHIBITED = "prohibited", "Prohibited use"
    SCRUTINY = "scrutiny", "Extra scrutiny"


class Category(models.Model):
    """A prohibited use or a scrutiny domain of one guideline version."""

    guidelines = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, related_name="categories")
    code = models.SlugField(max_length=60)
    kind = models.CharField(max_length=12, choices=CategoryKind.choices)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    definition = models.TextField()
    lane = models.CharField(max_length=10, choices=Lane.choices)
    severity = models.PositiveSmallIntegerField(
        choices=Severity.choices,
        default=Severity.NOTHING,
        help_text="How hard its cases may be to read for the staff.",
    )
    example_allowed = models.TextField(blank=True)
    example_disallowed = models.TextField(blank=True)
    triggers = models.JSONField(
        default=list, help_text="Conditions on answers, such as `areas contains legal`."
    )
    default_conditions = models.JSONField(default=list)
    approval_months = models.PositiveSmallIntegerField(default=12)
    maps = models.JSONField(default=dict, help_text="Ids of the same thing in public taxonomies.")

    class Meta:
        default_permissions = ()
        ordering = ["guidelines", "position"]
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["guidelines", "code"], name="one_category_per_code"),
            models.CheckConstraint(name="category_lane_known", condition=Q(lane__in=Lane.values)),
            models.CheckConstraint(name="category_kind_known", condition=Q(kind__in=CategoryKind.values)),
            models.CheckConstraint(name="category_severity_known", condition=Q(severity__in=Severity.values)),
        ]

    def __str__(self) -> str:
        return self.name


class UsualUse(models.Model):
    """A use that is almost always approved."""

    guidelines = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, related_name="usual_uses")
    code = models.SlugField(max_length=20)
    text = models.CharField(max_length=200)
    lane = models.CharField(max_length=10, choices=Lane.choices, default=Lane.NOTIFY)

    class Meta:
        default_permissions = ()
        ordering = ["guidelines", "code"]
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["guidelines", "code"], name="one_usual_use_per_code"),
            models.CheckConstraint(name="usual_use_lane_known", condition=Q(lane__in=Lane.values)),
        ]

    def __str__(self) -> str:
        return self.text


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
        verbose_name_plural = "known weaknesses"
        ordering = ["program", "-version"]
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["program", "version"], name="one_text_per_weakness_version")
        ]

    def __str__(self) -> str:
        return f"known weaknesses of {self.program}, version {self.version}"


class Acceptance(models.Model):
    """Who accepted which text, and when: never changed, only added to."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acceptances")
    document = models.CharField(
        max_length=80, help_text="guidelines, weaknesses:<program>, declaration:<question>"
    )
    version = models.CharField(max_length=20)
    text_hash = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        default_permissions = ()
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "document", "version", "text_hash"], name="one_acceptance_per_text"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} accepted {self.document} {self.version}"
