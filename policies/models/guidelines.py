"""Guidelines in versions: a text is written as a draft, and never changes once it is published."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from audit.models import append_only
from policies.states import TRANSITIONS, Lane, Severity, VersionState

UNPUBLISHED = (VersionState.DRAFT, VersionState.CONSULTATION)
TEXT = ("version", "text_hash", "source", "material")
PUBLICATION = (
    "published_at", "published_by_id", "approved_at", "approved_by_id", "effective_at", "acknowledge_by",
)  # fmt: skip


def _differs(fields: tuple[str, ...]) -> str:
    return "(" + " OR ".join(f"OLD.{field} IS DISTINCT FROM NEW.{field}" for field in fields) + ")"


def text_never_changes() -> pgtrigger.Trigger:
    """Return the trigger that keeps a text: written on as a draft only, approved as it stands, then frozen."""
    return pgtrigger.Trigger(
        name="text_never_changes",
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        func=f"""
            IF OLD.loaded_at IS DISTINCT FROM NEW.loaded_at OR (OLD.state <> 'draft' AND {_differs(TEXT)}) THEN
                RAISE EXCEPTION 'Cannot update the text of guidelines that are no draft'
                USING ERRCODE = 'check_violation'; END IF;
            IF NEW.approved_at IS NOT NULL AND {_differs(TEXT)} THEN
                RAISE EXCEPTION 'An edit voids the approval' USING ERRCODE = 'check_violation'; END IF;
            IF OLD.state NOT IN ('draft', 'consultation') AND {_differs(PUBLICATION)} THEN
                RAISE EXCEPTION 'Cannot update when and by whom guidelines were published'
                USING ERRCODE = 'check_violation'; END IF;
            IF OLD.published_at IS NULL AND NEW.published_at IS NOT NULL AND NEW.published_by_id IS NULL
                AND EXISTS (SELECT FROM policies_guidelineversion WHERE published_at IS NOT NULL) THEN
                RAISE EXCEPTION 'A person publishes guidelines, after a second person approved them'
                USING ERRCODE = 'check_violation'; END IF;
            RETURN NEW;""",
    )


def parts_of_a_draft() -> list[pgtrigger.Trigger]:
    """Return the triggers of the rows a text is made of: put in and taken out while it is a draft, never changed.

    The version is locked while it is looked at: nothing slips in beside its publication.
    """
    _, no_truncate = append_only()
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),
        no_truncate,
        pgtrigger.Trigger(
            name="part_of_a_draft",
            operation=pgtrigger.Insert | pgtrigger.Delete,
            when=pgtrigger.Before,
            declare=[("kept", "RECORD")],
            func="""
                SELECT state, approved_at INTO kept FROM policies_guidelineversion
                WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.guidelines_id ELSE NEW.guidelines_id END FOR SHARE;
                IF kept.state <> 'draft' OR kept.approved_at IS NOT NULL THEN
                    RAISE EXCEPTION 'Cannot insert or delete parts of guidelines that are no open draft: %',
                    TG_TABLE_NAME USING ERRCODE = 'check_violation'; END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;""",
        ),
    ]


class GuidelineVersionQuerySet(models.QuerySet["GuidelineVersion"]):
    def public(self) -> "GuidelineVersionQuerySet":
        """What anybody may read: in consultation, published, in force, superseded."""
        return self.exclude(state=VersionState.DRAFT)

    def told(self) -> "GuidelineVersionQuerySet":
        """What was ever published, newest first."""
        return self.filter(published_at__isnull=False).order_by("-published_at", "-id")


class GuidelineVersion(models.Model):
    """One version of the usage guidelines; decisions name the version they were made under."""

    version = models.CharField(max_length=20, unique=True, help_text=_("Semantic: 1.0.0"))
    state = models.CharField(max_length=20, choices=VersionState.choices, default=VersionState.DRAFT)
    material = models.BooleanField(default=True, help_text=_("Holders are asked to acknowledge it again."))
    text_hash = models.CharField(max_length=64, help_text=_("SHA-256 of the loaded source, canonical JSON."))
    source = models.JSONField(help_text=_("The file as it was loaded."))
    loaded_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: the first text of a fresh site."),
    )
    effective_at = models.DateTimeField(null=True, help_text=_("When it comes, or came, into force."))
    acknowledge_by = models.DateTimeField(
        null=True, help_text=_("Until when holders of access acknowledge a material change.")
    )
    superseded_at = models.DateTimeField(null=True)
    subscribers_told_at = models.DateTimeField(null=True, help_text=_("Empty: letters about it may be owed."))

    objects = GuidelineVersionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(TRANSITIONS, first=(VersionState.DRAFT,)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            append_only()[1],
            text_never_changes(),
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
            models.CheckConstraint(
                name="subscribers_are_told_of_what_is_published",
                condition=Q(subscribers_told_at=None) | Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="guideline_edited_at_and_by",
                condition=Q(edited_at=None, edited_by=None)
                | Q(edited_at__isnull=False, edited_by__isnull=False),
            ),
            models.CheckConstraint(
                name="guideline_approved_at_and_by",
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="guideline_published_by_another_than_approved",
                condition=Q(published_by=None)
                | (
                    Q(published_at__isnull=False, approved_by__isnull=False)
                    & Q(effective_at__gt=F("published_at"))
                    & ~Q(published_by=F("approved_by"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"guidelines {self.version}"


class Section(models.Model):
    """A part of the running text of one guideline version, in Markdown."""

    guidelines = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, related_name="sections")
    code = models.SlugField(max_length=60)
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField()

    class Meta:
        default_permissions = ()
        ordering = ["guidelines", "position"]
        triggers = parts_of_a_draft()
        constraints = [
            models.UniqueConstraint(fields=["guidelines", "code"], name="one_section_per_code"),
        ]

    def __str__(self) -> str:
        return self.title


class CategoryKind(models.TextChoices):
    PROHIBITED = "prohibited", _("Prohibited use")
    SCRUTINY = "scrutiny", _("Extra scrutiny")


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
        help_text=_("How hard its cases may be to read for the staff."),
    )
    example_allowed = models.TextField(blank=True)
    example_disallowed = models.TextField(blank=True)
    triggers = models.JSONField(
        default=list, help_text=_("Conditions on answers, such as `areas contains legal`.")
    )
    default_conditions = models.JSONField(default=list)
    approval_months = models.PositiveSmallIntegerField(default=12)
    maps = models.JSONField(default=dict, help_text=_("Ids of the same thing in public taxonomies."))

    class Meta:
        default_permissions = ()
        ordering = ["guidelines", "position"]
        triggers = parts_of_a_draft()
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
        triggers = parts_of_a_draft()
        constraints = [
            models.UniqueConstraint(fields=["guidelines", "code"], name="one_usual_use_per_code"),
            models.CheckConstraint(name="usual_use_lane_known", condition=Q(lane__in=Lane.values)),
        ]

    def __str__(self) -> str:
        return self.text
