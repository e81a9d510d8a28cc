"""What all sanctions in force together do to one grant. Computed anew each time, so none of them undoes another.

What reaches the gateways is state in onboarding's own rows, written by `onboarding.domain.holds` and `limits`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from audit import ledger
from enforcement.models import Sanction
from enforcement.states import SanctionKind, SanctionTarget
from onboarding.domain import holds, limits
from onboarding.domain.limits import Sort
from onboarding.models import Grant, Key
from onboarding.states import LimitKind, LimitLevel, LimitPer, LimitSource

STOPS = (SanctionKind.SUSPEND, SanctionKind.TERMINATE)


def stops_access(sanction: Sanction) -> bool:
    """Return whether it stops a grant or a key of it, not only one of its end users."""
    return sanction.kind in STOPS and sanction.target != SanctionTarget.END_USER


def touched_by(sanction: Sanction) -> list[Grant]:
    """Return the living grants a sanction is about: all of its owner's, or the one."""
    if sanction.target == SanctionTarget.OWNER:
        return list(Grant.objects.live().filter(owner=sanction.owner_id).order_by("pk"))
    return [sanction.grant]


def settle(grants: Iterable[Grant], *, by: ledger.Actor, at: datetime) -> None:
    """Put in force what the sanctions of these grants say now; call it in the transaction that changes one.

    Locks each grant, then its keys; limits add no other lock (`limits.set_limit`).
    """
    for grant in grants:
        standing = on(grant)
        stopping = [each for each in standing if each.kind in STOPS]
        holds.settle(
            grant,
            is_stopped=any(each.target in (SanctionTarget.GRANT, SanctionTarget.OWNER) for each in stopping),
            keys_stopped={
                each.key_id for each in stopping if each.target == SanctionTarget.KEY and each.key_id
            },
            kept_out={each.end_user for each in stopping if each.target == SanctionTarget.END_USER},
            by=by,
            at=at,
        )
        _limit(grant, standing, by, at)


def _limit(grant: Grant, standing: Sequence[Sanction], by: ledger.Actor, at: datetime) -> None:
    """Hold the grant, and single keys of it, to the least that limits in force leave; none in force, none."""
    limiting = [each for each in standing if each.kind == SanctionKind.LIMIT]
    keys = Key.objects.filter(sanctions__kind=SanctionKind.LIMIT, grant=grant).distinct().order_by("pk")
    for per, field in ((LimitPer.MINUTE, "per_minute"), (LimitPer.DAY, "per_day")):
        wide = [getattr(each, field) for each in limiting if each.target != SanctionTarget.KEY]
        limits.set_limit(
            grant.program, Sort(LimitLevel.OWNER, LimitKind.REQUESTS, per), most=_least(wide), grant=grant,
            by=by, at=at, source=LimitSource.SANCTION,
        )  # fmt: skip
        for key in keys:
            own = [getattr(each, field) for each in limiting if each.key_id == key.pk]
            limits.set_limit(
                grant.program, Sort(LimitLevel.KEY, LimitKind.REQUESTS, per), most=_least(own), key=key,
                by=by, at=at, source=LimitSource.SANCTION,
            )  # fmt: skip


def _least(found: Iterable[int | None]) -> int | None:
    return min((most for most in found if most), default=None)


def on(grant: Grant) -> list[Sanction]:
    """Return the sanctions in force that touch this grant, the newest first."""
    wide = Q(owner=grant.owner_id, target=SanctionTarget.OWNER)
    return list(Sanction.objects.active().filter(Q(grant=grant) | wide))
