"""The life of an application: start it, save it, submit it, take it back; and what reviews do with it.

Every verb locks the application, checks, writes, records, see `onboarding.domain.steps`.
"""

from collections.abc import Sequence
from datetime import MAXYEAR, datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Owner, User
from accounts.permissions import may_act_for
from audit import ledger
from audit.events import Event
from onboarding.domain import (
    declarations,
    drafts,
    notices,
    picks,
    questions,
    requests,
    sealing,
    steps,
    waitlist,
)
from onboarding.domain.steps import UNDER_WAY, IllegalMove, NotYours, locked, take
from onboarding.models import Application, Program, Revision
from onboarding.states import ApplicationKind, ApplicationState
from outbox import hints
from policies.domain import acceptances, guidelines
from policies.models import GuidelineVersion

State = ApplicationState
WITHDRAW_REASON_MOST = 500  # characters
OPEN_OWED = "reviews.tasks.open_owed"


class ProgramIsClosed(Exception):
    def __init__(self, program: Program):
        super().__init__(
            _("%(program)s takes no applications now: it is “%(stage)s”.")
            % {"program": program, "stage": program.get_stage_display().lower()}
        )


class AlreadyApplied(Exception):
    """This owner is under way, in line or let in already."""

    def __init__(self, application: Application):
        self.application = application
        super().__init__(
            _(
                "%(owner)s has applied for %(program)s already: %(number)s. "
                "Withdraw it, or wait for its end, before you send another."
            )
            % {"owner": application.owner, "program": application.program, "number": application.number}
        )


class TooEarly(Exception):
    def __init__(self, not_before: datetime):
        self.not_before = not_before
        if not_before.year == MAXYEAR:
            said = _("After the last decision you cannot apply again.")
        else:
            said = _("After the last decision you cannot apply again before %(when)s.") % {
                "when": date_format(not_before, _("j F Y"))
            }
        super().__init__(said)


class StaleDraft(Exception):
    """A newer draft is there: what came in was not kept."""

    def __init__(self, application: Application):
        self.application = application
        super().__init__(_("This application was saved somewhere else since you opened this page."))


class GuidelinesNotAccepted(Exception):
    def __init__(self, version: str):
        self.version = version
        super().__init__(
            _("Accept the usage guidelines, version %(version)s, before you send the application.")
            % {"version": version}
        )


class Incomplete(Exception):
    """`problems` holds a sentence for each question that stands in the way, in the form's order."""

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        super().__init__(
            ngettext(
                "The application was not sent: one answer must be looked at first.",
                "The application was not sent: %(count)d answers must be looked at first.",
                len(problems),
            )
            % {"count": len(problems)}
        )


class ReasonTooLong(Exception):
    def __init__(self, length: int):
        super().__init__(
            _("Nothing was withdrawn: the reason may have %(most)d characters; yours has %(length)d.")
            % {"most": WITHDRAW_REASON_MOST, "length": length}
        )


@transaction.atomic
def start(
    program: Program, *, owner: Owner, by: User, at: datetime, not_before: datetime | None = None
) -> Application:
    """Start a draft; with one there already, return that. `not_before` comes from a rejection.

    A program by invitation only takes it from whoever took up that they were asked.
    Raises NotYours, ProgramIsClosed, TooEarly, AlreadyApplied.
    """
    owner = Owner.objects.select_for_update(no_key=True).get(pk=owner.pk)  # two first clicks make one draft
    program.refresh_from_db(fields=["stage"])
    if not may_act_for(by, owner):
        raise NotYours
    pick = picks.of(by, program)
    if not program.takes_from(pick):
        raise ProgramIsClosed(program)
    if found := draft_of(program, owner):
        return found
    must_be_free(program, owner, at=at, not_before=not_before)
    application = Application.objects.create(
        program=program,
        owner=owner,
        applicant=by,
        question_set=questions.current(),
        answers=drafts.known(owner, by),
        started_at=at,
        pick=pick,
    )
    details: dict[str, Any] = {"program": program.slug} | ({"pick": pick.pk} if pick else {})
    ledger.record(Event.APPLICATION_STARTED, subject=application, actor=by, at=at, **details)
    return application


def draft_of(program: Program, owner: Owner) -> Application | None:
    """Return the draft this owner has in this program."""
    drafts = Application.objects.for_access().filter(program=program, owner=owner, state=State.DRAFT)
    return drafts.filter(external_id="").first()


def must_be_free(
    program: Program,
    owner: Owner,
    *,
    at: datetime,
    not_before: datetime | None = None,
    but: Application | None = None,
) -> None:
    """Raise TooEarly, or AlreadyApplied when this owner is under way, in line or let in (but by `but`)."""
    if not_before and not_before > at:
        raise TooEarly(not_before)
    mine = Application.objects.for_access().filter(program=program, owner=owner)
    mine = mine.select_related("owner", "program")
    if but:
        mine = mine.exclude(pk=but.pk)
    if found := mine.filter(state__in=UNDER_WAY).first():
        raise AlreadyApplied(found)
    if waitlist.has_a_place(program, owner) and (found := mine.filter(state=State.APPROVED).first()):
        raise AlreadyApplied(found)


@transaction.atomic
def save_draft(
    application: Application, *, answers: dict[str, object], seen_version: int, by: User, at: datetime
) -> Application:
    """Keep what was typed, right or wrong; an empty answer takes the earlier one away.

    `seen_version` is the `answers_version` the page showed. Raises NotYours, IllegalMove, and StaleDraft when
    somebody saved something else since; saving what is there already changes nothing.
    """
    application = locked(application, by)
    if not application.takes_answers:
        raise IllegalMove(application, State.DRAFT)
    typed = sealing.keep(application, drafts.as_stored(application, answers), by=by, at=at)
    merged = {key: value for key, value in (application.answers | typed).items() if value is not None}
    if merged == application.answers:
        return application
    if seen_version != application.answers_version:
        raise StaleDraft(application)
    drafts.keep(application, merged, at=at)
    return application


@transaction.atomic
def submit(application: Application, *, by: User, at: datetime, seen: int | None = None) -> Revision:
    """Send the draft: an immutable revision with lane and risk, kept declarations, a receipt, a case owed.

    Submitting again returns the same revision. Raises NotYours, IllegalMove, ProgramIsClosed, AlreadyApplied,
    GuidelinesNotAccepted, Incomplete, drafts.NotSeen; then nothing was changed.
    """
    application = locked(application, by)
    if application.state == State.WITHDRAWN:
        raise IllegalMove(application, State.SUBMITTED)
    if application.state != State.DRAFT:
        return application.revisions.latest("number")
    drafts.must_be_seen(application, seen)
    if application.kind != ApplicationKind.ACCESS:
        requests.about_to_be_sent(application, at=at)
    else:
        if not application.is_taken_in:
            raise ProgramIsClosed(application.program)
        must_be_free(application.program, application.owner, at=at, but=application)
    version = guidelines.in_force()
    if not acceptances.accepted(by, version):
        raise GuidelinesNotAccepted(version.version)
    draft = finished(application, by=by)
    declarations.keep(draft.counted, draft.texts, by=by, at=at)
    revision = write_revision(application, draft, version, by, at)
    application.answers, application.title = draft.counted, draft.title
    application.lane, application.submitted_at, application.case_owed = revision.lane, at, True
    application.risk_score, application.risk_level = revision.risk_score, revision.risk_level
    facts = {"lane": revision.lane, "risk_level": revision.risk_level, "domains": revision.domains}
    take(steps.SUBMITTED, application, by=by, at=at, revision=revision.number, **facts)
    requests.sent(application, by=by, at=at)
    sent_at = at.astimezone(application.program.zone)
    notices.write("receipt", application, at=at, once=f"receipt:{revision.pk}", submitted_at=sent_at)
    transaction.on_commit(partial(hints.later, OPEN_OWED), robust=True)
    return revision


@transaction.atomic
def withdraw(application: Application, *, by: User, at: datetime, reason: str = "") -> Application:
    """Take an application back; its case closes by itself. The reason is theirs to give or not.

    Raises NotYours, IllegalMove, ReasonTooLong.
    """
    application, reason = locked(application, by), reason.replace("\0", "").strip()
    if len(reason) > WITHDRAW_REASON_MOST:
        raise ReasonTooLong(len(reason))
    application.withdraw_reason = reason
    return _withdrawn(application, by=by, at=at, reason=ledger.digest(reason) if reason else "")


@transaction.atomic
def drop(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """Withdraw a request that came to nothing, because the access it is about ended. Raises IllegalMove."""
    return _withdrawn(locked(application), by=by, at=at, reason=reason)


def _withdrawn(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    application.settled_at, application.case_owed = at, False
    take(steps.WITHDRAWN, application, by=by, at=at, reason=reason, was=application.state)
    requests.settled_against(application, by=by, at=at)
    if application.submitted_at:
        ours, is_request = not isinstance(by, User), application.kind != ApplicationKind.ACCESS
        ends_at = requests.access_ends_at(application)
        notices.write("withdrawn", application, at=at, ours=ours, is_request=is_request, ends_at=ends_at)
    transaction.on_commit(partial(hints.later, OPEN_OWED), robust=True)
    return application


def take_up(application: Application, *, by: ledger.Actor, at: datetime) -> Application:
    """A reviewer has a locked application now, or a rule, and what was sent stands; of a person a letter tells.

    Raises IllegalMove.
    """
    take(steps.TAKEN_UP, application, by=by, at=at)
    if application.amending_since is not None:
        sealing.drop_changes(application)
    if isinstance(by, User):
        notices.write_plain("taken_up", application, at=at, once=f"taken_up:{application.pk}")
    return application


@transaction.atomic
def ask(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """The applicant is asked for information. `reason` is a code. Raises IllegalMove."""
    return take(steps.ASKED, locked(application), by=by, at=at, reason=reason)


@transaction.atomic
def answered(application: Application, *, by: User, at: datetime) -> Application:
    """The applicant answered; a reviewer goes on. Raises NotYours, IllegalMove."""
    return take(steps.ANSWERED, locked(application, by), by=by, at=at)


@transaction.atomic
def unanswered(application: Application, *, by: ledger.Actor, at: datetime) -> Application:
    """The time to answer is over: a reviewer goes on with what there is. Raises IllegalMove."""
    return take(steps.ANSWERED, locked(application), by=by, at=at, reason="no_reply")


@transaction.atomic
def approve(
    application: Application,
    *,
    conditions: Sequence[dict[str, str]],
    by: ledger.Actor,
    at: datetime,
    reason: str,
) -> Application:
    """An approval is told: conditions are kept, and the owner joins the line where somebody can act for it.

    The approval of a request changes the grant it is about, and no line. An owner that is in line or let in
    already (several imported rows of one person) keeps that one place. Raises IllegalMove, grants.IllegalMove.
    """
    application = locked(application)
    application.conditions, application.settled_at = list(conditions), at
    joins = (
        application.kind == ApplicationKind.ACCESS
        and application.applicant_id is not None
        and not waitlist.has_a_place(application.program, application.owner)
    )
    take(steps.APPROVED, application, by=by, at=at, reason=reason, joins_line=joins)
    if joins:
        waitlist.join(application, by=by, at=at)
    requests.approved(application, by=by, at=at)
    return application


def recondition(application: Application, *, conditions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put corrected conditions on a locked, approved application; return those that were."""
    was, application.conditions = application.conditions, list(conditions)
    application.save(update_fields=["conditions"])
    return was


@transaction.atomic
def reject(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """A rejection is told; what would change it is the decision's to say. Raises IllegalMove."""
    application = locked(application)
    application.settled_at = at
    take(steps.REJECTED, application, by=by, at=at, reason=reason)
    requests.settled_against(application, by=by, at=at)
    return application


@transaction.atomic
def reopen(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """An appeal against a rejection was upheld: reviewers have it again. Raises IllegalMove."""
    application = locked(application)
    application.settled_at = None
    take(steps.REOPENED, application, by=by, at=at, reason=reason)
    requests.sent(application, by=by, at=at)
    return application


@transaction.atomic
def lapse(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """An approval ends unused: declined, expired twice, or out of the line. Raises IllegalMove."""
    application = take(steps.LAPSED, locked(application), by=by, at=at, reason=reason)
    if reason != "invitation_expired_twice":  # the letter about the invitation says it already
        notices.write("lapsed", application, at=at, reason=reason)
    return application


def finished(application: Application, *, by: User) -> drafts.Draft:
    """Return the draft as it is kept, in the site's own language; raises Incomplete in the reader's."""
    with questions.as_written():
        draft = drafts.look_at(application, by=by)
    if draft.problems:
        raise Incomplete(drafts.look_at(application, by=by).problems)
    return draft


def write_revision(
    application: Application, draft: drafts.Draft, version: GuidelineVersion, by: User, at: datetime
) -> Revision:
    """Freeze what a draft comes to; the verbs that send call it with the application locked."""
    judgement = draft.judgement
    return application.revisions.create(
        number=application.revisions.count() + 1,
        answers=draft.counted,
        question_set=application.question_set,
        guidelines=version,
        lane=judgement.lane,
        lane_reasons=judgement.lane_reasons,
        domains=judgement.domains,
        risk_score=judgement.risk_score,
        risk_level=judgement.risk_level,
        risk_parts=judgement.risk_parts,
        submitted_at=at,
        submitted_by=by,
    )
