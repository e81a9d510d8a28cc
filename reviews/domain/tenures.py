"""Since when somebody reviews: in the first weeks a second person signs what they decide."""

from datetime import datetime, timedelta

from accounts.models import User
from accounts.roles import Duty, may
from onboarding.models import Program
from reviews.models import Tenure


def begin(reviewer: User, *, at: datetime) -> Tenure:
    """Return since when this person reviews; from now on, if this is their first decision."""
    return Tenure.objects.get_or_create(reviewer=reviewer, defaults={"since_at": at})[0]


def is_new(reviewer: User, program: Program, *, at: datetime) -> bool:
    """Return whether this person is new to reviewing; somebody trusted to sign as a senior is not."""
    if may(reviewer, Duty.SIGN_AS_SENIOR):
        return False
    since = Tenure.objects.filter(reviewer=reviewer).values_list("since_at", flat=True).first()
    return at - (since or at) < timedelta(days=program.newcomer_days)
