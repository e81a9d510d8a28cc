"""Open the text of a severe case, and cover it again: what is counted is what was open before somebody's eyes."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext as _

from accounts.models import User
from reviews.domain import care, cases, severities, slots
from reviews.domain.minutes import OPEN_MOST
from reviews.models import Case, Exposure
from reviews.models.care import KEPT_DAYS
from reviews.permissions import may_see_case


class StaysCovered(Exception):
    """Why the text is not opened, for the person who asked."""

    def __init__(self, why: str):
        super().__init__(f"{why} {_('The text stays covered; nothing was changed.')}")


@transaction.atomic
def begin(case: Case, *, by: User, at: datetime) -> Exposure | None:
    """Open the text of a severe case: counted until it is covered, at most OPEN_MOST or what is left of the day.

    What this person has open elsewhere is covered. Asking again while it is open changes nothing; a case that is not
    severe has nothing to open: None. Raises StaysCovered.
    """
    case = cases.locked(case)
    if not may_see_case(by, case):
        raise StaysCovered(_("You cannot take part in this case."))
    severities.expect_now(case)
    slots.lock(by)  # two tabs that open at once are one after the other
    if case.severity < severities.SEVERE:
        return None
    if standing := running(case, by=by, at=at):
        return standing
    if why := care.spared(by, at=at, reading=case).why(case):
        raise StaysCovered(why)
    cover(by, at=at)
    until = at + min(OPEN_MOST, care.left(by, case, at=at))
    return Exposure.objects.create(reviewer=by, case=case, severe=case.severe, opened_at=at, ends_by=until)


def cover(reviewer: User, *, at: datetime, case: Case | None = None) -> None:
    """Stop counting what this person has open, everywhere or of one case. Twice is once."""
    standing = Exposure.objects.filter(reviewer=reviewer, ended_at=None)
    if case is not None:
        standing = standing.filter(case=case)
    standing.update(ended_at=Greatest(F("opened_at"), Least(Value(at), F("ends_by"))))


def running(case: Case, *, by: User, at: datetime) -> Exposure | None:
    """Return what this person has open of this case now."""
    return Exposure.objects.running(at).filter(reviewer=by, case=case).first()


def is_covered(case: Case, *, by: User, at: datetime) -> bool:
    """Return whether this person is shown no text of this case now."""
    return case.severity >= severities.SEVERE and running(case, by=by, at=at) is None


def forget_old(*, at: datetime) -> int:
    """Delete minutes older than KEPT_DAYS; return how many rows. Safe to run twice."""
    return Exposure.objects.filter(opened_at__lt=at - timedelta(days=KEPT_DAYS)).delete()[0]
