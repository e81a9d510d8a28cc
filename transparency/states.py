"""The life of a report, and what the ledger cannot know."""

from django.db.models import TextChoices


class ReportState(TextChoices):
    WAITING = "waiting", "Waits to be counted"
    RUNNING = "running", "Being counted"
    DRAFT = "draft", "Draft"
    REVIEWED = "reviewed", "Reviewed"
    PUBLISHED = "published", "Published"
    DROPPED = "dropped", "Dropped"
    FAILED = "failed", "Stopped by a problem"


REPORT_TRANSITIONS: dict[str, set[str]] = {
    ReportState.WAITING: {ReportState.RUNNING, ReportState.DROPPED},
    ReportState.RUNNING: {ReportState.DRAFT, ReportState.FAILED},
    ReportState.DRAFT: {ReportState.REVIEWED, ReportState.DROPPED},
    ReportState.REVIEWED: {ReportState.PUBLISHED, ReportState.DROPPED},
    ReportState.PUBLISHED: set(),
    ReportState.DROPPED: set(),
    ReportState.FAILED: set(),
}


class RecordKind(TextChoices):
    """What belongs into a report and leaves no trace in the ledger by itself."""

    AUTHORITY_REQUEST = "authority_request", "An authority asked us for something"
    AUTHORITY_REPORT = "authority_report", "We reported something to an authority"
    INCIDENT = "incident", "A mistake or an outage of our own"
    REVIEWER_LANGUAGES = "reviewer_languages", "Languages our reviewers work in"
    LESSON = "lesson", "What changed because of this quarter"


COUNTED = (RecordKind.AUTHORITY_REQUEST, RecordKind.AUTHORITY_REPORT, RecordKind.REVIEWER_LANGUAGES)
WORDED = (RecordKind.INCIDENT, RecordKind.LESSON)
