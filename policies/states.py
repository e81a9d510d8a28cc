"""The life of a guideline version, and the lanes."""

from django.db.models import TextChoices


class Lane(TextChoices):
    """What an answer asks for, strictest first."""

    REFUSE = "refuse", "Refuse"
    HOLD = "hold", "Hold"
    NOTIFY = "notify", "Notify"
    MONITOR = "monitor", "Monitor"


STRICTEST_FIRST = (Lane.REFUSE, Lane.HOLD, Lane.NOTIFY, Lane.MONITOR)


class VersionState(TextChoices):
    DRAFT = "draft", "Draft"
    CONSULTATION = "consultation", "In consultation"
    PUBLISHED = "published", "Published"
    EFFECTIVE = "effective", "In force"
    SUPERSEDED = "superseded", "Superseded"


TRANSITIONS: dict[str, set[str]] = {
    VersionState.DRAFT: {VersionState.CONSULTATION, VersionState.PUBLISHED},
    VersionState.CONSULTATION: {VersionState.DRAFT, VersionState.PUBLISHED},
    VersionState.PUBLISHED: {VersionState.EFFECTIVE},
    VersionState.EFFECTIVE: {VersionState.SUPERSEDED},
    VersionState.SUPERSEDED: set(),
}
