"""Claims: who works on a case, for how long. One unreleased claim a case, three a person; the database says so too.

What is put aside, handed over or taken away: see `handing`.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Duty, may
from audit import ledger
from audit.events import Event
from onboarding.domain import applications
from onboarding.states import ApplicationState
from reviews.domain import cases, exposure, giving, severities, slots
from reviews.domain.giving import NotForYou
from reviews.models import Case, Claim
from reviews.permissions import may_claim
from reviews.states import CaseState, ClaimEnd

BATCH = 500
_ANYTHING = Q()


class HeldBy(Exception):
    """Somebody else works on it."""

    def __init__(self, claim: Claim):
        self.claim = claim
        until = localtime(claim.expires_at)
        super().__init__(
            _("%(reviewer)s has this case until %(until)s; nothing was changed.")
            % {"reviewer": claim.reviewer, "until": f"{until:%H:%M %Z}"}
        )


class NotHeld(Exception):
    def __init__(self) -> None:
        super().__init__(_("You do not hold this case (any more). Claim it first; what you typed is kept."))


class ChangedMeanwhile(Exception):
    """The applicant sent a new revision after the reviewer's page was loaded."""

    def __init__(self, case: Case):
        sent = localtime(case.revision.submitted_at)
        super().__init__(
            _(
                "The applicant changed the answers on %(sent)s, after you opened this page: it is revision "
                "%(number)s now, shown below. Nothing was claimed; read it, then claim."
            )
            % {"sent": date_format(sent, _("j F, H:i T")), "number": case.revision.number}
        )


class NothingToClaim(Exception):
    def __init__(self, case: Case):
        super().__init__(
            _("This case is “%(state)s”: there is nothing to work on now.")
            % {"state": case.get_state_display().lower()}
        )


class NothingWaits(Exception):
    """Nothing in the queue, as this person may see and wants it, is free."""

    def __init__(self) -> None:
        super().__init__(
            _("No case waits that you could take now: what is left is with others, or put aside.")
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
    standing = case.claims.select_related("reviewer").filter(released_at=None).first()
    if standing and standing.reviewer_id == by.pk:
        return _renew(standing, case, at)
    if standing and standing.expires_at > at:
        raise HeldBy(standing)
    if not giving.may_be_given(by, case, at=at):
        raise NotForYou(giving.why_not(by, case, at=at))
    if standing:
        let_go(standing, case, by=by, at=at, ended=ran_out(standing))
    if case.state != CaseState.OPEN or case.application.state not in _WORKABLE:
        raise NothingToClaim(case)
    return _give(case, by, slots.free(by, at=at), at)


_WORKABLE = (ApplicationState.SUBMITTED, ApplicationState.IN_REVIEW)


@transaction.atomic
def take_next(*, by: User, at: datetime, wanted: Q = _ANYTHING) -> Claim:
    """Take the first case of the queue that this person may be given and nobody has; `wanted` narrows the queue.

    What somebody else is just taking, or changing, is passed by, not waited for. Raises NotForYou, slots.TooMany,
    NothingWaits.
    """
    if not may(by, Duty.REVIEW_CASES):
        raise NotForYou
    slot = slots.free(by, at=at)
    offered = Case.objects.offered().filter(wanted, application__state__in=_WORKABLE)
    kept = giving.kept_from(by, at=at)  # asked once: it is about the person, and their row is locked
    offered = offered.exclude(kept)
    passed: list[int] = []
    while (case := _first_free(offered.exclude(pk__in=passed))) is not None:
        was_unsure = case.expectation_owed or case.application.case_owed
        cases.follow_locked(case, at=at)
        severities.expect_now(case)
        if not (was_unsure and Case.objects.filter(kept, pk=case.pk).exists()):
            return _give(case, by, slot, at)
        passed.append(case.pk)
    raise NothingWaits


def _first_free(offered: QuerySet[Case]) -> Case | None:
    """Lock the first of these cases, and its application, that nobody else has locked; what it says is left unread."""
    case = (
        offered.select_for_update(skip_locked=True, of=("self", "application"))
        .select_related("application__owner", "application__applicant", "program")
        .defer("application__answers", "application__facts", "application__conditions")
        .first()
    )
    if case is not None:
        case.application.program = case.program
    return case


@transaction.atomic
def renew(case: Case, *, by: User, at: datetime) -> Claim:
    """Hold a case longer that one works on: what its open page asks for. What is put aside stays so.

    Raises NotForYou, HeldBy, NotHeld.
    """
    case = cases.locked(case)
    if not may_claim(by, case):
        raise NotForYou
    standing = case.claims.select_related("reviewer").filter(released_at=None).first()
    if standing is None or (standing.reviewer_id != by.pk and standing.expires_at <= at):
        raise NotHeld
    if standing.reviewer_id != by.pk:
        raise HeldBy(standing)
    return standing if standing.held_at else _renew(standing, case, at)


@transaction.atomic
def release(case: Case, *, by: User, at: datetime) -> None:
    """Give a case back to the queue; doing so twice is once. Raises NotHeld when somebody else has it."""
    case = cases.locked(case)
    standing = case.claims.filter(released_at=None).first()
    if standing is None:
        return
    if standing.reviewer_id != by.pk:
        raise NotHeld
    let_go(standing, case, by=by, at=at, ended=ClaimEnd.GIVEN_BACK)


def held(case: Case, *, by: User, at: datetime) -> Claim:
    """Return this person's live claim on a locked case. Raises HeldBy, NotHeld."""
    standing = case.claims.select_related("reviewer").filter(released_at=None).first()
    if standing and standing.reviewer_id != by.pk and standing.expires_at > at:
        raise HeldBy(standing)
    if standing is None or standing.reviewer_id != by.pk or standing.expires_at <= at:
        raise NotHeld
    return standing


def finish(standing: Claim, *, at: datetime, ended: ClaimEnd = ClaimEnd.DONE) -> None:
    """End a claim, and cover the text; the case's own move tells the ledger."""
    exposure.cover(standing.reviewer, at=min(at, standing.expires_at), case=standing.case)
    standing.released_at, standing.ended = at, ended
    standing.save(update_fields=["released_at", "ended"])


def let_go(
    standing: Claim, case: Case, *, by: ledger.Actor, at: datetime, ended: ClaimEnd, **more: object
) -> None:
    """End a claim and put its locked case back into the queue."""
    finish(standing, at=at, ended=ended)
    cases.move(case, to=CaseState.OPEN, event=Event.CASE_RELEASED, by=by, at=at, reason=ended, **more)


def ran_out(standing: Claim) -> ClaimEnd:
    """Return what it is called that the time of this claim is over: nobody left the case where it was put aside."""
    return ClaimEnd.HOLD_OVER if standing.held_at else ClaimEnd.RAN_OUT


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
    let_go(standing, case, by="reviews", at=at, ended=ran_out(standing))
    return True


def _give(case: Case, by: User, slot: int, at: datetime) -> Claim:
    """Give a locked open case to this person, who has this slot free."""
    taken = Claim.objects.create(
        case=case, reviewer=by, claimed_at=at, expires_at=_until(case, at), slot=slot
    )
    cases.move(case, to=CaseState.CLAIMED, event=Event.CASE_CLAIMED, by=by, at=at)
    if case.application.state == ApplicationState.SUBMITTED:
        applications.take_up(case.application, by=by, at=at)
    return taken


def _renew(standing: Claim, case: Case, at: datetime) -> Claim:
    """Let the holder of a locked case go on with it, also with what they had put aside."""
    until = _until(case, at)
    if standing.held_at:
        standing.held_at, standing.held_reason, standing.expires_at = None, "", until
        standing.save(update_fields=["held_at", "held_reason", "expires_at"])
        ledger.record(Event.CASE_RESUMED, subject=case, actor=standing.reviewer, at=at)
    slots.keep(standing, at=at)
    standing.expires_at = max(standing.expires_at, until)
    standing.save(update_fields=["expires_at"])
    return standing


def _until(case: Case, at: datetime) -> datetime:
    return at + timedelta(minutes=case.program.claim_minutes)
