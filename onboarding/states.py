"""The lives of an application, a place in line, an invitation, a grant and a key: tables a lawyer can read.

Nothing assigns a state outside the domain functions; the database refuses every step that is not in these tables
(`audit.moves`), so `.update()` cannot walk around them either.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Stage(TextChoices):
    INVITATION_ONLY = "invitation_only", "By invitation only"
    LIMITED = "limited", "Limited access"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


STAGE_TRANSITIONS: dict[str, set[str]] = {
    Stage.INVITATION_ONLY: {Stage.LIMITED, Stage.CLOSED},
    Stage.LIMITED: {Stage.OPEN, Stage.CLOSED},
    Stage.OPEN: {Stage.CLOSED},
    Stage.CLOSED: set(),
}


class ApplicationKind(TextChoices):
    """What is asked for: access, or a change to access that was given (a request about a grant)."""

    ACCESS = "access", "Access"
    PRODUCTION = "production", "Production review"
    AMENDMENT = "amendment", "Change of use"
    RENEWAL = "renewal", "Renewal"


class ApplicationState(TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Received"
    IN_REVIEW = "in_review", "With a reviewer"
    INFORMATION_REQUESTED = "information_requested", "Waiting for your answer"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Not approved"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


APPLICATION_TRANSITIONS: dict[str, set[str]] = {
    ApplicationState.DRAFT: {ApplicationState.SUBMITTED, ApplicationState.WITHDRAWN},
    ApplicationState.SUBMITTED: {ApplicationState.IN_REVIEW, ApplicationState.WITHDRAWN},
    ApplicationState.IN_REVIEW: {
        ApplicationState.INFORMATION_REQUESTED,
        ApplicationState.APPROVED,
        ApplicationState.REJECTED,
        ApplicationState.WITHDRAWN,
    },
    ApplicationState.INFORMATION_REQUESTED: {ApplicationState.IN_REVIEW, ApplicationState.WITHDRAWN},
    ApplicationState.APPROVED: {ApplicationState.LAPSED},
    ApplicationState.REJECTED: {ApplicationState.IN_REVIEW},  # only by an appeal that is upheld
    ApplicationState.WITHDRAWN: set(),
    ApplicationState.LAPSED: set(),
}


OPEN_APPLICATION_STATES = (
    ApplicationState.DRAFT,
    ApplicationState.SUBMITTED,
    ApplicationState.IN_REVIEW,
    ApplicationState.INFORMATION_REQUESTED,
)

UNDER_REVIEW_STATES = tuple(state for state in OPEN_APPLICATION_STATES if state != ApplicationState.DRAFT)


class EntryState(TextChoices):
    WAITING = "waiting", "Waiting"
    HELD = "held", "Held"
    SEATED = "seated", "Invited"
    ADMITTED = "admitted", "Admitted"
    LEFT = "left", "Left"


ENTRY_TRANSITIONS: dict[str, set[str]] = {
    EntryState.WAITING: {EntryState.SEATED, EntryState.HELD, EntryState.LEFT},
    EntryState.HELD: {EntryState.WAITING, EntryState.LEFT},
    EntryState.SEATED: {EntryState.ADMITTED, EntryState.WAITING, EntryState.LEFT},
    EntryState.ADMITTED: set(),
    EntryState.LEFT: set(),
}
LIVE_ENTRY_STATES = (EntryState.WAITING, EntryState.HELD, EntryState.SEATED)


class LineVerb(TextChoices):
    """What is done to many places in line at once."""

    HOLD = "hold", "Hold"
    UNHOLD = "unhold", "End the hold"
    FORWARD = "forward", "Move ahead"
    BACK = "back", "Put back to where the rule says"


class PickState(TextChoices):
    """Of an address that was asked by hand to apply for a program by invitation only."""

    ASKED = "asked", "Asked"
    TAKEN = "taken", "Taken up"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Ran out"


PICK_TRANSITIONS: dict[str, set[str]] = {
    PickState.ASKED: {PickState.TAKEN, PickState.WITHDRAWN, PickState.EXPIRED},
    PickState.TAKEN: set(),
    PickState.WITHDRAWN: set(),
    PickState.EXPIRED: set(),
}
LIVE_PICK_STATES = (PickState.ASKED, PickState.TAKEN)


class RowVerdict(TextChoices):
    """What becomes of a row of a list of people to ask."""

    NEW = "new", "would be asked"
    ASKED = "asked", "was asked already"
    ACCESS = "access", "has access already"
    APPLIED = "applied", "has applied already"
    SUSPENDED = "suspended", "access of theirs is suspended"
    OWN = "own", "yourself, or somebody you share an organisation with"
    TWICE = "twice", "stands in the list already, further up"
    MALFORMED = "malformed", "cannot be read"
    OTHER_STAGE = "other_stage", "the program was no longer by invitation only"


class InvitationState(TextChoices):
    OFFERED = "offered", "Offered"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Expired"


GIVEN_BACK = (InvitationState.DECLINED, InvitationState.EXPIRED)

INVITATION_TRANSITIONS: dict[str, set[str]] = {
    InvitationState.OFFERED: {InvitationState.ACCEPTED, InvitationState.DECLINED, InvitationState.EXPIRED},
    InvitationState.ACCEPTED: set(),
    InvitationState.DECLINED: set(),
    InvitationState.EXPIRED: set(),
}


class GrantState(TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    REVOKED = "revoked", "Revoked"
    EXPIRED = "expired", "Expired"


GRANT_TRANSITIONS: dict[str, set[str]] = {
    GrantState.ACTIVE: {GrantState.SUSPENDED, GrantState.REVOKED, GrantState.EXPIRED},
    GrantState.SUSPENDED: {GrantState.ACTIVE, GrantState.REVOKED, GrantState.EXPIRED},
    GrantState.REVOKED: set(),
    GrantState.EXPIRED: set(),
}
LIVE_GRANT_STATES = (GrantState.ACTIVE, GrantState.SUSPENDED)


class KeyState(TextChoices):
    ISSUED = "issued", "Ready to open"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    REVOKED = "revoked", "Revoked"
    EXPIRED = "expired", "Expired"


KEY_TRANSITIONS: dict[str, set[str]] = {
    KeyState.ISSUED: {KeyState.ACTIVE, KeyState.REVOKED, KeyState.EXPIRED},
    KeyState.ACTIVE: {KeyState.SUSPENDED, KeyState.REVOKED, KeyState.EXPIRED},
    KeyState.SUSPENDED: {KeyState.ACTIVE, KeyState.REVOKED, KeyState.EXPIRED},
    KeyState.REVOKED: set(),
    KeyState.EXPIRED: set(),
}
LIVE_KEY_STATES = (KeyState.ISSUED, KeyState.ACTIVE, KeyState.SUSPENDED)


class Step(TextChoices):
    """How far people came, from application to access: what is counted for the board."""

    APPLIED = "applied", "Applied"
    DECIDED = "decided", "Decided"
    APPROVED = "approved", "Approved"
    INVITED = "invited", "Invited"
    ACCEPTED = "accepted", "Accepted"
    OPENED = "opened", "Key opened"


class Environment(TextChoices):
    TEST = "test", "Test"
    LIVE = "live", "Live"


class Carry(TextChoices):
    """What becomes of seats a week did not use."""

    NONE = "none", _("They are not given again")
    CAPPED = "capped", _("They are added to the next week, up to a number")
    FULL = "full", _("They are added to the next week")


class Spread(TextChoices):
    """When in its week a seat may be given."""

    AT_ONCE = "at_once", _("All when the week starts")
    DAILY = "daily", _("A seventh each day")
    WORKING_DAYS = "working_days", _("In equal parts on Monday to Friday")


class Unfilled(TextChoices):
    """What becomes of a share's seats while nobody of its cohort waits."""

    OTHERS = "others", _("They are given to the others, in the order of the line")
    KEPT = "kept", _("They stay empty, and end with the week")
    CARRIED = "carried", _("They stay empty, and count as unused when the week ends")


class ShareKind(TextChoices):
    """What a share of the week goes by."""

    APPLICANT_TYPE = "applicant_type", _("Who applies")
    COUNTRY = "country", _("Region (countries)")
    HAND_PICKED = "hand_picked", _("Hand-picked")
    WAVE = "wave", _("Wave of an import")


class ShowcaseState(TextChoices):
    OFFERED = "offered", _("Offered")
    PUBLISHED = "published", _("Shown")
    DECLINED = "declined", _("Not shown")
    WITHDRAWN = "withdrawn", _("Taken back")


SHOWCASE_TRANSITIONS: dict[str, set[str]] = {
    ShowcaseState.OFFERED: {ShowcaseState.PUBLISHED, ShowcaseState.DECLINED, ShowcaseState.WITHDRAWN},
    ShowcaseState.PUBLISHED: {ShowcaseState.DECLINED, ShowcaseState.WITHDRAWN},
    ShowcaseState.DECLINED: set(),
    ShowcaseState.WITHDRAWN: set(),
}


class FileKind(TextChoices):
    """What may be sent as a file."""

    PDF = "pdf", "PDF"
    PNG = "png", "PNG image"
    JPEG = "jpeg", "JPEG image"


class Overlap(TextChoices):
    """How long the old secret works beside the new one."""

    NONE = "none", _("Not at all: it stops now")
    HOUR = "hour", _("1 hour")
    DAY = "day", _("24 hours")
    WEEK = "week", _("7 days")


class LimitLevel(TextChoices):
    """What shares one count."""

    KEY = "key", "each key"
    OWNER = "owner", "all keys of an owner"
    PROGRAM = "program", "all keys of the program"
    END_USER = "end_user", "each end user of an owner"


class LimitKind(TextChoices):
    REQUESTS = "requests", "requests"
    TOKENS = "tokens", "tokens"


class LimitPer(TextChoices):
    MINUTE = "minute", "a minute"
    DAY = "day", "a UTC day"


class LimitSource(TextChoices):
    """Who set it: rows of different sources stand beside each other, so that nobody takes back another's."""

    STAFF = "staff", "Staff"
    OWNER = "owner", "The owner, for a key of theirs"
    SANCTION = "sanction", "A sanction or an anomaly"


class ConditionKind(TextChoices):
    """What a condition of an approval is about; the first three are held by the gateway, not by promises."""

    SCOPE = "scope", "Only these models"
    LIMIT = "limit", "Fewer requests"
    REVIEW_DATE = "review_date", "Looked at again"
    HUMAN_REVIEW = "human_review", "A person checks output"
    DISCLOSURE = "disclosure", "People are told"
    OTHER = "other", "Other"


class GuardKind(TextChoices):
    """What a freeze rule watches; who measures it is to the right of here, see `domain.guards`."""

    VIOLATIONS = "violations", "Confirmed violations"
    LATE = "late", "Open cases past due"
    OVERTURNED = "overturned", "Decisions overturned on appeal"
    ERRORS = "errors", "Errors of the model's side"


class GuardMode(TextChoices):
    OFF = "off", "Off"
    WATCH = "watch", "Watching: says what it would do, and stops nothing"
    ON = "on", "On: stops admission"


class Thaw(TextChoices):
    """Who lets admission go on after a freeze."""

    PERSON = "person", "A person, with a reason"
    RULE = "rule", "The rule, once its figure is green again"


class GuardState(TextChoices):
    """Where the latest figure of a rule stands; it is read from rows and kept nowhere."""

    GREEN = "green", "green"
    BETWEEN = "between", "between the two bounds"
    TOO_FEW = "too_few", "too few to tell"
    WAITING = "waiting", "waiting for a reading"
    TRIPPED = "tripped", "at the bound or beyond"
    SILENT = "silent", "no reading"
