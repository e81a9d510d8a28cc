"""Who may do what with a case. Nobody takes part in their own or their organisation's case."""

from django.db.models import Q

from accounts.models import User
from accounts.roles import Duty, may
from onboarding.permissions import conflicts, has_part_in
from reviews.models import Case, Decision
from reviews.states import SecondPerson


def may_see_case(user: User, case: Case, *, hidden: Q | None = None) -> bool:
    """Return whether this person may open a case. `hidden`: what is kept from them, where the caller has asked."""
    if hidden is None:
        return may(user, Duty.REVIEW_CASES) and not has_part_in(user, case.application)
    return may(user, Duty.REVIEW_CASES) and not Case.objects.filter(hidden, pk=case.pk).exists()


def was_overturned(user: User, case: Case) -> bool:
    """Return whether this person decided or signed what an appeal overturned here: others look at it anew."""
    overturned = Decision.objects.overturned().filter(case=case)
    return overturned.filter(Q(decided_by=user) | Q(signed_by=user)).exists()


def may_claim(user: User, case: Case) -> bool:
    return may_see_case(user, case) and not was_overturned(user, case)


def may_take_away(user: User, case: Case) -> bool:
    """Return whether this person may put a case back into the queue that somebody else has."""
    return may(user, Duty.MANAGE_QUEUE) and not has_part_in(user, case.application)


def may_decide(user: User, case: Case) -> bool:
    return may_claim(user, case)


def may_sign(user: User, decision: Decision) -> bool:
    """Return whether this person may be the second one: not the first, no part in it, senior where that is asked."""
    return (
        decision.second != SecondPerson.NOBODY
        and decision.decided_by_id != user.pk
        and (decision.second != SecondPerson.SENIOR or may(user, Duty.SIGN_AS_SENIOR))
        and may_decide(user, decision.case)
    )


def may_overturn(user: User, decision: Decision) -> bool:
    """Return whether this person may set a decision aside: a third one, senior where its second had to be."""
    return (
        user.pk not in (decision.decided_by_id, decision.signed_by_id)
        and may(user, Duty.DECIDE_APPEALS)
        and (decision.second != SecondPerson.SENIOR or may(user, Duty.SIGN_AS_SENIOR))
        and not has_part_in(user, decision.case.application)
    )


__all__ = [
    "conflicts",
    "has_part_in",
    "may_claim",
    "may_decide",
    "may_overturn",
    "may_see_case",
    "may_sign",
    "may_take_away",
    "was_overturned",
]
