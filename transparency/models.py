"""Reports, what the ledger cannot know, and the figures of days whose rows do not stay."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from audit.models import Seal, append_only
from transparency.states import (
    COUNTED,
    LESSON_TRANSITIONS,
    REPORT_TRANSITIONS,
    WORDED,
    LessonState,
    RecordKind,
    ReportState,
)

WORDS_MOST = 4000  # characters of a record or of why a report is corrected
BUILT = [ReportState.DRAFT, ReportState.REVIEWED, ReportState.PUBLISHED]
DIGEST_FITS = """IF NEW.body <> '' AND NEW.digest <> encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex') THEN
    RAISE EXCEPTION 'transparency_report: the digest is not that of the figures' USING ERRCODE = 'check_violation';
    END IF; RETURN NEW;"""


class DayFigures(models.Model):
    """Counts of one UTC day from rows that are blanked or deleted later: what applicants said of themselves, minutes.

    Taken once, when the day is over; the digest is in the ledger, and so under its seals.
    """

    on = models.DateField(unique=True)
    figures = models.JSONField(help_text=_("{table: {cell: count}}"))
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the figures, canonical JSON."))
    taken_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = _("figures of days")
        default_permissions = ()
        ordering = ["on"]
        triggers = append_only()

    def __str__(self) -> str:
        return f"figures of {self.on}"


class Record(models.Model):
    """Something for a report that no ledger knows; written down by a person, corrected only by a later one."""

    kind = models.CharField(max_length=20, choices=RecordKind.choices)
    on = models.DateField(help_text=_("The day it is about; it decides the quarter."))
    counts = models.JSONField(default=dict, blank=True, help_text=_("{what: how many}"))
    words = models.TextField(
        max_length=WORDS_MOST, blank=True, help_text=_("Published as written; names nobody.")
    )
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    is_taken_back = models.BooleanField(default=False, help_text=_("What it replaces was wrong altogether."))
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["-on", "-id"]
        triggers = append_only()
        constraints = [
            models.CheckConstraint(name="record_kind_known", condition=Q(kind__in=RecordKind.values)),
            models.CheckConstraint(
                name="record_says_what_its_kind_needs",
                condition=Q(is_taken_back=True, replaces__isnull=False)
                | Q(kind__in=[str(kind) for kind in COUNTED]) & ~Q(counts={})
                | Q(kind__in=[str(kind) for kind in WORDED], counts={}) & ~Q(words=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.on}"


class Standards(models.Model):
    """One version of how reviewers are treated, in Markdown; the newest one holds."""

    version = models.PositiveSmallIntegerField(unique=True)
    text = models.TextField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = _("standards")
        default_permissions = ()
        ordering = ["-version"]
        triggers = append_only()
        constraints = [models.CheckConstraint(name="standards_say_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return f"standards {self.version}"


class Report(models.Model):
    """One count of one quarter. `body` is the published file itself: canonical JSON, whose SHA-256 is `digest`.

    The figures rest on the ledger up to `seal`: who counts the same quarter up to the same seal gets the same bytes.
    """

    quarter = models.CharField(max_length=6, help_text=_("Such as 2026Q3."))
    version = models.PositiveSmallIntegerField(
        null=True, help_text=_("Counted within the quarter once it is published.")
    )
    state = models.CharField(max_length=9, choices=ReportState.choices, default=ReportState.WAITING)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=1000, blank=True, help_text=_("Of a correction: why. Published."))
    done = models.PositiveSmallIntegerField(default=0, help_text=_("Figures counted."))
    total = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    changes = models.JSONField(
        default=list, help_text=_("[{metric, figure, was, now}] against the version before.")
    )
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    built_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(REPORT_TRANSITIONS, first=(ReportState.WAITING,)),
            append_only()[1],
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="published_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=ReportState.PUBLISHED),
            ),
            pgtrigger.Protect(
                name="counted_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__built_at__isnull=False)
                & (
                    pgtrigger.Q(old__body__df=pgtrigger.F("new__body"))
                    | pgtrigger.Q(old__digest__df=pgtrigger.F("new__digest"))
                    | pgtrigger.Q(old__built_at__df=pgtrigger.F("new__built_at"))
                )
                | pgtrigger.Q(old__quarter__df=pgtrigger.F("new__quarter"))
                | pgtrigger.Q(old__seal__df=pgtrigger.F("new__seal"))
                | pgtrigger.Q(old__asked_by__df=pgtrigger.F("new__asked_by")),
            ),
            pgtrigger.Trigger(
                name="digest_fits",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=DIGEST_FITS,
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["quarter", "version"], name="one_report_per_version"),
            models.CheckConstraint(name="report_state_known", condition=Q(state__in=ReportState.values)),
            models.CheckConstraint(
                name="report_quarter_sane", condition=Q(quarter__regex=r"^20[0-9][0-9]Q[1-4]$")
            ),
            models.CheckConstraint(
                name="report_built_has_figures",
                condition=Q(state__in=BUILT, built_at__isnull=False) & ~Q(body="") & ~Q(digest="")
                | ~Q(state__in=BUILT),
            ),
            models.CheckConstraint(
                name="report_reviewed_by_a_second_person",
                condition=Q(reviewed_at=None, reviewed_by=None)
                | Q(reviewed_at__isnull=False, reviewed_by__isnull=False)
                & (Q(asked_by=None) | ~Q(reviewed_by=F("asked_by"))),
            ),
            models.CheckConstraint(
                name="report_published_by_another_than_its_reviewer",
                condition=Q(published_at=None, published_by=None, version=None)
                & ~Q(state=ReportState.PUBLISHED)
                | Q(
                    state=ReportState.PUBLISHED,
                    published_at__isnull=False,
                    published_by__isnull=False,
                    version__gte=1,
                    reviewed_by__isnull=False,
                )
                & ~Q(published_by=F("reviewed_by")),
            ),
            models.CheckConstraint(
                name="report_correction_says_why", condition=Q(version=None) | Q(version=1) | ~Q(why="")
            ),
        ]

    def __str__(self) -> str:
        return f"report {self.quarter}" + (f", version {self.version}" if self.version else "")


class Lesson(models.Model):
    """What was learned: what happened, and what changed because of it. Frozen once it is published."""

    slug = models.SlugField(max_length=60, unique=True, help_text=_("In its address."))
    title = models.CharField(max_length=150)
    on = models.DateField(help_text=_("The day it happened; it decides the quarter of the report."))
    happened = models.TextField(help_text=_("Markdown; names nobody."))
    changed = models.TextField(help_text=_("Markdown: what is done otherwise now."))
    links = models.JSONField(
        default=list, help_text=_("[{label, url}], addresses of public pages of this site.")
    )
    state = models.CharField(max_length=9, choices=LessonState.choices, default=LessonState.DRAFT)
    written_at = models.DateTimeField(help_text=_("When its words were last changed."))
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(LESSON_TRANSITIONS, first=(LessonState.DRAFT,)),
            append_only()[1],
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="published_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=LessonState.PUBLISHED),
            ),
            pgtrigger.Protect(
                name="reviewed_as_it_stands",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state__in=[LessonState.REVIEWED, LessonState.PUBLISHED])
                & (
                    pgtrigger.Q(old__title__df=pgtrigger.F("new__title"))
                    | pgtrigger.Q(old__on__df=pgtrigger.F("new__on"))
                    | pgtrigger.Q(old__happened__df=pgtrigger.F("new__happened"))
                    | pgtrigger.Q(old__changed__df=pgtrigger.F("new__changed"))
                    | pgtrigger.Q(old__links__df=pgtrigger.F("new__links"))
                ),
            ),
        ]
        constraints = [
            models.CheckConstraint(name="lesson_state_known", condition=Q(state__in=LessonState.values)),
            models.CheckConstraint(
                name="lesson_says_something", condition=~Q(title="") & ~Q(happened="") & ~Q(changed="")
            ),
            models.CheckConstraint(
                name="lesson_reviewed_by_a_second_person",
                condition=Q(reviewed_at=None, reviewed_by=None)
                & ~Q(state__in=[LessonState.REVIEWED, LessonState.PUBLISHED])
                | Q(reviewed_at__isnull=False, reviewed_by__isnull=False)
                & (Q(written_by=None) | ~Q(reviewed_by=F("written_by"))),
            ),
            models.CheckConstraint(
                name="lesson_published_by_another_than_its_reviewer",
                condition=Q(published_at=None, published_by=None) & ~Q(state=LessonState.PUBLISHED)
                | Q(state=LessonState.PUBLISHED, published_at__isnull=False, published_by__isnull=False)
                & ~Q(published_by=F("reviewed_by")),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class LessonNote(models.Model):
    """A correction of a published lesson, dated and shown below it; the lesson itself never changes."""

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField(help_text=_("Markdown."))
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        triggers = append_only()
        constraints = [models.CheckConstraint(name="lesson_note_says_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return f"note {self.pk} on {self.lesson_id}"
