"""The time that a wrong sanction took from access is given back, so that nobody loses days to our mistake."""

from datetime import datetime, timedelta

from django.db.models import Q

from audit import ledger
from enforcement.domain import effects
from enforcement.models import Sanction
from enforcement.states import STANDING_SANCTIONS, Finding, SanctionState, SanctionTarget
from onboarding.domain import holds
from onboarding.models import Grant

COUNTED = {*STANDING_SANCTIONS, SanctionState.LIFTED}  # what stopped rightly, as far as anybody knows


def give_back(sanction: Sanction, *, until: datetime, by: ledger.Actor, at: datetime) -> None:
    """Let what a locked sanction stopped end so much later as it alone stopped it, from its begin until then.

    Call it in the transaction that says it was wrong. What has ended meanwhile stays ended.
    """
    if not effects.stops_access(sanction) or sanction.active_at is None:
        return
    for grant in effects.touched_by(sanction):
        lost = _alone(sanction, grant, since=max(sanction.active_at, grant.given_at), until=until)
        if lost > timedelta(0):
            holds.give_back(grant, lost=lost, key=sanction.key, by=by, at=at)


def _alone(sanction: Sanction, grant: Grant, *, since: datetime, until: datetime) -> timedelta:
    """Return how long no other sanction stopped the same at the same time."""
    wide = Q(target=SanctionTarget.GRANT, grant=grant) | Q(target=SanctionTarget.OWNER, owner=grant.owner_id)
    if sanction.key is not None:
        wide |= Q(target=SanctionTarget.KEY, key=sanction.key)
    others = Sanction.objects.filter(wide, kind__in=effects.STOPS, state__in=COUNTED, active_at__lt=until)
    dismissed = Q(state=SanctionState.LIFTED, proposed_by=None) & ~Q(case__finding=Finding.VIOLATION)
    others = others.exclude(dismissed)  # what a machine did for nothing was as wrong
    alone, moment = timedelta(0), since
    begun_and_closed = others.exclude(pk=sanction.pk).values_list("active_at", "closed_at")
    for begun, closed in begun_and_closed.order_by("active_at"):
        assert begun is not None, "each of these took effect"
        alone += max(begun - moment, timedelta(0))
        moment = max(moment, closed or until)
    return alone + max(until - moment, timedelta(0))
