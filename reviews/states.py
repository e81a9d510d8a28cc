"""The life of a case, and what a decision can be."""

from django.db.models import TextChoices


class CaseState(TextChoices):
    OPEN = "open", "Open"
    CLAIMED = "claimed", "Claimed"
    AWAITING_SECOND = "awaiting_second", "Waits for a second person"
    AWAITING_APPLICANT = "awaiting_applicant", "Waits for the applicant"
    DECIDED = "decided", "Decided"
    CLOSED = "closed", "Closed, withdrawn"


CASE_TRANSITIONS: dict[str, set[str]] = {
    CaseState.OPEN: {
        CaseState.CLAIMED,
        CaseState.DECIDED,  # approved by a triage rule alone
        CaseState.CLOSED,
    },
    CaseState.CLAIMED: {
        CaseState.OPEN,  # released, or the claim ran out
        CaseState.AWAITING_SECOND,
        CaseState.AWAITING_APPLICANT,
        CaseState.DECIDED,
        CaseState.CLOSED,
    },
    CaseState.AWAITING_SECOND: {
        CaseState.OPEN,  # the second person does not sign
        CaseState.DECIDED,
        CaseState.CLOSED,
    },
    CaseState.AWAITING_APPLICANT: {
        CaseState.OPEN,
        CaseState.CLOSED,
    },  # answered: back in the queue, old due time
    CaseState.DECIDED: {
        CaseState.OPEN,  # an appeal was upheld, or the decision was taken back before it was told
        CaseState.AWAITING_SECOND,  # what was told is corrected, and somebody signs that
    },
    CaseState.CLOSED: set(),
}
QUEUED = (CaseState.OPEN, CaseState.CLAIMED, CaseState.AWAITING_SECOND)
UNDECIDED = (CaseState.OPEN, CaseState.CLAIMED, CaseState.AWAITING_SECOND, CaseState.AWAITING_APPLICANT)


class CaseKind(TextChoices):
    APPLICATION = "application", "Application"
    PRODUCTION = "production", "Production review"
    AMENDMENT = "amendment", "Change of use"
    RENEWAL = "renewal", "Renewal"


class Outcome(TextChoices):
    APPROVED = "approved", "Approve"
    APPROVED_WITH_CONDITIONS = "approved_with_conditions", "Approve with conditions"
    NEEDS_INFORMATION = "needs_information", "Ask for information"
    REJECTED = "rejected", "Reject"


APPROVALS = (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS)


class Verdict(TextChoices):
    NONE = "none", "None"
    CONCERN = "concern", "Concern"
    VIOLATES = "violates", "Violates"


class ClaimEnd(TextChoices):
    """How somebody came to have a case no more."""

    DONE = "done", "Worked on"
    GIVEN_BACK = "given_back", "Given back"
    RAN_OUT = "ran_out", "Ran out"
    HOLD_OVER = "hold_over", "The time it was put aside for is over"
    HANDED_OVER = "handed_over", "Handed over"
    FORCED = "forced", "Taken away"
    WITHDRAWN = "withdrawn", "The applicant withdrew"


class SecondPerson(TextChoices):
    """Who must sign beside the one who decides."""

    NOBODY = "nobody", "Nobody"
    REVIEWER = "reviewer", "Another reviewer"
    SENIOR = "senior", "A senior reviewer"


class Choice(TextChoices):
    """Whether a reviewer takes cases of a category."""

    IN = "in", "Offer me these"
    OUT = "out", "Not for me"


class Blur(TextChoices):
    """How text that was opened looks until one points at it."""

    NONE = "none", "None"
    LIGHT = "light", "Light"
    STRONG = "strong", "Strong"


class InterestKind(TextChoices):
    ORGANISATION = "organisation", "Organisation"
    DOMAIN = "domain", "E-mail domain"


class RuleState(TextChoices):
    DRAFT = "draft", "Draft"
    ON = "on", "On"
    SILENT = "silent", "Silent"


RULE_TRANSITIONS: dict[str, set[str]] = {
    RuleState.DRAFT: {RuleState.ON},
    RuleState.ON: {
        RuleState.DRAFT,  # edited, or switched off
        RuleState.SILENT,  # measured below its bound
    },
    RuleState.SILENT: {RuleState.DRAFT},  # edited: the same words would only fall silent again
}


class Expectation(TextChoices):
    """What a rule says people will decide; by that its precision is measured."""

    APPROVED = "approved", "Approved as it is"
    SCRUTINY = "scrutiny", "Anything but approved as it is"
    ASKED = "asked", "A question is asked"
    CITED = "cited", "One of its domains is cited or found"


class LeftBecause(TextChoices):
    """Why a case that a rule might have approved was left to people."""

    SIGNALS = "signals", "something about it is worth a look"
    EARLIER = "earlier", "people around it were refused or asked before"
    CONFLICT = "conflict", "whoever set the rule up has a part in it"
    PRECEDENTS = "precedents", "cases like it were decided otherwise"


class SignalKind(TextChoices):
    """What may be worth a look at a case; none decides anything."""

    MAILBOX = "mailbox", "Same mailbox"
    ALIAS = "alias", "Alias address"
    DISPOSABLE = "disposable", "Address for a day"
    WEBSITE = "website", "Website elsewhere"
    TEXT = "text", "Same text"
    NEAR_TEXT = "near_text", "Nearly the same text"


BULK_OUTCOMES = (
    Outcome.APPROVED,
    Outcome.NEEDS_INFORMATION,
    Outcome.REJECTED,
)  # conditions are written one by one


class BulkRefusal(TextChoices):
    """Why one case of a bulk was not decided with the others."""

    HELD = "held", "Somebody else has it"
    CHANGED = "changed", "The answers or its lane changed since the letters were shown"
    CONFLICT = "conflict", "You have a part in it"
    OVERTURNED = "overturned", "An appeal overturned what you decided here"
    SPARED = "spared", "It is not given to you now"
    TOO_MANY = "too_many", "You work on as many cases as anybody may at once"
    OVER = "over", "Decided, asked about or withdrawn meanwhile"
    INCOMPLETE = "incomplete", "The decision lacks something for this case"


class Exported(TextChoices):
    """What a file of an export holds."""

    QUEUE = "queue", "The queue"
    LINE = "line", "The line"
    WEEKS = "weeks", "The weeks"


class QueueExportState(TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Ready"
    FAILED = "failed", "Failed"
    DROPPED = "dropped", "Deleted"


QUEUE_EXPORT_TRANSITIONS: dict[str, set[str]] = {
    QueueExportState.WAITING: {QueueExportState.RUNNING, QueueExportState.DROPPED},
    QueueExportState.RUNNING: {QueueExportState.DONE, QueueExportState.FAILED},
    QueueExportState.FAILED: {QueueExportState.WAITING, QueueExportState.DROPPED},  # asked for once more
    QueueExportState.DONE: {QueueExportState.DROPPED},
    QueueExportState.DROPPED: set(),
}


class SecondReviewKind(TextChoices):
    """Why a decided case is looked at again; who looks is not told."""

    SAMPLE = "sample", "Drawn by lot"
    GOLDEN = "golden", "Golden case"
    NEW_CATEGORY = "new_category", "First of a new category or guideline version"
    AUTOMATIC = "automatic", "Approved by a rule"


class Reconciled(TextChoices):
    """What came of two different views."""

    STANDS = "stands", "The first decision stands"
    CORRECTION = "correction", "A correction is needed"
