"""What all sanctions in force together do to one grant. Computed anew each time, so none of them undoes another.

What reaches the gateways is state in onboarding's own rows, written by `onboarding.domain.holds`.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from audit import ledger
from enforcement.models import Sanction
from enforcement.states import SanctionKind, SanctionTarget
from onboarding.domain import holds
from onboarding.models import Grant

STOPS = (SanctionKind.SUSPEND, SanctionKind.TERMINATE)


def touched_by(sanction: Sanction) -> list[Grant]:
    """Return the living grants a sanction is about: all of its owner's, or the one."""
    if sanction.target == SanctionTarget.OWNER:
        return list(Grant.objects.live().filter(owner=sanction.owner_id).order_by("pk"))
    return [sanction.grant]


def settle(grants: Iterable[Grant], *, by: ledger.Actor, at: datetime) -> None:
    """Put in force what the sanctions of these grants say now; call it in the transaction that changes one."""
    for grant in grants:
        standing = on(grant)
        stopping = [each for each in standing if each.kind in STOPS]
        holds.settle(
            grant,
            is_stopped=any(each.target in (SanctionTarget.GRANT, SanctionTarget.OWNER) for each in stopping),
            keys_stopped={
                each.key_id for each in stopping if each.target == SanctionTarget.KEY and each.key_id
            },
            by=by,
            at=at,
        )


def on(grant: Grant) -> list[Sanction]:
    """Return the sanctions in force that touch this grant, the newest first."""
    wide = Q(owner=grant.owner_id, target=SanctionTarget.OWNER)
    return list(Sanction.objects.active().filter(Q(grant=grant) | wide))
