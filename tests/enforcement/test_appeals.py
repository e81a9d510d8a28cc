"""Appeals: filed within their window, decided by a third person, and what is won is there at once."""

from datetime import timedelta

import pytest

from audit.events import Event
from audit.models import LedgerEntry
from enforcement.domain import appeals
from onboarding.models import Application
from outbox.models import Letter
from reviews.domain import claims, rejections
from reviews.models import Case, Decision
from tests.enforcement.appealing import (
    UPHELD,
    WRONG,
    make_appeal,
    make_rejection,
    make_taken,
)
from tests.factories import (
    MONDAY,
    make_reviewer,
    make_senior,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NEXT = MONDAY + DAY


def test_filing_keeps_the_words_and_promises_an_answer_in_14_days():
    appeal = make_appeal(at=NEXT)

    assert (appeal.state, appeal.statement, appeal.due_at) == ("filed", WRONG, NEXT + 14 * DAY)
    assert (appeal.notice_at, appeal.closes_at) == (MONDAY, MONDAY + 183 * DAY)
    assert Letter.objects.get(kind="enforcement/appeal_received").recipient == appeal.filed_by.email
    assert LedgerEntry.objects.get(event=Event.APPEAL_FILED).actor == f"user:{appeal.filed_by.pk}"


def test_a_reinstatement_is_answered_in_10_working_days():
    appeal = make_appeal(kind="reinstatement", at=NEXT)

    assert (appeal.due_at, appeal.closes_at) == (NEXT + 14 * DAY, None)


def test_an_appeal_won_puts_the_application_in_review_at_once():
    """As in claude-code#51588 it was not: what is won must be there on the very next page."""
    appeal, sam = make_taken()

    appeals.uphold(appeal, by=sam, at=NEXT, **UPHELD)

    decision, case, application = Decision.objects.get(), Case.objects.get(), Application.objects.get()
    assert (application.state, application.settled_at, case.state) == ("in_review", None, "open")
    assert (decision.overturned_by, decision.overturned_at, case.due_at) == (sam, NEXT, NEXT + 2 * DAY)
    assert rejections.reapply_from(application.owner, application.program) is None
    assert list(Letter.objects.filter(kind__startswith="enforcement/").values_list("kind", flat=True)) == [
        "enforcement/appeal_received",
        "enforcement/appeal_upheld",
    ]


def test_an_appeal_won_goes_to_somebody_else():
    decision = make_rejection(by=make_reviewer("bob"), domains=["health"])
    sam, case = make_senior(), decision.case
    appeals.uphold(appeals.take(make_appeal(decision), by=sam, at=NEXT), by=sam, at=NEXT, **UPHELD)

    for person in (decision.decided_by, decision.signed_by):
        with pytest.raises(claims.NotForYou):
            claims.claim(case, by=person, at=NEXT)
    claims.claim(case, by=make_reviewer("ben"), at=NEXT)
    case.refresh_from_db()
    assert case.state == "claimed"
