"""Whom a case may be given to: the one question behind pulling, picking and handing over.

Whoever adds a reason why somebody is spared a case adds it to `kept_from`: lists, "next" and single cases ask the same.
"""

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Duty, may
from reviews.domain import care, severities, slots
from reviews.models import Case, Decision
from reviews.permissions import conflicts


class NotForYou(Exception):
    """Not a reviewer, their own or their organisation's case, or one that care keeps from them: then it says `why`."""

    def __init__(self, why: str = "") -> None:
        super().__init__(
            why
            or _(
                "You cannot take part in this case: it is your own, your organisation's, or not your duty, "
                "or an appeal overturned what you decided here and somebody else looks at it now."
            )
        )


def kept_from(user: User, *, at: datetime) -> Q:
    """Return the condition on cases that this person is not given now, by no path; `at` is for what passes with time.

    Those in which they have a part or declared one, those where an appeal overturned what they decided or signed, and
    those that care keeps from them: breaks, hours, minutes, what they chose.
    """
    overturned = Decision.objects.overturned().filter(Q(decided_by=user) | Q(signed_by=user))
    apart = conflicts(user, to="application__") | Q(pk__in=overturned.values("case"))
    return apart | care.kept_from(user, at=at)


def may_be_given(user: User, case: Case, *, at: datetime) -> bool:
    """Return whether this person may be given this locked case now, whoever gives it and by whatever path."""
    if not may(user, Duty.REVIEW_CASES):
        return False
    slots.lock(user)  # what they choose or are given beside this comes before it or after it
    severities.expect_now(case)
    return not Case.objects.filter(kept_from(user, at=at), pk=case.pk).exists()


def why_not(user: User, case: Case, *, at: datetime) -> str:
    """Return what care says to this person where it keeps the case from them; nobody else is told."""
    return care.spared(user, at=at).why(case)
