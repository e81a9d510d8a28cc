"""Set a rejection aside, or let its owner apply again early: what an appeal or a reinstatement leads to.

Called by enforcement, in the transaction in which it decides; kept in the decision's own row.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import applications, grants, requests
from onboarding.models import Application
from onboarding.states import LIVE_GRANT_STATES, ApplicationKind, ApplicationState
from reviews.domain import calendars, cases, due
from reviews.models import Case, Decision
from reviews.permissions import may_overturn
from reviews.states import CaseState, Outcome

ANEW_WITHIN = (
    2  # working days in which somebody else looks at it again, whatever the lane: it has waited once
)


class NotYoursToOverturn(Exception):
    """Whoever decided or signed it, or has a part in the application."""

    def __init__(self) -> None:
        super().__init__(
            _("Somebody who neither made nor signed this decision, and has no part in it, may do this.")
        )


class NothingToOverturn(Exception):
    """Not a told rejection, or not the one by which the application stands as it does."""

    def __init__(self) -> None:
        super().__init__(_("Only a rejection that was told and still counts can be set aside."))


class NewerRequest(Exception):
    """A request of the same kind, or one that changes the same use, is under way beside it; two cannot be."""

    def __init__(self, newer: Application):
        super().__init__(
            _(
                "Another request about the same access is under way: %(number)s. Wait until that has ended; "
                "then this can be set aside."
            )
            % {"number": newer.number}
        )


class AccessEnded(Exception):
    """A request for more of an access that has ended: setting its refusal aside could give nothing back."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The access that this request was about has ended, so the request cannot be looked at again. "
                "What remains is a new application."
            )
        )


@transaction.atomic
def overturn(decision: Decision, *, by: User, at: datetime, reason: str) -> Case:
    """Set a rejection aside: the case is open again for other reviewers, and the application is in review.

    A renewal whose access has ended meanwhile is withdrawn at once: what is won back is the right to apply anew.
    `reason` is a code. Twice is once. Raises NotYoursToOverturn, NothingToOverturn, NewerRequest, AccessEnded.
    """
    case, decision = cases.locked_decision(decision)
    if decision.overturned_at:
        return case
    _must_count(decision, by)
    if case.state != CaseState.DECIDED or case.application.state != ApplicationState.REJECTED:
        raise NothingToOverturn
    has_ended = _make_way(case.application, by=by, at=at)
    decision.overturned_by, decision.overturned_at = by, at
    decision.save(update_fields=["overturned_by", "overturned_at"])
    ledger.record(Event.DECISION_OVERTURNED, subject=decision, actor=by, at=at, reason=reason)
    case.due_at = due.working_days_after(at, days=ANEW_WITHIN, calendar=calendars.of(case.program))
    cases.move(case, to=CaseState.OPEN, event=Event.CASE_REOPENED, by=by, at=at, reason=reason)
    application = applications.reopen(case.application, by=by, at=at, reason="overturned")
    if has_ended:
        applications.drop(application, by="reviews", at=at, reason="access_ended")
    return case


@transaction.atomic
def allow_reapplying(decision: Decision, *, by: User, at: datetime, reason: str) -> Decision:
    """Let the owner apply again now; the rejection itself stands. `reason` is a code. Twice is once.

    Raises NotYoursToOverturn, NothingToOverturn (also where the owner may never apply again).
    """
    _case, decision = cases.locked_decision(decision)
    if decision.reapply_allowed_at:
        return decision
    _must_count(decision, by)
    if decision.reapply_never:
        raise NothingToOverturn
    decision.reapply_allowed_by, decision.reapply_allowed_at = by, at
    decision.save(update_fields=["reapply_allowed_by", "reapply_allowed_at"])
    ledger.record(Event.DECISION_REAPPLY_ALLOWED, subject=decision, actor=by, at=at, reason=reason)
    return decision


def _make_way(application: Application, *, by: User, at: datetime) -> bool:
    """Drop what the owner has only begun of this kind, and refuse beside what was sent; return whether access ended.

    The grant is locked after those drafts, the order everybody keeps, so that none is begun meanwhile. Only a refused
    renewal stands against applying anew, so only that one has something to win once access has ended.
    """
    if application.grant_id is None:
        return False
    alike = Application.objects.filter(grant=application.grant_id, kind=application.kind)
    for draft in alike.filter(state=ApplicationState.DRAFT):
        applications.drop(draft, by=by, at=at, reason="reopened")
    grant = grants.locked(application.grant_id)
    if grant.state not in LIVE_GRANT_STATES or grant.expires_at <= at:
        if application.kind != ApplicationKind.RENEWAL:
            raise AccessEnded
        return True
    replaces = grants.replaces_use(application.kind, application.revisions.latest("number").answers)
    newer = alike.open().exclude(pk=application.pk).first()
    if newer := newer or (requests.other_change(application) if replaces else None):
        raise NewerRequest(newer)
    return False


def _must_count(decision: Decision, by: User) -> None:
    if not may_overturn(by, decision):
        raise NotYoursToOverturn
    if decision.outcome != Outcome.REJECTED or decision.told_at is None or decision.overturned_at:
        raise NothingToOverturn
