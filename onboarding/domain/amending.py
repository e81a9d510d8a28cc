"""Change what was sent, until a reviewer opens it: a draft beside the sent answers, then one more revision.

`Application.answers` holds the unsent changes while `amending_since` is set; what was sent stays in its
revision, so an amendment that is interrupted changes nothing. A reviewer's first claim takes the application
out of "received" under the same row lock: of an amendment and a claim, one comes first and the other is told.
"""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import applications, declarations, drafts, notices, requests, sealing
from onboarding.domain.applications import GuidelinesNotAccepted, IllegalMove
from onboarding.models import Application, Revision
from onboarding.states import ApplicationKind, ApplicationState
from outbox import hints
from policies.domain import acceptances, guidelines

MOST_REVISIONS = 20  # of one application: beyond, somebody is not amending but typing


class TooLate(IllegalMove):
    """A reviewer opened it, or it is over: what was sent before counts."""

    def __init__(self, application: Application):
        if application.state == ApplicationState.IN_REVIEW:
            said = _(
                "A reviewer has opened this application, so its answers cannot be changed any more. "
                "What you sent before counts; nothing was changed."
            )
        else:
            said = _(
                "This application is “%(state)s”; its answers cannot be changed any more. Nothing was changed."
            ) % {"state": application.get_state_display().lower()}
        Exception.__init__(self, said)


class NothingChanged(Exception):
    def __init__(self) -> None:
        super().__init__(_("Your answers are the same as those you sent, so nothing was sent again."))


class TooOften(Exception):
    def __init__(self) -> None:
        super().__init__(
            ngettext(
                "An application can be sent %(count)d time. Withdraw it and apply again to change more.",
                "An application can be sent %(count)d times. Withdraw it and apply again to change more.",
                MOST_REVISIONS,
            )
            % {"count": MOST_REVISIONS}
        )


@transaction.atomic
def begin(application: Application, *, by: User, at: datetime) -> Application:
    """Open the sent answers for changes; doing so twice is once. Raises NotYours, TooLate."""
    application = applications.locked(application, by=by)
    if application.state != ApplicationState.SUBMITTED:
        raise TooLate(application)
    if application.amending_since is None:
        application.amending_since = at
        _set_answers(application, application.revisions.latest("number"))
    return application


@transaction.atomic
def discard(application: Application, *, by: User) -> Application:
    """Drop the unsent changes: the answers are those that were sent again. Raises NotYours."""
    application = applications.locked(application, by=by)
    if application.amending_since is not None:
        application.amending_since = None
        sealing.drop_changes(application)
        _set_answers(application, application.revisions.latest("number"))
    return application


@transaction.atomic
def send(application: Application, *, by: User, at: datetime, seen: int | None = None) -> Revision:
    """Send the changed answers: a new revision, judged and declared anew; its case follows it.

    Sending again returns the same revision. Raises NotYours, TooLate, NothingChanged, TooOften,
    GuidelinesNotAccepted, Incomplete, drafts.NotSeen, requests.NotPossible; then nothing was changed.
    """
    application = applications.locked(application, by=by)
    if application.state != ApplicationState.SUBMITTED:
        raise TooLate(application)
    latest = application.revisions.latest("number")
    if application.amending_since is None:
        return latest
    drafts.must_be_seen(application, seen)
    if application.kind != ApplicationKind.ACCESS:
        requests.about_to_be_sent(application, at=at)
    version = guidelines.in_force()
    if not acceptances.accepted(by, version):
        raise GuidelinesNotAccepted(version.version)
    draft = applications.finished(application, by=by)
    same = (draft.counted, version.pk) == (latest.answers, latest.guidelines_id)
    if same and not sealing.has_changes(application):
        raise NothingChanged
    if latest.number >= MOST_REVISIONS:
        raise TooOften
    declarations.keep(draft.counted, draft.texts, by=by, at=at)
    revision = applications.write_revision(application, draft, version, by, at)
    application.answers, application.title = draft.counted, draft.title
    application.lane, application.amending_since, application.case_owed = revision.lane, None, True
    application.risk_score, application.risk_level = revision.risk_score, revision.risk_level
    application.save()
    sealing.send_changes(application)
    ledger.record(
        Event.APPLICATION_AMENDED, subject=application, actor=by, at=at, revision=revision.number,
        lane=revision.lane, risk_level=revision.risk_level, domains=revision.domains,
    )  # fmt: skip
    sent_at = at.astimezone(application.program.zone)
    notices.write("amended", application, at=at, once=f"amended:{revision.pk}", submitted_at=sent_at)
    transaction.on_commit(partial(hints.later, applications.OPEN_OWED), robust=True)
    return revision


def _set_answers(application: Application, sent: Revision) -> None:
    """Let the answers be those of a revision; a page that still shows others is behind them."""
    application.answers, application.saved_at = sent.answers, sent.submitted_at
    application.answers_version += 1
    application.save(update_fields=["answers", "answers_version", "saved_at", "amending_since"])
