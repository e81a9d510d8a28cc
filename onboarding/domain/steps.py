"""The steps of an application: which verb may lead from where to where, and the one place that takes them.

The table of states is `onboarding.states`; a step also says from which state its verb starts, because two verbs may
lead to the same state.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.models import Application
from onboarding.permissions import may_see
from onboarding.states import APPLICATION_TRANSITIONS, ApplicationState

State = ApplicationState
UNDER_WAY = (State.SUBMITTED, State.IN_REVIEW, State.INFORMATION_REQUESTED)


@dataclass(frozen=True)
class Step:
    """What one verb does to the state; the table `onboarding.states` must have it too."""

    starts: tuple[State, ...]
    to: State
    event: Event


SUBMITTED = Step((State.DRAFT,), State.SUBMITTED, Event.APPLICATION_SUBMITTED)
WITHDRAWN = Step((State.DRAFT, *UNDER_WAY), State.WITHDRAWN, Event.APPLICATION_WITHDRAWN)
TAKEN_UP = Step((State.SUBMITTED,), State.IN_REVIEW, Event.APPLICATION_IN_REVIEW)
ASKED = Step((State.IN_REVIEW,), State.INFORMATION_REQUESTED, Event.APPLICATION_INFORMATION_REQUESTED)
ANSWERED = Step((State.INFORMATION_REQUESTED,), State.IN_REVIEW, Event.APPLICATION_IN_REVIEW)
APPROVED = Step((State.IN_REVIEW,), State.APPROVED, Event.APPLICATION_APPROVED)
REJECTED = Step((State.IN_REVIEW,), State.REJECTED, Event.APPLICATION_REJECTED)
REOPENED = Step((State.REJECTED,), State.IN_REVIEW, Event.APPLICATION_IN_REVIEW)
LAPSED = Step((State.APPROVED,), State.LAPSED, Event.APPLICATION_LAPSED)


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only the applicant or somebody of the same organisation may do this."))


class IllegalMove(Exception):
    def __init__(self, application: Application, to: str):
        super().__init__(
            _("Application %(number)s is “%(state)s”; it cannot become “%(to)s”.")
            % {
                "number": application.number,
                "state": application.get_state_display().lower(),
                "to": State(to).label.lower(),
            }
        )


def locked(application: Application, by: User | None = None) -> Application:
    """Return the row, locked; with `by`, raise NotYours unless this person is on the applicant's side."""
    row = (
        Application.objects.select_for_update(of=("self",))
        .select_related("program", "owner__person", "owner__organisation", "applicant", "question_set")
        .get(pk=application.pk)
    )
    if by is not None and not may_see(by, row):
        raise NotYours
    return row


def take(
    step: Step, application: Application, *, by: ledger.Actor, at: datetime, reason: str = "", **details: Any
) -> Application:
    """Take a step with a locked application, save what the verb set on it, and record the one ledger row."""
    if application.state not in step.starts or step.to not in APPLICATION_TRANSITIONS[application.state]:
        raise IllegalMove(application, step.to)
    application.state = step.to
    application.save()
    ledger.record(step.event, subject=application, actor=by, at=at, reason=reason, **details)
    return application
