"""The life of a report, and what the ledger cannot know."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy


class ReportState(TextChoices):
    WAITING = "waiting", gettext_lazy("Waits to be counted")
    RUNNING = "running", gettext_lazy("Being counted")
    DRAFT = "draft", gettext_lazy("Draft")
    REVIEWED = "reviewed", gettext_lazy("Reviewed")
    PUBLISHED = "published", gettext_lazy("Published")
    DROPPED = "dropped", gettext_lazy("Dropped")
    FAILED = "failed", gettext_lazy("Stopped by a problem")


REPORT_TRANSITIONS: dict[str, set[str]] = {
    ReportState.WAITING: {ReportState.RUNNING, ReportState.DROPPED},
    ReportState.RUNNING: {ReportState.DRAFT, ReportState.FAILED},
    ReportState.DRAFT: {ReportState.REVIEWED, ReportState.DROPPED},
    ReportState.REVIEWED: {ReportState.PUBLISHED, ReportState.DROPPED},
    ReportState.PUBLISHED: set(),
    ReportState.DROPPED: set(),
    ReportState.FAILED: {ReportState.WAITING},
}


class LessonState(TextChoices):
    DRAFT = "draft", gettext_lazy("Draft")
    REVIEWED = "reviewed", gettext_lazy("Reviewed")
    PUBLISHED = "published", gettext_lazy("Published")
    DROPPED = "dropped", gettext_lazy("Dropped")


LESSON_TRANSITIONS: dict[str, set[str]] = {
    LessonState.DRAFT: {LessonState.REVIEWED, LessonState.DROPPED},
    LessonState.REVIEWED: {LessonState.DRAFT, LessonState.PUBLISHED, LessonState.DROPPED},
    LessonState.PUBLISHED: set(),
    LessonState.DROPPED: set(),
}


class RecordKind(TextChoices):
    """What belongs into a report and leaves no trace in the ledger by itself."""

    AUTHORITY_REQUEST = "authority_request", gettext_lazy("An authority asked us for something")
    AUTHORITY_REPORT = "authority_report", gettext_lazy("We reported something to an authority")
    INCIDENT = "incident", gettext_lazy("A mistake or an outage of our own")
    REVIEWER_LANGUAGES = "reviewer_languages", gettext_lazy("Languages our reviewers work in")
    LESSON = "lesson", gettext_lazy("What changed because of this quarter")


COUNTED = (RecordKind.AUTHORITY_REQUEST, RecordKind.AUTHORITY_REPORT, RecordKind.REVIEWER_LANGUAGES)
OFFERED = tuple(
    kind for kind in RecordKind if kind != RecordKind.LESSON
)  # lessons are posts of their own now
WORDED = (RecordKind.INCIDENT, RecordKind.LESSON)
