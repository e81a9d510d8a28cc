"""Who may do what with a case. Nobody takes part in their own or their organisation's case, or in what they declared.

What passes with time (breaks, hours, minutes) is asked where a case is given: `reviews.domain.giving`.
"""

from collections.abc import Iterable, Mapping

from django.db.models import Q

from accounts.models import User
from accounts.roles import Duty, may
from onboarding import permissions as onboarding
from onboarding.models import Application
from policies.models import Category
from policies.states import Severity
from reviews.interested import declared
from reviews.models import Case, CategoryChoice, Decision, Reconciliation, SecondReview
from reviews.states import Choice, SecondPerson


def conflicts(user: User, *, to: str = "") -> Q:
    """Return the condition on applications that are kept from this person: their part in it, declared, or blind."""
    return parts(user, to=to) | blind(user, to=to)


def parts(user: User, *, to: str = "") -> Q:
    """Return the condition on applications that are kept from this person for good: their part in it, or declared."""
    return onboarding.conflicts(user, to=to) | declared(user, to=to)


def blind(user: User, *, to: str = "") -> Q:
    """Return the condition on applications this person looks at a second time now: kept from them on every other page.

    So no list, search, precedent, timeline or file shows what was decided before their own opinion is in.
    """
    mine = SecondReview.objects.undone().filter(reviewer=user)
    return Q(**{f"{to}pk__in": mine.values("case__application")})


def has_part_in(user: User, application: Application) -> bool:
    """Return whether it is their own, their organisation's, or of an interest they declared."""
    return Application.objects.filter(conflicts(user), pk=application.pk).exists()


def spared_categories(user: User) -> set[str]:
    """Return the categories whose cases this person does not take: chosen away, or grave and not chosen.

    Two queries. A category is grave where any version of the guidelines says so.
    """
    chosen = dict(CategoryChoice.objects.filter(reviewer=user).values_list("category", "choice"))
    return not_taken(chosen, Category.objects.filter(severity=Severity.GRAVE).values_list("code", flat=True))


def not_taken(chosen: Mapping[str, str], grave: Iterable[str]) -> set[str]:
    """Return the same of what was read already: category -> choice, and the grave categories."""
    out = {code for code, choice in chosen.items() if choice == Choice.OUT}
    return out | {code for code in grave if chosen.get(code) != Choice.IN}


def has_opted_out(user: User, case: Case) -> bool:
    """Return whether the case is expected to hold what this person does not take."""
    return bool(case.severe) and not spared_categories(user).isdisjoint(case.severe)


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
    return may(user, Duty.MANAGE_QUEUE) and not onboarding.has_part_in(user, case.application)


def may_override(user: User, case: Case) -> bool:
    """Return whether this person may let another into a case whatever that one declared."""
    return may_take_away(user, case)


def may_see_team(user: User) -> bool:
    """Return whether this person may see what the team bears, in totals."""
    return may(user, Duty.MANAGE_QUEUE)


def may_set_care_rule(user: User) -> bool:
    return may(user, Duty.MANAGE_QUEUE)


def may_decide(user: User, case: Case) -> bool:
    return may_claim(user, case)


def may_sign(user: User, decision: Decision) -> bool:
    """Return whether this person may be the second one: not the first, no part in it, senior where that is asked."""
    return (
        decision.second != SecondPerson.NOBODY
        and decision.decided_by_id != user.pk
        and (decision.second != SecondPerson.SENIOR or may(user, Duty.SIGN_AS_SENIOR))
        and may_decide(user, decision.case)
        and not has_opted_out(user, decision.case)
    )


def may_recall(user: User, decision: Decision) -> bool:
    """Return whether this person may take back what was not told yet: who decided it, or a senior reviewer."""
    return may_see_case(user, decision.case) and (
        decision.decided_by_id == user.pk or may(user, Duty.SIGN_AS_SENIOR)
    )


def may_correct(user: User, decision: Decision) -> bool:
    """Return whether this person may put right what was told: who decided it, or a senior reviewer."""
    return may_recall(user, decision) and may_decide(user, decision.case)


def may_overturn(user: User, decision: Decision) -> bool:
    """Return whether this person may set a decision aside: a third one, senior where its second had to be."""
    return (
        user.pk not in (decision.decided_by_id, decision.signed_by_id)
        and may(user, Duty.DECIDE_APPEALS)
        and (decision.second != SecondPerson.SENIOR or may(user, Duty.SIGN_AS_SENIOR))
        and not has_part_in(user, decision.case.application)
    )


def may_write_rules(user: User) -> bool:
    """Return whether this person may write triage rules, and see how they do."""
    return may(user, Duty.SIGN_AS_SENIOR) or may(user, Duty.EDIT_POLICIES)


def may_switch_automatic(user: User) -> bool:
    """Return whether this person may let triage rules approve by themselves in a program, or stop that."""
    return may(user, Duty.SIGN_AS_SENIOR)


def may_look_again(user: User, review: SecondReview) -> bool:
    """Return whether this person may be the second reviewer: a stranger to the case and to what was decided."""
    case = review.case
    return (
        may(user, Duty.REVIEW_CASES)
        and not Application.objects.filter(parts(user), pk=case.application_id).exists()
        and not Case.objects.filter(knows(user), pk=case.pk).exists()
        and (review.golden is None or review.golden.marked_by_id != user.pk)
    )


def knows(user: User) -> Q:
    """Return the condition on cases this person worked on: they decided, signed, held, or gave a view of them."""
    own = Q()
    for role in ("decided_by", "signed_by", "returned_by", "recalled_by"):
        own |= Q(**{role: user})
    return (
        Q(pk__in=Decision.objects.filter(own).values("case"))
        | Q(pk__in=user.opinions.values("case"))
        | Q(pk__in=user.claims.values("case"))
    )


def may_see_quality(user: User) -> bool:
    """Return whether this person may see how far reviewers agree, without names."""
    return may(user, Duty.SIGN_AS_SENIOR)


def may_set_shares(user: User) -> bool:
    """Return whether this person may say how many decisions are looked at again: whoever sees what comes of it."""
    return may_see_quality(user)


def may_mark_golden(user: User, decision: Decision) -> bool:
    return may_see_quality(user) and may_see_case(user, decision.case)


def may_reconcile(user: User, card: Reconciliation) -> bool:
    """Return whether this person may say what comes of two views: a senior reviewer who gave neither."""
    review = card.review
    both = (review.decision.decided_by_id, review.decision.signed_by_id, review.reviewer_id)
    return may_see_quality(user) and user.pk not in both and may_see_case(user, review.case)
