"""Pull the next: a case that waits, and every so often a decided one to look at a second time, blind.

Who pulls does not choose which: a second look that one has to go and fetch is fetched by those who have time, and a
figure made of them says nothing about the rest.
"""

from datetime import datetime

from django.db.models import Q

from accounts.models import User
from reviews.domain import claims, second_reviews
from reviews.domain.giving import NotForYou
from reviews.domain.second_reviews import NothingDrawn
from reviews.models import Claim, SecondReview

EVERY = 5  # at most one pull in so many is a second look, unless no case waits
_ANYTHING = Q()


def pull(*, by: User, at: datetime, wanted: Q = _ANYTHING) -> Claim | SecondReview:
    """Take the next case of the queue, or a second look where it is its turn or no case waits; `wanted` narrows both.

    Each of the two is taken in a transaction of its own: a second look that fails takes no case with it. What ran out
    and was not swept yet is put back before anybody is told that none waits. Raises as `claims.take_next` does.
    """
    if is_turn(by) and (review := _look(by, at, wanted)):
        return review
    try:
        return claims.take_next(by=by, at=at, wanted=wanted)
    except claims.NothingWaits as nothing:
        if claims.release_run_out(at=at):
            try:
                return claims.take_next(by=by, at=at, wanted=wanted)
            except claims.NothingWaits:
                pass
        if review := _look(by, at, wanted):
            return review
        raise nothing from None


def is_turn(user: User) -> bool:
    """Return whether a second look may come: what they were given last were EVERY - 1 cases. Two queries at most."""
    given = list(
        Claim.objects.filter(reviewer=user).order_by("-pk").values_list("claimed_at", flat=True)[: EVERY - 1]
    )
    if len(given) < EVERY - 1:
        return False
    return not SecondReview.objects.filter(reviewer=user, taken_at__gte=min(given)).exists()


def _look(by: User, at: datetime, wanted: Q) -> SecondReview | None:
    try:
        return second_reviews.take_next(by=by, at=at, wanted=wanted)
    except (NothingDrawn, NotForYou):
        return None
