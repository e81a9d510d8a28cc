"""Whom a case may be given to: the one question behind pulling, picking and handing over.

Whoever adds a reason why somebody is spared a case adds it to `kept_from`: lists, "next" and single cases ask the same.
"""

from datetime import datetime

from django.db.models import Q

from accounts.models import User
from accounts.roles import Duty, may
from onboarding.permissions import conflicts
from reviews.models import Case, Decision


class NotForYou(Exception):
    """Not a reviewer, or it is their own or their organisation's case."""

    def __init__(self) -> None:
        super().__init__(
            "You cannot take part in this case: it is your own, your organisation's, or not your duty, "
            "or an appeal overturned what you decided here and somebody else looks at it now."
        )


def kept_from(user: User, *, at: datetime) -> Q:
    """Return the condition on cases that this person is not given now, by no path; `at` is for what passes with time.

    Those in which they have a part, and those where an appeal overturned what they decided or signed.
    """
    overturned = Decision.objects.overturned().filter(Q(decided_by=user) | Q(signed_by=user))
    return conflicts(user, to="application__") | Q(pk__in=overturned.values("case"))


def may_be_given(user: User, case: Case, *, at: datetime) -> bool:
    """Return whether this person may be given this case now, whoever gives it and by whatever path."""
    if not may(user, Duty.REVIEW_CASES):
        return False
    return not Case.objects.filter(kept_from(user, at=at), pk=case.pk).exists()
