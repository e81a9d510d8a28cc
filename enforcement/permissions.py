"""Who may do what with flags, sanctions and appeals. An appeal needs a third person, with no part in any of it."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Owner, User
from accounts.permissions import may_act_for
from accounts.roles import Duty, may
from enforcement.models import Appeal, FlagCase, Sanction, Webhook
from enforcement.states import OPEN_STATES
from onboarding.models import Application, Grant
from onboarding.permissions import may_see
from reviews.models import Decision
from reviews.permissions import conflicts, has_opted_out, has_part_in, may_overturn, spared_categories


def may_file(user: User, decision: Decision) -> bool:
    """Return whether this person is on the applicant's side."""
    return may_see(user, decision.case.application)


def may_withdraw(user: User, appeal: Appeal) -> bool:
    return appeal.state in OPEN_STATES and may_stand_for(user, appeal)


def may_stand_for(user: User, appeal: Appeal) -> bool:
    """Return whether this person is on the side of whoever appealed."""
    return may_see(user, appeal.application)


def may_see_appeals(user: User) -> bool:
    return may(user, Duty.DECIDE_APPEALS)


def may_see_appeal(user: User, appeal: Appeal) -> bool:
    """Return whether this person may read it on the staff's side; whoever made the decision may read, not decide."""
    return may_see_appeals(user) and not has_part_in(user, appeal.application)


def may_decide(user: User, appeal: Appeal) -> bool:
    if appeal.decision is None:
        return may_decide_sanction_appeal(user, appeal)
    return (
        appeal.filed_by_id != user.pk
        and may_overturn(user, appeal.decision)
        and not has_opted_out(user, appeal.decision.case)
    )


def may_run_gateway(user: User) -> bool:
    """Return whether this person sets limits and looks after the tokens of integrators."""
    return may(user, Duty.RUN_GATEWAY)


def may_manage_webhooks_of(user: User, owner: Owner) -> bool:
    """Return whether this person may add addresses that hear of this owner's access: as they may open its keys."""
    return may_act_for(user, owner)


def may_manage_webhook(user: User, webhook: Webhook) -> bool:
    return may_act_for(user, webhook.owner) if webhook.owner else may_run_gateway(user)


def may_write_filters(user: User) -> bool:
    """Return whether this person may write filter rules, switch them, and see what they hit."""
    return may(user, Duty.EDIT_POLICIES)


def hidden_flags(user: User) -> Q:
    """Return the condition on flag cases kept from this person: their own, their organisation's, declared, blind."""
    return Q(owner__in=Application.objects.filter(conflicts(user)).values("owner"))


def hidden_applications(user: User) -> QuerySet[Application, Any]:
    """Return the ids of the applications kept from this person, for the same reasons."""
    return Application.objects.filter(conflicts(user)).values("pk")


def may_see_flags(user: User) -> bool:
    return may(user, Duty.REVIEW_CASES)


def may_see_flag_case(user: User, case: FlagCase) -> bool:
    return may_see_flags(user) and not FlagCase.objects.filter(hidden_flags(user), pk=case.pk).exists()


def may_decide_flags(user: User, case: FlagCase) -> bool:
    """Return whether this person may say what flags are: no part in it, none of them theirs, the category taken."""
    return (
        may_see_flag_case(user, case)
        and case.category not in spared_categories(user)
        and not case.flags.filter(raised_by=user).exists()
    )


def may_attach(user: User, grant: Grant) -> bool:
    """Return whether this person may say that a report is about this access: no part in it."""
    return may_see_flags(user) and not has_part_in(user, grant.application)


def may_sanction(user: User, case: FlagCase) -> bool:
    return may(user, Duty.MANAGE_ACCESS) and may_see_flag_case(user, case)


def may_sign_sanction(user: User, sanction: Sanction) -> bool:
    """Return whether this person may be the second one of a sanction: senior, not the first, no part in it."""
    return (
        sanction.needs_second
        and sanction.proposed_by_id != user.pk
        and may(user, Duty.SIGN_AS_SENIOR)
        and may_sanction(user, sanction.case)
    )


def may_decide_sanction_appeal(user: User, appeal: Appeal) -> bool:
    """Return whether this person may decide an appeal against a sanction: a stranger to all of it."""
    sanction = appeal.sanction
    assert sanction is not None
    made_it = (
        sanction.proposed_by_id,
        sanction.signed_by_id,
        sanction.case.decided_by_id,
        appeal.filed_by_id,
    )
    said_whose = FlagCase.objects.filter(
        Q(pk=sanction.case_id) | Q(merged_into=sanction.case_id), attached_by=user
    )
    return (
        user.pk not in made_it
        and may(user, Duty.DECIDE_APPEALS)
        and sanction.category not in spared_categories(user)
        and not has_part_in(user, sanction.grant.application)
        and not said_whose.exists()
    )


def may_set_emergencies(user: User) -> bool:
    return may(user, Duty.EDIT_POLICIES) or may(user, Duty.MANAGE_RATES)


def may_waive(user: User, grant: Grant) -> bool:
    return may(user, Duty.MANAGE_ACCESS) and not has_part_in(user, grant.application)


def may_set_anomaly_rules(user: User) -> bool:
    """Return whether this person may switch rules about unusual use, change their numbers, and see what they find."""
    return may(user, Duty.SIGN_AS_SENIOR) or may(user, Duty.EDIT_POLICIES)


__all__ = [
    "conflicts",
    "hidden_applications",
    "hidden_flags",
    "may_attach",
    "may_decide",
    "may_decide_flags",
    "may_decide_sanction_appeal",
    "may_file",
    "may_manage_webhook",
    "may_manage_webhooks_of",
    "may_run_gateway",
    "may_sanction",
    "may_see_appeal",
    "may_see_appeals",
    "may_see_flag_case",
    "may_see_flags",
    "may_set_anomaly_rules",
    "may_set_emergencies",
    "may_sign_sanction",
    "may_stand_for",
    "may_waive",
    "may_withdraw",
    "may_write_filters",
]
