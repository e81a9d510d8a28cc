"""Delete one's account: what lives ends, the account is shut, and its erasure is owed, in one transaction.

It stands here because this is the first place that knows every app. Keys stop within a second: the gateways poll.
"""

from datetime import datetime

from django.db import transaction

from accounts.domain import erasure
from accounts.models import User
from enforcement.domain import erasure as appeals
from onboarding.domain import erasure as onboarding


@transaction.atomic
def ask(user: User, *, by: User, at: datetime) -> User:
    """End everything of this person and owe the rest. Raises what accounts.domain.erasure.ask does; nothing changes.

    First what lives ends, in the person's own name; then the account is shut, which recalls the letters about that.
    """
    if problem := erasure.hindrance(user):
        raise problem
    appeals.let_go(user, at=at)
    onboarding.let_go(user, at=at)
    return erasure.ask(user, by=by, at=at)
