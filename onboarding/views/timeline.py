"""The steps of an application's page: what happened, what happens now, what comes. Reads, changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from onboarding.models import Revision
from onboarding.states import InvitationState, KeyState
from onboarding.views.standing import Course, Standing
from reviews.models import Decision
from reviews.states import Outcome


class Mark(StrEnum):
    """The classes the stylesheet knows."""

    DONE = "done"
    NOW = "now"
    LATER = "later"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Step:
    """`kind` chooses the words in the template, `at` stands beside them, `about` is the row they tell of."""

    kind: str
    mark: Mark
    at: datetime | None = None
    about: Any = None


UNDER_REVIEW = (Standing.RECEIVED, Standing.IN_REVIEW, Standing.ASKED)
INVITING = (Standing.INVITED, Standing.INVITATION_OVER)
ENDED_ACCESS = (Standing.SUSPENDED, Standing.REVOKED, Standing.EXPIRED, Standing.KEY_OVER)


def steps(
    course: Course,
    *,
    taken_up_at: datetime | None,
    told: list[Decision],
    amended: Sequence[Revision] = (),
) -> list[Step]:
    """Return the steps in order; `told`: the told decisions, newest first; `amended`: revisions after the first."""
    application, standing = course.application, course.standing
    if application.submitted_at is None:
        return [Step("ended", Mark.STOPPED, application.settled_at)]
    found = [Step("received", Mark.DONE, application.submitted_at)]
    found += [Step("amended", Mark.DONE, revision.submitted_at, revision) for revision in amended]
    found += _review(course, taken_up_at, told)
    if standing in (Standing.REJECTED, Standing.WITHDRAWN) or application.grant_id is not None:
        return found  # a request has no line and no key of its own
    found += _line(course)
    if standing == Standing.LAPSED:
        ended_at = _lapsed_at(course)
        return [*found, Step("ended", Mark.STOPPED, ended_at)]
    return [*found, _key(course)]


def _review(course: Course, taken_up_at: datetime | None, told: list[Decision]) -> Iterator[Step]:
    application, standing = course.application, course.standing
    questions = [decision for decision in reversed(told) if decision.outcome == Outcome.NEEDS_INFORMATION]
    final = next((decision for decision in told if decision.outcome != Outcome.NEEDS_INFORMATION), None)
    if standing == Standing.WITHDRAWN:
        if taken_up_at:
            yield Step("review", Mark.DONE, taken_up_at)
        yield from (step for decision in questions for step in _asked(decision))
        yield Step("ended", Mark.STOPPED, application.settled_at)
        return
    under_review = standing in UNDER_REVIEW
    now = under_review and (standing != Standing.ASKED or not questions)
    for decision in (one for one in reversed(told) if one.overturned_at):
        yield from (Step("review", Mark.DONE), Step("overturned", Mark.DONE, decision.overturned_at))
    if now or final is None or final.by_rule_id is None:  # what a rule approved no reviewer has read
        yield Step("review", Mark.NOW if now else Mark.DONE, taken_up_at)
    yield from (step for decision in questions for step in _asked(decision))
    if under_review:
        yield Step("decision", Mark.LATER)
    else:
        rejected = standing == Standing.REJECTED
        told_at = final.told_at if final else application.settled_at
        yield Step("decided", Mark.STOPPED if rejected else Mark.DONE, told_at, final)


def _lapsed_at(course: Course) -> datetime | None:
    """Return when an approval lapsed: with the access it gave, or with the place in line."""
    if course.grant:
        return course.grant.ended_at
    return course.entry.left_at if course.entry else course.application.settled_at


def _asked(decision: Decision) -> Iterator[Step]:
    """Yield the question, and that its time passed; an answer, late or not, stands with its question."""
    request = decision.request
    waits = request.answered_at is None and request.overdue_at is None
    yield Step("asked", Mark.NOW if waits else Mark.DONE, request.asked_at, request)
    if request.overdue_at:
        yield Step(
            "unanswered", Mark.DONE if request.answered_at else Mark.STOPPED, request.overdue_at, request
        )


def _line(course: Course) -> Iterator[Step]:
    """Yield the line and each invitation; after an expired one the line comes again."""
    entry, standing = course.entry, course.standing
    if standing == Standing.APPROVED:
        return
    if entry is None:
        yield from (Step("line", Mark.LATER), Step("invitation", Mark.LATER))
        return
    in_line = standing in (Standing.IN_LINE, Standing.HELD)
    yield Step("line", Mark.NOW if in_line and not course.invitations else Mark.DONE, entry.joined_at)
    for invitation in reversed(course.invitations):
        since = invitation.told_at or invitation.offered_at
        yield Step("invitation", _mark_of(invitation.state), since, invitation)
    if in_line and course.invitations:
        yield Step("line", Mark.NOW, entry.joined_at)
    if in_line:
        yield Step("invitation", Mark.LATER)


def _mark_of(state: str) -> Mark:
    if state == InvitationState.ACCEPTED:
        return Mark.DONE
    return Mark.NOW if state == InvitationState.OFFERED else Mark.STOPPED


def _key(course: Course) -> Step:
    standing, key = course.standing, course.key
    if course.grant is None:
        return Step("key", Mark.LATER)
    if standing in ENDED_ACCESS:
        return Step("key", Mark.STOPPED, course.grant.suspended_at or course.grant.ended_at, key)
    opened = key is not None and key.state == KeyState.ACTIVE
    return Step("key", Mark.DONE if opened else Mark.NOW, key.opened_at if key and opened else None, key)
