"""The life of an appeal, and why one ends as it does."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FilterKind(TextChoices):
    """The kinds of `enforcement.filters.rules.Kind`."""

    WORDS = "words", _("Word list")
    PATTERN = "pattern", _("Patterns")
    PERSONAL = "personal", _("Personal data and keys")
    ENDPOINT = "endpoint", _("Another moderation endpoint")


class FilterAction(TextChoices):
    """What follows a hit of a filter rule that is on."""

    COUNT = "count", _("Count it")
    FLAG = "flag", _("Count it, and flag it for a person")
    REFUSE = "refuse", _("Count it, flag it, and advise the caller to refuse")


class FilterState(TextChoices):
    DRAFT = "draft", _("Draft")
    SHADOW = "shadow", _("Shadow")
    ON = "on", _("On")
    OFF = "off", _("Off")


# Nothing is switched on that was not in shadow first, where it is counted and does nothing.
FILTER_TRANSITIONS: dict[str, set[str]] = {
    FilterState.DRAFT: {FilterState.SHADOW, FilterState.OFF},
    FilterState.SHADOW: {FilterState.ON, FilterState.OFF},
    FilterState.ON: {FilterState.SHADOW, FilterState.OFF},
    FilterState.OFF: {FilterState.SHADOW},
}


class AppealKind(TextChoices):
    """Two different things: the decision was wrong, or it was right and what was wrong is mended."""

    APPEAL = "appeal", _("Appeal")
    REINSTATEMENT = "reinstatement", _("Reinstatement")


class AppealState(TextChoices):
    FILED = "filed", _("Filed")
    IN_REVIEW = "in_review", _("With a senior reviewer")
    UPHELD = "upheld", _("Upheld")
    DENIED = "denied", _("Denied")
    WITHDRAWN = "withdrawn", _("Withdrawn")


APPEAL_TRANSITIONS: dict[str, set[str]] = {
    AppealState.FILED: {AppealState.IN_REVIEW, AppealState.WITHDRAWN},
    AppealState.IN_REVIEW: {
        AppealState.FILED,  # given back, or kept too long
        AppealState.UPHELD,
        AppealState.DENIED,
        AppealState.WITHDRAWN,
    },
    AppealState.UPHELD: set(),
    AppealState.DENIED: set(),
    AppealState.WITHDRAWN: set(),
}
OPEN_STATES = (AppealState.FILED, AppealState.IN_REVIEW)
DECIDED_STATES = (AppealState.UPHELD, AppealState.DENIED)


class OutcomeReason(TextChoices):
    """Why, in a word; `REASONS` says which belong where."""

    FACTS_WRONG = "facts_wrong", _("We had the facts wrong")
    GUIDELINE_MISREAD = "guideline_misread", _("We applied the guideline wrongly")
    PROCEDURE = "procedure", _("We did not keep to our own procedure")
    NEW_FACTS = "new_facts", _("What you told us changes the picture")
    DECISION_RIGHT = "decision_right", _("The decision follows the guidelines")
    NOTHING_AGAINST = "nothing_against", _("Nothing speaks against the decision")
    OTHER_USE = "other_use", _("The appeal describes another use")
    MENDED = "mended", _("What was wrong is mended")
    NOT_MENDED = "not_mended", _("What was wrong is not mended yet")
    NOT_SHOWN = "not_shown", _("We cannot tell that it is mended")


REASONS: dict[tuple[str, str], tuple[OutcomeReason, ...]] = {
    (AppealKind.APPEAL, AppealState.UPHELD): (
        OutcomeReason.FACTS_WRONG,
        OutcomeReason.GUIDELINE_MISREAD,
        OutcomeReason.PROCEDURE,
        OutcomeReason.NEW_FACTS,
    ),
    (AppealKind.APPEAL, AppealState.DENIED): (
        OutcomeReason.DECISION_RIGHT,
        OutcomeReason.NOTHING_AGAINST,
        OutcomeReason.OTHER_USE,
    ),
    (AppealKind.REINSTATEMENT, AppealState.UPHELD): (OutcomeReason.MENDED,),
    (AppealKind.REINSTATEMENT, AppealState.DENIED): (
        OutcomeReason.NOT_MENDED,
        OutcomeReason.NOT_SHOWN,
        OutcomeReason.OTHER_USE,
    ),
}


class FlagSource(TextChoices):
    """Who or what noticed something; only `MACHINES_TRUSTED` may suspend in an emergency, see `domain.emergencies`."""

    FILTER = "filter", _("Filter")
    ANOMALY = "anomaly", _("Unusual use")
    INTEGRATOR = "integrator", _("Integrator")
    PARTNER = "partner", _("Trusted partner")
    HOLDER = "holder", _("Holder of the key")
    PUBLIC = "public", _("Public report")
    REVIEWER = "reviewer", _("Reviewer")
    LEAK = "leak", _("Leaked key")


class FlagState(TextChoices):
    OPEN = "open", _("Open")
    CONFIRMED = "confirmed", _("Confirmed")
    DISMISSED = "dismissed", _("Dismissed")


FLAG_TRANSITIONS: dict[str, set[str]] = {
    FlagState.OPEN: {FlagState.CONFIRMED, FlagState.DISMISSED},
    FlagState.CONFIRMED: set(),
    FlagState.DISMISSED: set(),
}


class FlagCaseState(TextChoices):
    OPEN = "open", _("Open")
    TAKEN = "taken", _("With a reviewer")
    DECIDED = "decided", _("Decided")
    MERGED = "merged", _("Merged into another case")


FLAG_CASE_TRANSITIONS: dict[str, set[str]] = {
    FlagCaseState.OPEN: {FlagCaseState.TAKEN},
    FlagCaseState.TAKEN: {FlagCaseState.OPEN, FlagCaseState.DECIDED, FlagCaseState.MERGED},
    FlagCaseState.DECIDED: set(),
    FlagCaseState.MERGED: set(),
}


class Finding(TextChoices):
    """What a person found behind flags."""

    VIOLATION = "violation", _("It breaks the guidelines")
    NO_VIOLATION = "no_violation", _("Nothing is wrong")
    CANNOT_TELL = "cannot_tell", _("It cannot be told")


# What becomes of the flags of a case: what cannot be told is held against nobody.
FLAGS_AFTER: dict[str, FlagState] = {
    Finding.VIOLATION: FlagState.CONFIRMED,
    Finding.NO_VIOLATION: FlagState.DISMISSED,
    Finding.CANNOT_TELL: FlagState.DISMISSED,
}


class SanctionKind(TextChoices):
    WARN = "warn", _("Warning")
    LIMIT = "limit", _("Fewer requests")
    SUSPEND = "suspend", _("Suspension")
    TERMINATE = "terminate", _("End of access")


class SanctionTarget(TextChoices):
    KEY = "key", _("One key")
    GRANT = "grant", _("The access")
    OWNER = "owner", _("All access of the owner")
    END_USER = "end_user", _("One end user")


class SanctionState(TextChoices):
    PROPOSED = "proposed", _("Proposed")
    ACTIVE = "active", _("In force")
    DROPPED = "dropped", _("Dropped")
    LIFTED = "lifted", _("Lifted")
    ENDED = "ended", _("Ended")
    REVERSED = "reversed", _("Reversed")


SANCTION_TRANSITIONS: dict[str, set[str]] = {
    SanctionState.PROPOSED: {SanctionState.ACTIVE, SanctionState.DROPPED},
    SanctionState.ACTIVE: {SanctionState.LIFTED, SanctionState.ENDED, SanctionState.REVERSED},
    SanctionState.ENDED: {SanctionState.REVERSED},  # its mark can be taken away after its time, too
    SanctionState.DROPPED: set(),
    SanctionState.LIFTED: set(),
    SanctionState.REVERSED: set(),
}
STANDING_SANCTIONS = (SanctionState.ACTIVE, SanctionState.ENDED)


class SanctionReason(TextChoices):
    """Grounds of a sanction, the first line of its statement of reasons."""

    POLICY_BREACH = "E1_policy_breach", _("Use that the guidelines forbid")
    OUTSIDE_SCOPE = "E2_outside_scope", _("Use beyond what was approved")
    KEY_SHARED = "E3_key_shared", _("The key was used by others or traded")
    CONDITION_BROKEN = "E4_condition_broken", _("A condition of the approval was not kept")
    FRAUD_SIGNAL = "E5_fraud_signal", _("Signs of fraud")
    LEGAL_ORDER = "E6_legal_order", _("An order of an authority")
    URGENT_HARM = "E7_urgent_harm", _("Going on would put people at serious risk")


class WebhookStop(TextChoices):
    """Why nothing is sent to an address any more."""

    ASKED = "asked", _("Switched off by a person")
    FAILING = "failing", _("It failed for three days")
    GONE = "gone", _("It answered 410 Gone")


class AnomalyKind(TextChoices):
    """What an anomaly rule looks at; `domain.unusual` has each as one statement."""

    VOLUME = "volume", _("More than was declared")
    GROWTH = "growth", _("Sudden growth")
    REFUSALS = "refusals", _("Many refusals")
    FILTER_HITS = "filter_hits", _("Many filter hits")
    ERRORS = "errors", _("Many errors of the model's side")
    NIGHT = "night", _("More at night than usual")
    END_USERS = "end_users", _("Many end users on an internal tool")
    NETWORKS = "networks", _("From many networks at once")


class AnomalyMode(TextChoices):
    OFF = "off", _("Off")
    SHADOW = "shadow", _("In shadow: finds, and flags nothing")
    ON = "on", _("On")


ANOMALY_TRANSITIONS: dict[str, set[str]] = {
    AnomalyMode.OFF: {AnomalyMode.SHADOW},
    AnomalyMode.SHADOW: {AnomalyMode.ON, AnomalyMode.OFF},
    AnomalyMode.ON: {AnomalyMode.SHADOW, AnomalyMode.OFF},
}


class BackTestState(TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


BACK_TEST_TRANSITIONS: dict[str, set[str]] = {
    BackTestState.WAITING: {BackTestState.RUNNING},
    BackTestState.RUNNING: {BackTestState.DONE, BackTestState.FAILED},
    BackTestState.DONE: set(),
    BackTestState.FAILED: set(),
}


class LeakAct(TextChoices):
    """What happens to a secret that was found in public."""

    END_SECRET = "end_secret", _("End the secret; the key waits for a new one")
    REVOKE = "revoke", _("Revoke the key")
