"""What a rejection stands against: from when its owner may apply again."""

from datetime import UTC, datetime, timedelta

from accounts.models import Owner
from onboarding.models import Program
from onboarding.states import ApplicationKind, ApplicationState
from reviews.domain import bars
from reviews.models import Decision
from reviews.states import Outcome

BARRING = (ApplicationKind.ACCESS, ApplicationKind.RENEWAL)  # whose rejection stands against access
NEVER = datetime.max.replace(
    tzinfo=UTC
)  # later than any moment, so `reapply_from(…) > at` needs no special case


def reapply_from(
    owner: Owner, program: Program, *, kind: ApplicationKind = ApplicationKind.ACCESS
) -> datetime | None:
    """Return from when this owner may apply again after a rejection: None for at any time, NEVER for never.

    Each kind has its own: a refused production review does not stand against a change of use. But access that was
    not renewed is not had by applying for it anew, see BARRING. A rejection of an earlier account of the same
    person counts, see `bars`.
    """
    rejections = Decision.objects.filter(
        case__application__kind__in=BARRING if kind == ApplicationKind.ACCESS else (kind,),
        case__application__owner=owner,
        case__program=program,
        case__application__state=ApplicationState.REJECTED,
        outcome=Outcome.REJECTED,
        told_at__isnull=False,
        overturned_at=None,
    ).exclude(superseded_by__told_at__isnull=False)
    found = [reapply_at(rejection) for rejection in rejections]
    if kind == ApplicationKind.ACCESS and (barred := bars.until(owner, program, never=NEVER)):
        found.append(barred)
    return max(found, default=None)


def reapply_at(rejection: Decision) -> datetime:
    """Return when one may apply again after this rejection, counted from when it was told first; NEVER for never.

    Earlier where a reinstatement was upheld.
    """
    first = rejection
    while first.supersedes and first.is_correction:  # other words do not make the wait longer
        first = first.supersedes
    if rejection.reapply_never or first.told_at is None or rejection.reapply_after_days is None:
        return NEVER
    again = first.told_at + timedelta(days=rejection.reapply_after_days)
    return min(again, rejection.reapply_allowed_at or again)
