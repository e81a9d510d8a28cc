"""Who may do what with an appeal. It needs a third person: neither decider nor signer, and no part in it."""

from accounts.models import User
from accounts.roles import Duty, may
from enforcement.models import Appeal
from enforcement.states import OPEN_STATES
from onboarding.permissions import may_see
from reviews.models import Decision
from reviews.permissions import conflicts, has_opted_out, has_part_in, may_overturn


def may_file(user: User, decision: Decision) -> bool:
    """Return whether this person is on the applicant's side."""
    return may_see(user, decision.case.application)


def may_withdraw(user: User, appeal: Appeal) -> bool:
    return appeal.state in OPEN_STATES and may_see(user, appeal.decision.case.application)


def may_see_appeals(user: User) -> bool:
    return may(user, Duty.DECIDE_APPEALS)


def may_see_appeal(user: User, appeal: Appeal) -> bool:
    """Return whether this person may read it on the staff's side; whoever made the decision may read, not decide."""
    return may_see_appeals(user) and not has_part_in(user, appeal.decision.case.application)


def may_decide(user: User, appeal: Appeal) -> bool:
    return (
        appeal.filed_by_id != user.pk
        and may_overturn(user, appeal.decision)
        and not has_opted_out(user, appeal.decision.case)
    )


def may_run_gateway(user: User) -> bool:
    """Return whether this person sets limits and looks after the tokens of integrators."""
    return may(user, Duty.RUN_GATEWAY)


def may_write_filters(user: User) -> bool:
    """Return whether this person may write filter rules, switch them, and see what they hit."""
    return may(user, Duty.EDIT_POLICIES)


__all__ = [
    "conflicts",
    "may_decide",
    "may_file",
    "may_run_gateway",
    "may_see_appeal",
    "may_see_appeals",
    "may_withdraw",
    "may_write_filters",
]
