"""The life of a guideline version and of a consultation on it, the lanes, and how hard a case may be to read."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Lane(TextChoices):
    """What an answer asks for, strictest first."""

    REFUSE = "refuse", _("Refuse")
    HOLD = "hold", _("Hold")
    NOTIFY = "notify", _("Notify")
    MONITOR = "monitor", _("Monitor")


STRICTEST_FIRST = (Lane.REFUSE, Lane.HOLD, Lane.NOTIFY, Lane.MONITOR)


class Severity(IntegerChoices):
    """How hard the cases of a category may be to read; from HARM on their text is covered until it is opened."""

    NOTHING = 0, _("0 · nothing hard to read")
    UNPLEASANT = 1, _("1 · may be unpleasant")
    HARM = 2, _("2 · describes harm to people")
    GRAVE = 3, _("3 · describes grave harm")


class Gravity(TextChoices):
    """How grave a known weakness is."""

    LOW = "low", pgettext_lazy("a weakness", "Low")
    MODERATE = "moderate", pgettext_lazy("a weakness", "Moderate")
    HIGH = "high", pgettext_lazy("a weakness", "High")
    CRITICAL = "critical", pgettext_lazy("a weakness", "Critical")


class WeaknessStatus(TextChoices):
    """Where a known weakness stands; any may follow any: what is known changes."""

    OPEN = "open", pgettext_lazy("a weakness", "Open")
    MITIGATED = "mitigated", pgettext_lazy("a weakness", "Mitigated")
    FIXED = "fixed", pgettext_lazy("a weakness", "Fixed")
    WITHDRAWN = "withdrawn", pgettext_lazy("a weakness", "Withdrawn")


class EvaluationState(TextChoices):
    PROPOSED = "proposed", _("Proposed")
    PUBLISHED = "published", _("Published")
    DROPPED = "dropped", _("Dropped")


EVALUATION_TRANSITIONS: dict[str, set[str]] = {
    EvaluationState.PROPOSED: {EvaluationState.PUBLISHED, EvaluationState.DROPPED},
    EvaluationState.PUBLISHED: set(),
    EvaluationState.DROPPED: set(),
}


class Taken(TextChoices):
    """What became of one record of an imported file."""

    NEW = "new", _("new")
    CHANGED = "changed", _("changed upstream")
    KNOWN = "known", _("known already")


class VersionState(TextChoices):
    DRAFT = "draft", _("Draft")
    CONSULTATION = "consultation", _("In consultation")
    PUBLISHED = "published", _("Published")
    EFFECTIVE = "effective", _("In force")
    SUPERSEDED = "superseded", _("Superseded")


TRANSITIONS: dict[str, set[str]] = {
    VersionState.DRAFT: {VersionState.CONSULTATION, VersionState.PUBLISHED},
    VersionState.CONSULTATION: {VersionState.DRAFT, VersionState.PUBLISHED},
    VersionState.PUBLISHED: {VersionState.EFFECTIVE},
    VersionState.EFFECTIVE: {VersionState.SUPERSEDED},
    VersionState.SUPERSEDED: set(),
}


class ConsultationState(TextChoices):
    """What people did with it; whether it is open just now is read off its dates (`Consultation.phase`)."""

    PREPARED = "prepared", _("Being prepared")
    OPENED = "opened", _("Opened")
    SUMMARISED = "summarised", _("Summary published")


CONSULTATION_TRANSITIONS: dict[str, set[str]] = {
    ConsultationState.PREPARED: {ConsultationState.OPENED},
    ConsultationState.OPENED: {ConsultationState.SUMMARISED},
    ConsultationState.SUMMARISED: set(),
}


class Phase(TextChoices):
    """Where a consultation stands at a moment."""

    PREPARED = "prepared", _("being prepared")
    ANNOUNCED = "announced", _("announced")
    OPEN = "open", _("open for comments")
    CLOSED = "closed", _("closed, being answered")
    SUMMARISED = "summarised", _("closed and answered")


class QuestionKind(TextChoices):
    TEXT = "text", _("Words")
    CHOICE = "choice", _("One of several answers")
    SCALE = "scale", _("Agreement from 1 to 5")


class AffiliationKind(TextChoices):
    """For whom somebody says they speak; nobody has to say."""

    INDIVIDUAL = "individual", _("Individual")
    DEVELOPER = "developer", _("Developer or company")
    ACADEMIA = "academia", _("Academia")
    CIVIL_SOCIETY = "civil_society", _("Civil society")
    PUBLIC_BODY = "public_body", _("Public body")
    OTHER = "other", _("Other")


class CommentState(TextChoices):
    """Nothing but `shown` and `unnamed` is public, and only a person leads there."""

    UNCONFIRMED = "unconfirmed", _("Address not confirmed yet")
    WAITING = "waiting", _("Waits to be read")
    TAKEN = "taken", _("Being read by a moderator")
    SHOWN = "shown", _("Shown")
    UNNAMED = "unnamed", _("Shown without a name")
    WITHHELD = "withheld", _("Not shown")
    WITHDRAWN = "withdrawn", _("Taken back by its author")


COMMENT_TRANSITIONS: dict[str, set[str]] = {
    CommentState.UNCONFIRMED: {CommentState.WAITING, CommentState.WITHDRAWN},
    CommentState.WAITING: {CommentState.TAKEN, CommentState.WITHDRAWN},
    CommentState.TAKEN: {
        CommentState.WAITING,
        CommentState.SHOWN,
        CommentState.UNNAMED,
        CommentState.WITHHELD,
        CommentState.WITHDRAWN,
    },
    CommentState.SHOWN: {CommentState.WAITING, CommentState.WITHDRAWN},
    CommentState.UNNAMED: {CommentState.WAITING, CommentState.WITHDRAWN},
    CommentState.WITHHELD: {CommentState.WAITING, CommentState.WITHDRAWN},
    CommentState.WITHDRAWN: set(),
}
PUBLIC_COMMENTS = (CommentState.SHOWN, CommentState.UNNAMED)
DECIDED_COMMENTS = (*PUBLIC_COMMENTS, CommentState.WITHHELD)


class WithheldFor(TextChoices):
    """Why a comment is not shown; disagreement is no reason."""

    SPAM = "spam", _("Advertising, or sent in bulk")
    PERSONAL_DATA = "personal_data", _("Personal data of others")
    ABUSE = "abuse", _("Abuse of people")
    OFF_TOPIC = "off_topic", _("Not about this text")
    ILLEGAL = "illegal", _("Unlawful to show")


class ThemeAnswer(TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    PARTLY = "partly", _("Accepted in part")
    NOT = "not", _("Not accepted")
