"""Who may do what with a case. Nobody takes part in their own or their organisation's case."""

from accounts.models import User
from accounts.roles import Duty, may
from onboarding.permissions import conflicts, has_part_in
from reviews.models import Case, Decision
from reviews.states import SecondPerson


def may_see_case(user: User, case: Case) -> bool:
    return may(user, Duty.REVIEW_CASES) and not has_part_in(user, case.application)


def may_claim(user: User, case: Case) -> bool:
    return may_see_case(user, case)


def may_decide(user: User, case: Case) -> bool:
    return may_see_case(user, case)


def may_sign(user: User, decision: Decision) -> bool:
    """Return whether this person may be the second one: not the first, no part in it, senior where that is asked."""
    return (
        decision.second != SecondPerson.NOBODY
        and decision.decided_by_id != user.pk
        and (decision.second != SecondPerson.SENIOR or may(user, Duty.SIGN_AS_SENIOR))
        and may_see_case(user, decision.case)
    )


__all__ = ["conflicts", "has_part_in", "may_claim", "may_decide", "may_see_case", "may_sign"]
