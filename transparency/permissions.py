"""Who makes, reviews and publishes a report: never one person alone."""

from accounts.models import User
from accounts.roles import Duty, may
from audit import ledger
from audit.events import Event
from transparency.models import Lesson, Report
from transparency.states import LessonState, ReportState


def may_see_reports(user: User) -> bool:
    """Return whether this person sees drafts: policy editors make them, auditors look them over."""
    return may(user, Duty.EDIT_POLICIES) or may(user, Duty.SEE_LEDGER)


def may_make_reports(user: User) -> bool:
    """Return whether this person asks for reports and writes records."""
    return may(user, Duty.EDIT_POLICIES)


def may_review(user: User, report: Report) -> bool:
    return may_see_reports(user) and report.state == ReportState.DRAFT and report.asked_by_id != user.pk


def may_publish(user: User, report: Report) -> bool:
    return (
        may_make_reports(user) and report.state == ReportState.REVIEWED and report.reviewed_by_id != user.pk
    )


def may_drop(user: User, report: Report) -> bool:
    return may_make_reports(user) and report.state in (
        ReportState.WAITING, ReportState.DRAFT, ReportState.REVIEWED
    )  # fmt: skip


def may_ask_again(user: User, report: Report) -> bool:
    """Return whether this person asks a worker once more: for what stands still, or stopped."""
    return may_make_reports(user) and report.state in (
        ReportState.WAITING, ReportState.RUNNING, ReportState.FAILED
    )  # fmt: skip


def may_write_lessons(user: User) -> bool:
    """Return whether this person writes lessons, publishes what another reviewed, and adds corrections."""
    return may(user, Duty.EDIT_POLICIES)


def may_edit_lesson(user: User, lesson: Lesson) -> bool:
    return may_write_lessons(user) and lesson.state in (LessonState.DRAFT, LessonState.REVIEWED)


def may_review_lesson(user: User, lesson: Lesson) -> bool:
    """Return whether this person may vouch for a draft: nobody who ever wrote at it, the last hand or an earlier."""
    return may_see_reports(user) and lesson.state == LessonState.DRAFT and not has_written(user, lesson)


def has_written(user: User, lesson: Lesson) -> bool:
    written = ledger.of(lesson).filter(event=Event.LESSON_WRITTEN, actor=ledger.name_of(user))
    return lesson.written_by_id == user.pk or written.exists()


def may_publish_lesson(user: User, lesson: Lesson) -> bool:
    return (
        may_write_lessons(user) and lesson.state == LessonState.REVIEWED and lesson.reviewed_by_id != user.pk
    )
