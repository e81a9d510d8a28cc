"""The life of a guideline version, the lanes, and how hard a case may be to read."""

from django.db.models import IntegerChoices, TextChoices


class Lane(TextChoices):
    """What an answer asks for, strictest first."""

    REFUSE = "refuse", "Refuse"
    HOLD = "hold", "Hold"
    NOTIFY = "notify", "Notify"
    MONITOR = "monitor", "Monitor"


STRICTEST_FIRST = (Lane.REFUSE, Lane.HOLD, Lane.NOTIFY, Lane.MONITOR)


class Severity(IntegerChoices):
    """How hard the cases of a category may be to read; from HARM on their text is covered until it is opened."""

    NOTHING = 0, "0 · nothing hard to read"
    UNPLEASANT = 1, "1 · may be unpleasant"
    HARM = 2, "2 · describes harm to people"
    GRAVE = 3, "3 · describes grave harm"


class Gravity(TextChoices):
    """How grave a known weakness is."""

    LOW = "low", "Low"
    MODERATE = "moderate", "Moderate"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


class WeaknessStatus(TextChoices):
    """Where a known weakness stands; any may follow any: what is known changes."""

    OPEN = "open", "Open"
    MITIGATED = "mitigated", "Mitigated"
    FIXED = "fixed", "Fixed"
    WITHDRAWN = "withdrawn", "Withdrawn"


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
