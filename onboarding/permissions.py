"""Who may do what in onboarding: pure questions with grammatical names."""

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.permissions import may_act_for
from accounts.roles import Duty, may
from onboarding.models import Application, Grant, Invitation, Key, Revision, WaitlistEntry
from onboarding.states import APPLICATION_TRANSITIONS, ApplicationState, EntryState

# The people one shares an organisation with, now or once, and what they and those organisations own.
BESIDE = """
    WITH organisations AS (
        SELECT organisation_id FROM accounts_membership WHERE user_id = %(person)s
        UNION SELECT organisation_id FROM accounts_formermembership WHERE user_id = %(person)s
    ), people AS (
        SELECT %(person)s::bigint AS user_id
        UNION SELECT user_id FROM accounts_membership WHERE organisation_id IN (TABLE organisations)
    )
    SELECT ARRAY(TABLE people), ARRAY(
        SELECT id FROM accounts_owner WHERE person_id IN (TABLE people)
        UNION ALL SELECT id FROM accounts_owner WHERE organisation_id IN (TABLE organisations))"""


def may_judge_showcase(user: User, grant: Grant | None = None) -> bool:
    """Return whether this person may show a use to everybody, or not: who reviews, and has no part in the access."""
    return may(user, Duty.REVIEW_CASES) and not (grant and has_part_in(user, grant.application))


def may_see(user: User, application: Application) -> bool:
    """Return whether this person is on the applicant's side; staff see applications in the admin, by role."""
    return may_act_for(user, application.owner)


def may_withdraw(user: User, application: Application) -> bool:
    """Return whether this person may take the application back now."""
    return ApplicationState.WITHDRAWN in APPLICATION_TRANSITIONS[application.state] and may_see(
        user, application
    )


def may_answer_invitation(user: User, invitation: Invitation) -> bool:
    """Return whether this person may accept or decline for the owner."""
    return may_see(user, invitation.seat.entry.application)


def may_leave(user: User, entry: WaitlistEntry) -> bool:
    """Return whether this person may give up the place in line now."""
    return entry.state in (EntryState.WAITING, EntryState.HELD) and may_see(user, entry.application)


def may_handle_keys(user: User, grant: Grant) -> bool:
    """Return whether this person may ask for keys, open, rotate, stop and end them: every member of the owner may."""
    return may_act_for(user, grant.owner)


def may_set_limits(user: User, grant: Grant | None = None) -> bool:
    """Return whether this person may set limits of a program, or of one access in which they have no part."""
    return may(user, Duty.RUN_GATEWAY) and not (grant and has_part_in(user, grant.application))


def may_change_order(user: User, entry: WaitlistEntry) -> bool:
    """Return whether this person may put forward, hold and end a hold: by duty, and never where they have a part."""
    return may(user, Duty.MANAGE_RATES) and not has_part_in(user, entry.application)


def may_set_review_rules(user: User) -> bool:
    """Return whether this person may say how a program is reviewed: whoever sets its rates, and pauses it."""
    return may(user, Duty.MANAGE_RATES)


def may_set_guards(user: User) -> bool:
    """Return whether this person may set the rules that stop a program's admission."""
    return may(user, Duty.MANAGE_RATES)


def may_lift_freezes(user: User) -> bool:
    """Return whether this person may let admission go on after a rule stopped it."""
    return may(user, Duty.MANAGE_RATES)


def may_change_stage(user: User) -> bool:
    """Return whether this person may plan and cancel changes of a program's stage: whoever sets its rates."""
    return may(user, Duty.MANAGE_RATES)


def may_hand_pick(user: User) -> bool:
    """Return whether this person may ask people to apply for a program by invitation only, and take that back."""
    return may(user, Duty.MANAGE_RATES)


def may_open(user: User, key: Key) -> bool:
    """Return whether the key's secret is this person's to see."""
    return may_handle_keys(user, key.grant)


def conflicts(user: User, *, to: str = "") -> Q:
    """Return the condition on applications in which this person has a part; `to` is the path to the application.

    Their own, their organisations', and those that people who share an organisation with them applied for or sent,
    in whatever name. An organisation they left counts for good: who goes does not decide its cases.
    One query; the condition itself needs none, so that a list and a single case ask the same question.
    """
    people, owned = _beside(user)
    sent = Revision.objects.filter(application=OuterRef(f"{to}pk"), submitted_by__in=people)
    return Q(**{f"{to}applicant__in": people}) | Q(**{f"{to}owner__in": owned}) | Q(Exists(sent))


def people_beside(user: User) -> list[int]:
    """Return this person and whom they share an organisation with; one query."""
    return _beside(user)[0]


def _beside(user: User) -> tuple[list[int], list[int]]:
    with connection.cursor() as cursor:
        cursor.execute(BESIDE, {"person": user.pk})
        people, owned = cursor.fetchone()
    return people, owned


def has_part_in(user: User, application: Application) -> bool:
    """Return whether the application is this person's own or their organisation's."""
    return Application.objects.filter(conflicts(user), pk=application.pk).exists()


def may_change_access(user: User, grant: Grant) -> bool:
    """Return whether this person may suspend, resume or revoke: by duty, and never where they have a part."""
    return may(user, Duty.MANAGE_ACCESS) and not has_part_in(user, grant.application)
