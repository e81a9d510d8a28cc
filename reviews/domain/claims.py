"""Claims: who works on a case, for how long. One unreleased claim a case; the database says so too."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localtime

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import applications
from onboarding.states import ApplicationState
from reviews.domain import cases, severities
from reviews.models import Case, Claim
from reviews.permissions import may_claim
from reviews.states import CaseState

BATCH = 500


class NotForYou(Exception):
    """Not a reviewer, or it is their own or their organisation's case."""

    def __init__(self) -> None:
        super().__init__(
            "You cannot take part in this case: it is your own, your organisation's, or not your duty, "
            "or an appeal overturned what you decided here and somebody else looks at it now."
        )


class HeldBy(Exception):
    """Somebody else works on it."""

    def __init__(self, claim: Claim):
        self.claim = claim
        until = localtime(claim.expires_at)
        super().__init__(f"{claim.reviewer} has this case until {until:%H:%M %Z}; nothing was changed.")


class NotHeld(Exception):
    def __init__(self) -> None:
        super().__init__("You do not hold this case (any more). Claim it first; what you typed is kept.")


class ChangedMeanwhile(Exception):
    """The applicant sent a new revision after the reviewer's page was loaded."""

    def __init__(self, case: Case):
        sent = localtime(case.revision.submitted_at)
        super().__init__(
            f"The applicant changed the answers on {sent:%-d %B, %H:%M %Z}, after you opened this page: it is "
            f"revision {case.revision.number} now, shown below. Nothing was claimed; read it, then claim."
        )


class NothingToClaim(Exception):
    def __init__(self, case: Case):
        super().__init__(
            f"This case is “{case.get_state_display().lower()}”: there is nothing to work on now."
        )


@transaction.atomic
def claim(case: Case, *, by: User, at: datetime, seen: int | None = None) -> Claim:
    """Take a case for the program's claim time; asking again renews it; a run-out claim of another is taken over.

    The application becomes "with a reviewer": from then on its answers cannot be changed. `seen` is the number of the
    revision the reviewer looked at. Raises NotForYou, HeldBy, NothingToClaim, ChangedMeanwhile.
    """
    case = cases.locked(case)
    if not may_claim(by, case):
        raise NotForYou
    cases.follow_locked(case, at=at)
    if seen is not None and seen != case.revision.number:
        raise ChangedMeanwhile(case)
    severities.expect_now(case)
    until = at + timedelta(minutes=case.program.claim_minutes)
    standing = case.claims.select_related("reviewer").filter(released_at=None).first()
    if standing and standing.reviewer_id == by.pk:
        standing.expires_at = max(standing.expires_at, until)
        standing.save(update_fields=["expires_at"])
        return standing
    if standing and standing.expires_at > at:
        raise HeldBy(standing)
    if standing:
        _let_go(standing, case, by=by, at=at, reason="ran_out")
    if case.state != CaseState.OPEN or case.application.state not in _WORKABLE:
        raise NothingToClaim(case)
    taken = Claim.objects.create(case=case, reviewer=by, claimed_at=at, expires_at=until)
    cases.move(case, to=CaseState.CLAIMED, event=Event.CASE_CLAIMED, by=by, at=at)
    if case.application.state == ApplicationState.SUBMITTED:
        applications.take_up(case.application, by=by, at=at)
    return taken


_WORKABLE = (ApplicationState.SUBMITTED, ApplicationState.IN_REVIEW)


@transaction.atomic
def release(case: Case, *, by: User, at: datetime) -> None:
    """Give a case back to the queue; doing so twice is once. Raises NotHeld when somebody else has it."""
    case = cases.locked(case)
    standing = case.claims.filter(released_at=None).first()
    if standing is None:
        return
    if standing.reviewer_id != by.pk:
        raise NotHeld
    _let_go(standing, case, by=by, at=at, reason="given_back")


def held(case: Case, *, by: User, at: datetime) -> Claim:
    """Return this person's live claim on a locked case. Raises HeldBy, NotHeld."""
    standing = case.claims.select_related("reviewer").filter(released_at=None).first()
    if standing and standing.reviewer_id != by.pk and standing.expires_at > at:
        raise HeldBy(standing)
    if standing is None or standing.reviewer_id != by.pk or standing.expires_at <= at:
        raise NotHeld
    return standing


def finish(standing: Claim, *, at: datetime) -> None:
    """End a claim because its work is done; the case's own move tells the ledger."""
    standing.released_at = at
    standing.save(update_fields=["released_at"])


def release_run_out(*, at: datetime) -> int:
    """Put cases whose claim ran out back into the queue; return how many. Safe to run twice and beside itself."""
    run_out = Claim.objects.run_out(at).order_by("expires_at").values_list("pk", flat=True)
    return sum(_release_run_out(pk, at) for pk in list(run_out[:BATCH]))


@transaction.atomic
def _release_run_out(pk: int, at: datetime) -> bool:
    case = cases.locked(Case.objects.only("application_id").get(claims=pk))
    standing = case.claims.run_out(at).filter(pk=pk).first()
    if standing is None:  # renewed, released or decided while we waited for the lock
        return False
    _let_go(standing, case, by="reviews", at=at, reason="ran_out")
    return True


def _let_go(standing: Claim, case: Case, *, by: ledger.Actor, at: datetime, reason: str) -> None:
    finish(standing, at=at)
    cases.move(case, to=CaseState.OPEN, event=Event.CASE_RELEASED, by=by, at=at, reason=reason)
