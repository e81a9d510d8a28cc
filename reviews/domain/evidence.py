"""Evidence: the test login of a production review, for the one who has the case."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from onboarding.domain import sealing
from reviews.domain import cases, claims
from reviews.models import Case
from reviews.permissions import may_decide


@transaction.atomic
def show(case: Case, *, by: User, at: datetime) -> dict[str, str]:
    """Return question -> text in clear and record the showing. Raises claims.NotForYou, NotHeld, NothingSealed."""
    case = cases.locked(case)
    if not may_decide(by, case):
        raise claims.NotForYou
    claims.held(case, by=by, at=at)
    return sealing.show(case.application, by=by, at=at)
