"""The life of an application: start it, save it, submit it, take it back; and what reviews do with it.

Every verb locks the application, checks, writes, records. The table of steps is `onboarding.states`; each verb also
says from which state it starts, because two verbs may lead to the same state.
"""

from collections.abc import Sequence
from datetime import MAXYEAR, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.models import Owner, User
from accounts.permissions import may_act_for
from audit import ledger
from audit.events import Event
from onboarding.domain import answers as answers_of
from onboarding.domain import declarations, drafts, questions, waitlist
from onboarding.models import Application, Grant, Program, Revision, WaitlistEntry
from onboarding.permissions import may_edit, may_see, may_withdraw
from onboarding.states import APPLICATION_TRANSITIONS, LIVE_ENTRY_STATES, ApplicationState
from outbox import hints, letters
from policies.domain import acceptances, guidelines

State = ApplicationState
UNDER_WAY = (State.SUBMITTED, State.IN_REVIEW, State.INFORMATION_REQUESTED)
OPEN_OWED = "reviews.tasks.open_owed"


class ProgramIsClosed(Exception):
    def __init__(self, program: Program):
        super().__init__(
            f"{program} takes no applications now: it is “{program.get_stage_display().lower()}”."
        )


class AlreadyApplied(Exception):
    """This owner is under way, in line or let in already."""

    def __init__(self, application: Application):
        self.application = application
        super().__init__(
            f"{application.owner} has an application for {application.program} already: {application.number}. "
            "Withdraw it, or wait for its end, before you send another."
        )


class TooEarly(Exception):
    def __init__(self, not_before: datetime):
        self.not_before = not_before
        when = "again" if not_before.year == MAXYEAR else f"again before {not_before:%-d %B %Y}"
        super().__init__(f"After the last decision you cannot apply {when}.")


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__("Only the applicant or somebody of the same organisation may do this.")


class StaleDraft(Exception):
    """A newer draft is there: what came in was not kept."""

    def __init__(self, application: Application):
        self.application = application
        super().__init__("This application was saved somewhere else since you opened this page.")


class GuidelinesNotAccepted(Exception):
    def __init__(self, version: str):
        self.version = version
        super().__init__(f"Accept the usage guidelines, version {version}, before you send the application.")


class Incomplete(Exception):
    """`problems` holds a sentence for each question that stands in the way, in the form's order."""

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        more = "one answer" if len(problems) == 1 else f"{len(problems)} answers"
        super().__init__(f"The application was not sent: {more} must be looked at first.")


class IllegalMove(Exception):
    def __init__(self, application: Application, to: str):
        super().__init__(
            f"Application {application.number} is “{application.get_state_display().lower()}”; "
            f"it cannot become “{State(to).label.lower()}”."
        )


@transaction.atomic
def start(
    program: Program, *, owner: Owner, by: User, at: datetime, not_before: datetime | None = None
) -> Application:
    """Start a draft; with one there already, return that. `not_before` is what a rejection said about the next try.

    Raises NotYours, ProgramIsClosed, TooEarly, AlreadyApplied.
    """
    owner = Owner.objects.select_for_update(no_key=True).get(pk=owner.pk)  # two first clicks make one draft
    program.refresh_from_db(fields=["stage"])
    if not may_act_for(by, owner):
        raise NotYours
    if not program.accepts_applications:
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
    )
    ledger.record(Event.APPLICATION_STARTED, subject=application, actor=by, at=at, program=program.slug)
    return application


def draft_of(program: Program, owner: Owner) -> Application | None:
    """Return the draft this owner has in this program."""
    return Application.objects.filter(program=program, owner=owner, state=State.DRAFT, external_id="").first()


def must_be_free(
    program: Program,
    owner: Owner,
    *,
    at: datetime,
    not_before: datetime | None = None,
    but: Application | None = None,
) -> None:
    """Raise TooEarly or AlreadyApplied when this owner is under way, in line or let in already, `but` left aside."""
    if not_before and not_before > at:
        raise TooEarly(not_before)
    mine = Application.objects.filter(program=program, owner=owner).select_related("owner", "program")
    if but:
        mine = mine.exclude(pk=but.pk)
    if found := mine.filter(state__in=UNDER_WAY).first():
        raise AlreadyApplied(found)
    if _has_a_place(program, owner) and (found := mine.filter(state=State.APPROVED).first()):
        raise AlreadyApplied(found)


@transaction.atomic
def save_draft(
    application: Application, *, answers: dict[str, object], seen_version: int, by: User, at: datetime
) -> Application:
    """Keep what was typed, right or wrong; an empty answer takes the earlier one away.

    `seen_version` is the `answers_version` the page showed. Raises NotYours, IllegalMove, and StaleDraft when
    somebody saved something else since; saving what is there already changes nothing.
    """
    application = _locked(application)
    if not may_see(by, application):
        raise NotYours
    if not may_edit(by, application):
        raise IllegalMove(application, State.DRAFT)
    form = questions.of(application.question_set)
    typed = answers_of.clean(form, answers)
    if any(typed.get(tick.key) == declarations.YES for tick in form.questions if tick.type == "tick"):
        paper = answers_of.paper(form, application.program)
        typed = declarations.settled(typed, declarations.texts(paper, application.program))
    merged = {key: value for key, value in (application.answers | typed).items() if value is not None}
    if merged == application.answers:
        return application
    if seen_version != application.answers_version:
        raise StaleDraft(application)
    application.answers, application.saved_at = merged, at
    application.answers_version += 1
    application.title = str(merged.get("title", ""))[:200]
    application.save(update_fields=["answers", "answers_version", "saved_at", "title"])
    return application


@transaction.atomic
def submit(application: Application, *, by: User, at: datetime) -> Revision:
    """Send the draft: an immutable revision with lane and risk, kept declarations, a receipt, a case owed.

    Submitting again returns the same revision. Raises NotYours, IllegalMove, ProgramIsClosed, AlreadyApplied,
    GuidelinesNotAccepted, Incomplete; then nothing was changed.
    """
    application = _locked(application)
    if not may_see(by, application):
        raise NotYours
    if application.state != State.DRAFT and (sent := application.revisions.order_by("number").last()):
        if application.state == State.WITHDRAWN:
            raise IllegalMove(application, State.SUBMITTED)
        return sent
    if application.state != State.DRAFT:
        raise IllegalMove(application, State.SUBMITTED)
    if not application.program.accepts_applications:
        raise ProgramIsClosed(application.program)
    must_be_free(application.program, application.owner, at=at, but=application)
    version = guidelines.in_force()
    if not acceptances.accepted(by, version):
        raise GuidelinesNotAccepted(version.version)
    draft = drafts.look_at(application, by=by)
    if draft.problems:
        raise Incomplete(draft.problems)
    judgement = draft.judgement
    declarations.keep(draft.counted, draft.texts, by=by, at=at)
    revision = Revision.objects.create(
        application=application,
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
    _send(application, revision, by, at)
    return revision


@transaction.atomic
def withdraw(application: Application, *, by: User, at: datetime) -> Application:
    """Take an application back; its case closes by itself. Raises NotYours, IllegalMove."""
    application = _locked(application)
    if not may_see(by, application):
        raise NotYours
    if not may_withdraw(by, application):
        raise IllegalMove(application, State.WITHDRAWN)
    was = application.state
    application.settled_at, application.case_owed = at, False
    _move(application, State.WITHDRAWN, [was], Event.APPLICATION_WITHDRAWN, by, at, "", was=was)
    if application.submitted_at:
        _write("withdrawn", application, at)
    transaction.on_commit(partial(hints.later, OPEN_OWED), robust=True)
    return application


@transaction.atomic
def take_up(application: Application, *, by: User, at: datetime) -> Application:
    """A reviewer has it now. Raises IllegalMove."""
    application = _locked(application)
    return _move(application, State.IN_REVIEW, [State.SUBMITTED], Event.APPLICATION_IN_REVIEW, by, at, "")


@transaction.atomic
def ask(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """The applicant is asked for information. `reason` is a code. Raises IllegalMove."""
    application = _locked(application)
    event = Event.APPLICATION_INFORMATION_REQUESTED
    return _move(application, State.INFORMATION_REQUESTED, [State.IN_REVIEW], event, by, at, reason)


@transaction.atomic
def answered(application: Application, *, by: User, at: datetime) -> Application:
    """The applicant answered; a reviewer goes on. Raises NotYours, IllegalMove."""
    application = _locked(application)
    if not may_see(by, application):
        raise NotYours
    return _move(
        application, State.IN_REVIEW, [State.INFORMATION_REQUESTED], Event.APPLICATION_IN_REVIEW, by, at, ""
    )


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

    An owner that is in line or let in already (several imported rows of one person) keeps that one place.
    Raises IllegalMove.
    """
    application = _locked(application)
    application.conditions, application.settled_at = list(conditions), at
    joins = application.applicant_id is not None and not _has_a_place(application.program, application.owner)
    _move(
        application,
        State.APPROVED,
        [State.IN_REVIEW],
        Event.APPLICATION_APPROVED,
        by,
        at,
        reason,
        joins_line=joins,
    )
    if joins:
        waitlist.join(application, by=by, at=at)
    return application


@transaction.atomic
def reject(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """A rejection is told; what would change it is the decision's to say. Raises IllegalMove."""
    application = _locked(application)
    application.settled_at = at
    return _move(application, State.REJECTED, [State.IN_REVIEW], Event.APPLICATION_REJECTED, by, at, reason)


@transaction.atomic
def reopen(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """An appeal against a rejection was upheld: reviewers have it again. Raises IllegalMove."""
    application = _locked(application)
    application.settled_at = None
    return _move(application, State.IN_REVIEW, [State.REJECTED], Event.APPLICATION_IN_REVIEW, by, at, reason)


@transaction.atomic
def lapse(application: Application, *, by: ledger.Actor, at: datetime, reason: str) -> Application:
    """An approval ends unused: declined, expired twice, or out of the line. Raises IllegalMove."""
    application = _locked(application)
    _move(application, State.LAPSED, [State.APPROVED], Event.APPLICATION_LAPSED, by, at, reason)
    if reason != "invitation_expired_twice":  # the letter about the invitation says it already
        _write("lapsed", application, at, reason=reason)
    return application


def _locked(application: Application) -> Application:
    return (
        Application.objects.select_for_update(of=("self",))
        .select_related("program", "owner__person", "owner__organisation", "applicant", "question_set")
        .get(pk=application.pk)
    )


def _move(
    application: Application,
    to: State,
    sources: Sequence[str],
    event: Event,
    by: ledger.Actor,
    at: datetime,
    reason: str,
    **details: Any,
) -> Application:
    """Change a locked application's state, save what the verb set on it, and record the one ledger row."""
    if application.state not in sources or to not in APPLICATION_TRANSITIONS[application.state]:
        raise IllegalMove(application, to)
    application.state = to
    application.save()
    ledger.record(event, subject=application, actor=by, at=at, reason=reason, **details)
    return application


def _send(application: Application, revision: Revision, by: User, at: datetime) -> None:
    """Move a draft to submitted with what its revision found, owe its case, write the receipt."""
    application.answers = revision.answers
    application.lane = revision.lane
    application.risk_score, application.risk_level = revision.risk_score, revision.risk_level
    application.submitted_at, application.case_owed = at, True
    application.title = str(revision.answers.get("title", ""))[:200]
    _move(
        application, State.SUBMITTED, [State.DRAFT], Event.APPLICATION_SUBMITTED, by, at, "",
        revision=revision.number, lane=revision.lane, risk_level=revision.risk_level, domains=revision.domains,
    )  # fmt: skip
    _write("receipt", application, at, once=f"receipt:{revision.pk}")
    transaction.on_commit(partial(hints.later, OPEN_OWED), robust=True)


def _has_a_place(program: Program, owner: Owner) -> bool:
    """Return whether this owner is in the program's line, or let in."""
    return (
        WaitlistEntry.objects.filter(program=program, owner=owner, state__in=LIVE_ENTRY_STATES).exists()
        or Grant.objects.live().filter(program=program, owner=owner).exists()
    )


def _write(
    kind: str, application: Application, at: datetime, *, once: str | None = None, **more: object
) -> None:
    """Write a letter to the applicant; an imported row that nobody owns has none."""
    if application.applicant is None:
        return
    letters.write(
        f"onboarding/{kind}",
        to=application.applicant.email,
        at=at,
        about=application,
        once=once,
        name=str(application.applicant),
        program=application.program.name,
        title=application.title or "Untitled",
        number=application.number,
        submitted_at=application.submitted_at
        and application.submitted_at.astimezone(application.program.zone),
        url=settings.BASE_URL + reverse("application", args=[application.number]),
        **more,
    )
