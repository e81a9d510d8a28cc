"""The lives of an invitation into an organisation and of an offer of ownership: tables a lawyer can read.

Nothing assigns a state outside the domain functions; the database refuses every step that is not in these tables.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class JoinState(TextChoices):
    INVITED = "invited", _("Invited")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    REVOKED = "revoked", _("Revoked")
    EXPIRED = "expired", _("Expired")


JOIN_TRANSITIONS: dict[str, set[str]] = {
    JoinState.INVITED: {JoinState.ACCEPTED, JoinState.DECLINED, JoinState.REVOKED, JoinState.EXPIRED},
    JoinState.ACCEPTED: set(),
    JoinState.DECLINED: set(),
    JoinState.REVOKED: set(),
    JoinState.EXPIRED: set(),
}


class OfferState(TextChoices):
    OFFERED = "offered", _("Offered")
    TAKEN = "taken", _("Taken over")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


OFFER_TRANSITIONS: dict[str, set[str]] = {
    OfferState.OFFERED: {OfferState.TAKEN, OfferState.DECLINED, OfferState.WITHDRAWN, OfferState.EXPIRED},
    OfferState.TAKEN: set(),
    OfferState.DECLINED: set(),
    OfferState.WITHDRAWN: set(),
    OfferState.EXPIRED: set(),
}
