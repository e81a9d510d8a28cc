"""No rejection for silence before a reminder was delivered, and a week has passed since."""

from datetime import timedelta

import pgtrigger
import pytest

from onboarding.models import Attachment
from outbox.models import Letter
from reviews.domain import chasing, claims, decisions, silence, telling
from reviews.domain.statements import Field, Incomplete
from reviews.models import Case, Finding, InformationRequest
from tests.factories import MONDAY
from tests.reviews.making import make_decision

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SILENT = {
    "outcome": "rejected", "reason_code": "R8_no_reply", "categories": ["mass_content"],
    "explanation": "We asked and had no reply in 30 days.", "facts": "No answer came.",
    "what_would_change": "An answer.",
}  # fmt: skip


def unanswered(*, delivered_at=None):
    """Return a case that came back without an answer, and its reviewer; its reminders left at `delivered_at`."""
    asked = make_decision("needs_information")
    telling.tell_owed(at=MONDAY)
    chasing.remind_owed(at=MONDAY + 29 * DAY)
    chasing.remind_owed(at=MONDAY + 30 * DAY - 7 * HOUR)
    chasing.return_overdue(at=MONDAY + 30 * DAY)
    Letter.objects.filter(kind__in=silence.REMINDERS).update(sent_at=delivered_at)
    case = Case.objects.get()
    claims.claim(case, by=asked.decided_by, at=MONDAY + 40 * DAY - HOUR / 12)
    return case, asked.decided_by


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("delivered_at", "words"),
    [(None, "No reminder has been sent yet"), (MONDAY + 35 * DAY, "silence is a reason from 4 January")],
)
def test_no_rejection_for_silence_before_a_reminder_was_delivered_and_a_week_has_passed(delivered_at, words):
    case, bob = unanswered(delivered_at=delivered_at)

    with pytest.raises(Incomplete, match=words) as caught:
        decisions.decide(case, by=bob, at=MONDAY + 40 * DAY, **SILENT)

    assert list(caught.value.problems) == [Field.REASON_CODE]


@pytest.mark.django_db
def test_a_week_after_a_delivered_reminder_silence_is_a_reason():
    case, bob = unanswered(delivered_at=MONDAY + 33 * DAY)

    assert decisions.decide(case, by=bob, at=MONDAY + 40 * DAY, **SILENT).reason_code == "R8_no_reply"


@pytest.mark.django_db
def test_where_nothing_was_asked_silence_is_no_reason():
    with pytest.raises(Incomplete, match="Nothing was asked"):
        make_decision("rejected", says={k: v for k, v in SILENT.items() if k != "outcome"})


@pytest.mark.django_db
def test_a_rejection_never_deletes_evidence():
    from onboarding.domain import attachments
    from onboarding.domain.attachments import Checked
    from onboarding.states import FileKind
    from reviews.domain import findings

    asked = make_decision("needs_information")
    telling.tell_owed(at=MONDAY)
    case, bob = Case.objects.get(), asked.decided_by
    attachments.keep(
        case.application,
        [Checked(FileKind.PDF, "proof.pdf", b"%PDF")],
        by=case.application.applicant,
        at=MONDAY,
    )
    request = InformationRequest.objects.get()
    from reviews.domain import questions

    questions.answer(request, by=case.application.applicant, at=MONDAY, answer="Nobody reads it.")
    claims.claim(case, by=bob, at=MONDAY)
    findings.record(case, by=bob, at=MONDAY, verdicts={"health": findings.Said("violates", "Doses.", "", "")})
    decisions.decide(
        case, by=bob, at=MONDAY, outcome="rejected", reason_code="R4_identity", categories=["health"],
        facts="The site is not theirs.", what_would_change="Their own.",
    )  # fmt: skip
    telling.tell_owed(at=MONDAY)

    application = case.application
    application.refresh_from_db()
    assert (application.state, Attachment.objects.kept().count(), Finding.objects.get().note) == (
        "rejected", 1, "Doses.",
    )  # fmt: skip
    assert (application.revisions.count(), InformationRequest.objects.get().answer) == (1, "Nobody reads it.")
    assert Letter.objects.filter(kind__startswith="reviews/").count() == 3


@pytest.mark.django_db
def test_a_guideline_edited_later_leaves_the_old_letter_byte_equal():
    from policies.models import Category

    decision = make_decision("rejected")
    telling.tell_owed(at=MONDAY)
    decision.refresh_from_db()
    before = (decision.letter.subject, decision.letter.text, decision.letter.html, decision.template_version)

    with pgtrigger.ignore("policies.Category:append_only"):
        Category.objects.filter(guidelines=decision.guidelines).update(name="Renamed")

    decision.refresh_from_db()
    letter = Letter.objects.get(pk=decision.letter_id)
    assert (letter.subject, letter.text, letter.html, decision.template_version) == before
    assert (len(decision.template_version), decision.guidelines.version) == (12, "1.0.0")
