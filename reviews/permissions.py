"""Who may do what with a case. Nobody takes part in their own or their organisation's case."""

from django.db.models import Q

from accounts.models import Membership, Owner, User
from accounts.roles import Duty, may
from onboarding.models import Application
from reviews.models import Case, Decision
from reviews.states import SecondPerson


def conflicts(user: User, *, to: str = "") -> Q:
    """Return the condition on applications in which this person has a part; `to` is the path to the application.

    Their own, their organisations', and those of people who share an organisation with them, in whatever
    name those apply. At most three queries; the condition itself needs none, so that a list and a single
    case ask the same question.
    """
    organisations = list(Membership.objects.filter(user=user).values_list("organisation_id", flat=True))
    people = {user.pk}
    if organisations:
        people.update(
            Membership.objects.filter(organisation__in=organisations).values_list("user_id", flat=True)
        )
    owners = Owner.objects.filter(Q(person__in=people) | Q(organisation__in=organisations))
    owned = list(owners.values_list("pk", flat=True))
    return Q(**{f"{to}applicant__in": people}) | Q(**{f"{to}owner__in": owned})


def has_part_in(user: User, application: Application) -> bool:
    """Return whether the application is this person's own or their organisation's."""
    return Application.objects.filter(conflicts(user), pk=application.pk).exists()


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
