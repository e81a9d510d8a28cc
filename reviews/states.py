"""The life of a case, and what a decision can be."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class CaseState(TextChoices):
    OPEN = "open", _("Open")
    CLAIMED = "claimed", _("Claimed")
    AWAITING_SECOND = "awaiting_second", _("Waits for a second person")
    AWAITING_APPLICANT = "awaiting_applicant", _("Waits for the applicant")
    DECIDED = "decided", _("Decided")
    CLOSED = "closed", _("Closed, withdrawn")


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
    APPLICATION = "application", _("Application")
    PRODUCTION = "production", _("Production review")
    AMENDMENT = "amendment", _("Change of use")
    RENEWAL = "renewal", _("Renewal")


class Outcome(TextChoices):
    APPROVED = "approved", _("Approve")
    APPROVED_WITH_CONDITIONS = "approved_with_conditions", _("Approve with conditions")
    NEEDS_INFORMATION = "needs_information", _("Ask for information")
    REJECTED = "rejected", _("Reject")


APPROVALS = (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS)


class Verdict(TextChoices):
    NONE = "none", _("None")
    CONCERN = "concern", _("Concern")
    VIOLATES = "violates", _("Violates")


class ClaimEnd(TextChoices):
    """How somebody came to have a case no more."""

    DONE = "done", _("Worked on")
    GIVEN_BACK = "given_back", _("Given back")
    RAN_OUT = "ran_out", _("Ran out")
    HOLD_OVER = "hold_over", _("The time it was put aside for is over")
    HANDED_OVER = "handed_over", _("Handed over")
    FORCED = "forced", _("Taken away")
    WITHDRAWN = "withdrawn", _("The applicant withdrew")


class SecondPerson(TextChoices):
    """Who must sign beside the one who decides."""

    NOBODY = "nobody", _("Nobody")
    REVIEWER = "reviewer", _("Another reviewer")
    SENIOR = "senior", _("A senior reviewer")


class Choice(TextChoices):
    """Whether a reviewer takes cases of a category."""

    IN = "in", _("Offer me these")
    OUT = "out", _("Not for me")


class Blur(TextChoices):
    """How text that was opened looks until one points at it."""

    NONE = "none", _("None")
    LIGHT = "light", _("Light")
    STRONG = "strong", _("Strong")


class InterestKind(TextChoices):
    ORGANISATION = "organisation", _("Organisation")
    DOMAIN = "domain", _("E-mail domain")


class RuleState(TextChoices):
    DRAFT = "draft", _("Draft")
    ON = "on", _("On")
    SILENT = "silent", _("Silent")


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

    APPROVED = "approved", _("Approved as it is")
    SCRUTINY = "scrutiny", _("Anything but approved as it is")
    ASKED = "asked", _("A question is asked")
    CITED = "cited", _("One of its domains is cited or found")


class LeftBecause(TextChoices):
    """Why a case that a rule might have approved was left to people."""

    SIGNALS = "signals", _("something about it is worth a look")
    EARLIER = "earlier", _("people around it were refused or asked before")
    CONFLICT = "conflict", _("whoever set the rule up has a part in it")
    PRECEDENTS = "precedents", _("cases like it were decided otherwise")


class SignalKind(TextChoices):
    """What may be worth a look at a case; none decides anything."""

    MAILBOX = "mailbox", _("Same mailbox")
    ALIAS = "alias", _("Alias address")
    DISPOSABLE = "disposable", _("Address for a day")
    WEBSITE = "website", _("Website elsewhere")
    TEXT = "text", _("Same text")
    NEAR_TEXT = "near_text", _("Nearly the same text")


BULK_OUTCOMES = (
    Outcome.APPROVED,
    Outcome.NEEDS_INFORMATION,
    Outcome.REJECTED,
)  # conditions are written one by one


class BulkRefusal(TextChoices):
    """Why one case of a bulk was not decided with the others."""

    HELD = "held", _("Somebody else has it")
    CHANGED = "changed", _("The answers or its lane changed since the letters were shown")
    CONFLICT = "conflict", _("You have a part in it")
    OVERTURNED = "overturned", _("An appeal overturned what you decided here")
    SPARED = "spared", _("It is not given to you now")
    TOO_MANY = "too_many", _("You work on as many cases as anybody may at once")
    OVER = "over", _("Decided, asked about or withdrawn meanwhile")
    INCOMPLETE = "incomplete", _("The decision lacks something for this case")


class Exported(TextChoices):
    """What a file of an export holds."""

    QUEUE = "queue", _("The queue")
    LINE = "line", _("The line")
    WEEKS = "weeks", _("The weeks")


class QueueExportState(TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Ready")
    FAILED = "failed", _("Failed")
    DROPPED = "dropped", _("Deleted")


QUEUE_EXPORT_TRANSITIONS: dict[str, set[str]] = {
    QueueExportState.WAITING: {QueueExportState.RUNNING, QueueExportState.DROPPED},
    QueueExportState.RUNNING: {QueueExportState.DONE, QueueExportState.FAILED},
    QueueExportState.FAILED: {QueueExportState.WAITING, QueueExportState.DROPPED},  # asked for once more
    QueueExportState.DONE: {QueueExportState.DROPPED},
    QueueExportState.DROPPED: set(),
}


class SecondReviewKind(TextChoices):
    """Why a decided case is looked at again; who looks is not told."""

    SAMPLE = "sample", _("Drawn by lot")
    GOLDEN = "golden", _("Golden case")
    NEW_CATEGORY = "new_category", _("First of a new category or guideline version")
    AUTOMATIC = "automatic", _("Approved by a rule")


class Reconciled(TextChoices):
    """What came of two different views."""

    STANDS = "stands", _("The first decision stands")
    CORRECTION = "correction", _("A correction is needed")
