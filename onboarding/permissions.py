"""Who may do what in onboarding: pure questions with grammatical names."""

from accounts.models import User
from accounts.permissions import may_act_for
from onboarding.models import Application, Invitation, Key, WaitlistEntry
from onboarding.states import APPLICATION_TRANSITIONS, ApplicationState, EntryState


def may_see(user: User, application: Application) -> bool:
    """Return whether this person is on the applicant's side; staff see applications in the admin, by role."""
    return may_act_for(user, application.owner)


def may_edit(user: User, application: Application) -> bool:
    """Return whether this person may change the draft."""
    return application.state == ApplicationState.DRAFT and may_see(user, application)


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
    return entry.state == EntryState.WAITING and may_see(user, entry.application)


def may_open(user: User, key: Key) -> bool:
    """Return whether the key's secret is this person's to see."""
    return may_act_for(user, key.grant.owner)
