"""The lives of an application, a place in line, an invitation, a grant and a key: tables a lawyer can read.

Nothing assigns a state outside the domain functions; the database refuses every step that is not in these tables
(`audit.moves`), so `.update()` cannot walk around them either.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Stage(TextChoices):
    INVITATION_ONLY = "invitation_only", _("By invitation only")
    LIMITED = "limited", _("Limited access")
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


STAGE_TRANSITIONS: dict[str, set[str]] = {
    Stage.INVITATION_ONLY: {Stage.LIMITED, Stage.CLOSED},
    Stage.LIMITED: {Stage.OPEN, Stage.CLOSED},
    Stage.OPEN: {Stage.CLOSED},
    Stage.CLOSED: set(),
}


class ApplicationKind(TextChoices):
    """What is asked for: access, or a change to access that was given (a request about a grant)."""

    ACCESS = "access", _("Access")
    PRODUCTION = "production", _("Production review")
    AMENDMENT = "amendment", _("Change of use")
    RENEWAL = "renewal", _("Renewal")


class ApplicationState(TextChoices):
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Received")
    IN_REVIEW = "in_review", _("With a reviewer")
    INFORMATION_REQUESTED = "information_requested", _("Waiting for your answer")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Not approved")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")


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
    WAITING = "waiting", _("Waiting")
    HELD = "held", _("Held")
    SEATED = "seated", _("Invited")
    ADMITTED = "admitted", pgettext_lazy("place", "Admitted")
    LEFT = "left", pgettext_lazy("place", "Left")


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

    HOLD = "hold", _("Hold")
    UNHOLD = "unhold", _("End the hold")
    FORWARD = "forward", _("Move ahead")
    BACK = "back", _("Put back to where the rule says")


class PickState(TextChoices):
    """Of an address that was asked by hand to apply for a program by invitation only."""

    ASKED = "asked", pgettext_lazy("pick", "Asked")
    TAKEN = "taken", _("Taken up")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Ran out")


PICK_TRANSITIONS: dict[str, set[str]] = {
    PickState.ASKED: {PickState.TAKEN, PickState.WITHDRAWN, PickState.EXPIRED},
    PickState.TAKEN: set(),
    PickState.WITHDRAWN: set(),
    PickState.EXPIRED: set(),
}
LIVE_PICK_STATES = (PickState.ASKED, PickState.TAKEN)


class RowVerdict(TextChoices):
    """What becomes of a row of a list of people to ask."""

    NEW = "new", _("would be asked")
    ASKED = "asked", _("was asked already")
    ACCESS = "access", _("has access already")
    APPLIED = "applied", _("has applied already")
    SUSPENDED = "suspended", _("access of theirs is suspended")
    OWN = "own", _("yourself, or somebody you share an organisation with")
    TWICE = "twice", _("stands in the list already, further up")
    MALFORMED = "malformed", _("cannot be read")
    OTHER_STAGE = "other_stage", _("the program was no longer by invitation only")


class InvitationState(TextChoices):
    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")


GIVEN_BACK = (InvitationState.DECLINED, InvitationState.EXPIRED)

INVITATION_TRANSITIONS: dict[str, set[str]] = {
    InvitationState.OFFERED: {InvitationState.ACCEPTED, InvitationState.DECLINED, InvitationState.EXPIRED},
    InvitationState.ACCEPTED: set(),
    InvitationState.DECLINED: set(),
    InvitationState.EXPIRED: set(),
}


class GrantState(TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    REVOKED = "revoked", _("Revoked")
    EXPIRED = "expired", _("Expired")


GRANT_TRANSITIONS: dict[str, set[str]] = {
    GrantState.ACTIVE: {GrantState.SUSPENDED, GrantState.REVOKED, GrantState.EXPIRED},
    GrantState.SUSPENDED: {GrantState.ACTIVE, GrantState.REVOKED, GrantState.EXPIRED},
    GrantState.REVOKED: set(),
    GrantState.EXPIRED: set(),
}
LIVE_GRANT_STATES = (GrantState.ACTIVE, GrantState.SUSPENDED)


class KeyState(TextChoices):
    ISSUED = "issued", _("Ready to open")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    REVOKED = "revoked", _("Revoked")
    EXPIRED = "expired", _("Expired")


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

    APPLIED = "applied", _("Applied")
    DECIDED = "decided", _("Decided")
    APPROVED = "approved", _("Approved")
    INVITED = "invited", _("Invited")
    ACCEPTED = "accepted", _("Accepted")
    OPENED = "opened", _("Key opened")


class Environment(TextChoices):
    TEST = "test", _("Test")
    LIVE = "live", _("Live")


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

    PDF = "pdf", _("PDF")
    PNG = "png", _("PNG image")
    JPEG = "jpeg", _("JPEG image")


class Overlap(TextChoices):
    """How long the old secret works beside the new one."""

    NONE = "none", _("Not at all: it stops now")
    HOUR = "hour", _("1 hour")
    DAY = "day", _("24 hours")
    WEEK = "week", _("7 days")


class LimitLevel(TextChoices):
    """What shares one count."""

    KEY = "key", _("each key")
    OWNER = "owner", _("all keys of an owner")
    PROGRAM = "program", _("all keys of the program")
    END_USER = "end_user", _("each end user of an owner")


class LimitKind(TextChoices):
    REQUESTS = "requests", _("requests")
    TOKENS = "tokens", _("tokens")


class LimitPer(TextChoices):
    MINUTE = "minute", _("a minute")
    DAY = "day", _("a UTC day")


class LimitSource(TextChoices):
    """Who set it: rows of different sources stand beside each other, so that nobody takes back another's."""

    STAFF = "staff", _("Staff")
    OWNER = "owner", _("The owner, for a key of theirs")
    SANCTION = "sanction", _("A sanction or an anomaly")


class ConditionKind(TextChoices):
    """What a condition of an approval is about; the first three are held by the gateway, not by promises."""

    SCOPE = "scope", _("Only these models")
    LIMIT = "limit", _("Fewer requests")
    REVIEW_DATE = "review_date", _("Looked at again")
    HUMAN_REVIEW = "human_review", _("A person checks output")
    DISCLOSURE = "disclosure", _("People are told")
    OTHER = "other", _("Other")


class GuardKind(TextChoices):
    """What a freeze rule watches; who measures it is to the right of here, see `domain.guards`."""

    VIOLATIONS = "violations", _("Confirmed violations")
    LATE = "late", _("Open cases past due")
    OVERTURNED = "overturned", _("Decisions overturned on appeal")
    ERRORS = "errors", _("Errors of the model's side")


class GuardMode(TextChoices):
    OFF = "off", _("Off")
    WATCH = "watch", _("Watching: says what it would do, and stops nothing")
    ON = "on", _("On: stops admission")


class Thaw(TextChoices):
    """Who lets admission go on after a freeze."""

    PERSON = "person", _("A person, with a reason")
    RULE = "rule", _("The rule, once its figure is green again")


class GuardState(TextChoices):
    """Where the latest figure of a rule stands; it is read from rows and kept nowhere."""

    GREEN = "green", _("green")
    BETWEEN = "between", _("between the two bounds")
    TOO_FEW = "too_few", _("too few to tell")
    WAITING = "waiting", _("waiting for a reading")
    TRIPPED = "tripped", _("at the bound or beyond")
    SILENT = "silent", _("no reading")
